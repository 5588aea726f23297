import pytest


@pytest.mark.parametrize("value", ["é☃", "two\nlines", "\x1b[31m"])
def test_value(value):
    pass
