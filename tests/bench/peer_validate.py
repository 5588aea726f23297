"""Runs inside the peer's environment: its validation of given patches, with a copy of the tree for each container.

usage: peer_validate.py OWNER__REPO.COMMIT8 TREE PATCHES_JSON RESULT_JSON PYTHON

PYTHON runs the suite: an environment with the package's own dependencies and nothing else.

The first patch is a rehearsal that also runs the untouched suite; the others are measured. Everything but the
container is the peer's own: its loop, its test command, its log parser and its report.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from logging import Logger
from pathlib import Path
from typing import Any

from swebench.harness.docker_build import setup_logger
from swesmith.constants import TEST_OUTPUT_END, TEST_OUTPUT_START
from swesmith.harness import valid

from peer_generate import register

TREE = Path(sys.argv[2])
COMMAND = f"{sys.argv[5]} -m pytest --disable-warnings --color=no --tb=no --verbose"


def run_patch_in_copy(
    instance: dict[str, Any], run_id: str, log_dir: Path, timeout: int, patch: str | None = None, **_: Any
) -> tuple[Logger, bool]:
    """What the peer does in a container, in a copy of the tree: apply, run the whole suite, keep the log."""
    identity = instance["instance_id"]
    folder = log_dir / run_id / identity
    folder.mkdir(parents=True, exist_ok=True)
    logger = setup_logger(identity, folder / "run_instance.log")
    with tempfile.TemporaryDirectory() as parent:
        copy = shutil.copytree(TREE, Path(parent) / "testbed")
        if patch:
            (folder / "patch.diff").write_text(patch)
            outside = {**os.environ, "GIT_CEILING_DIRECTORIES": parent}
            subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=copy, env=outside, check=True)
        script = f"set -uxo pipefail\n: '{TEST_OUTPUT_START}'\n{COMMAND}\n: '{TEST_OUTPUT_END}'\n"
        with open(folder / "test_output.txt", "w") as output:
            # Where the peer's images have the package installed in place.
            source = Path(copy) / "src"
            environment = {**os.environ, "PYTHONPATH": str(source if source.is_dir() else copy)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            run = subprocess.Popen(
                ["bash", "-c", script], cwd=copy, env=environment, stdout=output, stderr=output, start_new_session=True
            )
            try:
                run.wait(timeout)
                return logger, False
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, 9)
                run.wait()
                return logger, True


def cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    name, patches, result = sys.argv[1], json.loads(Path(sys.argv[3]).read_text()), sys.argv[4]
    register(name)
    valid.run_patch_in_container = run_patch_in_copy
    instances = [{"instance_id": f"{name}.{n:04}", "patch": patch, "repo": name} for n, patch in enumerate(patches)]
    seconds, wall = 0.0, 0.0
    for part in (instances[:1], instances[1:]):
        Path("patches.json").write_text(json.dumps(part))
        started, began = cpu_seconds(), time.perf_counter()
        valid.main("patches.json", workers=1)
        seconds, wall = cpu_seconds() - started, time.perf_counter() - began
    folders = [Path("logs/run_validation") / name / instance["instance_id"] for instance in instances[1:]]
    reports = [json.loads((folder / "report.json").read_text()) for folder in folders]
    valid_ones = sum(1 for report in reports if report.get("FAIL_TO_PASS"))
    answer = {"seconds": seconds, "wall_seconds": wall, "validated": len(reports), "valid": valid_ones}
    Path(result).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
