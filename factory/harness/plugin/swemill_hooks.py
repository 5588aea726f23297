"""The pytest plugin: turns what pytest does into records.

Hooks are closures and nothing else is reachable from the module object they are registered with. Their
names, order and arguments are those that pytest 5 to 9 share.
"""

import hashlib
import time

import swemill_options
import swemill_quiet
import swemill_watch

ITEMS_A_RECORD = 200
PHASES = ["setup", "call", "teardown"]
DESCRIBED_IN_FULL = 20
FRAMES_OTHERWISE = 2
HIDES = "__tracebackhide__"


def make(pytest, link, stages):
    """The hooks, by name. `link` is where records go and what is asked for; `stages` what else is done on the way."""
    hookimpl = pytest.hookimpl
    try:
        wraps = hookimpl(wrapper=True, tryfirst=True)
    except TypeError:  # before pluggy 1.2
        wraps = hookimpl(hookwrapper=True, tryfirst=True)
    clock = time.perf_counter
    describe = _describer(link)
    unwanted = _unwanted_collector(pytest, link)
    watch = swemill_watch.make(link)
    collect_only = link.request["mode"] == "collect"

    def send(record):
        link.send(record)

    # Where pytest 5 and 6 have it, and later ones still.
    from _pytest.reports import CollectReport

    File, Package = pytest.File, pytest.Package
    get, text, has = getattr, str, hasattr
    last = [0.0]
    raised = set()
    held = []
    described = [0]
    quieten, know = swemill_quiet.quieten, swemill_quiet.know
    # Where the reporter's reports go instead.
    put_off = [None]

    def pytest_addoption(parser):
        swemill_options.add_stand_ins(parser)

    # pytest-cov starts in this hook, before there is anything else to stop it with.
    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(early_config):
        swemill_options.override(early_config.known_args_namespace, collect_only)
        stages.configured()
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
        kept, dropped, not_found = _choose(link.request, items)
        items[:] = kept
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        announce(kept, not_found)

    def announce(items, not_found):
        for start in range(0, len(items), ITEMS_A_RECORD):
            rows = [_place(item) for item in items[start : start + ITEMS_A_RECORD]]
            send({"record": "items", "items": rows})
        send({"record": "collected", "not_found": not_found})

    @hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(session):
        find = _finder(session.items) if link.waits_when("collected") else None
        if stages.collected(session):
            items, not_found = find(link.request["ids"])
            # The others are kept: giving them up would write to the memory that is shared with the template.
            session.swemill_items = list(session.items)
            session.items[:] = items
            session.testscollected = len(items)
            announce(items, not_found)
        if link.is_copy:
            put_off[0] = quieten(session.config)
            know(session)
            # Whole tracebacks cost more than most tests, and of a copy nobody reads them.
            session.config.option.tbstyle = "value"
        outcome = yield
        tell_held()
        stages.ran(session, watch.over(), outcome.excinfo is None)

    def pytest_runtest_logstart(nodeid):
        tell_held()
        send({"record": "start", "id": text(nodeid)})
        watch.starts(text(nodeid))
        last[0] = clock()

    # A `conftest.py` may make any report of a call. That it raised is a fact it cannot turn into a pass. Only a wrapper is
    # always called: whoever returns a report ends the hook.
    @wraps
    def pytest_runtest_makereport(item, call):
        key = (text(item.nodeid), text(call.when))
        # Those of unittest's cases wait at the item: pytest's own hook takes them from there.
        found = [excinfo for excinfo in [call.excinfo] + list(get(item, "_excinfo", None) or ()) if excinfo is not None]
        if found:
            raised.add(key)
            shorten(found)
        else:
            raised.discard(key)
        return (yield)

    @hookimpl(tryfirst=True)
    def pytest_runtest_logreport(report):
        now = clock()
        if put_off[0] is not None:
            put_off[0](report)
        seconds, last[0] = now - last[0], now
        if report.when == "teardown":
            watch.ends()
        outcome = text(report.outcome)
        if outcome == "passed" and (text(report.nodeid), text(report.when)) in raised:
            outcome = "failed"
        expected, is_subtest = has(report, "wasxfail"), _is_subtest(report)
        if outcome == "passed" and not is_subtest and not expected:
            held.append((text(report.nodeid), text(report.when), seconds))
            if report.when == "teardown":
                tell_held()
            return
        tell_held()
        record = {
            "record": "subtest" if is_subtest else "phase",
            "id": text(report.nodeid),
            "when": text(report.when),
            "outcome": outcome,
            "expected": expected,
            "seconds": seconds,
        }
        if outcome != "passed":
            record["text"] = describe(report)
            crash = get(get(report, "longrepr", None), "reprcrash", None)
            if crash is not None:
                record["crash"] = [text(crash.path), int(crash.lineno), text(crash.message)[:2000]]
        send(record)
        if outcome == "failed":
            watch.failed(text(report.nodeid))

    def shorten(found):
        """Describing a failure costs more than most tests, frame by frame: after some, the last frames have to do.

        Of a copy's failures nobody reads more than the message, which is that of the last frame that is not hidden.
        """
        for excinfo in found:
            described[0] += 1
            if link.is_copy or described[0] > DESCRIBED_IN_FULL:
                excinfo.traceback = excinfo.traceback[-_frames_needed(excinfo.tb) :]

    def tell_held():
        """What went well is told at once when the whole test did."""
        if [when for _, when, _ in held] == PHASES and held[0][0] == held[1][0] == held[2][0]:
            send({"record": "passed", "id": held[0][0], "seconds": held[0][2] + held[1][2] + held[2][2]})
        else:
            for name, when, seconds in held:
                phase = {"record": "phase", "id": name, "when": when, "outcome": "passed", "expected": False}
                send({**phase, "seconds": seconds})
        held.clear()

    def pytest_keyboard_interrupt(excinfo):
        reason = "{}: {}".format(excinfo.typename, excinfo.value)
        send({"record": "interrupted", "text": reason[:2000]})

    def pytest_internalerror(excrepr):
        send({"record": "internal_error", "text": text(excrepr)[-20000:]})

    return {name: hook for name, hook in locals().items() if name.startswith("pytest_")}


