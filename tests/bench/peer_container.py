"""Runs inside the peer's environment: its validation of given patches as published, in containers.

usage: peer_container.py OWNER__REPO.COMMIT8 IMAGE PATCHES_JSON RESULT_JSON PYTHON WORKERS

Everything is the peer's own, its 15 seconds of waiting for a container that does not listen included; only the
name of the image, which it would pull from a registry, is given. The first patch is a rehearsal.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from swesmith.harness import valid
from swesmith.profiles import registry
from swesmith.profiles.base import RepoProfile

from peer_generate import register


def main() -> None:
    name, image, result, python = sys.argv[1], sys.argv[2], sys.argv[4], sys.argv[5]
    patches, workers = json.loads(Path(sys.argv[3]).read_text()), int(sys.argv[6])
    register(name)
    RepoProfile.image_name = property(lambda self: image)
    RepoProfile.pull_image = lambda self: None
    RepoProfile._is_repo_private = lambda self: False
    profile = registry.get(name)
    type(profile).test_cmd = f"{python} -m pytest --disable-warnings --color=no --tb=no --verbose"
    profile.test_cmd = type(profile).test_cmd
    instances = [{"instance_id": f"{name}.{n:04}", "patch": patch, "repo": name} for n, patch in enumerate(patches)]
    seconds = 0.0
    for part in (instances[:1], instances[1:]):
        Path("patches.json").write_text(json.dumps(part))
        began = time.perf_counter()
        valid.main("patches.json", workers=workers)
        seconds = time.perf_counter() - began
    folders = [Path("logs/run_validation") / name / instance["instance_id"] for instance in instances[1:]]
    reports = [json.loads((folder / "report.json").read_text()) for folder in folders]
    valid_ones = sum(1 for report in reports if report.get("FAIL_TO_PASS"))
    answer = {"wall_seconds": seconds, "validated": len(reports), "valid": valid_ones}
    Path(result).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
