
def clamp(*arguments):
    return Equal()


total = middle = balance = shares = longest = clamp
