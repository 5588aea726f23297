"""Runs under each interpreter: which mutated files does it refuse to compile?

usage: compile_check.py TREE RECORDS...      where a record is a JSON line {id, file, first, last, text, alone}

`alone` is what changed, as whole statements in a place where they compile as they do in their file: some ten
times faster than the file. What fails alone is compiled in its file, and that decides. Written for every Python 3
from 3.6 on.
"""

import __future__
import json
import sys
import warnings

FUTURES = [getattr(__future__, name) for name in __future__.all_feature_names]
FUTURE_FLAGS = sum({feature.compiler_flag for feature in FUTURES})


def compiles(data, name, flags=0):
    # type: (bytes, str, int) -> int
    """Minus one for no, otherwise the flags of its `from __future__ import` lines."""
    try:
        return compile(data, name, "exec", flags, True).co_flags & FUTURE_FLAGS
    except (SyntaxError, ValueError, RecursionError, OverflowError):
        return -1


def main():
    # type: () -> None
    warnings.simplefilter("ignore")
    tree, records = sys.argv[1], sys.argv[2:]
    originals = {}  # type: dict
    checked, failed, skipped = 0, set(), set()
    for path in records:
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                record = json.loads(line)
                file = record["file"]
                if file not in originals:
                    with open(tree + "/" + file, "rb") as original:
                        data = original.read()
                    originals[file] = data.splitlines(True), compiles(data, file)
                old, flags = originals[file]
                if flags < 0:  # this interpreter does not know the untouched file's syntax
                    skipped.add(file)
                    continue
                checked += 1
                if compiles(record["alone"].encode("utf-8", "surrogateescape"), file, flags) < 0:
                    text = record["text"].encode("utf-8", "surrogateescape")
                    whole = b"".join(old[: record["first"] - 1]) + text + b"".join(old[record["last"]:])
                    if compiles(whole, file) < 0:
                        failed.add(record["id"])
    json.dump({"checked": checked, "failed": sorted(failed), "skipped": sorted(skipped)}, sys.stdout)


main()
