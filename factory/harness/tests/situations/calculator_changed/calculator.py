CHANGED = True


def add(left, right):
    return left + right if left < 2 else 0
