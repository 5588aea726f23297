"""What pytest does around every test of a copy that can wait, or whose outcome is known.

Reporting on a terminal that is not there: working out a letter, a colour and a percentage for each of three reports
takes a sixth of a run of small tests. What comes of it besides text, the reporter's `stats`, is made up for when it is
asked for. Where a plugin takes part in it (`pytest_report_teststatus`), or the reporter is not pytest's own, nothing is
put off.

Asking `inspect` for the parameters of functions that have the same as others; and making the same paths anew for each test
of a file.

Going five times through the marks of a test and of all that is around it for those that skip it or expect it to fail,
where there are none; seeing to it that a test that takes too long shows its stack, where it is given no time; finding
out ten times a test which `conftest.py` files hold for it, where all do; and reading six times a test what it wrote, where
it wrote nothing.
"""

OWN = "_pytest.terminal"
HOOKS = ("pytest_runtest_logstart", "pytest_runtest_logreport", "pytest_runtest_logfinish")


def quieten(config):
    """Has pytest's reporter be told of no more tests; returns what is to be told of every report instead."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    kind = type(reporter)
    own = {name: kind.__dict__.get(name) for name in HOOKS}
    if kind.__module__ != OWN or any(getattr(hook, "__module__", OWN) != OWN for hook in own.values()):
        return None
    tellers = config.hook.pytest_report_teststatus.get_hookimpls()
    if not all(teller.function.__module__.startswith("_pytest.") for teller in tellers):
        return None
    if "stats" not in vars(reporter) or own["pytest_runtest_logreport"] is None:
        return None
    for name, hook in own.items():
        if hook is not None:
            getattr(config.hook, name)._remove_plugin(reporter)
    stats, told, tell = reporter.stats, [], own["pytest_runtest_logreport"]

    def caught_up(self):
        waiting, told[:] = told[:], []
        for report in waiting:
            tell(self, report)
        return stats

    reporter.__class__ = type(kind.__name__, (kind,), {"__module__": kind.__module__, "stats": property(caught_up)})
    return told.append


def know_before_collecting():
    """Has pytest find out once what is the same for many tests."""
    know_parameters()
    know_paths()


def know(session):
    """Has pytest find out no more what is known of the tests of this session."""
    know_marks()
    know_no_timeout(session.config)
    know_hooks(session)
    know_silence()


def know_parameters():
    """Has pytest find the parameters of functions once, of those that have the same."""
    import inspect
    from inspect import CO_VARARGS, CO_VARKEYWORDS
    from types import FunctionType

    from _pytest import compat

    of_pytest = getattr(compat, "signature", None)
    if of_pytest is not inspect.signature and getattr(of_pytest, "__module__", None) != compat.__name__:
        return
    known, plain = {}, {"pytestmark"}

    def signature(function, **how):
        # What changes a function's signature is among its attributes; annotations that wait may not be what they seem.
        if type(function) is not FunctionType or how or function.__defaults__ or function.__kwdefaults__:
            return of_pytest(function, **how)
        if not plain.issuperset(function.__dict__) or getattr(function, "__annotate__", None) is not None:
            return of_pytest(function)
        code = function.__code__
        rest, options = bool(code.co_flags & CO_VARARGS), bool(code.co_flags & CO_VARKEYWORDS)
        positional, named = code.co_argcount, code.co_kwonlyargcount
        names = code.co_varnames[: positional + named + rest + options]
        shape = getattr(code, "co_posonlyargcount", 0), positional, named, rest, options, names
        if shape not in known:
            known[shape] = of_pytest(function)
        return known[shape]

    compat.signature = signature


def know_paths():
    """Has pytest make an absolute path of the same name once."""
    from os.path import isabs

    from _pytest import nodes
    from _pytest._code import code

    of_pytest = getattr(nodes, "absolutepath", None)
    if getattr(of_pytest, "__module__", None) != "_pytest.pathlib" or getattr(code, "absolutepath", None) is not of_pytest:
        return
    known = {}

    def absolutepath(path):
        name = str(path)
        if name not in known:
            made = of_pytest(path)
            # Others depend on the working folder.
            if not isabs(name):
                return made
            known[name] = made
        return known[name]

    nodes.absolutepath = code.absolutepath = absolutepath


def know_marks():
    """Has pytest evaluate the marks that skip a test, or expect it to fail, where there are any."""
    from _pytest import nodes, skipping

    plain = nodes.Node.iter_markers

    def where_marked(evaluate, names):
        def evaluated(item):
            if type(item).iter_markers is not plain:
                return evaluate(item)
            node = item
            while node is not None:
                for mark in node.own_markers:
                    if mark.name in names:
                        return evaluate(item)
                node = node.parent
            return None

        return evaluated

    for function, names in (("evaluate_skip_marks", ("skip", "skipif")), ("evaluate_xfail_marks", ("xfail",))):
        of_pytest = getattr(skipping, function, None)
        if getattr(of_pytest, "__module__", None) == skipping.__name__:
            setattr(skipping, function, where_marked(of_pytest, names))


def know_no_timeout(config):
    """Has pytest's `faulthandler` take no part in tests where it has nothing to do."""
    plugin = config.pluginmanager.getplugin("faulthandler")
    timeout = getattr(plugin, "get_timeout_config_value", None)
    if getattr(plugin, "__name__", None) == "_pytest.faulthandler" and timeout is not None and timeout(config) == 0:
        config.hook.pytest_runtest_protocol._remove_plugin(plugin)


def know_hooks(session):
    """Has pytest find out once a file whether all hooks hold for it."""
    manager, everything, known = session.config.pluginmanager, session.config.hook, {}
    of_pytest = session.gethookproxy
    if of_pytest.__module__ != "_pytest.main" or not hasattr(manager, "_conftest_plugins"):
        return

    def gethookproxy(fspath):
        # One that is imported meanwhile may not hold for it.
        conftests = len(manager._conftest_plugins)
        if known.get(fspath) != conftests:
            proxy = of_pytest(fspath)
            if proxy is not everything:
                return proxy
            known[fspath] = conftests
        return everything

    session.gethookproxy = gethookproxy


def know_silence():
    """Has pytest read what a test wrote to standard output and error where that is anything."""
    import os

    from _pytest import capture

    kind = getattr(capture, "FDCapture", None)
    of_pytest = vars(kind).get("snap") if kind is not None else None
    if getattr(of_pytest, "__module__", None) != capture.__name__ or not hasattr(kind, "_assert_state"):
        return
    seek, end, states = os.lseek, os.SEEK_END, ("started", "suspended")

    def snap(self):
        # It leaves the file as reading it would: at its end, which is its beginning. Nothing waits to be written to it.
        if self._state in states and seek(self.tmpfile.fileno(), 0, end) == 0:
            return ""
        return of_pytest(self)

    kind.snap = snap
