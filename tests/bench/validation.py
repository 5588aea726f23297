"""Candidates validated a CPU second, by both sides on the same candidates of one package."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from generation import SEED, Swemill, diffs_of
from measure import measure
from packages import Package
from peer import Peer
from report import Row, short

CANDIDATES = 30


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
    limits = ["--seed", SEED, "--max-candidates", str(candidates), "--workers", "1", *flags]
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


def ours(swemill: Swemill, folder: Path, package: Package, *flags: str) -> Validated:
    """The rehearsal builds the environment and the baseline; the run after it validates, and is measured."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    first, rehearsed = run(swemill, home, package, 1, *flags)
    second, measured = run(swemill, home, package, CANDIDATES, *flags)
    shutil.rmtree(home, ignore_errors=True)
    already = rehearsed if first["id"] == second["id"] else Validated(0, 0, 0, 0)
    return Validated(
        measured.decided - already.decided, measured.accepted - already.accepted, measured.cpu_seconds,
        measured.wall_seconds,
    )


def theirs(swemill: Swemill, peer: Peer, folder: Path, package: Package) -> Validated:
    """The peer's own validation of the candidates that swemill draws with the same seed and limit."""
    work = folder / "peer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    drawn = swemill.candidates(package.tree, 1, "--max-candidates", str(CANDIDATES))
    patches = [patch for _, patch in diffs_of(drawn)]
    (work / "drawn.json").write_text(json.dumps([patches[0], *patches]))
    script = Path(__file__).with_name("peer_validate.py")
    result = work / "result.json"
    with open(work / "log.txt", "wb") as log:
        command = [peer.python, "-B", script, package.peer_name, package.tree, work / "drawn.json", result]
        cost = measure(command, cwd=work, stdout=log, stderr=log)
    if cost.exit_code != 0:
        raise SystemExit(f"bench: the peer's validation failed; its output is in {work / 'log.txt'}")
    answer = json.loads(result.read_text())
    return Validated(answer["validated"], answer["valid"], answer["seconds"], answer["wall_seconds"])


def rows(swemill: Swemill, peer: Peer, folder: Path, package: Package) -> list[Row]:
    """One pair of runs: each validates some thirty candidates, which is long enough for the clock."""
    mine = ours(swemill, folder, package)
    note = f"ours: {tell(mine)}, each under the break, as often as `confirmations` says, and mended, in fresh sandboxes"
    name = f"{package.name} {package.version}: validation"
    command = f"swemill run pypi:{package.name}=={package.version} --seed {SEED} --max-candidates {CANDIDATES}"
    if peer.missing is not None:
        return [Row(name, mine.rate, None, None, "candidates / CPU s", 1, "—", command, note)]
    other = theirs(swemill, peer, folder, package)
    note += f"; peer: {tell(other)}, each run once, in a copy of the tree where it would start a container"
    return [Row(name, mine.rate, other.rate, mine.rate / other.rate, "candidates / CPU s", 1, "—", command, note)]


def tell(side: Validated) -> str:
    seconds = f"{short(side.cpu_seconds)} CPU s, {short(side.wall_seconds)} s of wall time"
    return f"{side.accepted} of {side.decided} valid in {seconds}"
