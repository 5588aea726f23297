"""Which lines of the repository each test executes, and what else its outcome may depend on.

Every test runs in a fork of the process that has collected all tests and run none, so that what one test leaves
behind (a cache that it filled, a module that it imported) does not hide what another one needs. What was executed
before the first test is told apart: all tests may depend on it.

Lines come from `sys.monitoring` where there is one (Python 3.12), where each line costs one event a test, and
from `sys.settrace` elsewhere. Besides lines a test may depend on the text of a file that it opens, and on whatever
a program does that it starts: these are told by audit events. Whether it draws from the generators of random numbers
that the whole process shares is told by their state, and what else in it may be chance by calls (`swemill_chance.py`).
"""

# Programs that read no Python code of the repository.
HARMLESS = frozenset("git uname file locale ldconfig gcc cc ld which tty stty hostname getconf true false".split())

STARTS = frozenset(
    "subprocess.Popen os.exec os.posix_spawn os.spawn os.system os.fork os.forkpty pty.spawn".split()
)


def begin(files, root, noticed=None):
    """Starts watching this process: what audit events tell, what lines tell, and a function that packs the lines.

    Where there is a `noticed`, it is told of calls.
    """
    import binascii
    import os
    import sys

    watch = _Audit(os, sys, files, root)
    lines = (_Monitoring if hasattr(sys, "monitoring") else _Tracing)(os, sys, watch.number_of, noticed)
    lines.begin()
    watch.begin()
    encode = binascii.hexlify

    def bits(numbers):
        mask = 0
        for number in numbers:
            mask |= 1 << number
        return encode(mask.to_bytes((mask.bit_length() + 7) // 8, "little")).decode("ascii")

    def taken():
        return [[number, bits(found)] for number, found in sorted(lines.take().items()) if found]

    return watch, lines, taken


def prepare(request):
    """Starts watching; returns the function that runs a session's tests, to be called when they are collected."""
    import os

    import swemill_chance
    import swemill_children

    root = os.getcwd()
    children = swemill_children.prepare(request["files"], root)
    noticed = swemill_chance.Noticed()
    watch, lines, taken = begin(request["files"], root, noticed)
    generators = _generators()

    def run(session, link, seconds):
        watch.forget_files()
        opaque = watch.opaque
        if opaque is None and watch.pythons:
            opaque = "it starts Python"
        link.send({"record": "imported", "lines": taken(), "reads": [], "looks": watch.take_looks(), "opaque": opaque})
        items, session.items[:] = list(session.items), []
        for item in items:
            _run_alone(item, link, lines, watch, taken, children, generators, noticed, seconds)
        lines.end()

    return run


def _generators():
    """Returns what tells the state of the process's own generators of random numbers."""
    import random
    import sys

    modules, state_of = sys.modules, random.getstate

    def state():
        numpy = modules.get("numpy.random")
        try:
            return state_of(), repr(numpy and [str(part) for part in numpy.get_state(legacy=False)["state"].values()])
        except Exception:
            return state_of(), None

    return state


def _run_alone(item, link, lines, watch, taken, children, generators, noticed, seconds):
    """Runs one test in a fork, and passes on what the fork has to say."""
    import json
    import os
    import resource
    import select
    import signal
    import time

    name = str(item.nodeid)
    link.send({"record": "start", "id": name})
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        records = []
        link.send = records.append
        dump, send, leave = json.dumps, os.write, os._exit
        usage, who = resource.getrusage, resource.RUSAGE_CHILDREN
        clear, told = children
        clear()
        lines.restart()
        watch.forget()
        noticed.forget()
        before = generators()
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        except BaseException as error:
            # `pytest.exit` and the like: as if the test ended the whole run.
            records.append({"record": "broke_off", "text": type(error).__name__})
        waited = usage(who)
        opaque = watch.opaque
        if not lines.intact():
            opaque = opaque or "it traces by itself"
        if waited.ru_utime + waited.ru_stime > 0 and not watch.started:
            opaque = opaque or "it waits for a process that it did not start"
        others = told()
        if len(others) != watch.pythons + sum(other["pythons"] for other in others):
            opaque = opaque or "it starts Python, which did not tell all"
        for other in others:
            opaque = opaque or other["opaque"]
        covered = {"record": "covered", "id": name, "opaque": opaque, "clock": noticed.clock}
        covered["draws"] = noticed.draws or generators() != before
        covered["lines"] = taken() + [pair for other in others for pair in other["lines"]]
        covered["reads"] = sorted(set(watch.take_files()).union(*[other["reads"] for other in others]))
        covered["looks"] = sorted(set(watch.take_looks()).union(*[other["looks"] for other in others]))
        records.append(covered)
        text = dump(records).encode("ascii")
        while text:
            text = text[send(write, text) :]
        leave(0)
    os.close(write)
    deadline = time.monotonic() + seconds
    parts = []
    while True:
        ready = select.select([read], [], [], max(0.0, deadline - time.monotonic()))[0]
        part = os.read(read, 1 << 20) if ready else None
        if not part:
            break
        parts.append(part)
    os.close(read)
    if part is None:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        records = json.loads(b"".join(parts).decode("ascii"))
    except ValueError:
        records = [{"record": "covered", "id": name, "lines": [], "reads": [], "looks": [], "opaque": "it did not come to its end", "draws": True, "clock": True}]
    for record in records:
        if record["record"] != "start":
            link.send(record)


IMPORT = "<frozen importlib."
DEFAULTS = frozenset(["__defaults__", "__kwdefaults__"])
WITH_PROGRAM = frozenset(["subprocess.Popen", "os.posix_spawn", "os.exec"])


class _Audit:
    """What audit events tell: files of the repository that are opened or of which functions' defaults are looked at, and
    programs that are started.
    """

    def __init__(self, os, sys, files, root):
        self.os, self.sys = os, sys
        self.numbers = {name: number for number, name in enumerate(files)}
        self.root = os.path.join(root, "")
        self.scripts = os.path.dirname(sys.executable)
        self.known, self.files, self.looks = {}, set(), set()
        # How many programs were started, how many of them Python of this environment, and why any is not known.
        self.started, self.pythons, self.opaque = 0, 0, None

    def number_of(self, filename):
        """The number of a file of interest by any name it goes by; `None` for others."""
        try:
            return self.known[filename]
        except KeyError:
            pass
        path = self.os.path.abspath(filename)
        if not path.startswith(self.root):
            path = self.os.path.realpath(path)
        number = self.numbers.get(path[len(self.root) :]) if path.startswith(self.root) else None
        self.known[filename] = number
        return number

    def begin(self):
        if not hasattr(self.sys, "addaudithook"):
            self.opaque = "this Python has no audit events"
            return
        number_of, files, starts, note = self.number_of, self.files, STARTS, self.note_start
        frame_of, looks, function, modules = self.sys._getframe, self.looks, type(lambda: None), self.sys.modules

        def hook(event, arguments):
            if event == "open":
                name = arguments[0]
                if type(name) is bytes:
                    name = name.decode("utf-8", "surrogateescape")
                if type(name) is str and name.endswith(".py"):
                    number = number_of(name)
                    # A module that is read to be imported tells by its lines.
                    if number is not None and not frame_of(1).f_code.co_filename.startswith(IMPORT):
                        files.add(number)
            elif event == "object.__getattr__":
                if arguments[1] in DEFAULTS and type(arguments[0]) is function:
                    number = number_of(arguments[0].__code__.co_filename)
                    if number is not None:
                        looks.add(number)
            elif event in starts:
                # Since Python 3.13 `subprocess` spawns so, and has told before.
                if event != "os.posix_spawn" or not is_of_subprocess(frame_of(1)):
                    note(event, arguments)

        def is_of_subprocess(frame):
            return frame.f_code.co_filename == getattr(modules.get("subprocess"), "__file__", None)

        self.sys.addaudithook(hook)

    def note_start(self, event, arguments):
        self.started += 1
        program = arguments[0] if event in WITH_PROGRAM else None
        if event == "subprocess.Popen" and not program:
            words = arguments[1]
            program = words if isinstance(words, (str, bytes)) else (list(words) or [None])[0]
        if program is None:
            self.opaque = "it starts a process ({})".format(event)
            return
        program = self.os.fsdecode(program)
        if self.os.path.basename(program) in HARMLESS:
            return
        # A program that takes this one's place tells of itself, this one does not any more.
        if event != "os.exec" and self.is_python(program):
            self.pythons += 1
        else:
            self.opaque = "it starts {}".format(program[:200])

    def is_python(self, program):
        """Whether it is this environment's interpreter, or one of its scripts."""
        path = self.os.path
        if not path.dirname(program):
            program = path.join(self.scripts, program)
        if path.dirname(path.abspath(program)) != self.scripts:
            return False
        if path.realpath(program) == path.realpath(self.sys.executable):
            return True
        try:
            with open(program, "rb") as file:
                return file.read(2 + len(self.scripts)) == b"#!" + self.os.fsencode(self.scripts)
        except OSError:
            return False

    def forget_files(self):
        self.files.clear()

    def forget(self):
        self.files.clear()
        self.looks.clear()
        self.started, self.pythons = 0, 0
        if hasattr(self.sys, "addaudithook"):
            self.opaque = None

    def take_files(self):
        return sorted(self.files)

    def take_looks(self):
        return sorted(self.looks)


class _Monitoring:
    """Lines by `sys.monitoring`: each tells of itself once and is silent until the next restart."""

    def __init__(self, os, sys, number_of, noticed):
        self.monitoring, self.number_of, self.noticed = sys.monitoring, number_of, noticed
        self.found = {}
        self.events = self.monitoring.events.LINE

    def begin(self):
        monitoring, number_of = self.monitoring, self.number_of
        silent = monitoring.DISABLE
        self.tool = next(tool for tool in (4, 3, 5) if monitoring.get_tool(tool) is None)
        monitoring.use_tool_id(self.tool, "swemill")

        def on_line(code, line):
            number = number_of(code.co_filename)
            if number is not None:
                found = self.found.get(number)
                if found is None:
                    found = self.found[number] = set()
                found.add(line)
            return silent

        monitoring.register_callback(self.tool, monitoring.events.LINE, on_line)
        if self.noticed is not None:
            self.events |= monitoring.events.CALL
            monitoring.register_callback(self.tool, monitoring.events.CALL, self.on_call())
        monitoring.set_events(self.tool, self.events)

    def on_call(self):
        called, by_chance, generator = self.noticed.called, self.noticed.seeded_by_chance, self.noticed.generator
        built_in, names, missing = type(len), self.noticed.names, self.monitoring.MISSING

        # Never silent: another function may be called at the same place the next time.
        def on_call(code, _, function, argument):
            if type(function) is built_in:
                if function.__name__ in names:
                    called(function, code.co_filename, argument is not missing and argument is not None)
            elif function is generator and (argument is missing or argument is None):
                by_chance(code.co_filename)

        return on_call

    def restart(self):
        self.found.clear()
        self.monitoring.restart_events()

    def take(self):
        return self.found

    def intact(self):
        return self.monitoring.get_events(self.tool) == self.events

    def end(self):
        self.monitoring.set_events(self.tool, 0)
        self.monitoring.free_tool_id(self.tool)


class _Tracing:
    """Lines by `sys.settrace`; frames of other files are not traced."""

    def __init__(self, os, sys, number_of, noticed):
        import threading

        self.sys, self.threading, self.number_of, self.noticed = sys, threading, number_of, noticed
        self.found = {}

    def begin(self):
        number_of, all_found = self.number_of, self.found

        def on_call(frame, event, argument):
            number = number_of(frame.f_code.co_filename)
            if number is None:
                return None
            found = all_found.get(number)
            if found is None:
                found = all_found[number] = set()
            add = found.add

            def on_line(frame, event, argument):
                if event == "line":
                    add(frame.f_lineno)
                return on_line

            return on_line

        self.hook = on_call
        self.threading.settrace(on_call)
        self.sys.settrace(on_call)
        if self.noticed is not None:
            on_profile = self.on_profile()
            self.threading.setprofile(on_profile)
            self.sys.setprofile(on_profile)

    def on_profile(self):
        called, by_chance, seed = self.noticed.called, self.noticed.seeded_by_chance, self.noticed.seed
        built_in, names = type(len), self.noticed.names

        def on_profile(frame, event, function):
            if event == "c_call":
                if type(function) is built_in and function.__name__ in names:
                    called(function, frame.f_code.co_filename, None)
            elif event == "call" and frame.f_code is seed and frame.f_locals.get("a") is None:
                by_chance(frame.f_back.f_code.co_filename)

        return on_profile

    def restart(self):
        self.found.clear()

    def take(self):
        return self.found

    def intact(self):
        return self.sys.gettrace() is self.hook

    def end(self):
        self.sys.settrace(None)
        self.threading.settrace(None)
        self.sys.setprofile(None)
        self.threading.setprofile(None)
