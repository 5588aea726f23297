"""Records the tokens that llama.cpp makes of hard texts.

    python make_tokens.py FOLDER_OF_LIBLLAMA MODEL.gguf tokens.json [MARK...]

Each MARK is a special token of the model: texts with it before, between and behind words are recorded too. libllama is that of the npm package `@node-llama-cpp/linux-x64` (3.22.1, llama.cpp v0.5.0 there).
"""

import ctypes
import json
import sys
from pathlib import Path

TEXTS = [
    "",
    " ",
    "   leading and trailing   ",
    "\n\n\n",
    "\t\tdef f(x):\n\t\treturn x\n",
    "def add(a, b):\n    \"\"\"Adds.\"\"\"\n    return a + b  # sum\n",
    "for (int i = 0; i < 10; ++i) { printf(\"%d\\n\", i); }",
    "x = {'a': [1, 2.5e-10, 0xFF], \"b\": None}",
    "1234567890 12 3.14159 1,000,000 2024-11-25T13:07:00Z",
    "It's they're I'll we'd you've I'm DON'T WE'RE",
    "naïve café résumé Zürich Ångström",
    "cafe\u0301 e\u0301 \u212b composed and decomposed",
    "Привет, мир! Ещё раз.",
    "你好，世界。今天天气不错。",
    "日本語のテキストとカタカナ",
    "한국어 문장입니다",
    "مرحبا بالعالم",
    "שלום עולם",
    "नमस्ते दुनिया",
    "👩‍👩‍👧‍👦 🇿🇦 👍🏽 🤖",
    "a\u00a0b\u2003c\u3000d\ufeffe",
    "line one\r\nline two\rline three\n",
    "trailing spaces    \n   next",
    "multiple    spaces     between      words",
    "http://example.com/path?query=1&other=two#fragment",
    "snake_case camelCase PascalCase SCREAMING_CASE kebab-case",
    "!!! ??? ... --- === *** ~~~ @@@ ### $$$ %%% ^^^ &&&",
    "$\\sum_{i=0}^{n} x_i^2$",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|><|im_end|><|endoftext|>",
    "<|im_start| not special |im_end|>",
    "<tool_call>\n{\"name\": \"bash\", \"arguments\": {\"command\": \"ls -la\"}}\n</tool_call>",
    "diff --git a/x.py b/x.py\n@@ -1,3 +1,4 @@\n-old\n+new\n",
    "\x00\x01\x02 control \x7f",
    "a" * 100,
    "ab " * 40,
    "Ⅷ ½ ² ① ٣ ๓ digits of other kinds",
    "ẞ ß ﬁ ﬂ ligatures",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒻𝓊𝓃",
    "mixed漢字and漢字english",
    "'s't're've'm'll'd 'S'T",
    "\u200b\u200d zero widths",
    "print(f\"{x!r:>{width}}\")",
    "    \n    \n    indented blank lines",
    "emoji at end 🎉",
    "ends with newline\n",
    "ends with space ",
]


class Parameters(ctypes.Structure):
    """Large enough for whatever the library passes by value."""

    _fields_ = [("bytes", ctypes.c_byte * 1024)]


folder = Path(sys.argv[1])
ctypes.CDLL(str(folder / "libggml-base.so"), ctypes.RTLD_GLOBAL)
ggml = ctypes.CDLL(str(next(folder.glob("libggml.*so*"))), ctypes.RTLD_GLOBAL)
ggml.ggml_backend_load_all_from_path(str(folder).encode())
llama = ctypes.CDLL(str(next(folder.glob("libllama.*so*"))))
llama.llama_model_default_params.restype = Parameters
llama.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Parameters]
llama.llama_model_load_from_file.restype = ctypes.c_void_p
llama.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
llama.llama_model_get_vocab.restype = ctypes.c_void_p
llama.llama_tokenize.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_int32, ctypes.c_bool, ctypes.c_bool,
]
model = llama.llama_model_load_from_file(sys.argv[2].encode(), llama.llama_model_default_params())
vocabulary = llama.llama_model_get_vocab(model)


def tokenize(text):
    data, room = text.encode(), (ctypes.c_int32 * 4096)()
    count = llama.llama_tokenize(vocabulary, data, len(data), room, 4096, False, True)
    assert count >= 0
    return list(room[:count])


marked = [text for mark in sys.argv[4:] for text in (mark, f"{mark}{mark}a", f"one {mark} two{mark}\n\n  three", mark[:-1])]
json.dump([{"text": text, "tokens": tokenize(text)} for text in TEXTS + marked], open(sys.argv[3], "w"), indent=0)
