"""Writes gguf_blocks.json: random blocks of every GGUF format and their values by the `gguf` package (0.17 or newer)."""

import json
import pathlib

import gguf
import numpy

FORMATS = {"Q4_0": 8, "Q4_1": 8, "Q5_0": 8, "Q5_1": 8, "Q8_0": 8, "Q4_K": 1, "Q5_K": 1, "Q6_K": 1}
# Where the 16-bit floats of a block lie.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}

random = numpy.random.default_rng(4)
rows = []
for name, blocks in FORMATS.items():
    kind = gguf.GGMLQuantizationType[name]
    _, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (blocks, size), dtype=numpy.uint8)
    for at in HALVES[name]:
        scales = (random.standard_normal(blocks) * 10.0 ** random.integers(-7, 1, blocks)).astype(numpy.float16)
        data[:, at : at + 2] = scales.view(numpy.uint8).reshape(blocks, 2)
    values = gguf.dequantize(data, kind).reshape(-1).astype("<f4")
    assert values.size == 256
    rows.append({"format": name, "bytes": data.tobytes().hex(), "values": values.tobytes().hex()})
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=0) + "\n")
