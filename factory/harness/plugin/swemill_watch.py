"""Ending a run that need not go on: a test that takes far more processor time than ever, more failures than asked.

A test's time is that of its own process; one that waits for another is ended with the whole run, by the clock.
"""


def make(link):
    """What the hooks tell of tests as they start and fail."""
    import gc
    import os
    import resource
    import signal
    import sys

    # A timer of this process's own: programs that a test starts do not inherit it, as they would a limit.
    set_timer, processor = signal.setitimer, signal.ITIMER_PROF
    usage, leave = resource.getrusage, os._exit
    processes = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    failed, budgets, spent, began = set(), {}, [0.0], [0.0]
    collecting, lost, late, collect = [False], [0], [0], gc.collect

    def now():
        """Processor seconds of this process and of those that it waited for.

        Not the process's clock: while a timer is set, the kernel moves that one only at ticks and when processes
        take turns, which happens mostly between tests.
        """
        own, waited = map(usage, processes)
        return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime

    def on_collection(phase, information):
        collecting[0] = phase == "start"

    def on_event(event, arguments):
        if event == "sys.unraisablehook":
            lost[0] += 1
            late[0] += collecting[0]

    gc.callbacks.append(on_collection)
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(on_event)

    class Watch:
        @staticmethod
        def starts(name):
            """Gives a test its processor time: the kernel ends the process when that is used up."""
            began[0] = now()
            seconds = link.request.get("seconds")
            if seconds is None:
                return
            if not budgets:
                budgets.update(seconds)
                budgets.setdefault("", link.request["seconds_otherwise"])
            set_timer(processor, budgets.get(name, budgets[""]))

        @staticmethod
        def ends():
            """A test is torn down."""
            spent[0] += now() - began[0]

        @staticmethod
        def over():
            """Tells what all tests together took of the processor; returns which failed."""
            set_timer(processor, 0)
            if lost[0]:
                # Exceptions that nobody could be told of are blamed on the test during which the garbage that
                # raised them was collected, and there may be more of it.
                collect()
                link.send({"record": "garbage", "late": late[0]})
            link.send({"record": "spent", "seconds": spent[0]})
            return failed

        @staticmethod
        def failed(name):
            """Ends a run that has failed more tests than anyone wants to know of."""
            failed.add(name)
            most = link.request.get("most_failures")
            if most is not None and len(failed) > most:
                link.send({"record": "spent", "seconds": spent[0] + now() - began[0]})
                link.send({"record": "enough", "failed": len(failed)})
                leave(0)

    return Watch
