"""Converts tiny decoders (made by make_decoders.py) to GGUF, with the `gguf` package's own names, as llama.cpp's converter does.

    python make_ggufs.py decoders ggufs
"""

import json
import sys
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file

ARCHITECTURES = {
    "gpt2": gguf.MODEL_ARCH.GPT2,
    "llama": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "gemma3": gguf.MODEL_ARCH.GEMMA3,
    "olmo2": gguf.MODEL_ARCH.OLMO2,
    "olmoe": gguf.MODEL_ARCH.OLMOE,
}


def interleaved(weights, heads):
    """The rows of each head so that the halves that are rotated together lie side by side."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


for name, architecture in ARCHITECTURES.items():
    folder = Path(sys.argv[1]) / name
    config = json.loads((folder / "config.json").read_text())
    get = lambda *keys: next((config[key] for key in keys if config.get(key) is not None), None)
    layers, heads = get("num_hidden_layers", "n_layer"), get("num_attention_heads", "n_head")
    key_heads = get("num_key_value_heads") or heads
    writer = gguf.GGUFWriter(str(Path(sys.argv[2]) / f"{name}.gguf"), gguf.MODEL_ARCH_NAMES[architecture])
    writer.add_block_count(layers)
    writer.add_context_length(get("max_position_embeddings", "n_positions"))
    writer.add_embedding_length(get("hidden_size", "n_embd"))
    writer.add_feed_forward_length(get("intermediate_size") or 4 * config["n_embd"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(key_heads)
    if name == "gpt2":
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    else:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        rope = config["rope_parameters"]
        writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    if name == "gemma3":
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
        writer.add_sliding_window(config["sliding_window"])
    if name == "olmoe":
        writer.add_expert_count(config["num_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
        writer.add_clamp_kqv(config["clip_qkv"])
    names = gguf.get_tensor_name_map(architecture, layers)
    tensors = {key: value.float() for key, value in load_file(folder / "model.safetensors").items()}
    if name == "olmoe":
        for layer in range(layers):
            for part in ["gate_proj", "up_proj", "down_proj"]:
                prefix = f"model.layers.{layer}.mlp.experts"
                stack = [tensors.pop(f"{prefix}.{expert}.{part}.weight") for expert in range(config["num_experts"])]
                tensors[f"{prefix}.{part}.weight"] = torch.stack(stack)
    for key, tensor in tensors.items():
        if name == "gpt2" and key.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            tensor = tensor.T
        if name == "llama" and ".q_proj" in key:
            tensor = interleaved(tensor, heads)
        if name == "llama" and ".k_proj" in key:
            tensor = interleaved(tensor, key_heads)
        if name == "gemma3" and key.endswith("norm.weight"):
            tensor = tensor + 1
        array = tensor.contiguous().numpy()
        kind = gguf.GGMLQuantizationType.F32 if array.ndim == 1 else gguf.GGMLQuantizationType.BF16
        stored = gguf.quants.quantize(array, kind)
        writer.add_tensor(names.get_name(key, try_suffixes=(".weight", ".bias")), stored, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
