"""Drives a prebuilt llama.cpp (npm `@node-llama-cpp/linux-x64`) through its C interface, and measures it.

    python3 llama_cpp.py LIBRARIES MODEL THREADS PROMPT NEW RUNS

prints one JSON object a run: processor seconds of this process and wall seconds, for reading PROMPT tokens and then for NEW
tokens one by one. Token ids are arbitrary: the time does not depend on them.

Structures whose fields change between versions are passed as blocks of bytes. On x86-64 a large structure is returned through a
hidden pointer and passed by value on the stack as the last argument, so a block that is larger than the structure is read as
the structure. The few fields that are set are found by their documented defaults.
"""

import ctypes
import json
import pathlib
import sys
import time


class Parameters(ctypes.Structure):
    _fields_ = [("words", ctypes.c_int32 * 256)]


class Batch(ctypes.Structure):
    """`llama_batch`: a count and six pointers."""

    _fields_ = [("count", ctypes.c_int32), ("pointers", ctypes.c_void_p * 6)]


def load(folder):
    """The libraries in the order of their dependence, with every processor's backend registered."""
    folder = pathlib.Path(folder)
    for start in ("libggml-base", "libggml.", "libllama."):
        found = sorted(path for path in folder.iterdir() if path.name.startswith(start) and ".so" in path.name)
        if not found:
            sys.exit(f"{folder} holds no {start}*.so: is it the bins folder of @node-llama-cpp/linux-x64?")
        library = ctypes.CDLL(str(found[-1]), mode=ctypes.RTLD_GLOBAL)
        if start == "libggml.":
            library.ggml_backend_load_all_from_path(str(folder).encode())
    return library


class Peer:
    def __init__(self, folder, model, threads, context):
        self.library = library = load(folder)
        for name, result, arguments in (
            ("llama_model_default_params", Parameters, []),
            ("llama_context_default_params", Parameters, []),
            ("llama_model_load_from_file", ctypes.c_void_p, [ctypes.c_char_p, Parameters]),
            ("llama_init_from_model", ctypes.c_void_p, [ctypes.c_void_p, Parameters]),
            ("llama_batch_get_one", Batch, [ctypes.c_void_p, ctypes.c_int32]),
            ("llama_decode", ctypes.c_int32, [ctypes.c_void_p, Batch]),
            ("llama_get_memory", ctypes.c_void_p, [ctypes.c_void_p]),
            ("llama_memory_clear", None, [ctypes.c_void_p, ctypes.c_bool]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        silence = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        self.quiet = silence(lambda *_: None)
        library.llama_log_set(self.quiet, None)
        library.llama_backend_init()
        self.model = library.llama_model_load_from_file(model.encode(), library.llama_model_default_params())
        if not self.model:
            sys.exit(f"llama.cpp could not load {model}")
        parameters = library.llama_context_default_params()
        words = parameters.words
        # n_ctx, n_batch, n_ubatch come first: 512, 2048, 512; later n_threads and n_threads_batch: both 4.
        if list(words[:3]) != [512, 2048, 512]:
            sys.exit(f"this llama.cpp has other context parameters than expected: {list(words[:8])}")
        at = next((i for i in range(3, 12) if list(words[i : i + 2]) == [4, 4]), None)
        if at is None:
            sys.exit(f"the numbers of threads were not found among {list(words[:16])}")
        words[0] = context
        words[at] = words[at + 1] = threads
        self.context = library.llama_init_from_model(self.model, parameters)
        if not self.context:
            sys.exit("llama.cpp could not make a context")

    def clear(self):
        self.library.llama_memory_clear(self.library.llama_get_memory(self.context), True)

    def decode(self, tokens):
        tokens = (ctypes.c_int32 * len(tokens))(*tokens)
        batch = self.library.llama_batch_get_one(ctypes.addressof(tokens), len(tokens))
        code = self.library.llama_decode(self.context, batch)
        if code:
            sys.exit(f"llama_decode returned {code}")


def timed(work):
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def main():
    folder, model = sys.argv[1:3]
    threads, prompt, new, runs = map(int, sys.argv[3:])
    peer = Peer(folder, model, threads, prompt + new + 16)
    tokens = [1000 + 7 * i for i in range(prompt)]
    peer.decode(tokens[:8])
    for _ in range(runs):
        peer.clear()
        read = timed(lambda: peer.decode(tokens))
        write = timed(lambda: [peer.decode([2000 + i]) for i in range(new)])
        row = {"prefill_cpu_s": read[0], "prefill_wall_s": read[1], "decode_cpu_s": write[0], "decode_wall_s": write[1]}
        sys.stdout.write(json.dumps(row | {"prompt": prompt, "new": new, "threads": threads}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
