import datetime
import inspect
import os
import random
import subprocess
import sys
import time
import uuid

import shop.looked_at
import shop.odd
import shop.plain
import shop.prices
import shop.settings


def test_reads_the_source():
    assert "return 1" in inspect.getsource(shop.prices.unused)


def test_starts_the_tool():
    text = subprocess.check_output([sys.executable, "-m", "shop.tool"], text=True)
    assert text == "tool 1\n"


def test_forks():
    child = os.fork()
    if child == 0:
        os._exit(0 if shop.settings.describe() == "level" else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_level():
    shop.settings.raise_level()
    assert shop.settings.level() == "high"
    shop.settings.reset_level()


def test_level_is_low():
    assert shop.settings.LEVEL == ["low"]


def test_twice():
    assert shop.odd.twice(2) == 4


def test_texts():
    assert list(shop.plain.texts()) == ["a", "b"]


def test_local_name():
    assert shop.plain.local_name(True) == 1


def test_half():
    assert shop.plain.half(4) == 2


def test_half_is_known():
    assert shop.plain.half(0) == 0 and shop.plain.knows(shop.plain.half)


SEEN = []


def test_one():
    SEEN.append(1)


def test_two():
    SEEN.append(2)


def test_draws():
    assert 0 <= shop.odd.twice(random.random()) < 2


def test_draws_of_the_system():
    assert 0 <= shop.odd.twice(random.SystemRandom().random()) < 2


def test_draws_of_a_generator_of_its_own():
    assert 0 <= shop.odd.twice(random.Random().random()) < 2
    assert random.Random(1).random() == random.Random(1).random()


def test_reads_the_clock():
    assert shop.plain.is_moment(datetime.datetime.now().microsecond)


def test_moment():
    assert shop.plain.is_moment(3)


def test_reads_no_clock():
    start = time.perf_counter()
    assert datetime.datetime(2000, 1, 1).date().isoformat() == "2000-01-01"
    assert uuid.uuid4() != uuid.uuid4()
    assert time.perf_counter() >= start


def test_scaled():
    assert shop.plain.scaled(1) == 3
    assert shop.looked_at.scaled(1) == 2


def test_looks_at_defaults():
    parameters = inspect.signature(shop.plain.scaled).parameters
    assert [parameters[name].default for name in ("by", "more")] == [2, 1]


def test_counts():
    assert shop.plain.Counter().next() == 1
