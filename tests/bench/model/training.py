"""Training a small Llama on the CPU against PyTorch, in turn, with one and two threads.

    cargo build --release -p swemill-model --example train_throughput
    python training.py [--steps 12] [--runs 3] [--peer-python PYTHON]

Needs a Python with torch and transformers for the peer. Adds a line a row to target/bench/results.jsonl.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def text():
    """Text to train on, which every checkout has: the documentation and the sources of the runtime."""
    files = sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "model/src").rglob("*.rs"))
    return b"\n".join(path.read_bytes() for path in files)


def measure(command, threads):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable)
    options = parser.parse_args()
    ours = ROOT / "target/release/examples/train_throughput"
    results = ROOT / "target/bench/results.jsonl"
    results.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".txt") as file, results.open("a") as log:
        file.write(text())
        file.flush()
        arguments = [file.name, str(options.steps)]
        for threads in (1, 2):
            for attention in ("eager", "sdpa"):
                peer = [options.peer_python, str(HERE / "peer_training.py"), *arguments, attention]
                pairs = [(measure([str(ours), *arguments], threads), measure(peer, threads)) for _ in range(options.runs)]
                for unit in ("tokens_per_second", "tokens_per_cpu_second"):
                    mine, theirs = ([run[side][unit] for run in pairs] for side in (0, 1))
                    ratios = [a / b for a, b in zip(mine, theirs)]
                    row = {
                        "name": f"training, {threads} threads, PyTorch {attention}",
                        "ours": round(statistics.median(mine), 1), "peer": round(statistics.median(theirs), 1),
                        "ratio": round(statistics.median(ratios), 3), "unit": unit, "runs": options.runs,
                        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
                        "command": "tests/bench/model/training.py",
                        "note": f"losses after {options.steps} steps {pairs[0][0]['losses'][-1]:.2f} and {pairs[0][1]['losses'][-1]:.2f}",
                    }
                    log.write(json.dumps(row) + "\n")
                    print(f"{row['name']:40} {unit:22} ours {row['ours']:9} peer {row['peer']:9} ratio {row['ratio']} {row['spread']}  {row['note']}")


if __name__ == "__main__":
    main()
