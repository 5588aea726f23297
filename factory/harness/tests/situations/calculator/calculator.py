CHANGED = False


def add(left, right):
    return left + right


def subtract(left, right):
    return left - right
