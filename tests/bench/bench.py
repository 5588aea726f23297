"""`make bench`: what swemill makes of real packages beside what its peer makes of them, in one run."""

from __future__ import annotations

import argparse
import datetime
import functools
import subprocess
import sys
from pathlib import Path

import containers
import demo
import generation
import memory
import packages
import report
import sandbox
import soundness
import validation
from flags import among
from generation import Swemill
from interpreters import interpreters
from packages import Package
from peer import Generated, Peer
from report import Row

FOLDER = Path("target/bench").absolute()
PAGE = Path("docs/BENCHMARKS.md")
# Two are enough to show how candidates are made; validation depends on the suite, so it is shown on all.
GENERATED = {"sqlparse", "jinja2"}
PARTS = ["generation", "validation", "containers", "sandbox", "memory", "demo"]


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
    peer = Peer(FOLDER / "peer")
    chosen: list[Package] = []
    if {"generation", "validation", "containers"} & {*options.only}:
        peer.install()
        facts["peer"] = "swesmith 0.0.9" if peer.missing is None else f"missing: {peer.missing}"
        chosen = [p for p in packages.fetch(FOLDER / "packages", peer.pip) if p.name in options.packages]
    parts: list[tuple[str, str, Callable[[], list[Row]]]] = [
        ("generation", f"{p.name} {p.version}, {options.pairs} paired runs and a check of every diff",
         functools.partial(generate_and_check, swemill, peer, p, options.pairs))
        for p in chosen
        if p.name in GENERATED
    ]
    parts += [
        ("validation", f"{p.name} {p.version}, {validation.candidates_of(p)} candidates",
         functools.partial(validation.rows, swemill, peer, FOLDER / "validation" / p.name, p))
        for p in chosen
    ]
    parts += [
        ("containers", f"{p.name} {p.version}, beside the peer's own Docker path",
         functools.partial(containers.rows, swemill, peer, FOLDER / "containers" / p.name, p))
        for p in chosen[:1]
    ]
    parts.append(("sandbox", "starts, and containers beside the engine", sandbox.rows))
    parts.append(("memory", "a tree of 500,000 lines", lambda: memory.rows(swemill, FOLDER)))
    if demo.SCRIPT.exists():
        parts.append(("demo", "on a fresh data folder", lambda: demo.rows(program, FOLDER / "demo")))
    rows, failed = run_parts([part for part in parts if part[0] in options.only])
    report.save(FOLDER, rows, facts)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()))
    print()
    print(report.terminal(rows))
    sys.exit(1 if failed else 0)


def run_parts(parts: Sequence[tuple[str, str, Callable[[], list[Row]]]]) -> tuple[list[Row], bool]:
    """Runs the parts in turn. One that fails says why, and does not cost the rows of the others."""
    rows: list[Row] = []
    failed = False
    for name, what, work in parts:
        say(f"{name}: {what}")
        try:
            rows += work()
        except (SystemExit, OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
            say(f"{name} FAILED and has no row: {error!r}")
            failed = True
    return rows, failed


def generate_and_check(swemill: Swemill, peer: Peer, package: Package, pairs: int) -> list[Row]:
    measured, theirs = generation.compare(swemill, peer, package, pairs)
    return measured + sound(swemill, peer, package, theirs)


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
    parser.add_argument("--only", type=among(PARTS), default=PARTS, help=f"parts to run, of {','.join(PARTS)}")
    known = packages.NAMES
    parser.add_argument("--packages", type=among(known), default=known, help=f"packages, of {','.join(known)}")
    parser.add_argument("--pairs", type=int, default=3, help="paired runs of both sides (default 3)")
    parser.add_argument("--markdown", action="store_true", help=f"write the last run's table into {PAGE}")
    return parser.parse_args()


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
