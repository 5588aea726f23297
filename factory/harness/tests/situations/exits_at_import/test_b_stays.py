import pytest


@pytest.mark.parametrize("number", range(6))
def test_stays(number):
    pass
