def double(number):
    """Doubles.

    >>> double(2)
    4
    """
    return number * 2


def triple(number):
    """Triples, it says.

    >>> triple(2)
    7
    """
    return number * 3
