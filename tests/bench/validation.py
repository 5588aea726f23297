"""Candidates validated a CPU second, by both sides on the same candidates of one package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from generation import SEED, Swemill, diffs_of
from measure import measure
from packages import Package
from peer import Peer
from report import Row, short

# As many as are long enough for the clock, and for a suite of minutes as few as can be waited for.
CANDIDATES = {"networkx": 8}
OTHERWISE = 150
# Instances that are proven once more, beside what a whole `swemill verify --all` does.
PROVEN = {"networkx": 2}
PROVEN_OTHERWISE = 30


def candidates_of(package: Package) -> int:
    return CANDIDATES.get(package.name, OTHERWISE)


@dataclass(frozen=True)
class Validated:
    """One side's work: how many candidates it decided, how many of them it took, and the cost."""

    decided: int
    accepted: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def rate(self) -> float:
        return self.decided / self.cpu_seconds


def run(swemill: Swemill, home: Path, package: Package, candidates: int, *flags: str) -> tuple[dict, Validated]:
    """`swemill run` in one data folder; the summary it prints, and what it took."""
    source = f"pypi:{package.name}=={package.version}"
    flags = flags or ("--workers", "1")
    limits = ["--seed", SEED, "--max-candidates", str(candidates), *flags]
    command = ["env", f"SWEMILL_HOME={home}", swemill.program, "run", source, *limits, "--json"]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        cost = measure(command, stdout=output, stderr=errors)
        output.seek(0)
        errors.seek(0)
        if cost.exit_code not in (0, 1):  # 1: the few candidates of the rehearsal yielded nothing
            raise SystemExit(f"bench: swemill run failed on {source}: {errors.read().decode()[-2000:]}")
        [summary] = json.load(output)
    outcomes = summary["candidates"]
    decided = Validated(sum(outcomes.values()), outcomes.get("accepted", 0), cost.cpu_seconds, cost.wall_seconds)
    return summary, decided


@dataclass(frozen=True)
class Ours:
    """Our side: what was validated, what of the cost was spent in the tests, and whether the slow way agrees."""

    validated: Validated
    testing_seconds: float
    tests: int
    suite_tests: int
    agreeing: int
    python: Path
    lock: str


def ours(swemill: Swemill, home: Path, package: Package, *flags: str) -> Ours:
    """The rehearsal builds the environment and the baseline; the run after it validates, and is measured."""
    shutil.rmtree(home, ignore_errors=True)
    first, rehearsed = run(swemill, home, package, 1, *flags)
    before = ways(swemill, home)
    second, measured = run(swemill, home, package, candidates_of(package), *flags)
    after = ways(swemill, home)
    already = rehearsed if first["id"] == second["id"] else Validated(0, 0, 0, 0)
    validated = Validated(
        measured.decided - already.decided, measured.accepted - already.accepted, measured.cpu_seconds,
        measured.wall_seconds,
    )
    spent = {key: after[key] - before[key] for key in after}
    return Ours(
        validated, spent["test_seconds"], spent["tests"], spent["suite_tests"], verified(swemill, home, package),
        *interpreter_of(home),
    )


def interpreter_of(home: Path) -> tuple[Path, str]:
    """The Python of the one environment that a data folder holds, and what is installed in it, pinned."""
    environment = json.loads(next(home.glob("environments/*/environment.json")).read_text())
    interpreter = environment["interpreter"]
    return Path(interpreter["prefix"]) / interpreter["program"], environment["recipe"]["lock"]


def ways(swemill: Swemill, home: Path) -> dict[str, float]:
    """What `swemill status` counts of validation, over all ways."""
    environment = {**os.environ, "SWEMILL_HOME": str(home)}
    output = subprocess.run([swemill.program, "status", "--json"], env=environment, stdout=subprocess.PIPE, check=True)
    counts = json.loads(output.stdout)["counts"]["validation"]
    return {key: sum(way[key] for way in counts) for key in ("tests", "suite_tests", "cpu_seconds", "test_seconds")}


