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

# Rounds of repeats in a row: as many as fit into so many seconds, not fewer than the least nor more than the most.
# Tests that draw, and tests that only read the time and passed: in a row, all of these read nearly the same.
DRAWING, READING = (0.04, 10, 50), (0.02, 3, 20)
# Of tests that read the time and failed: one round in each tenth of a second, well within it; no two at the same hundredth.
TENTHS, WITHIN, FURTHER = 10, 0.03, 0.004
# Wall seconds after which no more are begun; and after which the process that repeats them is given up.
LATE, PATIENCE = 3.0, 6.0


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
    """Returns `repeat(items, failed, draws, clock)`: which did not do the same every time, and whether that is enough.

    Tests are repeated in a fork: by then, all that this process has to tell of them is told.
    """
    import json
    import os
    import select
    import signal
    import time

    pipe, fork, leave, kill, wait_for = os.pipe, os.fork, os._exit, os.kill, os.waitpid
    get, put, close, ready, sleep = os.read, os.write, os.close, select.select, time.sleep
    now, time_of_day = time.perf_counter, time.time
    room, death, dump, load = select.PIPE_BUF, signal.SIGKILL, json.dumps, json.loads

    def repeat(items, failed, draws, clock):
        read, write = pipe()
        child = fork()
        if child == 0:
            try:
                close(read)
                rounds = _Rounds(items, failed, now, time_of_day, sleep)
                enough = rounds.all(draws, clock)
                wavering = rounds.wavering()
                # They need not all be named.
                while len(dump([enough, wavering])) > room:
                    wavering.pop()
                put(write, dump([enough, wavering]).encode("ascii"))
            finally:
                leave(0)
        close(write)
        told = get(read, room) if ready([read], [], [], PATIENCE)[0] else b""
        close(read)
        kill(child, death)
        wait_for(child, 0)
        return load(told.decode("ascii")) if told else [False, []]

    return repeat


class _Rounds:
    def __init__(self, items, failed, now, time_of_day, sleep):
        self._outcomes = [(item, {item.nodeid in failed}) for item in items]
        self._failed, self._now, self._time_of_day, self._sleep = failed, now, time_of_day, sleep
        self._late = now() + LATE

    def wavering(self):
        return [item.nodeid for item, seen in self._outcomes if len(seen) > 1]

    def all(self, draws, clock):
        """Repeats each as often as its kind needs; whether that was often enough."""
        reading = self._of(clock - draws - self._failed)
        drawing, spread = self._of(draws), self._of(clock & self._failed)
        return (
            (not reading or self._in_a_row(reading, *READING))
            and (not drawing or self._in_a_row(drawing, *DRAWING))
            and (not spread or self._in_each_tenth(spread))
        )

    def _of(self, ids):
        return [outcome for outcome in self._outcomes if outcome[0].nodeid in ids]

    def _in_a_row(self, outcomes, seconds, least, most):
        """Whether there was time for the least of them."""
        begun, rounds = self._now(), 0
        while rounds < most and (rounds < least or self._now() < begun + seconds):
            if not self._once(outcomes):
                break
            rounds += 1
        return rounds >= least

    def _in_each_tenth(self, outcomes):
        """Whether there was time for all of them."""
        first = int(self._time_of_day() * 10) + 1
        for tenth in range(TENTHS):
            moment = (first + tenth) / 10 + WITHIN + FURTHER * tenth
            # If somebody sets the clock, it is not waited for.
            self._sleep(min(max(0.0, moment - self._time_of_day()), 0.2))
            if not self._once(outcomes):
                return False
        return True

    def _once(self, outcomes):
        """Whether all were repeated that had always done the same so far, before it was too late."""
        from _pytest.runner import runtestprotocol

        for item, seen in outcomes:
            if self._now() > self._late:
                return False
            if len(seen) == 1:
                reports = runtestprotocol(item, log=False, nextitem=None)
                seen.add(any(report.outcome == "failed" for report in reports))
        return True
