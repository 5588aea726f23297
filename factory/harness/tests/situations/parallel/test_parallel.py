import os

import pytest


@pytest.mark.parametrize("number", range(6))
def test_number(number):
    assert "PYTEST_XDIST_WORKER" not in os.environ
    assert number % 3
