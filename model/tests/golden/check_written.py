"""Has transformers read what swemill wrote, and compares the logits with those of the golden files.

    SWEMILL_KEEP_WRITTEN=FOLDER cargo test -p swemill-model --test decoder written
    python check_written.py FOLDER decoders
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

for folder in sorted(Path(sys.argv[1]).iterdir()):
    golden = json.loads((Path(sys.argv[2]) / folder.name / "logits.json").read_text())
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not any(info[kind] for kind in ["missing_keys", "unexpected_keys", "mismatched_keys"]), (folder.name, info)
    with torch.no_grad():
        logits = model.eval()(torch.tensor([golden["prompts"][0]])).logits[0]
        long = torch.tensor([[3 + (7 * i + i // 11) % 58 for i in range(golden["long"]["length"])]])
        last = model(long).logits[0, -1]
    for found, expected in [(logits, golden["whole"][0]), (last, golden["long"]["logits"])]:
        expected = torch.tensor(expected)
        difference = float((found - expected).abs().max() / (expected.max() - expected.min()))
        assert difference <= 1e-4, (folder.name, difference)
    print(f"{folder.name}: read by transformers, largest difference {difference:.1e} of the spread")
