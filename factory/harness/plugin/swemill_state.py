"""What a process holds that outlives a test: whether some tests left it other than they found it.

Tests that a change does not reach can still fail after it, in the same process, when a test that it does reach left
something behind, for want of the clean-up that it failed to come to. So what modules and the process hold is
written down before the first test and compared after the last. Where that shows what the untouched repository's
tests never do, the whole suite has to be run to know.

Nothing of the tested code is called: values are told apart by type, by content where they are plain, and by
identity otherwise.
"""

# More values than this are not followed; such a process cannot be compared.
MOST = 400000
DEEPEST = 6


def prepare(roots):
    """Returns `take`, which writes down the present state, and `compare`, which names what differs from one."""
    import os
    import sys

    own = tuple(os.path.join(root, "") for root in roots)

    def is_own(module):
        path = getattr(module, "__file__", None)
        return type(path) is str and os.path.abspath(path).startswith(own)

    def take():
        walk = _Walk({name for name, module in list(sys.modules.items()) if is_own(module)})
        found = {}
        for name, module in list(sys.modules.items()):
            content = module.__dict__ if type(module) is type(sys) else None
            if content is None or name.startswith(("_pytest", "pytest", "_swemill")) or name in IGNORED:
                continue
            deep = is_own(module)
            for key, value in list(content.items()):
                if type(key) is str and key not in HIDDEN:
                    found[name, key] = walk.content(value, 0) if deep else _alike(value)
        found.update(_process(os, sys))
        return found if walk.left > 0 else None

    def compare(before):
        after = take()
        if before is None or after is None:
            return ["more is held than can be compared"]
        # A module that was imported meanwhile is no trace: whoever needs it would have imported it.
        known = {name for name, _ in before}
        differing = [
            key
            for key in set(before) | set(after)
            if key[0] in known and before.get(key, ABSENT) != after.get(key, ABSENT)
        ]
        return sorted("{}:{}".format(*key) for key in differing)

    return take, compare


ABSENT = object()
HIDDEN = frozenset(["__builtins__", "__warningregistry__", "__cached__", "@py_builtins", "@pytest_ar"])
# Caches of their own making and what the run itself moves.
IGNORED = frozenset("linecache sys gc re sre_parse sre_compile tokenize threading weakref _weakrefset abc random".split())
PLAIN = (int, float, complex, str, bytes, bool, type(None), type(Ellipsis), type(NotImplemented))


def _alike(value):
    """A plain value itself, and anything else by identity, held so that its identity is not given away."""
    return (type(value), value) if type(value) in PLAIN else _Held(value)


class _Held:
    """A value that equals only itself."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is _Held and other.value is self.value

    def __ne__(self, other):
        return not self == other

    __hash__ = None


class _Walk:
    def __init__(self, modules):
        self.modules, self.left, self.seen = modules, MOST, set()

    def content(self, value, depth):
        """A value that compares equal to another walk's where what is held is the same."""
        kind = type(value)
        if kind in PLAIN:
            return kind, value
        self.left -= 1
        if depth >= DEEPEST or self.left <= 0:
            return _Held(value)
        identity = id(value)
        if identity in self.seen:
            return _Held(value)
        parts = self.parts(value, kind)
        if parts is None:
            return _Held(value)
        self.seen.add(identity)
        return _Held(value) if kind not in CONTAINERS else kind, [self.content(part, depth + 1) for part in parts]

    def parts(self, value, kind):
        if kind in (list, tuple):
            return list(value)
        if kind is dict:
            return [part for pair in list(dict.items(value)) for part in pair]
        if kind in (set, frozenset):
            return sorted(value, key=id) if len(value) < 10000 else None
        if kind is FUNCTION:
            # Not its code: what is run beside the template may have been exchanged.
            cells = [cell_content(cell) for cell in value.__closure__ or ()]
            return [value.__defaults__, value.__kwdefaults__, value.__dict__] + cells
        if isinstance(value, type):
            if type.__getattribute__(value, "__module__") not in self.modules:
                return None
            content = list(type.__getattribute__(value, "__dict__").items())
            return [part for pair in content if pair[0] != "__firstlineno__" for part in pair]
        if kind in WRAPPERS:
            return [value.__func__]
        if kind is property:
            return [value.fget, value.fset, value.fdel]
        if kind.__module__ in self.modules:
            try:
                return [part for pair in list(object.__getattribute__(value, "__dict__").items()) for part in pair]
            except (AttributeError, TypeError):
                return None
        return None


def cell_content(cell):
    """What a closure's cell holds."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


FUNCTION = type(cell_content)
CONTAINERS = (list, tuple, dict, set, frozenset)
WRAPPERS = (staticmethod, classmethod)


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
        "finders": [_Held(finder) for finder in sys.meta_path],
        "hooks": [_Held(sys.excepthook), _Held(sys.displayhook)],
        "recursion limit": sys.getrecursionlimit(),
        "umask": mask,
        "locale": locale.setlocale(locale.LC_ALL),
        "signals": [_Held(signal.getsignal(number)) for number in range(1, signal.NSIG)],
        "threads": threading.active_count(),
        "loggers": loggers,
        "root logger": [root.level, root.disabled, len(root.handlers), logging.root.manager.disable],
    }
    return {("process", name): value for name, value in content.items()}
