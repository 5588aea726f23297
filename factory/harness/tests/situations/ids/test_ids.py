import pytest


@pytest.mark.parametrize(
    "value",
    ["with space", "a::b", "[c]", "a/b.py", "é", "two\nlines", "\udc80", "", "tab\t", "'\"\\", "☃" * 3],
)
def test_value(value):
    pass


@pytest.mark.parametrize("value", [1], ids=["x" * 5000])
def test_long(value):
    pass


@pytest.mark.parametrize("left", [1, 2])
@pytest.mark.parametrize("right", [None, True, 0.5, b"bytes", int, object()])
def test_matrix(left, right):
    pass
