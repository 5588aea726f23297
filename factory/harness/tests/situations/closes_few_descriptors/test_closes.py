import os


def test_closes():
    os.closerange(3, 256)


def test_after():
    pass
