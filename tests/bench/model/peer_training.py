"""The peer of training.py: the same model, data shape and optimiser in PyTorch. Prints one JSON object.

    python peer_training.py TEXT STEPS [eager|sdpa]
"""

import json
import resource
import sys
import time

import numpy
import torch
from transformers import LlamaConfig, LlamaForCausalLM

LENGTH, SEQUENCES = 256, 8


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(text, steps, attention):
    data = torch.from_numpy(numpy.frombuffer(open(text, "rb").read(), dtype=numpy.uint8).astype(numpy.int64))
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=256, hidden_size=192, intermediate_size=512, num_hidden_layers=4, num_attention_heads=6,
        num_key_value_heads=6, max_position_embeddings=LENGTH, rms_norm_eps=1e-5, tie_word_embeddings=False,
        attn_implementation=attention, use_cache=False,
    )
    model = LlamaForCausalLM(config).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    losses = []
    for step in range(steps + 2):
        if step == 2:
            started, processor = time.perf_counter(), processor_seconds()
        starts = torch.randint(len(data) - LENGTH - 1, (SEQUENCES,))
        rows = torch.stack([data[start : start + LENGTH + 1] for start in starts])
        logits = model(rows[:, :-1]).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 256), rows[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    tokens = steps * SEQUENCES * LENGTH
    print(json.dumps({
        "tokens_per_second": tokens / (time.perf_counter() - started),
        "tokens_per_cpu_second": tokens / (processor_seconds() - processor),
        "parameters": sum(p.numel() for p in model.parameters()),
        "losses": losses,
    }))


if __name__ == "__main__":
    torch.set_num_threads(int(__import__("os").environ.get("OMP_NUM_THREADS", "1")))
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "eager")
