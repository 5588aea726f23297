import pytest


def test_passes():
    pass


def test_fails():
    assert 1 + 1 == 3, "sums are hard"


def test_skips():
    pytest.skip("not here")


@pytest.mark.xfail
def test_xfails():
    raise ValueError


@pytest.mark.xfail(run=False)
def test_xfails_without_running():
    raise ValueError


@pytest.mark.xfail
def test_xpasses():
    pass


@pytest.mark.xfail(strict=True)
def test_xpasses_strictly():
    pass


@pytest.fixture
def breaks_before():
    raise ValueError("before")


@pytest.fixture
def breaks_after():
    yield
    raise ValueError("after")


@pytest.fixture
def skips_before():
    pytest.skip("no such device")


def test_setup_breaks(breaks_before):
    pass


def test_teardown_breaks(breaks_after):
    pass


def test_fails_and_teardown_breaks(breaks_after):
    assert False


def test_setup_skips(skips_before):
    pass


def test_exits():
    raise SystemExit(0)


@pytest.fixture(scope="module")
def module_breaks():
    raise ValueError("for all of them")


class TestGrouped:
    def test_one(self, module_breaks):
        pass

    def test_two(self):
        pass

    class TestDeeper:
        def test_three(self):
            pass
