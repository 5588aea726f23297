"""What a test's outcome may hang on besides the code: the time of day, and random numbers of the operating system.

A trace notices calls of what tells the time or draws; what only measures how long something takes is no matter of
chance. A copy repeats tests that read the time, and tells of those that do not do the same each time.

The process's own generators of random numbers are told by their state (see `swemill_trace.py`). Identifiers that are
made to be unique (`uuid`) and what pytest and `logging` note for themselves do not count.
"""

CLOCK = frozenset("time time_ns".split())
# Of a time that they may be given.
OF_NOW = frozenset("localtime gmtime ctime asctime".split())
DATES = frozenset("now utcnow today".split())
ENTROPY = frozenset("urandom getrandom".split())
NAMES = CLOCK | OF_NOW | DATES | ENTROPY | frozenset(["strftime"])

# Repeats of one test, and wall seconds for those of all: many small tests read the time, and few are long.
ROUNDS, SECONDS = 50, 0.04
# Wall seconds after which the process that repeats them is given up: it does what it did before, but who knows.
PATIENCE = 5.0


class Noticed:
    """What was called since the last `forget`."""

    def __init__(self):
        import datetime
        import logging
        import random
        import tempfile
        import uuid

        import _pytest
        import pluggy

        self.clock = self.draws = False
        self.date, self.generator, self.seed = datetime.date, random.Random, random.Random.seed.__code__
        aside = [_pytest, pluggy, logging], [tempfile, uuid]
        folders, files = [[module.__file__.rsplit("__init__", 1)[0] for module in aside[0]], [module.__file__ for module in aside[1]]]
        self.aside = tuple(folders + files)

    def forget(self):
        self.clock = self.draws = False

    def called(self, function, filename, has_argument):
        """A built-in function with one of `NAMES` was called; `has_argument` is `None` where that is not known."""
        if filename.startswith(self.aside):
            return
        name, owner = function.__name__, function.__self__
        if name in DATES:
            self.clock |= isinstance(owner, type) and issubclass(owner, self.date)
        elif name in ENTROPY:
            self.draws |= function.__module__ == "posix"
        elif function.__module__ == "time":
            self.clock |= name not in OF_NOW or not has_argument

    def seeded_by_chance(self, filename):
        """A generator was made, or seeded anew, with nothing given."""
        self.draws |= not filename.startswith(self.aside)


def repeater():
    """Returns `repeat(items, failed)`: the ids of the tests, of these, that do not do the same at every repeat.

    They are repeated in a fork: by then, all that this process has to tell of them is told.
    """
    import os
    import select
    import signal
    import time

    pipe, fork, leave, kill, wait_for = os.pipe, os.fork, os._exit, os.kill, os.waitpid
    get, put, close, ready, now = os.read, os.write, os.close, select.select, time.perf_counter
    room, death = select.PIPE_BUF, signal.SIGKILL

    def repeat(items, failed):
        read, write = pipe()
        child = fork()
        if child == 0:
            try:
                close(read)
                put(write, "\n".join(_wavering(items, failed, now)).encode("utf-8", "backslashreplace")[:room])
            finally:
                leave(0)
        close(write)
        told = get(read, room) if ready([read], [], [], PATIENCE)[0] else b""
        close(read)
        kill(child, death)
        wait_for(child, 0)
        return told.decode("utf-8", "replace").split("\n") if told else []

    return repeat


def _wavering(items, failed, now):
    from _pytest.runner import runtestprotocol

    outcomes = [(item, {item.nodeid in failed}) for item in items]
    end = now() + SECONDS
    for _ in range(ROUNDS):
        for item, seen in outcomes:
            if now() > end:
                break
            if len(seen) == 1:
                reports = runtestprotocol(item, log=False, nextitem=None)
                seen.add(any(report.outcome == "failed" for report in reports))
    return [item.nodeid for item, seen in outcomes if len(seen) > 1]
