import os
import shutil
import sys


def test_starts_where_python_m_pytest_would():
    assert sys.path[0] == os.getcwd()
    assert not any("swemill" in entry for entry in sys.path)
    assert "SWEMILL_CHANNEL" not in os.environ
    assert os.path.basename(sys.argv[0]) == "__main__.py"
    assert sys.modules["__main__"].__spec__.name == "pytest.__main__"


def test_changes_folder():
    os.chdir("/")


def test_deletes_the_repository():
    shutil.rmtree(os.path.dirname(os.path.abspath(__file__)), ignore_errors=True)


def test_after():
    pass
