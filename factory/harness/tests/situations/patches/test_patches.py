"""What tests do to the standard library, and leave so."""

import hashlib
import hmac
import json
import os
import signal
import socket
import struct
import time


def broken(*arguments, **options):
    raise RuntimeError("patched by a test")


def test_patches():
    for module, names in (
        (time, "time perf_counter monotonic process_time"),
        (json, "dumps loads JSONEncoder"),
        (json.encoder, "encode_basestring_ascii c_make_encoder JSONEncoder"),
        (os, "write dup _exit set_blocking"),
        (hashlib, "sha256 new"),
        (hmac, "new HMAC"),
        (socket, "socket"),
        (struct, "pack Struct"),
        (signal, "pthread_sigmask"),
    ):
        for name in names.split():
            setattr(module, name, broken)


def test_passes_after():
    pass


def test_fails_after():
    assert False


def test_clears_modules():
    import sys

    for name in list(sys.modules):
        if "swemill" in name or name in ("json", "time", "hashlib", "struct"):
            del sys.modules[name]


def test_passes_at_the_end():
    pass
