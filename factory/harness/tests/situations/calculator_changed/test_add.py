import calculator
import pytest


@pytest.mark.parametrize("number", range(3))
def test_add(number):
    assert calculator.add(number, 0) == number


def test_always():
    pass


if not calculator.CHANGED:

    def test_dropped():
        pass


def test_turns_to_skip():
    if calculator.CHANGED:
        pytest.skip("changed")


def test_fails_at_first():
    assert calculator.CHANGED


def test_fails_always():
    assert False
