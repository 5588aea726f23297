import time

import pytest
from freezegun import freeze_time


@freeze_time("2012-01-14")
def test_frozen():
    assert time.strftime("%Y") == "2012"


@pytest.fixture(scope="session", autouse=True)
def frozen_forever():
    with freeze_time("1999-12-31", tick=False):
        yield


def test_waits():
    clock = time.perf_counter
    assert clock() == time.perf_counter()
    for _ in range(2_000_000):
        pass
