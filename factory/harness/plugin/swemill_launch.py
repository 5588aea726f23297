"""Runs pytest as `python -m pytest` would, with swemill's plugin in it.

Started as a script, so the interpreter puts this folder first on `sys.path`. The plugin is imported from
there, and then that entry is given to the current folder, which is what `-m` puts there: tested code finds
the path it would find, and cannot shadow the plugin, whose modules are loaded already. Where the
interpreter is told to put nothing there (`PYTHONSAFEPATH`), nothing is left there.
"""

import os
import sys

PLUGIN = "_swemill_pytest_plugin"


def main():
    """Sets up the channel, runs pytest, reports its status, and leaves."""
    import runpy

    here = os.path.dirname(os.path.abspath(__file__))
    is_script_entry = bool(sys.path) and os.path.realpath(sys.path[0] or ".") == os.path.realpath(here)
    if not is_script_entry:
        sys.path.insert(0, here)
    import swemill_channel
    import swemill_hooks
    import swemill_stages
    import swemill_template

    arguments = sys.argv[1:]
    if swemill_template.asked_for():
        link = swemill_stages.Link(*swemill_template.prepare(), swemill_channel.prepare(), arguments)
    else:
        request, send = swemill_channel.open_channel()
        link = swemill_stages.Link(request, None, None, arguments)
        link.send = send
    stages = swemill_stages.Stages(link)
    sys.path[:1] = [os.getcwd()] if is_script_entry else []
    flush, leave = _leaver()
    link.send({"record": "begin", "python": sys.version.split()[0]})
    try:
        import pytest
    except ImportError as error:
        link.send({"record": "no_pytest", "text": str(error)})
        status = 4
    else:
        link.send({"record": "pytest", "version": str(pytest.__version__)})
        _register(swemill_hooks.make(pytest, link, stages))
        sys.argv = ["pytest", "-p", PLUGIN] + arguments
        try:
            stages.imported()
            runpy.run_module("pytest", run_name="__main__", alter_sys=True)
            status = 0
        except SystemExit as end:
            status = _status(end.code)
        except KeyboardInterrupt:
            link.send({"record": "interrupted", "text": "KeyboardInterrupt"})
            status = 2
        except BaseException as error:
            import traceback

            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            link.send({"record": "internal_error", "text": text[-20000:]})
            status = 3
    link.send({"record": "finish", "exit": status})
    flush()
    # Not through the interpreter's own end: all is told, and a thread left behind could hold that up.
    leave(status & 0xFF)


def _leaver():
    leave = os._exit

    def flush():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # closed or replaced by a test: nothing is left to flush

    return flush, leave


def _register(hooks):
    """Makes `-p` find the hooks, under a name that no import looks for on disk."""
    from types import ModuleType

    for name in list(sys.modules):
        if name.startswith("swemill_"):
            del sys.modules[name]
    # The second word keeps pytest from warning that it cannot rewrite the assertions of a loaded module.
    module = ModuleType(PLUGIN, "swemill's hooks. PYTEST_DONT_REWRITE")
    module.__dict__.update(hooks)
    sys.modules[PLUGIN] = module


def _status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return int(code)
    return 1


# `multiprocessing` imports the main program again in its children, under another name.
if __name__ == "__main__":
    main()
