def check(found, expected):
    pass
