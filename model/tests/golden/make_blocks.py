"""Makes blocks of every storage format of GGUF and the numbers that the `gguf` package (0.17 and later) reads from them.

    python make_blocks.py blocks.json

Bytes are random where the scales are numbers; each entry holds stored bytes and single-precision numbers, both as hexadecimal.
"""

import json
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where the half-precision scales lie in a block.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
random = np.random.default_rng(5)
made = {}
for name in ["F32", "F16", "BF16", *SCALES]:
    kind = GGMLQuantizationType[name]
    length, size = GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (3, size), dtype=np.uint8)
    if name in SCALES:
        for offset in SCALES[name]:
            blocks[:, offset : offset + 2] = random.normal(0, 0.05, (3, 1)).astype(np.float16).view(np.uint8)
    else:
        numbers = random.normal(0, 1, (3, 1)).astype(np.float32)
        blocks = {
            "F32": numbers.view(np.uint8),
            "F16": numbers.astype(np.float16).view(np.uint8),
            "BF16": numbers.view(np.uint8).reshape(3, 4)[:, 2:].copy(),
        }[name]
    numbers = dequantize(blocks.reshape(1, -1), kind).astype("<f4")
    assert np.isfinite(numbers).all() and numbers.size == 3 * length
    made[name] = {"stored": blocks.tobytes().hex(), "numbers": numbers.tobytes().hex()}
json.dump(made, open(sys.argv[1], "w"), indent=0)
