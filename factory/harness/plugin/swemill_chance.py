"""What a test's outcome may hang on besides the code: the time of day, and random numbers of the operating system.

A trace notices calls of what tells the time or draws; what only measures how long something takes is no matter of
chance. A copy repeats tests of which some was noticed, and tells of those that do not do the same each time.

The process's own generators of random numbers are told by their state (see `swemill_trace.py`). Identifiers that are
made to be unique (`uuid`) and what pytest and `logging` note for themselves do not count.
"""

CLOCK = frozenset("time time_ns".split())
# Of a time that they may be given.
OF_NOW = frozenset("localtime gmtime ctime asctime".split())
DATES = frozenset("now utcnow today".split())
ENTROPY = frozenset("urandom getrandom".split())
NAMES = CLOCK | OF_NOW | DATES | ENTROPY | frozenset(["strftime"])

# Rounds of repeats: as many as fit into this time, not fewer than the least in any case, nor more than the most.
SECONDS, LEAST, MOST = 0.04, 20, 50
# Of tests that read the time: rounds over a second, one in each tenth of it. In a row, all would read the same tenth.
SPREAD, BETWEEN = 11, 0.1
# Wall seconds after which no more are begun; and after which the process that repeats them is given up.
LATE, PATIENCE = 2.0, 5.0


class Noticed:
    """What was called since the last `forget`."""

    def __init__(self):
        import datetime
        import logging
        import os
        import random
        import tempfile
        import uuid

        import _pytest
        import pluggy

        self.draws = self.clock = False
        self.date, self.generator, self.seed = datetime.date, random.Random, random.Random.seed.__code__
        self.names = NAMES
        folders = [os.path.join(os.path.dirname(package.__file__), "") for package in (_pytest, pluggy, logging)]
        self.aside = tuple(folders + [tempfile.__file__, uuid.__file__])

    def forget(self):
        self.draws = self.clock = False

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
    """Returns `repeat(items, failed, spread)`: how often tests were repeated, and which did not do the same every time.

    `spread` is whether some of them read the time. They are repeated in a fork: by then, all that this process has to
    tell of them is told.
    """
    import json
    import os
    import select
    import signal
    import time

    pipe, fork, leave, kill, wait_for = os.pipe, os.fork, os._exit, os.kill, os.waitpid
    get, put, close, ready, now, sleep = os.read, os.write, os.close, select.select, time.perf_counter, time.sleep
    room, death, dump, load = select.PIPE_BUF, signal.SIGKILL, json.dumps, json.loads

    def repeat(items, failed, spread):
        read, write = pipe()
        child = fork()
        if child == 0:
            try:
                close(read)
                rounds, wavering = _repeated(items, failed, now, sleep if spread else None)
                # They need not all be named.
                while len(dump([rounds, wavering])) > room:
                    wavering.pop()
                put(write, dump([rounds, wavering]).encode("ascii"))
            finally:
                leave(0)
        close(write)
        told = get(read, room) if ready([read], [], [], PATIENCE)[0] else b""
        close(read)
        kill(child, death)
        wait_for(child, 0)
        return load(told.decode("ascii")) if told else [0, []]

    return repeat


def _repeated(items, failed, now, sleep):
    from _pytest.runner import runtestprotocol

    outcomes = [(item, {item.nodeid in failed}) for item in items]
    begun, rounds = now(), 0
    most = SPREAD if sleep else MOST
    while rounds < most and (sleep or rounds < LEAST or now() < begun + SECONDS):
        if sleep:
            sleep(max(0.0, begun + rounds * BETWEEN - now()))
        for item, seen in outcomes:
            if now() > begun + LATE:
                return rounds, _wavering(outcomes)
            if len(seen) == 1:
                reports = runtestprotocol(item, log=False, nextitem=None)
                seen.add(any(report.outcome == "failed" for report in reports))
        rounds += 1
    return rounds, _wavering(outcomes)


def _wavering(outcomes):
    return [item.nodeid for item, seen in outcomes if len(seen) > 1]
