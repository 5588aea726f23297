import a_module_that_nobody_has


def test_never_seen():
    pass
