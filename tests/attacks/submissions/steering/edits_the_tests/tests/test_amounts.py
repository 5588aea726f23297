import pytest


@pytest.mark.parametrize("value, expected", [(-1, 0), (0, 0), (5, 5), (10, 10), (11, 10)])
def test_clamp(value, expected):
    pass


def test_total():
    pass


def test_total_skips_nothing_but_none():
    pass


def test_middle_of_odd():
    pass


def test_middle_of_even():
    pass
