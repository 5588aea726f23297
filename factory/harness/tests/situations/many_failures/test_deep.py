import unittest

import pytest


def fall(number, depth):
    if depth:
        fall(number, depth - 1)
    raise ValueError("number {}".format(number))


@pytest.mark.parametrize("number", range(25))
def test_function(number):
    fall(number, 6)


class TestCase(unittest.TestCase):
    def test_method(self):
        fall(25, 6)


def hidden(depth):
    __tracebackhide__ = True
    if depth:
        hidden(depth - 1)
    raise ValueError("hidden")


class TestZ:
    def test_hidden(self):
        hidden(4)
