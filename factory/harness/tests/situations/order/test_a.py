import random


def test_a1():
    random.seed(0)


def test_a2():
    pass


def test_a3():
    pass


class TestGroup:
    def test_A1(self):
        pass

    def test_A2(self):
        pass

    def test_A3(self):
        pass
