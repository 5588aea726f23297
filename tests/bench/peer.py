"""The peer, SWE-smith's procedural generator: its installation and one run of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measure import measure
from packages import Package

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "peer-requirements.txt"


@dataclass(frozen=True)
class Generated:
    """One run of the peer's generator."""

    bugs: int
    process_cpu_seconds: float
    main_cpu_seconds: float
    patches: list[str]


class Peer:
    """A virtual environment with the peer, kept between runs. `missing` says why there is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        self.missing: str | None = None

    @property
    def pip(self) -> list[str]:
        return [str(self.python), "-m", "pip", "--disable-pip-version-check"]

    def install(self) -> None:
        """Makes the environment, or leaves the reason in `missing`."""
        stamp = self.folder / "installed"
        digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
        if not self.python.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True)
        if stamp.exists() and stamp.read_text() == digest:
            return
        print("bench: installing the peer (about 500 MB, once)", file=sys.stderr)
        install = [*self.pip, "install", "--quiet", "-r", str(REQUIREMENTS)]
        done = subprocess.run(install, stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            stamp.write_text(digest)
        else:
            self.missing = (done.stderr.strip().splitlines() or ["pip failed"])[-1]

    def generate(self, package: Package, reverse_walk: bool = False) -> Generated:
        """Runs the generator over a fresh copy of the package; only the run itself is measured."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(package.tree, work / package.peer_name)
        result = work / "result.json"
        flags = ["--reverse-walk"] if reverse_walk else []
        log = self.folder / "log.txt"
        with open(log, "wb") as errors:
            script = [self.python, HERE / "peer_generate.py", package.peer_name, result, *flags]
            cost = measure(script, cwd=work, stdout=errors, stderr=errors)
        if cost.exit_code != 0:
            raise SystemExit(f"bench: the peer failed on {package.name}; its output is in {log}")
        inside = json.loads(result.read_text())
        patches = [path.read_bytes().decode() for path in sorted(work.glob("logs/bug_gen/*/**/bug__*.diff"))]
        return Generated(inside["bugs"], cost.cpu_seconds, inside["main_cpu_seconds"], patches)
