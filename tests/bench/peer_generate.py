"""Runs inside the peer's environment: its procedural generator over one folder, without GitHub.

usage: peer_generate.py OWNER__REPO.COMMIT8 RESULT_JSON [--reverse-walk]
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import time
from dataclasses import make_dataclass
from typing import Any, Iterator

import swesmith.bug_gen.adapters  # noqa: F401  (imported late by the peer: here it stays out of the measured part)
from swesmith.bug_gen.procedural import generate
from swesmith.profiles import registry
from swesmith.profiles.base import RepoProfile
from swesmith.profiles.python import PythonProfile

SEED = 24


def register(folder: str) -> None:
    """Gives the peer the profile that its users write by hand for every repository."""
    owner, rest = folder.split("__", 1)
    repo, commit = rest.rsplit(".", 1)
    fields = [(key, str, value) for key, value in (("owner", owner), ("repo", repo), ("commit", commit))]
    registry.register_profile(make_dataclass("BenchProfile", fields, bases=(PythonProfile,)))
    RepoProfile._mirror_exists = lambda self: True


def reverse_walk() -> None:
    """Lists every folder the other way round, as another file system might."""
    forwards = os.walk

    def backwards(*arguments: Any, **options: Any) -> Iterator[tuple[str, list[str], list[str]]]:
        for root, folders, files in forwards(*arguments, **options):
            folders.sort(reverse=True)
            yield root, folders, sorted(files, reverse=True)

    os.walk = backwards


def main() -> None:
    folder, result = sys.argv[1], sys.argv[2]
    if "--reverse-walk" in sys.argv[3:]:
        reverse_walk()
    register(folder)
    printed = io.StringIO()
    started = time.process_time()
    with contextlib.redirect_stdout(printed):
        generate.main(folder, max_bugs=-1, seed=SEED)
    seconds = time.process_time() - started
    total = re.search(r"Generated\s+(\d+)\s+bugs", printed.getvalue())
    if total is None:
        raise SystemExit(f"the peer did not say how many bugs it made: {printed.getvalue()[-500:]}")
    with open(result, "w") as lines:
        json.dump({"bugs": int(total[1]), "main_cpu_seconds": seconds}, lines)


if __name__ == "__main__":
    main()
