"""Compares whole models on the CPU with llama.cpp, in turn in one run.

    python3 compare.py DECODE LIBRARIES MODEL [MODEL ...]

DECODE is target/release/examples/decode, LIBRARIES the folder bins/linux-x64 of the npm package `@node-llama-cpp/linux-x64`.
Prints `name, ours, peer, ratio`: tokens a second of processor time of one thread, medians of the pairs.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

PROMPT, NEW, PAIRS = 256, 16, 3


def run(command, **environment):
    done = subprocess.run(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    decode, libraries, *models = sys.argv[1:]
    driver = pathlib.Path(__file__).with_name("llama_cpp.py")
    for model in models:
        for threads in (1, 2):
            pairs = []
            for _ in range(PAIRS):
                ours = run([decode, model, str(PROMPT), str(NEW), "1"], RAYON_NUM_THREADS=str(threads))
                peer = run(
                    [sys.executable, str(driver), libraries, model, str(threads), str(PROMPT), str(NEW), "1"],
                    LD_LIBRARY_PATH=libraries,
                )
                pairs.append((ours, peer))
            for phase, tokens in (("prefill", PROMPT), ("decode", NEW)):
                speeds = [[tokens * threads / row[f"{phase}_cpu_s"] for row in pair] for pair in pairs]
                ratio = statistics.median(ours / peer for ours, peer in speeds)
                ours, peer = (statistics.median(side) for side in zip(*speeds))
                name = f"{pathlib.Path(model).name} {phase} {threads}T"
                sys.stdout.write(f"{name}, {ours:.1f}, {peer:.1f}, {ratio:.2f}\n")


if __name__ == "__main__":
    main()
