from calculator import subtract


def test_imports():
    assert subtract(2, 1) == 1
