"""Lines that other Python processes execute for a test.

A trace writes a `.pth` file beside the installed packages of its own sandbox, by which every interpreter of the
environment runs this file when it starts. Each such process leaves a file when it ends: what it executed, and how
many others it started. When these do not add up to the processes that were started (one was killed, ended by
`os._exit`, or ran without `site`), what they did is not known, and the trace says so.
"""

import json
import os
import sys

NAME = "_swemill_trace.pth"


def prepare(files, root):
    """Has the environment's interpreters tell; returns `clear` and `told`, for the processes of one test."""
    import sysconfig
    import tempfile

    folder = tempfile.mkdtemp(prefix="swemill-trace-")
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "asked"), "w") as file:
        json.dump({"files": files, "root": root}, file)
    program = "exec(compile(open({0!r}).read(), {0!r}, 'exec'), {{'__name__': 'swemill_child', 'HERE': {1!r}, 'FOLDER': {2!r}}})"
    program = program.format(os.path.join(here, "swemill_children.py"), here, folder)
    try:
        with open(os.path.join(sysconfig.get_path("purelib"), NAME), "w") as file:
            file.write("import os; os.path.exists({!r}) and {}\n".format(folder, program))
    except OSError:
        pass  # nobody tells anything, and that will be noticed
    listdir, join, remove, load = os.listdir, os.path.join, os.remove, json.load

    def paths():
        return [join(folder, name) for name in listdir(folder) if name.endswith(".told")]

    def clear():
        for path in paths():
            remove(path)

    def told():
        found = []
        for path in paths():
            with open(path) as file:
                found.append(load(file))
        return found

    return clear, told


def tell_at_the_end(here, folder):
    """Watches this process, which a test has started, from its start to its end."""
    import atexit

    sys.path.insert(0, here)
    import swemill_trace

    sys.path.remove(here)
    with open(os.path.join(folder, "asked")) as file:
        asked = json.load(file)
    watch, _, taken = swemill_trace.begin(asked["files"], asked["root"])
    for name in [name for name in sys.modules if name.startswith("swemill_")]:
        del sys.modules[name]
    dump, join, rename, identity = json.dumps, os.path.join, os.rename, os.getpid()

    def tell():
        told = {
            "lines": taken(),
            "reads": watch.take_files(),
            "looks": watch.take_looks(),
            "opaque": watch.opaque,
            "pythons": watch.pythons,
        }
        path = join(folder, "{}.told".format(identity))
        with open(path + ".writing", "w") as file:
            file.write(dump(told))
        rename(path + ".writing", path)

    # What is registered first runs last.
    atexit.register(tell)


# A folder of packages may be gone through twice, by two names.
if __name__ == "swemill_child" and not hasattr(sys, "_swemill_tells"):
    sys._swemill_tells = True
    tell_at_the_end(HERE, FOLDER)  # noqa: F821: given by the line in the `.pth` file
