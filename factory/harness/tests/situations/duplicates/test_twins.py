def test_twin_passes():
    pass


def test_twin_fails():
    assert False


def test_alone():
    pass
