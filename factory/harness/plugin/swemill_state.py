"""What a process holds that outlives a test: whether some tests left it other than they found it.

Tests that a change does not reach can still fail after it, in the same process, when a test that it does reach left
something behind, for want of the clean-up that it failed to come to. So what modules and the process hold is
written down before the first test and compared after the last. Where that shows what the untouched repository's
tests never do, the whole suite has to be run to know.

Nothing of the tested code is called: values are told apart by type, by content where they are plain, and by
identity otherwise.
"""

# More containers than this are not followed; such a process cannot be compared.
MOST = 400000
DEEPEST = 6


def of_repository(roots):
    """Returns what tells whether a module is the repository's."""
    import os

    own = tuple(os.path.join(root, "") for root in roots)

    def is_own(module):
        path = getattr(module, "__file__", None)
        return type(path) is str and os.path.abspath(path).startswith(own)

    return is_own


def prepare(roots):
    """Returns `take`, which writes down the present state, and `compare`, which names what differs from one."""
    import os
    import sys

    is_own = of_repository(roots)
    kind = type(sys)

    def take():
        modules = [
            (name, module)
            for name, module in list(sys.modules.items())
            if type(module) is kind and name.partition(".")[0] not in IGNORED
        ]
        walk = _Walk({name for name, module in modules if is_own(module)})
        for name, module in modules:
            if name in walk.modules:
                for key, value in list(module.__dict__.items()):
                    walk.follow(value, "{}:{}".format(name, key), 0)
            walk.held.append((name, module.__dict__, dict(module.__dict__)))
        return (walk.held if walk.left > 0 else None), _process(os, sys)

    def compare(before):
        held, process = before
        if held is None:
            return ["more is held than can be compared"]
        differing = {
            "process:" + name for name, value in _process(os, sys).items() if not _same(value, process[name])
        }
        for name, container, copy in held:
            if not _same(container, copy):
                differing.update(_names(name, container, copy))
        return sorted(differing)

    return take, compare


# What the run itself moves, and caches of their own making.
IGNORED = frozenset(
    "_pytest pytest pluggy _swemill_pytest_plugin linecache sys gc re tokenize threading weakref _weakrefset random".split()
)
HIDDEN = frozenset(["__builtins__", "__warningregistry__", "__firstlineno__", "__static_attributes__", "@py_builtins", "@pytest_ar"])


def _same(one, other):
    """Whether two containers hold the same: identical parts are not even looked at."""
    try:
        return bool(one == other)
    except Exception:
        return False  # parts that cannot be compared are not identical


def _names(name, container, copy):
    """What differs, by name: of modules each variable, of anything else the whole."""
    if ":" in name or type(copy) is not dict:
        return [name]
    keys = set(container) | set(copy)
    found = [key for key in keys if type(key) is str and key not in HIDDEN]
    changed = [key for key in found if not _same([container.get(key, ABSENT)], [copy.get(key, ABSENT)])]
    # A module that was imported meanwhile is no trace: whoever needs it would have imported it.
    is_module = type(container.get("__spec__")).__name__ == "ModuleSpec"
    fresh = [key for key in changed if is_module and key not in copy and type(container[key]) is type(MODULE)]
    return ["{}:{}".format(name, key) for key in changed if key not in fresh]


class _Walk:
    """Everything that can hold something else, with a copy of what it holds.

    Where each still holds what it held there is nothing new to be found behind any of them.
    """

    def __init__(self, modules):
        self.modules, self.left, self.seen, self.held = modules, MOST, set(), []

    def follow(self, value, name, depth):
        kind = type(value)
        if kind in PLAIN or depth > DEEPEST or self.left <= 0 or id(value) in self.seen:
            return
        parts = self.parts(value, kind, name)
        if parts is None:
            return
        self.left -= 1
        self.seen.add(id(value))
        for part in parts:
            self.follow(part, name, depth + 1)

    def parts(self, value, kind, name):
        """What it holds; what can come to hold something else is noted with a copy."""
        if kind is tuple or kind is frozenset:
            return value
        if kind is list or kind is set:
            return self.note(name, value, kind(value))
        if kind is dict:
            return self.note(name, value, dict(value)).values()
        if kind is FUNCTION:
            # Not its code: what is run beside the template may have been exchanged.
            self.note(name, value.__dict__, dict(value.__dict__))
            cells = [_of_cell(cell) for cell in value.__closure__ or ()]
            return [value.__defaults__, value.__kwdefaults__] + cells
        # Not `isinstance`, which asks the value itself.
        if issubclass(kind, type):
            content = type.__getattribute__(value, "__dict__")
            if content.get("__module__") not in self.modules:
                return None
            kept = _OfClass(content)
            self.held.append((name, kept, dict(kept.present())))
            return list(content.values())
        if kind is staticmethod or kind is classmethod:
            return [value.__func__]
        if kind is property:
            return [value.fget, value.fset, value.fdel]
        if kind.__module__ in self.modules:
            try:
                content = object.__getattribute__(value, "__dict__")
            except (AttributeError, TypeError):
                return None
            return self.note(name, content, dict(content)).values() if type(content) is dict else None
        return None

    def note(self, name, container, copy):
        self.held.append((name, container, copy))
        return copy


class _OfClass:
    """A class's attributes, to be compared later."""

    __slots__ = ("content",)

    def __init__(self, content):
        self.content = content

    def present(self):
        return {key: value for key, value in self.content.items() if key not in HIDDEN}

    def __eq__(self, other):
        return self.present() == other

    __hash__ = None


def _of_cell(cell):
    """What a closure's cell holds."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


ABSENT = object()
FUNCTION = type(_of_cell)
MODULE = __import__("os")
PLAIN = frozenset([int, float, complex, str, bytes, bool, type(None), type(Ellipsis), type(NotImplemented)])


def _process(os, sys):
    """What the process itself holds."""
    import locale
    import logging
    import signal
    import threading

    root = logging.getLogger()
    mask = os.umask(0o22)
    os.umask(mask)
    try:
        folder = os.getcwd()
    except OSError:
        folder = None
    loggers = [
        (name, logger.level, logger.disabled, logger.propagate)
        for name, logger in sorted(root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger)
    ]
    content = {
        "environment": sorted(os.environ.items()),
        "folder": folder,
        "path": list(sys.path),
        "finders": list(sys.meta_path),
        "hooks": [sys.excepthook, sys.displayhook],
        "recursion limit": sys.getrecursionlimit(),
        "umask": mask,
        "locale": locale.setlocale(locale.LC_ALL),
        "signals": [signal.getsignal(number) for number in range(1, signal.NSIG)],
        "threads": threading.active_count(),
        "loggers": loggers,
        "root logger": [root.level, root.disabled, len(root.handlers), logging.root.manager.disable],
    }
    return content
