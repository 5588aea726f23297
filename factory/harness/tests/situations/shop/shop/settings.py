LEVEL = ["low"]


def raise_level():
    LEVEL[0] = "high"


def reset_level():
    LEVEL[0] = "low"


def level():
    return LEVEL[0]


def describe():
    return "level"
