"""`make bench`: what swemill makes of real packages beside what its peer makes of them, in one run."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Sequence

import demo
import generation
import memory
import packages
import report
import soundness
import validation
from generation import Swemill
from interpreters import interpreters
from packages import Package
from peer import Generated, Peer
from report import Row

FOLDER = Path("target/bench").absolute()
PAGE = Path("docs/BENCHMARKS.md")
PARTS = ["generation", "validation", "memory", "demo"]


def main() -> None:
    options = arguments()
    if options.markdown:
        report.write_markdown(FOLDER, PAGE)
        return
    program = Path(options.swemill).absolute()
    if not program.exists():
        raise SystemExit(f"bench: there is no {options.swemill}; `make bench` builds it, `make build` too")
    swemill = Swemill(program)
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), **report.machine()}
    facts["swemill"] = report.commit()
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    peer = Peer(FOLDER / "peer")
    chosen: list[Package] = []
    if {"generation", "validation"} & {*options.only}:
        peer.install()
        facts["peer"] = "swesmith 0.0.9" if peer.missing is None else f"missing: {peer.missing}"
        chosen = packages.fetch(FOLDER / "packages", peer.pip)
    if "generation" in options.only:
        for package in chosen:
            say(f"{package.name} {package.version}: {options.pairs} paired runs")
            measured, theirs = generation.compare(swemill, peer, package, options.pairs)
            rows += measured
            say(f"{package.name} {package.version}: checking every diff")
            rows += sound(swemill, peer, package, theirs)
    if "validation" in options.only:
        say(f"{chosen[0].name} {chosen[0].version}: validating {validation.CANDIDATES} candidates")
        rows += validation.rows(swemill, peer, FOLDER / "validation", chosen[0])
    if "memory" in options.only:
        say("a tree of 500,000 lines")
        rows += memory.rows(swemill, FOLDER)
    if "demo" in options.only and demo.SCRIPT.exists():
        say("make demo on a fresh data folder")
        rows += demo.rows(program, FOLDER / "demo")
    report.save(FOLDER, rows, facts)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()))
    print()
    print(report.terminal(rows))


def sound(swemill: Swemill, peer: Peer, package: Package, theirs: Generated | None) -> list[Row]:
    """Every diff of both sides checked, and what the same work gives a second time."""
    pythons = interpreters(package.oldest_python)
    output = swemill.candidates(package.tree)
    work = FOLDER / "soundness" / package.name
    ours = soundness.judge(package.tree, list(generation.diffs_of(output)), work / "ours", pythons)
    other = None
    if theirs is not None:
        numbered = [(f"{number}", patch) for number, patch in enumerate(theirs.patches)]
        other = soundness.judge(package.tree, numbered, work / "peer", pythons)
    repeats = {
        "a second run": output == swemill.candidates(package.tree),
        "8 threads": output == swemill.candidates(package.tree, threads=8),
    }
    reordered = packages.copy_in_another_order(package.tree, work / "reordered" / package.tree.name)
    repeats["files created in another order"] = output == swemill.candidates(reordered)
    common = None
    if theirs is not None:
        again = peer.generate(package, reverse_walk=True)
        common = len({*theirs.patches} & {*again.patches}) / len({*theirs.patches, *again.patches})
    return soundness.rows(f"{package.name} {package.version}", ours, other, repeats, common)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("swemill", nargs="?", default="target/release/swemill", help="the built program")
    parser.add_argument("--only", type=parts, default=PARTS, help=f"parts to run, of {','.join(PARTS)}")
    parser.add_argument("--pairs", type=int, default=3, help="paired runs of both sides (default 3)")
    parser.add_argument("--markdown", action="store_true", help=f"write the last run's table into {PAGE}")
    return parser.parse_args()


def parts(names: str) -> Sequence[str]:
    chosen = names.split(",")
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    return chosen


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