def verified(swemill: Swemill, home: Path, package: Package) -> int:
    """How many of some instances have the lists that the slow, clean way gives."""
    environment = {**os.environ, "SWEMILL_HOME": str(home)}
    count = PROVEN.get(package.name, PROVEN_OTHERWISE)
    command = [swemill.program, "verify", "--sample", str(count), "--json"]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE)
    report = json.loads(output.stdout)
    if report["disagreements"]:
        names = ", ".join(instance["instance_id"] for instance in report["disagreements"])
        raise SystemExit(f"bench: the slow way does not agree on {names}")
    return report["verified"]


def theirs(swemill: Swemill, peer: Peer, folder: Path, package: Package, mine: Ours) -> Validated:
    """The peer's own validation of the candidates that swemill draws with the same seed and limit."""
    work = folder / "peer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    drawn = swemill.candidates(package.tree, 1, "--max-candidates", str(candidates_of(package)))
    patches = [patch for _, patch in diffs_of(drawn)]
    (work / "drawn.json").write_text(json.dumps([patches[0], *patches]))
    script = Path(__file__).with_name("peer_validate.py")
    result = work / "result.json"
    with open(work / "log.txt", "wb") as log:
        python = suite_python(work, mine.python, mine.lock)
        command = [peer.python, "-B", script, package.peer_name, package.tree, work / "drawn.json", result, python]
        cost = measure(command, cwd=work, stdout=log, stderr=log)
    if cost.exit_code != 0:
        raise SystemExit(f"bench: the peer's validation failed; its output is in {work / 'log.txt'}")
    answer = json.loads(result.read_text())
    return Validated(answer["validated"], answer["valid"], answer["seconds"], answer["wall_seconds"])


def suite_python(work: Path, python: Path, pinned: str) -> Path:
    """The interpreter that runs the suite for the peer: the same Python, with the same packages, as ours has."""
    venv = work / "venv"
    work.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, "-m", "venv", venv], check=True)
    lock = work / "lock.txt"
    lock.write_text(pinned)
    pip = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
    return venv / "bin" / "python"


def rows(swemill: Swemill, peer: Peer, folder: Path, package: Package) -> list[Row]:
    """One run of each side on the same candidates, in turn."""
    home = folder / "home"
    both = ours(swemill, home, package)
    shutil.rmtree(home, ignore_errors=True)
    mine = both.validated
    name = f"{package.name} {package.version}: validation"
    command = f"swemill run pypi:{package.name}=={package.version} --seed {SEED} --max-candidates {candidates_of(package)}"
    share = 100 * (1 - both.testing_seconds / mine.cpu_seconds)
    beside = f"{both.tests:,} tests were run where whole suites have {both.suite_tests:,}"
    own = [
        Row(f"{name}, CPU beyond the tests' own", share, None, None, "% of all CPU seconds", 1, "—", command, beside),
        Row(f"{name}, agreement with the slow way", 100 if both.agreeing else "—", None, None, "% of instances", 1, "—",
            "swemill verify", f"{both.agreeing} instances proven once more"),
    ]
    note = f"ours: {tell(mine)}, the whole process with its private Postgres"
    if peer.missing is not None:
        return [Row(name, mine.rate, None, None, "candidates / CPU s", 1, "—", command, note), *own]
    other = theirs(swemill, peer, folder, package, both)
    note += f"; peer: {tell(other)}, each run once, in a copy of the tree where it would start a container"
    ratio = mine.rate / other.rate
    return [Row(name, mine.rate, other.rate, ratio, "candidates / CPU s", 1, "—", command, note), *own]


def tell(side: Validated) -> str:
    seconds = f"{short(side.cpu_seconds)} CPU s, {short(side.wall_seconds)} s of wall time"
    return f"{side.accepted} of {side.decided} valid in {seconds}"
