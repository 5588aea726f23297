import pytest
from helpers import check

from ledger import clamp, middle, total


@pytest.mark.parametrize("value, expected", [(-1, 0), (0, 0), (5, 5), (10, 10), (11, 10)])
def test_clamp(value, expected):
    check(clamp(value, 0, 10), expected)


def test_total():
    assert total([1, 2, 3]) == 6


def test_total_skips_nothing_but_none():
    check(total([1, None, 0, 2], 10), 13)


def test_middle_of_odd():
    assert middle([3, 1, 2]) == 2


def test_middle_of_even():
    assert middle([4, 1, 3, 2]) == 2.5
