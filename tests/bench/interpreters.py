"""The Python interpreters of this machine, one a minor version."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def interpreters(oldest: tuple[int, ...]) -> dict[str, str]:
    """Version to program, from `oldest` up: those on the PATH, and those that pyenv keeps beside it."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python3.{minor}") for minor in range(6, 30)] + [shutil.which("python3")]
    candidates += map(str, sorted(pyenv.glob("versions/3.*/bin/python3")))
    found: dict[tuple[int, ...], str] = {}
    for program in filter(None, candidates):
        ask = "import sys; print(*sys.version_info[:2])"
        answer = subprocess.run([program, "-c", ask], capture_output=True, text=True)
        if answer.returncode == 0:  # a pyenv shim fails where its version is not switched on
            version = tuple(int(part) for part in answer.stdout.split())
            if version >= oldest[:2]:
                found.setdefault(version, program)
    return {".".join(map(str, version)): found[version] for version in sorted(found)}
