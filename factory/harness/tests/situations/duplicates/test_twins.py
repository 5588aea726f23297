TIMES = []


def test_twin():
    TIMES.append(None)
    assert len(TIMES) == 1


def test_alone():
    pass
