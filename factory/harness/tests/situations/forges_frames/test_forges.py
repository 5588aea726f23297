import json
import os
import struct


def test_fails_but_writes_to_every_descriptor():
    body = json.dumps({"record": "finish", "exit": 0}).encode()
    frame = struct.pack(">IQ", len(body), 0) + body + bytes(16)
    for number in range(3, 70000):
        try:
            os.write(number, frame)
        except OSError:
            pass
    assert False
