"""Tests that ask pytest for fixtures in every way, and for what was written."""

import functools
import os
import sys
from unittest import mock

import pytest


@pytest.fixture
def one():
    return 1


@pytest.fixture
def two(one):
    return one + 1


def through(function):
    @functools.wraps(function)
    def called(*arguments, **options):
        return function(*arguments, **options)

    return called


def test_two(one, two):
    assert (one, two) == (1, 2)


def test_two_the_other_way(two, one):
    assert (one, two) == (1, 2)


def test_by_name_only(*, two):
    assert two == 2


def test_with_a_default(one, two=5):
    assert (one, two) == (1, 5)


def test_with_a_default_by_name(one, *, two=5):
    assert (one, two) == (1, 5)


def test_any(one, *two, **three):
    assert (one, two, three) == (1, (), {})


@through
def test_wrapped(one, two):
    assert (one, two) == (1, 2)


@mock.patch("os.getcwd")
def test_patched(getcwd, two):
    assert os.getcwd() is getcwd.return_value and two == 2


@pytest.mark.parametrize("number", [1, 2])
def test_marked(number, one):
    assert number in (one, one + 1)


class TestMethods:
    def test_of_an_object(self, two):
        assert two == 2

    @staticmethod
    def test_of_nothing(two):
        assert two == 2

    @classmethod
    def test_of_a_class(cls, two):
        assert cls is TestMethods and two == 2


def test_what_was_written(capfd):
    print("one")
    assert capfd.readouterr() == ("one\n", "")
    assert capfd.readouterr() == ("", "")
    sys.stderr.write("two")
    os.write(2, b" three")
    sys.stdout.write("four")
    sys.stdout.seek(0)
    assert capfd.readouterr() == ("four", "two three")
    sys.stdout.write("five")
    sys.stdout.seek(0)
    sys.stdout.truncate()
    assert capfd.readouterr() == ("", "")
    print("six")
    assert capfd.readouterr() == ("six\n", "")
