"""Records the greedy answers of llama.cpp, with how near the next best tokens were at every step.

    python make_greedy.py LIBRARIES MODEL.gguf greedy.json

LIBRARIES is the folder bins/linux-x64 of the npm package `@node-llama-cpp/linux-x64` (3.22.1, llama.cpp v0.5.0 there). Needs
the packages gguf, jinja2 and numpy. Prompts are rendered by the model's own template and read in one pass, on one thread; a
model without a template, which was not made to chat, goes on from the bare question after its first token.
"""

import ctypes
import json
import pathlib
import sys

import jinja2.sandbox
import numpy
from gguf import GGUFReader

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tests/bench/model"))
from llama_cpp import Peer  # noqa: E402

TOKENS = 64
QUESTIONS = [
    "Hi, how are you?",
    "What is the capital of France?",
    "Write a Python function that reverses a string.",
    "Explain what a hash map is in two sentences.",
    "Translate to German: The weather is nice today.",
    "List five animals that live in Africa.",
    "What is 17 + 25?",
    "Write a haiku about the sea.",
    "Fix this code:\n\n    def add(a, b):\n        retrun a + b\n",
    "Summarise: The cat sat on the mat. It was warm. The cat slept all day.",
    "Give me a JSON object with the keys name and age.",
    "Who wrote Romeo and Juliet?",
    "What does the command `ls -la` do?",
    "Tell me a short story about a robot that learns to paint.",
    "How do I make tea?",
    "Continue the series: 2, 4, 8, 16,",
    "What are the primary colours?",
    "Write an SQL query that counts the rows of the table users.",
    "Why is the sky blue?",
    "Was ist ein Kühlschrank? Antworte auf Deutsch.",
]


class Text(Peer):
    """A llama.cpp that also tokenizes and shows its logits."""

    def __init__(self, libraries, model):
        super().__init__(libraries, model, 1, 1024)
        library = self.library
        library.llama_model_get_vocab.argtypes, library.llama_model_get_vocab.restype = [ctypes.c_void_p], ctypes.c_void_p
        library.llama_vocab_n_tokens.argtypes = [ctypes.c_void_p]
        library.llama_tokenize.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_int32,
            ctypes.c_bool, ctypes.c_bool,
        ]
        library.llama_get_logits_ith.argtypes = [ctypes.c_void_p, ctypes.c_int32]
        library.llama_get_logits_ith.restype = ctypes.POINTER(ctypes.c_float)
        self.vocabulary = library.llama_model_get_vocab(self.model)
        self.size = library.llama_vocab_n_tokens(self.vocabulary)

    def tokenize(self, text):
        data, room = text.encode(), (ctypes.c_int32 * 4096)()
        count = self.library.llama_tokenize(self.vocabulary, data, len(data), room, 4096, False, True)
        assert count >= 0
        return list(room[:count])

    def logits(self):
        return numpy.ctypeslib.as_array(self.library.llama_get_logits_ith(self.context, -1), (self.size,)).copy()


def answer(peer, prompt, ends):
    """Steps of a greedy answer: the token, and the next best with the share of the spread of the logits by which it led."""
    peer.clear()
    peer.decode(prompt)
    steps = []
    for _ in range(TOKENS):
        logits = peer.logits()
        best, *others = (int(token) for token in numpy.argsort(-logits)[:4])
        spread = float(logits.max() - logits.min())
        leads = [[other, float(f"{(logits[best] - logits[other]) / spread:.3g}")] for other in others]
        steps.append([best, leads])
        if best in ends:
            break
        peer.decode([best])
    return steps


def prompt_of(question, fields, peer):
    """The tokens that the model goes on from."""
    if "tokenizer.chat_template" in fields:
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(fields["tokenizer.chat_template"].contents())
        return peer.tokenize(template.render(messages=[{"role": "user", "content": question}], add_generation_prompt=True))
    return [fields["tokenizer.ggml.bos_token_id"].contents()] + peer.tokenize(question)


def main(libraries, model, out):
    fields = GGUFReader(model).fields
    peer = Text(libraries, model)
    ends = {fields["tokenizer.ggml.eos_token_id"].contents()}
    cases = []
    for question in QUESTIONS:
        prompt = prompt_of(question, fields, peer)
        cases.append({"question": question, "prompt": prompt, "steps": answer(peer, prompt, ends)})
    pathlib.Path(out).write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
