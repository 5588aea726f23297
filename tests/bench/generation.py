"""Candidates a CPU second, ours and the peer's in turn; and our lists read back for the checks that follow."""

from __future__ import annotations

import json
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from measure import Cost, measure, measure_briefly
from packages import Package
from peer import Generated, Peer
from report import Row, paired, short

SEED = "24"


@dataclass(frozen=True)
class Swemill:
    """The built program."""

    program: Path

    def mutate(self, tree: Path, threads: int, *flags: str) -> list[str]:
        return [str(self.program), "mutate", str(tree), "--seed", SEED, "--threads", str(threads), *flags]

    def candidates(self, tree: Path, threads: int = 1, *flags: str) -> bytes:
        """What `mutate` prints, byte for byte."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            cost = measure(self.mutate(tree, threads, *flags), stdout=output, stderr=errors)
            output.seek(0)
            errors.seek(0)
            if cost.exit_code != 0:
                raise SystemExit(f"bench: swemill mutate failed on {tree}: {errors.read().decode()[-2000:]}")
            return output.read()


def diffs_of(output: bytes) -> Iterator[tuple[str, str]]:
    """The (id, patch) pairs of what `mutate` printed."""
    for line in output.splitlines():
        candidate = json.loads(line)
        yield candidate["id"], candidate["patch"]


def checked(cost: Cost, command: Sequence[str]) -> Cost:
    if cost.exit_code != 0:
        raise SystemExit(f"bench: `{shlex.join(command)}` ended with exit code {cost.exit_code}")
    return cost


def compare(swemill: Swemill, peer: Peer, package: Package, pairs: int) -> tuple[list[Row], Generated | None]:
    """Runs both sides `pairs` times in turn on one package."""
    everything = swemill.mutate(package.tree, threads=1)
    count = swemill.candidates(package.tree).count(b"\n")
    costs: list[Cost] = []
    equal: list[Cost] = []
    theirs: list[Generated] = []
    for _ in range(pairs):
        costs.append(checked(measure_briefly(everything), everything))
        if peer.missing is None:
            theirs.append(peer.generate(package))
            as_many = swemill.mutate(package.tree, 1, "--max-candidates", str(theirs[-1].bugs))
            equal.append(checked(measure_briefly(as_many), as_many))
    every_core = checked(measure(swemill.mutate(package.tree, 0)[:-2]), everything)
    shown = f"swemill mutate {package.tree.name} --seed {SEED} --threads 1"
    rates = [count / cost.cpu_seconds for cost in costs]
    sizes = f"{count:,} candidates in {short(costs[0].cpu_seconds)} CPU s a run ({costs[0].repeats} runs a pair)"
    sizes += f"; {short(every_core.wall_seconds)} s of wall time on every core"
    if theirs:
        sizes += f"; peer {theirs[0].bugs:,} bugs"
    name = f"{package.name} {package.version}"
    rows = [
        paired(
            f"{name}: generation", "candidates / CPU s", rates,
            [run.bugs / run.main_cpu_seconds for run in theirs], shown,
            f"headline, the lower ratio: the peer without its imports, ours the whole process. {sizes}",
        ),
    ]
    if theirs:
        whole = [run.bugs / run.process_cpu_seconds for run in theirs]
        note = "the peer with its imports, as its users run it"
        rows.append(paired(f"{name}: generation, whole processes", "candidates / CPU s", rates, whole, shown, note))
        shown = f"{shown} --max-candidates {theirs[0].bugs}"
        rows.append(
            paired(
                f"{name}: as many as the peer", "CPU s", [cost.cpu_seconds for cost in equal],
                [run.main_cpu_seconds for run in theirs], shown,
                f"{min(count, theirs[0].bugs):,} of ours, {theirs[0].bugs:,} of the peer's; ours enumerates every site "
                "before it samples",
                lower_is_better=True,
            )
        )
    return rows, theirs[-1] if theirs else None
