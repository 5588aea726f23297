import os
import signal


def test_before():
    pass


def test_kills():
    os.kill(os.getpid(), signal.SIGKILL)
