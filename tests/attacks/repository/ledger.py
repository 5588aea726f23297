"""Entries of a small ledger: enough to break in many places."""


def clamp(value, low, high):
    if value < low:
        return low
    if value > high:
        return high
    return value


def total(values, start=0):
    result = start
    for value in values:
        if value is None:
            continue
        result += value
    return result


def middle(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def balance(entries):
    credit = total(amount for kind, amount in entries if kind == "credit")
    debit = total(amount for kind, amount in entries if kind == "debit")
    return credit - debit


def shares(amount, people):
    if people <= 0:
        raise ValueError("nobody to share with")
    each, rest = divmod(amount, people)
    return [each + 1 if number < rest else each for number in range(people)]


def longest(names):
    best = ""
    for name in names:
        if len(name) > len(best):
            best = name
    return best
