"""Is every diff sound? It applies, reverses, compiles, means something else, and is the only one of its kind."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Sequence

from diffs import Applied, Chunk, Tree
from report import Row

MEMORY_FOLDER = Path("/dev/shm")
tree: Tree | None = None


@dataclass
class Verdict:
    """The ids of the diffs that fail each question, and how many were asked."""

    checked: int = 0
    rejected_by_git: list[str] = field(default_factory=list)
    patch_disagrees: list[str] = field(default_factory=list)
    does_not_reverse: list[str] = field(default_factory=list)
    does_not_compile: dict[str, list[str]] = field(default_factory=dict)
    same_content: list[str] = field(default_factory=list)
    same_meaning: list[str] = field(default_factory=list)
    changes_nothing: list[str] = field(default_factory=list)
    repeated_ids: list[str] = field(default_factory=list)
    compiled_by: list[str] = field(default_factory=list)

    @property
    def not_applying(self) -> int:
        return len({*self.rejected_by_git, *self.patch_disagrees, *self.does_not_reverse})

    @property
    def not_compiling(self) -> int:
        return len({identity for failed in self.does_not_compile.values() for identity in failed})


def judge(source: Path, diffs: Sequence[tuple[str, str]], work: Path, pythons: dict[str, str]) -> Verdict:
    """Checks every (id, patch) against the untouched tree `source`. `work` receives the records and the verdict."""
    work.mkdir(parents=True, exist_ok=True)
    verdict = Verdict(checked=len(diffs), compiled_by=list(pythons))
    verdict.repeated_ids = [identity for identity, times in Counter(i for i, _ in diffs).items() if times > 1]
    contents: set[str] = set()
    meanings: set[str] = set()
    records = work / "chunks.jsonl"
    with open(records, "w", encoding="utf-8", errors="surrogateescape") as lines:
        for applied in apply_all(source, diffs):
            for chunk in applied.chunks:
                lines.write(json.dumps(record(applied.id, chunk)) + "\n")
            sort_out(verdict, applied, contents, meanings)
    verdict.does_not_compile = compile_all(source, records, pythons)
    records.unlink()
    (work / "verdict.json").write_text(json.dumps(asdict(verdict), indent=1))
    return verdict


def record(identity: str, chunk: Chunk) -> dict[str, object]:
    """What compile_check.py reads."""
    alone = chunk.standing_alone().decode("utf-8", "surrogateescape")
    return {"id": identity, **asdict(chunk), "alone": alone}


def sort_out(verdict: Verdict, applied: Applied, contents: set[str], meanings: set[str]) -> None:
    if not applied.git_accepts:
        verdict.rejected_by_git.append(applied.id)
        return
    if not applied.patch_agrees:
        verdict.patch_disagrees.append(applied.id)
    if not applied.reverses:
        verdict.does_not_reverse.append(applied.id)
    if not applied.changes_meaning:
        verdict.changes_nothing.append(applied.id)
    if applied.content in contents:
        verdict.same_content.append(applied.id)
    elif applied.meaning in meanings:
        verdict.same_meaning.append(applied.id)
    contents.add(applied.content)
    meanings.add(applied.meaning)


def apply_all(source: Path, diffs: Sequence[tuple[str, str]]) -> Iterable[Applied]:
    """Applies the diffs on every core, each process in a tree of its own; results come in the order of the diffs."""
    cores = len(os.sched_getaffinity(0))
    memory = MEMORY_FOLDER if os.access(MEMORY_FOLDER, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="swemill-bench-", dir=memory) as trees:
        with ProcessPoolExecutor(cores, initializer=start_worker, initargs=(source, Path(trees))) as pool:
            yield from pool.map(apply_one, diffs, chunksize=32)


def start_worker(source: Path, parent: Path) -> None:
    global tree
    tree = Tree(source, parent)


def apply_one(diff: tuple[str, str]) -> Applied:
    assert tree is not None, "the pool runs start_worker first"
    return tree.apply(*diff)


def compile_all(source: Path, records: Path, pythons: dict[str, str]) -> dict[str, list[str]]:
    """The ids that each interpreter refuses, as many interpreters at a time as there are cores."""
    script = Path(__file__).with_name("compile_check.py")
    waiting, failed = list(pythons.items()), {}
    cores = len(os.sched_getaffinity(0))
    while waiting:
        batch, waiting = waiting[:cores], waiting[cores:]
        running = [
            (version, subprocess.Popen([program, script, source, records], stdout=subprocess.PIPE))
            for version, program in batch
        ]
        for version, process in running:
            answer, _ = process.communicate()
            failed[version] = json.loads(answer)["failed"]
    return failed


def rows(name: str, ours: Verdict, peer: Verdict | None, repeats: dict[str, bool], common: float | None) -> list[Row]:
    """The counts as rows of the table. Zero is the goal of each, and "yes" of the last."""

    def row(what: str, count: Callable[[Verdict], int], note: str) -> Row:
        theirs = None if peer is None else count(peer)
        return Row(f"{name}: {what}", count(ours), theirs, None, "diffs", 1, "—", "tests/bench/soundness.py", note)

    versions = ", ".join(ours.compiled_by)
    differing = [what for what, same in repeats.items() if not same]
    same = "yes" if not differing else f"no: {', '.join(differing)}"
    again = None if common is None else f"{common:.0%} in common"
    return [
        row("diffs checked", lambda v: v.checked, ""),
        row("do not apply", lambda v: v.not_applying, "refused by `git apply` or by `patch -p1 --fuzz=0`, the two "
            "disagree, or `git apply -R` does not restore every byte"),
        row("do not compile", lambda v: v.not_compiling, f"under any of Python {versions}"),
        row("duplicates by content", lambda v: len(v.same_content), "the changed files equal another diff's"),
        row("duplicates by syntax tree", lambda v: len(v.same_meaning), "further ones that differ in layout only"),
        row("equal to the original by syntax tree", lambda v: len(v.changes_nothing), ""),
        Row(f"{name}: same bytes again", same, again, None, "", 1, "—", "swemill mutate, compared byte for byte",
            f"{', '.join(repeats)}; peer: the same seed with its folders listed in another order"),
    ]
