"""What is done on the way of a session besides running its tests: waiting to be copied, watching lines, and
comparing what the process holds.
"""


class Link:
    """Where records go, and what is asked for. A template has none; each of its copies gets its own."""

    def __init__(self, request, wait, open_channel, arguments):
        self._wait, self._open, self._arguments = wait, open_channel, arguments
        self.is_copy = False
        self._heard = []
        self.send = self._heard.append
        self.request = self._with_arguments(request)

    def _with_arguments(self, request):
        request["arguments"] = self._arguments
        return request

    def is_template(self):
        """Whether this process waits to be copied."""
        return self._wait is not None

    def waits_when(self, stage):
        """Whether this process is a template that waits at this stage."""
        return self.is_template() and self.request["wait"] == stage

    def wait(self, said):
        """Waits to be copied; in a copy, takes on its request and channel and sends on what was heard before."""
        request, self.send = self._open(self._wait(said))
        self.request = self._with_arguments(request)
        self._wait = None
        self.is_copy = True
        # What was collected is told again by the copy, for its own tests.
        for record in self._heard:
            if record["record"] in ("begin", "pytest", "collection_error"):
                self.send(record)
        del self._heard[:]


class Stages:
    """The places of a session at which something is done."""

    def __init__(self, link):
        self._link = link
        self._run_alone = self._compare = self._before = None
        # All modules are imported here: later nothing of ours is on the path.
        if link.request["mode"] == "trace":
            import swemill_trace

            self._run_alone = swemill_trace.prepare(link.request)
        if link.is_template():
            import swemill_chance
            import swemill_exchange
            import swemill_quiet
            import swemill_shelf
            import swemill_state

            self._exchanging, self._comparing, self._shelf = swemill_exchange, swemill_state, swemill_shelf
            self._repeat, self._know = swemill_chance.repeater(), swemill_quiet.know_before_collecting

    def imported(self):
        """pytest is imported, and has read no configuration yet."""
        if self._link.waits_when("imported"):
            # The first thing that it does with any configuration.
            from importlib import import_module

            from _pytest.config import default_plugins

            for name in default_plugins:
                import_module("_pytest." + name)
        self._before_imports("imported")

    def configured(self):
        """pytest has read its configuration; mostly nothing of the repository has been imported for that."""
        self._before_imports("configured")

    def _before_imports(self, stage):
        import sys

        if self._link.is_template():
            self._know()
        if self._link.waits_when(stage):
            request = self._link.request
            is_own = self._comparing.of_repository(request["roots"])
            own = sorted(name for name, module in list(sys.modules.items()) if is_own(module))
            if not own:
                self._shelf.fill(request["roots"][0], request.get("files", ()), request.get("test_files", ()))
            self._link.wait({"own": own})

    def collected(self, session):
        """Everything is imported and collected, and no test has run; whether this is a copy made here."""
        link = self._link
        if self._run_alone is not None:
            self._run_alone(session, link, link.request["seconds_a_test"])
            return False
        if not link.waits_when("collected"):
            return False
        exchange = self._exchanging.prepare(link.request["files"])
        take, self._compare = self._comparing.prepare(link.request["roots"])
        self._before = take()
        link.wait({"tests": len(session.items)})
        for change in link.request["changes"]:
            try:
                exchange(change["path"], change["original"], change["changed"])
            except self._exchanging.Unfit as reason:
                link.send({"record": "unfit", "text": str(reason)})
                _leave()
        return True

    def ran(self, session, failed, well):
        """The last test is over: a copy has told all that is asked of it, and need not tidy up."""
        link = self._link
        if self._compare is not None and (failed or link.request["compare"]):
            link.send({"record": "left", "names": self._compare(self._before)[:1000]})
        if link.is_copy and well:
            if failed:
                self._repeat_chance(session, failed)
            link.send({"record": "finish", "exit": 1 if failed else 0})
            _leave()

    def _repeat_chance(self, session, failed):
        link = self._link
        draws, clock = frozenset(link.request["draws"]), frozenset(link.request["clock"])
        wanted = draws | clock
        # Of all tests, those that fail: what the others have to do with the change is not known.
        if link.request["ids"] is None:
            wanted &= failed
        items = [item for item in session.items if item.nodeid in wanted] if wanted else []
        if items:
            enough, wavering = self._repeat(items, failed, draws, clock)
            link.send({"record": "repeated", "enough": enough, "wavering": wavering})


def _leave():
    import os

    os._exit(0)
