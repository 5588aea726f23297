"""transformers' continuous batching on a random model of a shape: one JSON object a run, as `gpu decode` prints them.

usage: peer.py DEVICE CONFIG CONTEXT NEW RUNS SEQUENCES...
"""

from __future__ import annotations

import json
import sys
import time

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig


def main() -> None:
    device, path, *numbers = sys.argv[1:]
    context, new, runs, *counts = map(int, numbers)
    shape = json.load(open(path, encoding="utf-8"))
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    config = AutoConfig.for_model(shape.pop("model_type"), **shape)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
    # No token ends an answer, and the likeliest is taken, as on our side.
    greedy = GenerationConfig(max_new_tokens=new, do_sample=False, eos_token_id=-1, pad_token_id=0)
    for sequences in counts:
        # A manager is made for its first workload.
        model.destroy_cached_continuous_batching_manager()
        prompts = [[(first + 7 * index) % config.vocab_size for index in range(context)] for first in range(sequences)]
        for run in range(runs + 1):
            prefill, decode = measure(model, prompts, greedy)
            if run > 0:
                row = {"sequences": sequences, "prefill_tokens_per_s": prefill, "decode_tokens_per_s": decode}
                print(json.dumps(row), flush=True)


def measure(model, prompts: list[list[int]], greedy: GenerationConfig) -> tuple[float, float]:
    """Tokens a second: all prompts until the last has its first token, and all answers after that."""
    begun = time.perf_counter()
    # The manager stays, with its graphs: what is measured is generating, not setting up.
    answers = model.generate_batch(
        prompts, generation_config=greedy, record_timestamps=True, progress_bar=False, persistent_manager=True
    )
    times = [answer.timestamps for answer in answers.values()]
    if len(times) != len(prompts) or not all(times):
        raise SystemExit(f"transformers answered {len(times)} of {len(prompts)} prompts")
    last_first = max(own[0] for own in times)
    later = [at for own in times for at in own if at > last_first]
    read = sum(map(len, prompts)) / (last_first - begun)
    return read, len(later) / (max(later) - last_first)


if __name__ == "__main__":
    main()
