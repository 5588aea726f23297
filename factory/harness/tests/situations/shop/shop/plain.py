def texts():
    for text in ("a", "b"):
        yield text


def local_name(flag):
    if flag:
        value = 1
    else:
        value = 2
    return value


KEPT = set()
LISTED = []
ATTACHED = {}


def kept(function):
    """A decorator that remembers code, as those do that hide frames from tracebacks."""
    KEPT.add(function.__code__)
    LISTED.append(function.__code__)
    return function


def attached(function):
    """A decorator that has more to say of code."""
    ATTACHED[function.__code__] = function.__name__
    return function


@kept
def half(number):
    return number / 2


@attached
def third(number):
    return number / 3


def knows(function):
    """Whether the registries have the code that is run."""
    return function.__code__ in KEPT and any(code is function.__code__ for code in LISTED)


def is_moment(number):
    return 0 <= number


def scaled(number, by=2, *, more=1):
    return number * by + more


class Counter:
    def __init__(self):
        self.count = 0
        self.step = 1

    def next(self):
        self.count += self.step
        return self.count
