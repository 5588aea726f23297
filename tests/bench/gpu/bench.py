"""`make bench-gpu`: numbers checked and decoding measured on a GPU, beside transformers' continuous batching on the same card.

Every part has a time limit and is told as failed or missing where it is; what was measured before stays.
"""

from __future__ import annotations

import datetime
import gzip
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import report  # noqa: E402
from report import Row  # noqa: E402

TABLE = "gpu.json"
GOLDEN = "model/tests/golden/decoders"
COMMAND = "tests/bench/gpu/run"
# The largest difference of a logit, as a share of the spread of the expected ones. bfloat16 has 8 bits of significand; a router of
# experts may choose others for it.
LIMITS = {"f32": 1e-4, "bf16": 0.03}
ROUTED, ROUTED_LIMIT = "olmoe", {"f32": 1e-4, "bf16": 0.15}
# Seconds that the parts may take: together less than 8 minutes.
SECONDS = {"check": 50, "text": 50, "ours": 150, "peer": 180}
DEVICE = os.environ.get("SWEMILL_BENCH_DEVICE", "cuda:0")
ON_CPU = DEVICE == "cpu"
# Rows of a trial on the CPU are no results.
FOLDER = Path("target/bench/gpu-trial" if ON_CPU else "target/bench").absolute()
# Shape, tokens of a prompt, tokens of an answer, runs, sequences at the same time.
SHAPE, CONTEXT, NEW, RUNS, SEQUENCES = ("tiny", 32, 8, 1, [1, 3]) if ON_CPU else ("qwen2.5-7b", 1024, 128, 2, [1, 16, 64])


class Failed(Exception):
    """A part that gave no figures, with what its program said last."""


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit(f"usage: {COMMAND} PROGRAM   (the `gpu` that scripts/build-cuda makes, or that file packed by gzip)")
    begun = time.monotonic()
    FOLDER.mkdir(parents=True, exist_ok=True)
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    with tempfile.TemporaryDirectory() as scratch:
        program = unpacked(Path(sys.argv[1]), Path(scratch))
        parts = {
            "check": lambda: checked(program),
            "text": lambda: texts(program),
            "decode": lambda: decoding(program, missing),
        }
        rows: list[Row] = []
        failures = []
        for name, part in parts.items():
            print(f"{name}:", file=sys.stderr)
            try:
                rows += part()
            except (Failed, OSError, ValueError, KeyError) as error:
                print(f"{name} FAILED: {error}", file=sys.stderr)
                failures.append(name)
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), **report.machine()}
    facts |= {"swemill": report.commit(), "device": card(), "seconds": str(round(time.monotonic() - begun))}
    if missing:
        facts["peers"] = f"{' and '.join(missing)} missing for {sys.executable}; SWEMILL_BENCH_PYTHON names another"
    report.save(FOLDER, rows, facts, TABLE)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), "", report.terminal(rows), sep="\n")
    wrong = [row.name for row in rows if str(row.ours).startswith("WRONG")]
    if failures or wrong:
        sys.exit(f"failed: {', '.join(failures + wrong)}")


def unpacked(program: Path, scratch: Path) -> Path:
    """The program itself; unpacked first where it was packed for the journey."""
    if program.suffix != ".gz":
        return program.absolute()
    target = scratch / "gpu"
    target.write_bytes(gzip.decompress(program.read_bytes()))
    target.chmod(0o755)
    return target


def libraries() -> dict[str, str]:
    """The environment in which the program finds cuBLAS and the CUDA runtime: those that torch was installed with."""
    environment = dict(os.environ)
    spec = importlib.util.find_spec("nvidia")
    folders = [str(lib) for root in (spec.submodule_search_locations if spec else []) for lib in Path(root).glob("*/lib")]
    known = environment.get("LD_LIBRARY_PATH")
    environment["LD_LIBRARY_PATH"] = ":".join(folders + ([known] if known else []))
    return environment


