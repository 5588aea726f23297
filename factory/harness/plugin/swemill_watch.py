"""Ending a run that need not go on: a test that takes far more processor time than ever, more failures than asked."""


def make(link):
    """What the hooks tell of tests as they start and fail."""
    import os
    import resource
    import time

    set_limit, get_limit, processor = resource.setrlimit, resource.getrlimit, resource.RLIMIT_CPU
    now, leave = time.process_time, os._exit
    failed, budgets, spent, began = set(), {}, [0.0], [0.0]

    class Watch:
        @staticmethod
        def starts(name):
            """Gives a test its processor time: the kernel ends the process when that is used up."""
            began[0] = now()
            seconds = link.request.get("seconds")
            if seconds is None:
                return
            if not budgets:
                budgets.update(zip(link.request["ids"] or (), seconds))
                budgets.setdefault("", link.request["seconds_otherwise"])
            budget = budgets.get(name, budgets[""])
            # Whole seconds, rounded up.
            set_limit(processor, (int(began[0] + budget) + 1, get_limit(processor)[1]))

        @staticmethod
        def ends():
            """A test is torn down."""
            spent[0] += now() - began[0]

        @staticmethod
        def over():
            """Tells what all tests together took of the processor, and how many failed."""
            link.send({"record": "spent", "seconds": spent[0]})
            return len(failed)

        @staticmethod
        def failed(name):
            """Ends a run that has failed more tests than anyone wants to know of."""
            failed.add(name)
            most = link.request.get("most_failures")
            if most is not None and len(failed) > most:
                link.send({"record": "enough", "failed": len(failed)})
                leave(0)

    return Watch
