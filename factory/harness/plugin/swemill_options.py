"""What a repository's pytest configuration may not decide: parallelism, order, early stops, coverage.

Options are overwritten where they exist, after all configuration was read, so that it makes no difference
whether they came from a file, from `addopts` or from a default, nor which plugins are installed.
"""

import importlib.util

OVERRIDES = {
    # One process, so that a run is the same on every machine: pytest-xdist.
    "numprocesses": 0,
    "dist": "no",
    "tx": [],
    "distload": False,
    "looponfail": False,
    # The whole selection, whatever fails: pytest, its cache provider, pytest-rerunfailures.
    "maxfail": 0,
    "continue_on_collection_errors": True,
    "lf": False,
    "last_failed_no_failures": "all",
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "stepwise_skip": False,
    "reruns": 0,
    "usepdb": False,
    "trace": False,
    "collectonly": False,
    # The order of the files: pytest-randomly, pytest-random-order, pytest-reverse.
    "randomly_seed": 0,
    "randomly_reorganize": False,
    "random_order": False,
    "random_order_bucket": "none",
    "reverse": False,
    # The same examples in every run: hypothesis.
    "hypothesis_seed": "0",
    # Nothing that only measures: pytest-cov, pytest-benchmark.
    "no_cov": True,
    "benchmark_enable": False,
    "benchmark_disable": True,
    # Failures described alike everywhere, and as Python itself does: pytest's own way parses the source of every
    # frame again, which makes a run of many failures take twenty times as long.
    "tbstyle": "native",
    "fulltrace": False,
    "showlocals": False,
    "color": "no",
}

# Options of plugins that cannot change a test's outcome once they are overridden. Where the plugin is not
# installed but the configuration names its options, they are accepted and ignored.
STAND_INS = {
    "xdist": [
        (("-n", "--numprocesses"), {}),
        (("--maxprocesses",), {}),
        (("--max-worker-restart",), {}),
        (("--dist",), {}),
        (("--tx",), {"action": "append"}),
    ],
    "pytest_cov": [
        (("--cov",), {"action": "append", "nargs": "?", "const": True}),
        (("--cov-report",), {"action": "append"}),
        (("--cov-config",), {}),
        (("--cov-context",), {}),
        (("--cov-fail-under",), {}),
        (("--cov-append",), {"action": "store_true"}),
        (("--cov-branch",), {"action": "store_true"}),
        (("--no-cov",), {"action": "store_true"}),
        (("--no-cov-on-fail",), {"action": "store_true"}),
    ],
}


def override(options, collect_only):
    """Overwrites what the configuration said."""
    for name, value in OVERRIDES.items():
        if hasattr(options, name):
            setattr(options, name, list(value) if isinstance(value, list) else value)
    if collect_only:
        options.collectonly = True


def add_stand_ins(parser):
    """Accepts the options of plugins that are not installed."""
    for module, options in STAND_INS.items():
        if _is_installed(module):
            continue
        group = parser.getgroup("accepted and ignored")
        for names, attributes in options:
            destination = "swemill_ignored_" + names[-1].lstrip("-").replace("-", "_")
            # `_addoption` is the one that takes a short lower-case name, which `-n` is.
            group._addoption(*names, dest=destination, default=None, **attributes)


def _is_installed(module):
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
