"""Training a small Llama on the CPU against PyTorch, in turn: 1.87 million parameters, 8 × 256 bytes a step."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
from report import Row, paired

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OURS = ROOT / "target/release/examples/train_throughput"
STEPS = 6


def rows(options: argparse.Namespace, folder: Path) -> list[Row]:
    python = peers.pytorch(options.peer_python, folder)
    found = []
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(text())
        file.flush()
        for threads in options.threads:
            for attention in ("eager", "sdpa"):
                peer = [python, str(HERE / "peer_training.py"), file.name, str(STEPS), attention]
                runs = [
                    (measure([str(OURS), file.name, str(STEPS)], threads), measure(peer, threads))
                    for _ in range(options.pairs)
                ]
                found += table(threads, attention, runs)
    return found


def text() -> bytes:
    """Text to train on, which every checkout has: the documentation and the sources of the runtime."""
    files = sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "model/src").rglob("*.rs"))
    return b"\n".join(path.read_bytes() for path in files)


def measure(command: list[str], threads: int) -> dict:
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def table(threads: int, attention: str, runs: list[tuple[dict, dict]]) -> list[Row]:
    losses = [run["losses"][-1] for run in runs[0]]
    note = f"losses after {STEPS} steps {losses[0]:.2f} and {losses[1]:.2f}, from other initial weights"
    found = []
    for key, clock, unit in (("tokens_per_cpu_second", "CPU", "tokens / CPU s"), ("tokens_per_second", "wall", "tokens / s")):
        ours, peer = ([run[side][key] for run in runs] for side in (0, 1))
        name = f"training a 2M Llama, PyTorch {attention}, {threads} thread{'s' * (threads > 1)}, {clock}"
        found.append(paired(name, unit, ours, peer, "tests/bench/model/run --only training", note if clock == "CPU" else ""))
    for row in found:
        print(f"  {row.name}: {row.ours:,.0f} and {row.peer:,.0f}, {row.ratio:.2f} x ({row.spread})", file=sys.stderr)
    return found
