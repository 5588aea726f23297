"""What a command costs: CPU seconds, wall seconds and peak memory of its whole process tree.

Run as a program it is the small parent that measures: a child inherits the peak memory of the process that forked
it, so the parent must be smaller than anything it measures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Sequence


@dataclass(frozen=True)
class Cost:
    """What `repeats` runs of one command took: seconds are the mean of one run, memory is the largest."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    exit_code: int
    repeats: int


def measure(
    command: Sequence[str | Path], stdout: IO[bytes] | int = subprocess.DEVNULL, repeats: int = 1,
    cwd: Path | None = None, stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> Cost:
    """Runs `command` to its end `repeats` times in turn. Output goes to `stdout`, truncated never."""
    report, write_end = os.pipe()
    arguments = [sys.executable, "-I", "-S", __file__, str(write_end), str(repeats), *map(str, command)]
    process = subprocess.Popen(arguments, stdout=stdout, stderr=stderr, pass_fds=[write_end], cwd=cwd)
    os.close(write_end)
    with os.fdopen(report) as lines:
        cost = Cost(**json.load(lines))
    process.wait()
    return cost


def measure_briefly(command: Sequence[str | Path], least_cpu_seconds: float = 0.5) -> Cost:
    """Repeats a command that is too short for the clock until it took `least_cpu_seconds` in all."""
    first = measure(command)
    if first.exit_code != 0 or first.cpu_seconds >= 0.2:
        return first
    return measure(command, repeats=int(least_cpu_seconds / max(first.cpu_seconds, 0.001)) + 1)


def main() -> None:
    report, repeats, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    os.set_inheritable(report, False)
    cpu, peak, code = 0.0, 0, 0
    started = time.perf_counter()
    done = 0
    while done < repeats and code == 0:
        child = os.posix_spawnp(command[0], command, os.environ)
        _, status, usage = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss * 1024)
        done += 1
    wall = time.perf_counter() - started
    with os.fdopen(report, "w") as lines:
        json.dump(asdict(Cost(cpu / done, wall / done, peak, code, done)), lines)


if __name__ == "__main__":
    main()