def lines(command: list[str], seconds: int) -> list[dict]:
    """The JSON objects that a program prints; those it had printed when it ran out of time, if there are any."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, stdout=out, stderr=complaints, env=libraries(), text=True)
        try:
            code = process.wait(seconds)
            how = f"ended with status {code}"
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            how = f"was stopped after {seconds} s"
        out.seek(0)
        found = [json.loads(line) for line in out if line.startswith("{") and line.endswith("}\n")]
        if not how.endswith("status 0"):
            complaints.seek(0)
            said = complaints.read()[-2000:].strip()
            print(f"  {Path(command[0]).name} {how}: {said}", file=sys.stderr)
            if not found:
                raise Failed(how)
    return found


def checked(program: Path) -> list[Row]:
    """Logits of every family, in single precision and bfloat16, against those of transformers on a CPU."""
    found = lines([str(program), "check", DEVICE, GOLDEN], SECONDS["check"])
    expected = 2 * len(list(Path(GOLDEN).glob("*/logits.json")))
    rows = []
    for numbers, routed in [(numbers, routed) for numbers in LIMITS for routed in (False, True)]:
        limit = (ROUTED_LIMIT if routed else LIMITS)[numbers]
        own = [line for line in found if line["numbers"] == numbers and (line["case"] == ROUTED) == routed]
        if not own:
            raise Failed(f"no logits of {'routed' if routed else 'dense'} decoders in {numbers}")
        # An infinity is null in JSON: something was no number.
        worst = max(own, key=lambda line: float("inf") if line["difference"] is None else line["difference"])
        whole = len(found) == expected
        right = whole and worst["difference"] is not None and worst["difference"] <= limit
        difference = "not a number" if worst["difference"] is None else f"{worst['difference']:.1e}"
        note = f"limit {limit}; the worst is {worst['case']}" + ("" if whole else "; not every family came to its end")
        told = difference if right else f"WRONG {difference}"
        rows.append(Row(f"logits, {len(own)} {'routed' if routed else 'dense'}, {numbers}", told, None, None, "of the spread", 1, "", COMMAND, note))
    return rows


def texts(program: Path) -> list[Row]:
    """Greedy tokens of a real model, on the device and on the CPU."""
    model = os.environ.get("SWEMILL_BENCH_MODEL")
    if not model:
        print("  SWEMILL_BENCH_MODEL names no model; left out", file=sys.stderr)
        return []
    found = lines([str(program), "text", DEVICE, model, "4" if ON_CPU else "32"], SECONDS["text"])
    equal, tokens = (sum(line[key] for line in found) for key in ("equal_tokens", "tokens"))
    note = f"{len(found)} prompts in single precision until they first differ; a near-tie may go either way"
    told = f"{equal} of {tokens}"
    return [Row("greedy tokens equal to the CPU's", told, None, None, "tokens", 1, "", COMMAND, note)]


def decoding(program: Path, missing: list[str]) -> list[Row]:
    """Batched decoding of a shape, ours and the peer's one after the other: both need the card's memory for themselves."""
    shape = str(HERE / "shapes" / f"{SHAPE}.json")
    numbers = [shape, *map(str, [CONTEXT, NEW, RUNS, *SEQUENCES])]
    ours = lines([str(program), "decode", DEVICE, *numbers], SECONDS["ours"])
    peer: list[dict] = []
    if not missing:
        try:
            peer = lines([sys.executable, str(HERE / "peer.py"), DEVICE, *numbers], SECONDS["peer"])
        except Failed as error:
            print(f"  transformers gave no figures: {error}", file=sys.stderr)
    bandwidth = None if ON_CPU or missing else copied()
    rows = []
    for sequences in SEQUENCES:
        own, other = ([line for line in side if line["sequences"] == sequences] for side in (ours, peer))
        if not own:
            continue
        for what in ("decode", "prefill"):
            rates, rival = ([line[f"{what}_tokens_per_s"] for line in side] for side in (own, other))
            name = f"{what}, {SHAPE}, {sequences} × {CONTEXT}"
            note = "transformers " + ("generate_batch" if rival else "was not measured")
            if what == "prefill":
                # Its first tokens come after it has set up its cache and graphs, which is not reading prompts.
                rival, note = [], "transformers does not tell reading from setting up"
            rows.append(report.paired(name, "tokens/s", rates, rival, COMMAND, note))
        if bandwidth:
            rate = statistics.median(line["decode_tokens_per_s"] for line in own)
            # A step reads all weights once, and the keys and values of every sequence, which are half grown on average.
            step = own[0]["weight_bytes"] + sequences * (CONTEXT + NEW / 2) * own[0]["token_bytes"]
            share = step * rate / sequences / bandwidth
            note = f"{step / 1e9:.1f} GB a step; a copy on this card moves {bandwidth / 1e12:.2f} TB/s"
            rows.append(Row(f"share of the bandwidth, {sequences} sequences", share, None, None, "1 is all", len(own), "", COMMAND, note))
    return rows


COPY = """
import torch, time
x = torch.empty(1 << 30, dtype=torch.int32, device="cuda"); y = torch.empty_like(x)
y.copy_(x); torch.cuda.synchronize(); begun = time.perf_counter()
for _ in range(10): y.copy_(x)
torch.cuda.synchronize()
print('{"bytes_per_s": %f}' % (20 * x.numel() * 4 / (time.perf_counter() - begun)))
"""


def copied() -> float | None:
    """Bytes a second that a large copy reads and writes: the bandwidth that can be had."""
    try:
        return lines([sys.executable, "-c", COPY], 30)[0]["bytes_per_s"]
    except (Failed, IndexError) as error:
        print(f"  the bandwidth could not be measured: {error}", file=sys.stderr)
        return None


def card() -> str:
    """What the driver says the card is."""
    if ON_CPU:
        return "the CPU: a trial of the script, not a measurement"
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return f"{DEVICE}, of which nvidia-smi tells nothing"


if __name__ == "__main__":
    main()
