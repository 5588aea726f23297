"""The engine and the server by themselves: agents together against one by one, overhead, open streams, memory.

    cargo build --release -p swemill-model --examples
    python3 tests/bench/model/serving.py [--model FILE] [--agents 16] [--alone 2]

A part of tests/bench/model/run, and a script of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import inference  # noqa: E402
import report  # noqa: E402
from report import Row  # noqa: E402

EXAMPLES = Path("target/release/examples").absolute()
RESULTS = Path("target/bench/results.jsonl").absolute()
MODEL = "smollm2-135m-instruct"
SHAPE = "2,000 tokens in common, 200 new and 32 answered a turn, 5 turns, SmolLM2-135M Q4_1"


def rows(options: argparse.Namespace, _: Path) -> list[Row]:
    model = getattr(options, "model", None) or inference.fetched(MODEL)
    agents, alone = getattr(options, "agents", 16), getattr(options, "alone", 2)
    return agent_rows(model, agents, alone) + server_rows(model)


def run(example: str, *arguments: object) -> dict:
    command = [str(EXAMPLES / example), *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def rate(found: dict, clock: str) -> float:
    """Tokens of prompts and answers a second: every agent has the same, so a few agents alone have the rate of all of them."""
    return (found["prompt_tokens"] + found["answer_tokens"]) / found[clock]


def agent_rows(model: str, agents: int, alone: int) -> list[Row]:
    plain = run("agents", model, alone, "one")
    together = run("agents", model, agents, "all")
    kept = run("agents", model, alone, "one", "kept")
    command = f"target/release/examples/agents MODEL {agents} all"
    found = []
    for name, peer, note in [
        ("one by one, nothing kept", plain, f"{SHAPE}; {alone} agents alone"),
        ("one by one, prefixes kept", kept, f"the same; {alone} agents alone, so that the common part is read once for {alone} and not for {agents}"),
    ]:
        for clock, unit in [("seconds", "tokens / s"), ("processor_seconds", "tokens / CPU s")]:
            ours, theirs = rate(together, clock), rate(peer, clock)
            found.append(
                Row(f"{agents} agents together against {name}", ours, theirs, ours / theirs, unit, 1, "one run each, in turn", command, note)
            )
    share = 100 * together["cached_tokens"] / together["prompt_tokens"]
    found.append(Row(f"{agents} agents together: tokens of prompts found in the prefix cache", share, None, None, "%", 1, "", command, SHAPE))
    return found


def server_rows(model: str) -> list[Row]:
    overhead, streams, memory = (run("serving", what, model) for what in ("overhead", "streams", "memory"))
    command = "target/release/examples/serving {} MODEL"
    found = []
    for length, words in [("short", "prompt of 40 tokens"), ("long", "prompt of 1,500 tokens")]:
        beyond = overhead[length]["beyond_ms"]
        found.append(
            Row(
                f"server: first byte beyond the engine, {words}", beyond["median"], None, None, "ms", 200,
                f"95 of 100 below {beyond['p95']:.2f}", command.format("overhead"),
                "a stand-in for the model; client and server in one process; template, tokens, HTTP, JSON",
            )
        )
    failures = f"failed: {streams['failures']}" if streams["failed"] else ""
    found.append(
        Row("server: failures of 500 streams open at once", streams["failed"], None, None, "streams", 500, failures, command.format("streams"), "")
    )
    resident = memory["resident_mb"]
    found.append(
        Row(
            "server: growth of memory from request 2,000 to 10,000", memory["growth_mb_after_2000"], None, None, "MB", 10_000,
            f"resident {min(resident):.0f}–{max(resident):.0f} MB", command.format("memory"), "every seventh client leaves without reading",
        )
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a GGUF with a chat template (default: the one of the store's catalogue)")
    parser.add_argument("--agents", type=int, default=16)
    parser.add_argument("--alone", type=int, default=2, help="agents that are measured one by one")
    found = rows(parser.parse_args(), Path())
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a") as results:
        for row in found:
            results.write(json.dumps(vars(row)) + "\n")
    sys.stdout.write(report.terminal(found) + "\n")


if __name__ == "__main__":
    main()
