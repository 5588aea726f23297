import gc


class Bad:
    def __del__(self):
        raise ValueError("nobody can catch this")


def test_leaves_garbage():
    gc.disable()
    bad = Bad()
    bad.itself = bad


def test_is_hit():
    gc.collect()


def test_drops_it_at_once():
    pass
