"""What a newcomer waits for: `make demo` from a built binary, on a fresh data folder."""

from __future__ import annotations

import os
import shutil
import time
import subprocess
from pathlib import Path

from report import Row

SCRIPT = Path("scripts/demo")
INSTANCES, SECONDS = 100, 300


def rows(program: Path, folder: Path) -> list[Row]:
    """Runs the demo once; its time includes the download of the package and of its dependencies."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {**os.environ, "SWEMILL_HOME": str(folder / "home")}
    started = time.perf_counter()
    with open(folder / "log.txt", "wb") as log:
        command = [SCRIPT, program, folder / "dataset"]
        code = subprocess.run(command, env=environment, stdout=log, stderr=log).returncode
    seconds = time.perf_counter() - started
    lines = sum(path.read_bytes().count(b"\n") for path in (folder / "dataset").glob("*.jsonl"))
    reached = code == 0 and lines >= INSTANCES and seconds < SECONDS
    verdict = "reached" if reached else "MISSED"
    note = f"exit code {code}; goal ≥ {INSTANCES} instances in under {SECONDS} s of wall time on 2 cores {verdict}"
    name = "demo: package to data set"
    return [
        Row(f"{name}, time", seconds, None, None, "s of wall time", 1, "—", "make demo", note),
        Row(f"{name}, size", lines, None, None, "instances", 1, "—", "make demo", ""),
    ]
