import conftest
import plain


def test_a_plain_module_is_compiled_here():
    assert plain.__file__ in conftest.COMPILED


def test_a_test_file_is_compiled_here():
    assert __file__ in conftest.COMPILED
