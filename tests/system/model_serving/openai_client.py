"""The openai client against a served model: whole and streamed answers, tools, schemas, vectors, errors."""

import json
import os

import openai

MODEL = "smollm2-135m-instruct"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"enum": ["Paris", "Rome"]}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
]
client = openai.OpenAI(base_url=os.environ["URL"], api_key=os.environ["KEY"], max_retries=0, timeout=300)


def ask(content, **more):
    messages = [{"role": "user", "content": content}]
    return client.chat.completions.create(model=MODEL, messages=messages, temperature=0, **more)


# Models and a plain answer.
assert [model.id for model in client.models.list()] == [MODEL, "minilm"]
answer = ask("What is 2 + 2?", max_tokens=24)
assert "4" in answer.choices[0].message.content, answer
assert answer.choices[0].finish_reason == "stop", answer
assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

# The same again: the prompt is in the cache.
again = ask("What is 2 + 2?", max_tokens=24)
assert again.usage.prompt_tokens_details.cached_tokens >= 16, again.usage

# Streamed, with usage at the end.
chunks = list(ask("What is 2 + 2?", max_tokens=24, stream=True, stream_options={"include_usage": True}))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert text == again.choices[0].message.content, (text, again)
assert chunks[-1].usage.completion_tokens == again.usage.completion_tokens

# A tool that must be called, whole and streamed; the result goes back.
called = ask("The weather in Paris?", tools=TOOLS, tool_choice="required", parallel_tool_calls=False, max_tokens=80)
call = called.choices[0].message.tool_calls[0]
assert called.choices[0].finish_reason == "tool_calls"
assert call.function.name == "get_weather"
assert json.loads(call.function.arguments)["city"] in ["Paris", "Rome"]
with client.chat.completions.stream(
    model=MODEL,
    messages=[{"role": "user", "content": "The weather in Rome?"}],
    tools=TOOLS,
    tool_choice={"type": "function", "function": {"name": "get_weather"}},
    max_tokens=80,
    temperature=0,
) as stream:
    for _ in stream:
        pass
    streamed = stream.get_final_completion().choices[0]
assert streamed.message.tool_calls[0].function.name == "get_weather", streamed
assert json.loads(streamed.message.tool_calls[0].function.arguments)["city"] in ["Paris", "Rome"]
told = client.chat.completions.create(
    model=MODEL,
    messages=[
        {"role": "user", "content": "The weather in Paris?"},
        called.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "It rains."},
    ],
    tools=TOOLS,
    max_tokens=8,
)
assert told.usage.prompt_tokens > called.usage.prompt_tokens

# A schema, log-probabilities, several choices, a stop string.
schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"], "additionalProperties": False}
shaped = ask(
    "How old is the child?",
    response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}},
    max_tokens=60,
)
assert isinstance(json.loads(shaped.choices[0].message.content)["age"], int), shaped
logged = ask("Hi", logprobs=True, top_logprobs=2, max_tokens=3)
assert all(len(entry.top_logprobs) == 2 and entry.logprob <= 0 for entry in logged.choices[0].logprobs.content)
several = client.chat.completions.create(
    model=MODEL, messages=[{"role": "user", "content": "Tell me a story."}], n=3, seed=3, max_tokens=20
)
assert len({choice.message.content for choice in several.choices}) == 3, several
stopped = ask("Count from one to five.", stop=["2"], max_tokens=60)
assert "2" not in stopped.choices[0].message.content and stopped.choices[0].finish_reason == "stop"

# A text to go on from.
completion = client.completions.create(model=MODEL, prompt="The capital of France is", max_tokens=5, temperature=0)
assert "Paris" in completion.choices[0].text, completion

# Vectors: what means the same lies together. The client asks for base64 by itself.
texts = ["A cat sat on the mat.", "A kitten rested on the rug.", "Stock prices fell sharply."]
vectors = [entry.embedding for entry in client.embeddings.create(model="minilm", input=texts).data]
same, other = (sum(a * b for a, b in zip(vectors[0], vectors[index])) for index in (1, 2))
assert same > 0.5 > 0.2 > other, (same, other)
plain = client.embeddings.create(model="minilm", input=texts[0], encoding_format="float").data[0].embedding
assert max(abs(a - b) for a, b in zip(plain, vectors[0])) < 1e-6

# Errors have the types that clients branch on.
for wrong, kind in [
    (lambda: ask("x " * 20000), openai.BadRequestError),
    (lambda: client.chat.completions.create(model="gpt-4", messages=[{"role": "user", "content": "x"}]), openai.NotFoundError),
    (lambda: ask("x", max_tokens=0), openai.BadRequestError),
    (lambda: client.with_options(api_key="wrong").models.list(), openai.AuthenticationError),
]:
    try:
        wrong()
    except kind as error:
        assert error.body["message"], error
        assert kind is not openai.BadRequestError or error.code in ("context_length_exceeded", None), error
    else:
        raise AssertionError(f"{kind} was expected")
print("openai: fine")