def _frames_needed(trace):
    """How many of the last frames have one among them that is shown."""
    codes = []
    while trace is not None:
        codes.append(trace.tb_frame.f_code)
        trace = trace.tb_next
    needed = FRAMES_OTHERWISE
    while needed < len(codes) and all(HIDES in code.co_varnames for code in codes[-needed:]):
        needed += 1
    return needed


def _is_subtest(report):
    """Of pytest 9, of pytest-subtests, and of neither."""
    return type(report).__name__.lower() == "subtestreport"


def _place(item):
    path, line = item.location[0], item.location[1]
    return [str(item.nodeid), str(path), None if line is None else int(line) + 1]


def _describer(link):
    """Texts of failures, each bounded and all together bounded."""
    used = [0]
    to_text, length = str, len

    def describe(report):
        longrepr, limit = report.longrepr, link.request["text_bytes"]
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
        if used[0] + length(whole) > link.request["total_text_bytes"]:
            return ""
        used[0] += length(whole)
        return whole

    return describe


def _choose(request, items):
    """Selects, and shuffles where a seed is given: what is kept, what is not, and the ids that are not there."""
    wanted = None if request["ids"] is None else frozenset(request["ids"])
    excluded = frozenset(request["exclude"])
    kept, dropped, found = [], [], set()
    for item in items:
        # As it stands in records, which hold Unicode text only.
        name = item.nodeid.encode("utf-8", "backslashreplace").decode("utf-8")
        found.add(name)
        chosen = name not in excluded and (wanted is None or name in wanted)
        (kept if chosen else dropped).append(item)
    if request["shuffle"] is not None:
        kept.sort(key=_shuffled_place(request["shuffle"]))
    return kept, dropped, sorted((wanted or frozenset()) - found)


def _finder(items):
    """Finds items by their ids without a look at the others, whose memory is shared."""
    places = {}
    for place, item in enumerate(items):
        name = item.nodeid.encode("utf-8", "backslashreplace").decode("utf-8")
        places.setdefault(name, []).append(place)

    def find(wanted):
        if wanted is None:
            return list(items), []
        found = sorted(place for name in frozenset(wanted) for place in places.get(name, ()))
        return [items[place] for place in found], sorted(name for name in wanted if name not in places)

    return find


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


def _unwanted_collector(pytest, link):
    """Tells which files need not even be imported."""
    asked = []

    def look():
        request = link.request
        files = None
        if request["ids"] is not None and not any("::" in argument for argument in request["arguments"]):
            files = frozenset(name.split("::", 1)[0] for name in request["ids"])
        return frozenset(request["exclude"]), files

    def unwanted(collector):
        if not isinstance(collector, pytest.File) or isinstance(collector, pytest.Package):
            return False
        if not asked:
            asked.append(look())
        excluded, files = asked[0]
        return collector.nodeid in excluded or (files is not None and collector.nodeid not in files)

    return unwanted
