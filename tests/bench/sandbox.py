"""What sandboxes cost: starts of the native kind, and of containers beside the engine's own `run --rm`."""

from __future__ import annotations

import json
import re
import subprocess

from report import Row

STARTS = re.compile(r"(\d+) starts .* p50 ([\d.]+)(ms|µs|s), p99 ([\d.]+)(ms|µs|s)")
MILLISECONDS = {"s": 1000.0, "ms": 1.0, "µs": 0.001}


def measurement(target: str, test: str) -> tuple[str, str]:
    """Runs one of the crate's own measurements; its command, and what it printed."""
    command = ["cargo", "test", "--release", "--locked", "-q", "-p", "swemill-sandbox", "--test", target, test]
    command += ["--", "--ignored", "--nocapture"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(command)} failed: {done.stdout[-2000:]}")
    return " ".join(command), done.stdout


def rows() -> list[Row]:
    return native() + docker()


def native() -> list[Row]:
    command, printed = measurement("native", "a_thousand_starts")
    found = STARTS.search(printed)
    if found is None:
        raise SystemExit(f"bench: no figures in {printed[-500:]}")
    count, middle, middle_unit, high, high_unit = found.groups()
    note = f"{count} starts in turn, each from asking for a sandbox to the end of its first command"
    name = "native sandbox, start to the end of a first command"
    return [
        Row(f"{name}, p50", float(middle) * MILLISECONDS[middle_unit], None, None, "ms", int(count), "—", command, note),
        Row(f"{name}, p99", float(high) * MILLISECONDS[high_unit], None, None, "ms", int(count), "—", command, ""),
    ]


def docker() -> list[Row]:
    command, printed = measurement("docker", "what_starting")
    line = next((line for line in printed.splitlines() if line.startswith("{")), None)
    if line is None:
        return [Row("container, start and stop", "no engine answers", None, None, "ms", 0, "—", command, "")]
    found = json.loads(line)
    own, engine, runs = found["start_and_stop_ms"], found["docker_run_rm_true_ms"], found["rounds"]
    note = "medians, in turn; the other side is `docker run --rm IMAGE true` on the same image; times better than it"
    return [
        Row("container, start and stop", own, engine, engine / own, "ms", runs, "—", command, note),
        Row("container, stop", found["stop_ms"], None, None, "ms", runs, "—", command, ""),
        Row("container, a command in a warm one", found["warm_command_ms"], None, None, "ms", runs * 4, "—", command, ""),
    ]
