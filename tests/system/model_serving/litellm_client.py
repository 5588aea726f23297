"""The litellm client against a served model: streaming, tools, and the error for a context that is too long."""

import json
import os

import litellm

MODEL = "openai/smollm2-135m-instruct"
WHERE = {"model": MODEL, "api_base": os.environ["URL"], "api_key": os.environ["KEY"], "temperature": 0, "timeout": 300}
TOOL = {
    "type": "function",
    "function": {
        "name": "look",
        "parameters": {
            "type": "object",
            "properties": {"place": {"enum": ["here", "there"]}},
            "required": ["place"],
            "additionalProperties": False,
        },
    },
}


def ask(content, **more):
    return litellm.completion(messages=[{"role": "user", "content": content}], **WHERE, **more)


whole = ask("What is 2 + 2?", max_tokens=24)
assert "4" in whole.choices[0].message.content, whole
again = ask("What is 2 + 2?", max_tokens=24)
assert again.usage.prompt_tokens_details.cached_tokens >= 16, again.usage
pieces = list(ask("What is 2 + 2?", max_tokens=24, stream=True))
text = "".join(piece.choices[0].delta.content or "" for piece in pieces)
assert text == again.choices[0].message.content, (text, again)

for stream in [False, True]:
    forced = {"tools": [TOOL], "tool_choice": "required", "parallel_tool_calls": False, "max_tokens": 80}
    answer = ask("Look there.", stream=stream, **forced)
    if stream:
        answer = litellm.stream_chunk_builder(list(answer))
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "look", answer
    assert json.loads(call.function.arguments)["place"] in ["here", "there"], answer
    assert answer.choices[0].finish_reason == "tool_calls", answer

try:
    ask("x " * 20000)
except litellm.ContextWindowExceededError:
    pass
else:
    raise AssertionError("a context that is too long was expected to be an error")
print("litellm: fine")
