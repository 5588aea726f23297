import unittest


def setUpModule():
    raise ValueError("for all of them")


class Case(unittest.TestCase):
    def test_one(self):
        pass
