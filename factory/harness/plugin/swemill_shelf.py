"""Code of unchanged files, compiled once in a waiting process instead of once in each of its copies.

No bytecode is written while tests run, so every process of its own compiles what it imports, and rewrites the
assertions of its test files: half of what a whole run costs beside its tests. A copy that imports a file with the very
bytes that were compiled here, by the same name and in the same way, is given that code: compiling again would give the
same. Nothing of the repository is executed for it. Code is given once, since two imports of a file make two; and what
warns while it is compiled is not kept, since whoever imports it has to be warned.
"""

import ast
import builtins
import os
import time
import types
import warnings
from fnmatch import fnmatchcase
from importlib import _bootstrap_external as importing
from pathlib import Path

# Processor seconds. What does not fit is compiled by the copies.
MOST_SECONDS = 30.0
# How the import of a plain module compiles.
PLAIN = {"dont_inherit": True, "optimize": -1}
# Test files, where pytest is not told otherwise, and what folders above them hold for them.
TESTS = ("conftest.py", "test_*.py", "*_test.py")
ABOVE = ("conftest.py", "__init__.py")


def fill(root, files, test_files):
    """Compiles these files, and what lies beside the test files, as they would be imported from here on."""
    from _pytest.assertion import rewrite

    if not hasattr(types.CodeType, "replace"):
        return  # Python 3.7 and earlier
    tests = {os.path.join(root, name) for name in test_files}
    files = {os.path.join(root, name) for name in files}
    plain, rewritten = {}, {}
    began = time.process_time()
    for name in sorted(files | tests | _beside(root, tests)):
        if time.process_time() - began > MOST_SECONDS:
            break
        is_test = name in tests or any(fnmatchcase(os.path.basename(name), pattern) for pattern in TESTS)
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            try:
                with open(name, "rb") as file:
                    source = file.read()
                made = rewrite._rewrite_test(Path(name), None) if is_test else compile(source, name, "exec", **PLAIN)
            except Exception:
                continue  # whoever imports it is told
        if not given:
            (rewritten if is_test else plain)[name] = source, made
    importing.compile = _plain_compiler(plain)
    rewrite._rewrite_test = _test_compiler(rewrite, rewritten)


def _beside(root, tests):
    """Python files in the folders of test files, and those of the folders above that are imported before them."""
    own, folders = {os.path.dirname(test) for test in tests}, set()
    for folder in own:
        while folder not in folders and os.path.join(folder, "").startswith(os.path.join(root, "")):
            folders.add(folder)
            folder = os.path.dirname(folder)
    found = set()
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        wanted = [name for name in names if name.endswith(".py") and (folder in own or name in ABOVE)]
        found.update(os.path.join(folder, name) for name in wanted)
    return found


def _plain_compiler(shelf):
    """What `importlib` calls as `compile`."""
    of_python, space, how, take = compile, builtins.__dict__, PLAIN, shelf.pop

    def compiler(source, name, mode, **options):
        if name in shelf and shelf[name][0] == source and mode == "exec" and options == how:
            if space["compile"] is of_python:
                return take(name)[1]
        return space["compile"](source, name, mode, **options)

    # An error's traceback is freed of frames of this kind, and is then that of the import alone.
    code = importing.SourceLoader.source_to_code.__code__
    compiler.__code__ = compiler.__code__.replace(co_filename=code.co_filename, co_name="_call_with_frames_removed")
    return compiler


def _test_compiler(rewrite, shelf):
    """What pytest calls as `_rewrite_test`: the code, and what is known of the file, by content or by time."""
    of_pytest, path, stat, text, take = rewrite._rewrite_test, Path, os.stat, str, shelf.pop

    def means():
        """What takes part in it that a plugin may have replaced."""
        return rewrite.rewrite_asserts, ast.parse, compile, dict(rewrite.AssertionRewriter.__dict__)

    before = means()

    def rewriter(file, config):
        name = text(file)
        if name in shelf and means() == before and not config.getini("enable_assertion_pass_hook"):
            if path(name).read_bytes() == shelf[name][0]:
                known, code = take(name)[1]
                return (known if type(known) is bytes else stat(name)), code
        return of_pytest(file, config)

    return rewriter
