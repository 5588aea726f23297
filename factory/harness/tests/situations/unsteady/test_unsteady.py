import os
import uuid

import pytest

COUNTER = "/counter/runs"
RUN = len(open(COUNTER).read()) if os.path.exists(COUNTER) else 0
with open(COUNTER, "a") as counter:
    counter.write("x")


@pytest.mark.parametrize("number", range(8))
def test_steady(number):
    pass


def test_fails_in_the_second_run():
    assert RUN != 1


@pytest.mark.parametrize("name", [uuid.uuid4().hex])
def test_named_by_chance(name):
    pass


SEEN = []


def test_first_of_two():
    SEEN.append("first")


def test_second_of_two():
    assert SEEN == ["first"]
