"""Peak memory on a large tree: copies of this Python's standard library, 500,000 lines and more."""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from generation import Swemill
from measure import Cost, measure
from report import Row

LINES = 500_000
LIMIT_BYTES = 500 * 10**6
LEFT_OUT = {"test", "tests", "site-packages", "dist-packages", "idle_test", "__pycache__"}


@dataclass
class Seen:
    """What came out of one run: how many candidates, and the files that they touch."""

    candidates: int
    files: set[str]


def large_tree(folder: Path) -> Path:
    """Copies the library as `part_1`, `part_2`, … until there are enough lines twice over; the rows count the
    lines of those files that got candidates, so what is not mutable does not help."""
    library = Path(sysconfig.get_path("stdlib"))
    sources = [p for p in sorted(library.rglob("*.py")) if not LEFT_OUT & {*p.relative_to(library).parts}]
    shutil.rmtree(folder, ignore_errors=True)
    lines, part = 0, 0
    while lines < LINES * 1.2:
        part += 1
        for source in sources:
            target = folder / f"part_{part}" / source.relative_to(library)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = source.read_bytes()
            target.write_bytes(data)
            lines += data.count(b"\n")
    return folder


def run(swemill: Swemill, tree: Path, threads: int, *flags: str) -> tuple[Cost, Seen]:
    """Measures one run whose output is read as it comes, and kept nowhere."""
    reader, writer = os.pipe()
    seen = Seen(0, set())
    with open(reader, "rb") as output:
        thread = threading.Thread(target=count, args=(output, seen))
        thread.start()
        with open(writer, "wb") as stdout:
            cost = measure(swemill.mutate(tree, threads, *flags), stdout=stdout)
        thread.join()
    if cost.exit_code != 0:
        raise SystemExit(f"bench: swemill mutate ended with exit code {cost.exit_code} on {tree}")
    return cost, seen


def count(output: IO[bytes], seen: Seen) -> None:
    for line in output:
        seen.candidates += 1
        seen.files.add(json.loads(line)["file"])


def rows(swemill: Swemill, folder: Path) -> list[Row]:
    """Every candidate, and a sample; with eight threads, because each holds files of its own."""
    tree = large_tree(folder / "large")
    found = []
    for name, threads, flags in [
        ("every candidate", 8, ()),
        ("a sample of 1,000", 8, ("--max-candidates", "1000")),
    ]:
        cost, seen = run(swemill, tree, threads, *flags)
        if not flags:
            lines = sum((tree / file).read_bytes().count(b"\n") for file in seen.files)
        note = f"{lines:,} lines in files with candidates; {seen.candidates:,} printed in {cost.cpu_seconds:,.0f} CPU s"
        enough = "" if lines >= LINES else f"; fewer lines than the {LINES:,} asked for"
        verdict = "goal < 500 MB reached" if cost.peak_bytes < LIMIT_BYTES else "goal < 500 MB MISSED"
        command = " ".join(["swemill mutate LARGE_TREE --threads", str(threads), *flags])
        megabytes = cost.peak_bytes / 10**6
        note = f"{verdict}; {note}{enough}"
        found.append(Row(f"memory: {name}", megabytes, None, None, "MB at the peak", 1, "—", command, note))
    shutil.rmtree(tree)
    return found
