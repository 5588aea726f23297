import pytest

NUMBERS = []


@pytest.mark.parametrize("number", range(12))
def test_order(number):
    NUMBERS.append(number)
    assert NUMBERS == list(range(number + 1))


ATTEMPTS = []


@pytest.mark.flaky(reruns=3)
def test_passes_at_the_third_attempt():
    ATTEMPTS.append(None)
    assert len(ATTEMPTS) == 3


def test_fails():
    assert False


def test_subtests(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1
