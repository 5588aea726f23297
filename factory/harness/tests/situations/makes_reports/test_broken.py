import unittest


def test_passes():
    pass


def test_fails():
    assert False


class Case(unittest.TestCase):
    def test_fails(self):
        self.fail()
