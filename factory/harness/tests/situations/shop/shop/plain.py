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


def kept(function):
    """A decorator that remembers code, as those do that hide frames from tracebacks."""
    KEPT.add(function.__code__)
    return function


@kept
def half(number):
    return number / 2
