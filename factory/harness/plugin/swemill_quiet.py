"""What pytest does around every test of a copy that can wait, or whose outcome is known.

Reporting on a terminal that is not there: working out a letter, a colour and a percentage for each of three reports
takes a sixth of a run of small tests. What comes of it besides text, the reporter's `stats`, is made up for when it is
asked for. Where a plugin takes part in it (`pytest_report_teststatus`), or the reporter is not pytest's own, nothing is
put off.

Asking `inspect` for the parameters of functions that have none: the fixture `request` is such a function, made anew for
every fixture that wants it.
"""

OWN = "_pytest.terminal"
# Of code: it takes `*arguments` or `**options`.
VARIABLE = 0x04 | 0x08
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


def know_parameters():
    """Has pytest find the names of no parameters without a signature."""
    from types import FunctionType

    from _pytest import fixtures

    of_pytest = getattr(fixtures, "getfuncargnames", None)
    if getattr(of_pytest, "__module__", None) != "_pytest.compat":
        return

    def getfuncargnames(function, *given, **named):
        # What changes a function's signature is among its attributes.
        if type(function) is FunctionType and not function.__dict__:
            code = function.__code__
            if not (code.co_argcount or code.co_kwonlyargcount or code.co_flags & VARIABLE):
                return ()
        return of_pytest(function, *given, **named)

    fixtures.getfuncargnames = getfuncargnames
