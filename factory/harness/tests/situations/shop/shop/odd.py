import types


def copied(function):
    """A decorator that makes a function of another's code."""
    return types.FunctionType(function.__code__.replace(co_name="copy"), globals())


@copied
def twice(number):
    return number * 2
