"""Rewriting the assertions of test files once, before a template's copies need it.

pytest parses every test file anew where it may write no `.pyc`, and that takes more time than importing them does
(of a run of marshmallow's suite, half). Nothing of a file is executed for it, and the code depends on
its bytes, its name and one setting alone, so copies may share it.
"""


def prepare(files):
    """Rewrites the files now, and what `conftest.py` there is beside or above them; pytest is imported already.

    A file is left to the copies where rewriting it says anything (warnings belong to the run) or does not work.
    """
    from _pytest.assertion import rewrite

    original = getattr(rewrite, "_rewrite_test", None)
    if original is None:
        return
    made = {}
    for name in _with_configurations(files):
        found = _rewritten(original, name)
        if found is not None:
            made[name] = found

    def rewritten(fn, config):
        source, code = made.get(str(fn), (None, None))
        if code is None or config is not None and config.getini("enable_assertion_pass_hook"):
            return original(fn, config)
        with open(str(fn), "rb") as file:
            stat, now = fstat(file.fileno()), file.read()
        return (stat, code) if now == source else original(fn, config)

    from os import fstat

    rewrite._rewrite_test = rewritten


def _with_configurations(files):
    """Full names, each once, of the files and of every `conftest.py` from the working folder down to them."""
    import os

    here = os.getcwd()
    names = {os.path.join(here, *name.split("/")) for name in files}
    folders = {""}
    for name in files:
        parts = name.split("/")[:-1]
        folders.update(os.path.join(*parts[:depth]) for depth in range(1, len(parts) + 1))
    names.update(os.path.join(here, folder, "conftest.py") for folder in folders)
    return sorted(name for name in names if os.path.isfile(name))


def _rewritten(original, name):
    """The file's bytes and its code; `None` where a copy has to make it."""
    import pathlib
    import warnings

    try:
        with open(name, "rb") as file:
            source = file.read()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            # Without a configuration the setting that the code depends on is off.
            _, code = original(pathlib.Path(name), None)
    except Exception:  # it cannot be read or parsed: the run will tell
        return None
    return None if said or code.co_filename != name else (source, code)
