"""The record channel: how results leave the process that runs the tests.

The host hands this process a connected stream socket. Its first bytes are a greeting: four bytes of
length (big endian), 32 bytes of key, and as many bytes of JSON as the length says, the request. What
goes back are frames: four bytes of length, eight bytes of sequence number, the JSON body, and the first
16 bytes of HMAC-SHA256 over all that. Whoever does not hold the key can break the stream but not add to it.

Everything that sending needs is a local of `open_channel`, bound before any tested code runs and never
looked up by name again: tests patch `time`, `json`, `os.write` and builtins, and freezegun rewrites the
globals of every module it finds.
"""


class ChannelMissing(Exception):
    """This process was not given a channel."""


def open_channel():
    """Returns the request, and the function that sends one record."""
    import fcntl
    import hashlib
    import json
    import os
    import signal
    import struct

    number = os.environ.pop("SWEMILL_CHANNEL", None)
    if number is None:
        raise ChannelMissing("SWEMILL_CHANNEL is not set: only swemill's harness starts this program")
    descriptor = _move_out_of_the_way(int(number), fcntl, os)

    length = struct.unpack(">I", _read(os.read, descriptor, 4))[0]
    key = _read(os.read, descriptor, 32)
    request = json.loads(_read(os.read, descriptor, length).decode("utf-8"))
    authenticate = _authenticator(key, hashlib)
    del key

    owner = os.getpid()
    identity = os.fstat(descriptor)
    identity = (identity.st_dev, identity.st_ino)
    return request, _sender(descriptor, identity, owner, authenticate, os, signal, struct)


def _move_out_of_the_way(descriptor, fcntl, os):
    """Moves the socket to a high number, where code that closes a range of small ones does not meet it."""
    import resource

    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if ceiling == resource.RLIM_INFINITY or ceiling > 4096:
        ceiling = 4096
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, max(3, ceiling - 16))
    os.close(descriptor)
    os.set_blocking(moved, True)
    return moved


def _read(read, descriptor, length):
    parts = []
    while length:
        part = read(descriptor, min(length, 1 << 20))
        if not part:
            raise ChannelMissing("the greeting ended early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _authenticator(key, hashlib):
    """HMAC-SHA256 with the key already absorbed into two hash states, so that it is not kept itself."""
    block = key.ljust(64, b"\0")
    inner_start = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
    outer_start = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def authenticate(message):
        inner = inner_start.copy()
        inner.update(message)
        outer = outer_start.copy()
        outer.update(inner.digest())
        return outer.digest()[:16]

    return authenticate


def _sender(descriptor, identity, owner, authenticate, os, signal, struct):
    encode = _encoder()
    write, fstat, getpid, leave = os.write, os.fstat, os.getpid, os._exit
    pack, length_of, view = struct.Struct(">IQ").pack, len, memoryview
    system_error = OSError
    mask, block, restore = signal.pthread_sigmask, signal.SIG_BLOCK, signal.SIG_SETMASK
    # A handler that raises, such as pytest-timeout's, must not cut a frame in two.
    held_back = [
        getattr(signal, name)
        for name in "SIGALRM SIGINT SIGTERM SIGHUP SIGUSR1 SIGUSR2 SIGVTALRM SIGPROF SIGCHLD".split()
    ]
    sent = [0]

    def send(record):
        # A child that a test forked and let run on inherits this function but is not the run.
        if getpid() != owner:
            return
        body = encode(record).encode("ascii")
        before = mask(block, held_back)
        try:
            message = pack(length_of(body), sent[0]) + body
            rest = view(message + authenticate(message))
            sent[0] += 1
            try:
                now = fstat(descriptor)
                # The test closed the socket and something else took its number.
                if (now.st_dev, now.st_ino) != identity:
                    leave(CHANNEL_LOST)
                while rest:
                    rest = rest[write(descriptor, rest) :]
            except system_error:
                leave(CHANNEL_LOST)
        finally:
            mask(restore, before)

    CHANNEL_LOST = 97
    return send


def _encoder():
    """JSON in ASCII, for the few types that records hold."""
    from json.encoder import encode_basestring_ascii as quote

    kind_of, text_type, list_type, dict_type, float_type = type, str, list, dict, float
    represent, infinity = repr, float("inf")

    def encode(value):
        kind = kind_of(value)
        if kind is text_type:
            # A lone surrogate is no Unicode text; it is shown as the escape it would be written as.
            return quote(value.encode("utf-8", "backslashreplace").decode("utf-8"))
        if value is None:
            return "null"
        if value is True:
            return "true"
        if value is False:
            return "false"
        if kind is list_type:
            return "[" + ",".join([encode(item) for item in value]) + "]"
        if kind is dict_type:
            return "{" + ",".join([quote(key) + ":" + encode(item) for key, item in value.items()]) + "}"
        if kind is float_type and not -infinity < value < infinity:
            return "null"
        return represent(value)

    return encode
