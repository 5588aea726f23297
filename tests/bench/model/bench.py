"""`make bench-model`: the model runtime beside what people run today, in one run."""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import inference  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import serving  # noqa: E402
import training  # noqa: E402
from flags import among  # noqa: E402
from report import Row  # noqa: E402

FOLDER = Path("target/bench").absolute()
PAGE = Path("docs/BENCHMARKS.md")
TABLE = "models.json"
MARKS = ("<!-- table: tests/bench/model/run --markdown -->", "<!-- end of the table of models -->")
# A part is a function from the options and the folder for its files to rows.
PARTS: dict[str, Callable[[argparse.Namespace, Path], list[Row]]] = {"inference": inference.rows, "training": training.rows, "serving": serving.rows}


def main() -> None:
    options = arguments()
    if options.markdown:
        report.write_markdown(FOLDER, PAGE, TABLE, MARKS)
        return
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), **report.machine()}
    facts["swemill"] = report.commit()
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = False
    for part in options.only:
        print(f"{part}:", file=sys.stderr)
        try:
            rows = PARTS[part](options, FOLDER / "model")
        except (SystemExit, OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
            print(f"{part} FAILED and has no row: {error!r}", file=sys.stderr)
            failed = True
            continue
        now = {**facts, "peers": peers.described(part)}
        report.save(FOLDER, rows, now, TABLE)
        print("\n".join(f"{name}: {value}" for name, value in now.items()), "", report.terminal(rows), sep="\n")
    sys.exit(1 if failed else 0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/model/run", description=__doc__)
    parser.add_argument("--only", type=among(PARTS), default=[*PARTS], help=f"parts to run, of {','.join(PARTS)}")
    names = [*inference.MODELS]
    parser.add_argument("--models", type=among(names), default=names, help=f"models, of {','.join(names)}")
    parser.add_argument("--threads", type=lambda words: [int(word) for word in words.split(",")], default=[1, 2])
    parser.add_argument("--pairs", type=int, default=3, help="runs of both sides in turn (default 3)")
    parser.add_argument("--llama-cpp", type=Path, help="a folder with llama.cpp's libraries, instead of the npm package's")
    parser.add_argument("--peer-python", help="a Python with torch and transformers, instead of one that is installed")
    parser.add_argument("--markdown", action="store_true", help=f"write the last run of each part into {PAGE}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
