"""Makes golden/training/*.json: 50 steps of PyTorch on the tiny models of golden/decoders.

    python3 make_training.py          (torch and transformers; the versions used are in the files)

The Rust test trains the same models on the same tokens and must arrive at the same losses.
"""

import json
import math
from pathlib import Path

import torch
import transformers

STEPS, WARMUP, PEAK, FLOOR = 50, 5, 3e-3, 0.1
BETAS, EPSILON, DECAY, CLIP = (0.9, 0.95), 1e-8, 0.1, 1.0
HERE = Path(__file__).parent


def document(step, number):
    """One document: its length and its tokens follow from the step and its number."""
    length = 20 + (step + 5 * number) % 11
    start = 13 * step + 29 * number
    return [3 + (7 * i + i * i // 5 + start) % 58 for i in range(length)]


def learning_rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    progress = (step - WARMUP) / (STEPS - WARMUP)
    return PEAK * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress)))


def train(case):
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_pretrained(HERE / "decoders" / case, dtype=torch.float32, attn_implementation="eager")
    model.eval()  # no dropout: the losses must be reproducible
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=BETAS, eps=EPSILON)
    losses, norms = [], []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.zero_grad()
        # Weighted token by token over all documents, as the trainer does.
        total = torch.zeros(())
        count = 0
        for number in range(3):
            tokens = torch.tensor([document(step, number)])
            logits = model(tokens).logits[0, :-1]
            targets = tokens[0, 1:].clone()
            targets[:3] = -100  # the first tokens are a prompt: no loss
            total = total + torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100, reduction="sum")
            count += int((targets != -100).sum())
        loss = total / count
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
        optimizer.step()
        losses.append(float(loss.detach()))
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    out = {"case": case, "versions": versions, "losses": losses, "gradient_norms": norms}
    (HERE / "training" / f"{case}.json").write_text(json.dumps(out, indent=1) + "\n")
    print(case, losses[0], losses[-1], norms[0])


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case in ["llama", "gpt2", "qwen2", "olmo2", "olmoe"]:
        train(case)
