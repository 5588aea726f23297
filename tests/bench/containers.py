"""Wall-clock time of validation beside the peer's own Docker path, with two workers on each side."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import validation
from generation import Swemill, diffs_of
from measure import measure
from packages import Package
from peer import Peer
from report import Row, short

BASE, IMAGE, WORKERS = "swemill/base", "swemill-bench-peer", 2
THEIRS, OURS = 8, 60


def rows(swemill: Swemill, peer: Peer, folder: Path, package: Package) -> list[Row]:
    name = f"{package.name} {package.version}: validation beside Docker, {WORKERS} workers"
    if peer.missing is not None or subprocess.run(["docker", "image", "inspect", BASE], capture_output=True).returncode:
        return [Row(name, "no peer, engine or base image", None, None, "s a candidate", 0, "—", "", "")]
    home, work = folder / "home", folder / "peer"
    for place in (home, work):
        shutil.rmtree(place, ignore_errors=True)
    validation.run(swemill, home, package, 1)
    workers = ["--workers", str(WORKERS)]
    _, mine = validation.run(swemill, home, package, OURS, *workers)
    python = validation.suite_python(work, *validation.interpreter_of(home))
    try:
        make_image(package, python)
        drawn = swemill.candidates(package.tree, 1, "--max-candidates", str(THEIRS))
        patches = [patch for _, patch in diffs_of(drawn)]
        (work / "drawn.json").write_text(json.dumps([patches[0], *patches]))
        script = Path(__file__).with_name("peer_container.py")
        command = [peer.python, "-B", script, package.peer_name, IMAGE, work / "drawn.json", work / "result.json"]
        with open(work / "log.txt", "wb") as log:
            cost = measure([*command, python, str(WORKERS)], cwd=work, stdout=log, stderr=log)
        if cost.exit_code != 0:
            raise SystemExit(f"bench: the peer's validation failed; its output is in {work / 'log.txt'}")
    finally:
        subprocess.run(["docker", "rmi", "-f", IMAGE], capture_output=True)
    other = json.loads((work / "result.json").read_text())
    shutil.rmtree(home, ignore_errors=True)
    own, its = mine.wall_seconds / mine.decided, other["wall_seconds"] / other["validated"]
    note = f"ours: {mine.decided} candidates in {short(mine.wall_seconds)} s, the whole process; peer as published, "
    note += f"{other['validated']} candidates in {short(other['wall_seconds'])} s, {other['valid']} of them valid"
    shown = f"swemill run pypi:{package.name}=={package.version} --max-candidates {OURS} --workers {WORKERS}"
    return [Row(name, own, its, its / own, "s of wall time a candidate", 1, "—", shown, note)]


def make_image(package: Package, python: Path) -> None:
    """The package in a git repository at the place that the peer expects, with the suite's interpreter."""
    venv = python.parent.parent
    home = next(line for line in (venv / "pyvenv.cfg").read_text().splitlines() if line.startswith("home"))
    prefix = Path(home.split("=")[1].strip()).parent
    docker("rm", "-f", IMAGE)
    docker("create", "--name", IMAGE, BASE, "sleep", "600")
    for source, target in ((prefix, prefix), (venv, venv), (package.tree, Path("/testbed"))):
        parts = ["tar", "-C", source, "--transform", f"s,^\\.,{str(target).lstrip('/')},", "-c", "."]
        archive = subprocess.Popen(parts, stdout=subprocess.PIPE)
        subprocess.run(["docker", "cp", "-", f"{IMAGE}:/"], stdin=archive.stdout, check=True)
        archive.wait()
    docker("start", IMAGE)
    script = "cd /testbed && git init -q . && git add -A && git -c user.name=b -c user.email=b@localhost commit -qm one"
    docker("exec", IMAGE, "sh", "-c", script)
    docker("commit", IMAGE, IMAGE)
    docker("rm", "-f", IMAGE)


def docker(*words: str) -> None:
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode and words[0] != "rm":
        raise SystemExit(f"bench: docker {' '.join(words)}: {done.stderr.strip()}")
