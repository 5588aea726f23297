"""The table: rows on the terminal, in `results.jsonl`, and in docs/BENCHMARKS.md."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Sequence

BEGIN, END = "<!-- table: tests/bench/run --markdown -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Row:
    """One measured fact. `peer` and `ratio` are None where there is no peer to compare with."""

    name: str
    ours: float | str
    peer: float | str | None
    ratio: float | None
    unit: str
    runs: int
    spread: str
    command: str
    note: str


def spread(values: Sequence[float]) -> str:
    """The smallest and the largest of the runs."""
    return f"{short(min(values))}–{short(max(values))}"


def short(value: float | str | None) -> str:
    """Three significant digits are all that a shared machine's clock is good for."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    if value == int(value) and abs(value) < 1e12:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def paired(
    name: str, unit: str, ours: Sequence[float], peer: Sequence[float], command: str, note: str,
    lower_is_better: bool = False,
) -> Row:
    """A row of runs made in turn: medians, and the median of the ratios of each pair ("times better")."""
    if not peer:
        return Row(name, statistics.median(ours), None, None, unit, len(ours), f"ours {spread(ours)}", command, note)
    ratios = [(p / o if lower_is_better else o / p) for o, p in zip(ours, peer)]
    ranges = f"ours {spread(ours)}, peer {spread(peer)}, ratio {spread(ratios)}"
    return Row(
        name, statistics.median(ours), statistics.median(peer), statistics.median(ratios), unit, len(ours), ranges,
        command, note,
    )


def cells(row: Row) -> list[str]:
    ratio = "—" if row.ratio is None else f"{short(row.ratio)} ×"
    return [row.name, short(row.ours), short(row.peer), ratio, row.unit, str(row.runs), row.spread]


HEADINGS = ["row", "swemill", "peer", "ratio", "unit", "runs", "spread"]


def terminal(rows: Sequence[Row]) -> str:
    table = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEADINGS))]
    numeric = {1, 2, 3, 5}

    def line(values: list[str]) -> str:
        aligned = (v.rjust(w) if i in numeric else v.ljust(w) for i, (v, w) in enumerate(zip(values, widths)))
        return "  ".join(aligned).rstrip()

    notes = [f"{row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([line(table[0]), "  ".join("-" * w for w in widths), *map(line, table[1:]), "", *notes])


def markdown(rows: Sequence[Row], facts: dict[str, str]) -> str:
    lines = [f"- {name}: {value}" for name, value in facts.items()]
    lines += ["", "| " + " | ".join(HEADINGS) + " |", "| --- | ---: | ---: | ---: | --- | ---: | --- |"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    lines += ["", "Notes on the rows:", ""]
    lines += [f"- {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join(lines)


def machine() -> dict[str, str]:
    """The shape of this machine, without any name that would tell whose it is."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return {
        "machine": f"{cores} cores ({model}), {memory:.0f} GiB memory, Linux {platform.release().split('-')[0]}",
        "load when the run began": f"{os.getloadavg()[0]:.1f} over one minute",
        "Python": platform.python_version(),
    }


def commit() -> str:
    """The commit that was measured, marked where the working tree has changes of its own."""
    try:
        described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    except FileNotFoundError:
        return "unknown"
    return described.stdout.strip() or "unknown"


def save(folder: Path, rows: Sequence[Row], facts: dict[str, str], name: str = "table.json") -> None:
    """Appends the rows to `results.jsonl`, and puts them into the table in the place of those of their names.

    Parts may be run one by one: the table keeps for each the facts of its own run. Both sides of a row are of one run.
    """
    with open(folder / "results.jsonl", "a") as results:
        for row in rows:
            results.write(json.dumps({**asdict(row), "date": facts["date"]}, ensure_ascii=False) + "\n")
    table = folder / name
    runs = json.loads(table.read_text()) if table.exists() else []
    names = {row.name for row in rows}
    for run in runs:
        run["rows"] = [row for row in run["rows"] if row["name"] not in names]
    runs = [run for run in runs if run["rows"]]
    if rows:
        runs.append({"facts": facts, "rows": [asdict(row) for row in rows]})
    table.write_text(json.dumps(runs, ensure_ascii=False, indent=1) + "\n")


def write_markdown(folder: Path, page: Path, name: str = "table.json", marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Replaces the page's tables between two marks by the last run of each part."""
    begin, end = marks
    runs = json.loads((folder / name).read_text())
    tables = "\n\n".join(markdown([Row(**row) for row in run["rows"]], run["facts"]) for run in runs)
    head, _, rest = page.read_text().partition(begin)
    _, _, tail = rest.partition(end)
    page.write_text(f"{head}{begin}\n{tables}\n{end}{tail}")
