"""Makes tiny random decoders of every family with transformers, and the logits that it computes for them.

Needs torch and transformers (the files beside this script were made with 2.11.0 and 5.24.0):

    python make_decoders.py FOLDER

Every case becomes FOLDER/NAME/{config.json, model.safetensors, logits.json}. logits.json holds the prompts, the logits of
every position of each prompt run alone (`whole`), the greedy continuation of the first by transformers' own cache (`continued`,
with the logits that chose each token), and the last logits of a long prompt whose token i is 3 + (7 i + i // 11) mod 58 (`long`).
"""

import json
import sys
from pathlib import Path

import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Olmo2Config,
    Olmo2ForCausalLM,
    OlmoeConfig,
    OlmoeForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

VOCABULARY = 61
SIZES = dict(
    vocab_size=VOCABULARY,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    max_position_embeddings=8192,
)
SPECIAL = dict(bos_token_id=1, eos_token_id=2, pad_token_id=0)


def rope(**parameters):
    return dict(rope_parameters=dict(rope_theta=10000.0, **parameters))


CASES = {
    "gpt2": (
        GPT2LMHeadModel,
        GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512, **SPECIAL),
    ),
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, **SPECIAL, num_key_value_heads=2)),
    "llama-tied-bias": (
        LlamaForCausalLM,
        LlamaConfig(**SIZES, **SPECIAL, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    ),
    "llama3-rope": (
        LlamaForCausalLM,
        LlamaConfig(
            **SIZES,
            **SPECIAL,
            **rope(
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=64,
            ),
        ),
    ),
    "llama-linear-rope": (LlamaForCausalLM, LlamaConfig(**SIZES, **SPECIAL, **rope(rope_type="linear", factor=4.0))),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, **SPECIAL, num_key_value_heads=2)),
    "qwen2-yarn-window": (
        Qwen2ForCausalLM,
        Qwen2Config(
            **SIZES,
            **SPECIAL,
            num_key_value_heads=1,
            use_sliding_window=True,
            sliding_window=6,
            max_window_layers=1,
            **rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=64),
        ),
    ),
    "gemma3": (
        Gemma3ForCausalLM,
        Gemma3TextConfig(
            **{**SIZES, "num_hidden_layers": 3},
            **SPECIAL,
            num_key_value_heads=1,
            head_dim=16,
            query_pre_attn_scalar=24,
            sliding_window=6,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
    ),
    "olmo2": (Olmo2ForCausalLM, Olmo2Config(**SIZES, **SPECIAL, num_key_value_heads=2)),
    "olmoe": (
        OlmoeForCausalLM,
        OlmoeConfig(
            **{**SIZES, "intermediate_size": 16},
            **SPECIAL,
            num_key_value_heads=2,
            num_experts=6,
            num_experts_per_tok=2,
            clip_qkv=1.5,
        ),
    ),
}


def main():
    root = Path(sys.argv[1])
    for name, (kind, config) in CASES.items():
        generator = torch.Generator().manual_seed(7)
        torch.manual_seed(11)
        model = kind(config).eval()
        with torch.no_grad():
            # Initial weights are too alike to notice a mistake: norms are all ones, biases all zeros.
            for parameter in model.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.15)
        folder = root / name
        # Kept in bfloat16 to be small; computed in float32 from what was kept.
        model.to(torch.bfloat16).save_pretrained(folder)
        model = kind.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        (folder / "generation_config.json").unlink(missing_ok=True)
        made = [torch.randint(3, VOCABULARY, (length,), generator=generator).tolist() for length in (13, 1, 8)]
        length = 512 if name == "gpt2" else 1500
        long = torch.tensor([[3 + (7 * i + i // 11) % 58 for i in range(length)]])
        with torch.no_grad():
            whole = [model(torch.tensor([prompt])).logits[0].tolist() for prompt in made]
            last = model(long).logits[0, -1:].tolist()
            tokens, cache, feed, logits = [], None, torch.tensor([made[0]]), []
            for _ in range(6):
                output = model(feed, past_key_values=cache, use_cache=True)
                cache = output.past_key_values
                logits.append(output.logits[0, -1].tolist())
                tokens.append(int(output.logits[0, -1].argmax()))
                feed = torch.tensor([[tokens[-1]]])
        rounded = lambda rows: [[float(f"{value:.7g}") for value in row] for row in rows]
        golden = {
            "prompts": made,
            "whole": [rounded(rows) for rows in whole],
            "long": {"length": length, "logits": rounded(last)[0]},
            "continued": {"tokens": tokens, "logits": rounded(logits)},
        }
        (folder / "logits.json").write_text(json.dumps(golden))
        print(name, sum(p.numel() for p in model.parameters()), flush=True)


main()
