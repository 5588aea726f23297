"""Loads exports for supervised fine-tuning as a trainer does, and renders them under a chat template: FOLDER as its argument.

Needs the packages datasets and transformers.
"""

import json
import sys
from pathlib import Path

from datasets import load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

folder = Path(sys.argv[1])

# In the form of Qwen's: tools in the system's turn, calls and results in tags.
TEMPLATE = """
{%- if tools %}{{ '<|im_start|>system\n# Tools\n' }}
{%- for tool in tools %}{{ tool | tojson }}{{ '\n' }}{% endfor %}{{ '<|im_end|>\n' }}{% endif %}
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}{{ message.content }}
{%- for call in message.tool_calls or [] %}{{ '\n<tool_call>\n' }}
{{- {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}{{ '\n</tool_call>' }}{% endfor %}
{{- '<|im_end|>' }}{% endgeneration %}{{ '\n' }}
{%- else %}{{ message.content + '<|im_end|>\n' }}{% endif %}
{%- endfor %}"""

BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())
inner = Tokenizer(models.BPE(vocab={byte: index for index, byte in enumerate(BYTES)}, merges=[]))
inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
inner.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, chat_template=TEMPLATE)


def plain(messages):
    """Messages as templates want them: arguments parsed, nothing that is None."""
    for message in messages:
        message = {key: value for key, value in message.items() if value is not None}
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
        yield message


def present(value):
    """Without what is None: JSON lines leave it out, a column of Parquet has it."""
    if isinstance(value, dict):
        return {key: present(part) for key, part in value.items() if part is not None}
    return [present(part) for part in value] if isinstance(value, list) else value


def read(name):
    """Checks a data set; returns its rows by split."""
    splits = load_dataset(str(folder / name))
    assert set(splits) == {"train", "validation"}, splits
    style = name.split("-")[0]
    repositories = [set(splits[split]["repo"]) for split in splits]
    assert not repositories[0] & repositories[1], repositories
    rows = [row for split in splits.values() for row in split]
    assert len(rows) == 5, len(rows)
    assert sorted({row["policy"] for row in rows}) == ["expert", "model"]
    for row in rows:
        assert row["resolved"] and row["style"] == style and row["tokens"] is None
        assert (row["model"] == "policy=expert") == (row["policy"] == "expert")
        learned = {span["message"] for span in row["loss_spans"]}
        said = {index for index, message in enumerate(row["messages"]) if message["role"] == "assistant"}
        assert learned == said, (learned, said)
        for span in row["loss_spans"]:
            message = row["messages"][span["message"]]
            assert (span["start"], span["end"]) == (0, len(message["content"]))
            assert span["tool_calls"] == bool(message.get("tool_calls"))
        messages, tools = list(plain(row["messages"])), json.loads(row["tools"])
        assert bool(tools) == (style == "tool")
        rendered = tokenizer.apply_chat_template(messages, tools=tools, tokenize=False)
        for message in messages:
            assert message["content"] in rendered
        assert rendered.count("<tool_call>") == (len(learned) if style == "tool" else 0)
        assert ("# Tools" in rendered) == (style == "tool")
        # Without the template's marks, what it would train on is what the spans say.
        encoded = tokenizer.apply_chat_template(
            messages, tools=tools, return_dict=True, return_assistant_tokens_mask=True
        )
        trained = [token for token, mask in zip(encoded["input_ids"], encoded["assistant_masks"]) if mask]
        text = tokenizer.decode(trained)
        for span in row["loss_spans"]:
            assert row["messages"][span["message"]]["content"] in text
        assert text.count("<|im_end|>") == len(learned), text
    print("read", name, len(rows), flush=True)
    return {split: present(splits[split].to_list()) for split in splits}


for style in ["tool", "xml", "ticks"]:
    assert read(f"{style}-jsonl") == read(f"{style}-parquet"), f"{style}: rows differ between the files"
