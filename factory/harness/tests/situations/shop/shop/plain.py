def texts():
    for text in ("a", "b"):
        yield text


def local_name(flag):
    if flag:
        value = 1
    else:
        value = 2
    return value
