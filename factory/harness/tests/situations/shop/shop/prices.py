import functools

RATE = 2


@functools.lru_cache(maxsize=None)
def rate():
    return RATE + 1


def total(prices):
    result = 0
    for price in prices:
        result += price
    return result


def unused():
    return 1


def registered(function):
    """Runs when a module that uses it is imported."""
    function.known = True
    return function


@registered
def discount(price):
    return price - 1
