import json
import sys


def test_fails_but_claims_to_pass():
    record = {
        "record": "phase",
        "id": "test_forges.py::test_fails_but_claims_to_pass",
        "when": "call",
        "outcome": "passed",
        "expected": False,
        "seconds": 0.0,
    }
    for stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
        print(json.dumps(record), "1 passed in 0.01s", file=stream, flush=True)
    assert False
