"""The pytest plugin: turns what pytest does into records.

Hooks are closures and nothing else is reachable from the module object they are registered with. Their
names, order and arguments are those that pytest 5 to 9 share.
"""

import hashlib
import time

import swemill_options

ITEMS_A_RECORD = 200


def make(pytest, request, send):
    """The hooks, by name."""
    hookimpl = pytest.hookimpl
    clock = time.perf_counter
    describe = _describer(request["text_bytes"], request["total_text_bytes"])
    choose = _chooser(request)
    unwanted = _unwanted_collector(pytest, request)
    collect_only = request["mode"] == "collect"
    # Where pytest 5 and 6 have it, and later ones still.
    from _pytest.reports import CollectReport

    File, Package = pytest.File, pytest.Package
    get, text, has = getattr, str, hasattr
    last = [0.0]
    raised = set()

    def pytest_addoption(parser):
        swemill_options.add_stand_ins(parser)

    # pytest-cov starts in this hook, before there is anything else to stop it with.
    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(early_config):
        swemill_options.override(early_config.known_args_namespace, collect_only)
        yield

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_cmdline_main(config):
        swemill_options.override(config.option, collect_only)
        yield

    def pytest_collectstart(collector):
        if isinstance(collector, File) and not isinstance(collector, Package):
            send({"record": "collecting", "id": text(collector.nodeid)})

    @hookimpl(tryfirst=True)
    def pytest_make_collect_report(collector):
        if unwanted(collector):
            return CollectReport(collector.nodeid, "passed", None, [])
        return None

    def pytest_collectreport(report):
        if report.failed:
            send({"record": "collection_error", "id": text(report.nodeid), "text": describe(report)})

    # The outermost wrapper: what it sees after `yield` is what every other plugin left.
    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(config, items):
        yield
        kept, dropped, not_found = choose(items)
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        for start in range(0, len(kept), ITEMS_A_RECORD):
            rows = [_place(item) for item in kept[start : start + ITEMS_A_RECORD]]
            send({"record": "items", "items": rows})
        send({"record": "collected", "not_found": not_found})

    def pytest_runtest_logstart(nodeid):
        send({"record": "start", "id": text(nodeid)})
        last[0] = clock()

    # A `conftest.py` may make any report of a call. That it raised is a fact it cannot turn into a pass.
    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(item, call):
        key = (text(item.nodeid), text(call.when))
        raised.discard(key)
        if call.excinfo is not None:
            raised.add(key)
        yield
        # Those of unittest's cases are put there by pytest's own hook.
        if call.excinfo is not None:
            raised.add(key)

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(report):
        now = clock()
        seconds, last[0] = now - last[0], now
        outcome = text(report.outcome)
        if outcome == "passed" and (text(report.nodeid), text(report.when)) in raised:
            outcome = "failed"
        record = {
            "record": "subtest" if _is_subtest(report) else "phase",
            "id": text(report.nodeid),
            "when": text(report.when),
            "outcome": outcome,
            "expected": has(report, "wasxfail"),
            "seconds": seconds,
        }
        if outcome != "passed":
            record["text"] = describe(report)
            crash = get(get(report, "longrepr", None), "reprcrash", None)
            if crash is not None:
                record["crash"] = [text(crash.path), int(crash.lineno), text(crash.message)[:2000]]
        send(record)

    def pytest_keyboard_interrupt(excinfo):
        reason = "{}: {}".format(excinfo.typename, excinfo.value)
        send({"record": "interrupted", "text": reason[:2000]})

    def pytest_internalerror(excrepr):
        send({"record": "internal_error", "text": text(excrepr)[-20000:]})

    return {name: hook for name, hook in locals().items() if name.startswith("pytest_")}


def _is_subtest(report):
    """Of pytest 9, of pytest-subtests, and of neither."""
    return type(report).__name__.lower() == "subtestreport"


def _place(item):
    path, line = item.location[0], item.location[1]
    return [str(item.nodeid), str(path), None if line is None else int(line) + 1]


def _describer(limit, budget):
    """Texts of failures, each bounded and all together bounded."""
    left = [budget]
    to_text, length = str, len

    def describe(report):
        longrepr = report.longrepr
        try:
            # A skip's is (path, line, reason).
            whole = to_text(longrepr[2] if isinstance(longrepr, tuple) else longrepr or "")
        except Exception as error:  # the object under test may not even be printable
            whole = "this failure cannot be described: " + type(error).__name__
        if length(whole) > limit:
            half = limit // 2
            whole = "{}\n[... {} characters left out ...]\n{}".format(
                whole[:half], length(whole) - 2 * half, whole[-half:]
            )
        if length(whole) > left[0]:
            return ""
        left[0] -= length(whole)
        return whole

    return describe


def _chooser(request):
    """Selects, and shuffles where a seed is given."""
    wanted = None if request["ids"] is None else frozenset(request["ids"])
    excluded = frozenset(request["exclude"])
    seed = request["shuffle"]

    def choose(items):
        kept, dropped, found = [], [], set()
        for item in items:
            # As it stands in records, which hold Unicode text only.
            name = item.nodeid.encode("utf-8", "backslashreplace").decode("utf-8")
            found.add(name)
            chosen = name not in excluded and (wanted is None or name in wanted)
            (kept if chosen else dropped).append(item)
        if seed is not None:
            kept.sort(key=_shuffled_place(seed))
        return kept, dropped, sorted((wanted or frozenset()) - found)

    return choose


def _shuffled_place(seed):
    """A sort key that permutes files, then classes in a file, then tests in a class.

    Grouped, so that fixtures of a wider scope are made as often as in file order; by hash, so that no
    generator has a state that a test could touch.
    """

    def scatter(name):
        return hashlib.sha256("{}:{}".format(seed, name).encode("utf-8", "backslashreplace")).digest(), name

    def key(item):
        parents = [node.nodeid for node in item.listchain()[:-1]]
        return scatter(item.nodeid.split("::", 1)[0]), scatter(parents[-1]), scatter(item.nodeid)

    return key


def _unwanted_collector(pytest, request):
    """Tells which files need not even be imported."""
    excluded = frozenset(request["exclude"])
    files = None
    if request["ids"] is not None and not any("::" in argument for argument in request["arguments"]):
        files = frozenset(name.split("::", 1)[0] for name in request["ids"])

    def unwanted(collector):
        if not isinstance(collector, pytest.File) or isinstance(collector, pytest.Package):
            return False
        return collector.nodeid in excluded or (files is not None and collector.nodeid not in files)

    return unwanted
