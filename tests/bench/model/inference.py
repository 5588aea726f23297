"""Pre-fill and decoding of whole models on the CPU, against llama.cpp on the same files, in turn."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import peers
from report import Row, paired

PROMPT, NEW = 256, 32
DECODE, FETCH = (Path("target/release/examples", name).absolute() for name in ("decode", "fetch"))
DRIVER = Path(__file__).with_name("llama_cpp.py")
# Names of the catalogue, and how the table calls them.
MODELS = {
    "smollm2-135m-instruct": "SmolLM2-135M Q4_1",
    "qwen2.5-coder-0.5b-instruct": "Qwen2.5-Coder-0.5B Q4_K_M",
    "qwen2.5-coder-1.5b-instruct": "Qwen2.5-Coder-1.5B Q4_K_M",
    "gemma3-270m": "Gemma-3-270M Q4_K_M",
}
NOTE = (
    f"{PROMPT} tokens read at once, {NEW} written one by one; processes in turn; CPU seconds are those of all threads, in which "
    "llama.cpp's wait actively for each other: on a machine with other work, read them beside the wall time"
)


def rows(options: argparse.Namespace, folder: Path) -> list[Row]:
    libraries = peers.llama_cpp(options.llama_cpp, folder)
    found = []
    for name in options.models:
        model = fetched(name)
        for threads in options.threads:
            runs = [pair(model, threads, libraries) for _ in range(options.pairs)]
            found += table(MODELS[name], threads, runs)
    return found


def fetched(name: str) -> str:
    """The model's file, in the cache that the tests use too."""
    cache = os.environ.get("SWEMILL_MODELS")
    if cache is None:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = Path(base) / "swemill-tests"
    done = subprocess.run([FETCH, cache, name], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1]


def pair(model: str, threads: int, libraries: Path) -> tuple[dict, dict]:
    """One run of ours and one of the peer."""
    ours = run([DECODE, model, PROMPT, NEW, 1], RAYON_NUM_THREADS=str(threads))
    peer = run([sys.executable, DRIVER, libraries, model, threads, PROMPT, NEW, 1], LD_LIBRARY_PATH=str(libraries))
    return ours, peer


def run(command: list, **environment: str) -> dict:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def table(model: str, threads: int, runs: list[tuple[dict, dict]]) -> list[Row]:
    found = []
    for phase, words, tokens in (("prefill", "pre-fill", PROMPT), ("decode", "decode", NEW)):
        for clock, unit in (("cpu", "tokens / CPU s"), ("wall", "tokens / s")):
            ours, peer = ([tokens / run[side][f"{phase}_{clock}_s"] for run in runs] for side in (0, 1))
            name = f"{model}: {words}, {threads} thread{'s' * (threads > 1)}, {'CPU' if clock == 'cpu' else 'wall'}"
            found.append(paired(name, unit, ours, peer, f"tests/bench/model/run --only inference", ""))
    found[0] = Row(**{**vars(found[0]), "note": NOTE})
    for row in found:
        print(f"  {row.name}: {row.ours:.1f} and {row.peer:.1f}, {row.ratio:.2f} x ({row.spread})", file=sys.stderr)
    return found
