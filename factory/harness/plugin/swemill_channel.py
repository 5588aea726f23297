"""The record channel: how results leave the process that runs the tests.

The host hands this process a connected stream socket. Its first bytes are a greeting: four bytes of
length (big endian), 32 bytes of key, and as many bytes of JSON as the length says, the request. What
goes back are frames: four bytes of length, eight bytes of sequence number, the JSON body (a record, or a
list of them), and the first 16 bytes of HMAC-SHA256 over all that. Whoever does not hold the key can break
the stream but not add to it.

Everything that opening and sending need is a local of `prepare`, bound before any tested code runs and never
looked up by name again: tests patch `time`, `json`, `os.write` and builtins, and freezegun rewrites the
globals of every module it finds.
"""

VARIABLE = "SWEMILL_CHANNEL"


class ChannelMissing(Exception):
    """This process was not given a channel."""


def open_channel():
    """Opens the channel that this process was started with: the request, and the function that sends a record."""
    import os

    number = os.environ.pop(VARIABLE, None)
    if number is None:
        raise ChannelMissing(VARIABLE + " is not set: only swemill's harness starts this program")
    return prepare()(int(number))


def prepare():
    """Returns a function that opens the channel with a given descriptor, in this process or in a copy of it."""
    # Not `signal`: its functions make enumerations of what they take and give, which costs more than the call.
    import _signal
    import hashlib
    import json
    import os
    import struct

    move, read, authenticator = _mover(), _read, _authenticator
    receive, stat, own_id, load = os.read, os.fstat, os.getpid, json.loads
    unpack = struct.Struct(">I").unpack
    sha256 = hashlib.sha256
    sender = _sender(os, _signal, struct)

    def open_descriptor(descriptor):
        descriptor = move(descriptor)
        length = unpack(read(receive, descriptor, 4))[0]
        key = read(receive, descriptor, 32)
        request = load(read(receive, descriptor, length).decode("utf-8"))
        authenticate = authenticator(key, sha256)
        del key
        identity = stat(descriptor)
        identity = (identity.st_dev, identity.st_ino)
        return request, sender(descriptor, identity, own_id(), authenticate)

    return open_descriptor


def _mover():
    """Moves a socket to a high number, where code that closes a range of small ones does not meet it."""
    import fcntl
    import os
    import resource

    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if ceiling == resource.RLIM_INFINITY or ceiling > 4096:
        ceiling = 4096
    duplicate, close, set_blocking = fcntl.fcntl, os.close, os.set_blocking
    how, least = fcntl.F_DUPFD_CLOEXEC, max(3, ceiling - 16)

    def move(descriptor):
        moved = duplicate(descriptor, how, least)
        close(descriptor)
        set_blocking(moved, True)
        return moved

    return move


def _read(read, descriptor, length):
    parts = []
    while length:
        part = read(descriptor, min(length, 1 << 20))
        if not part:
            raise ChannelMissing("the greeting ended early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _authenticator(key, sha256):
    """HMAC-SHA256 with the key already absorbed into two hash states, so that it is not kept itself."""
    block = key.ljust(64, b"\0")
    inner_start = sha256(bytes(byte ^ 0x36 for byte in block))
    outer_start = sha256(bytes(byte ^ 0x5C for byte in block))

    def authenticate(message):
        inner = inner_start.copy()
        inner.update(message)
        outer = outer_start.copy()
        outer.update(inner.digest())
        return outer.digest()[:16]

    return authenticate


def _sender(os, signal, struct):
    encode = _encoder()
    write, fstat, getpid, leave = os.write, os.fstat, os.getpid, os._exit
    pack, length_of, view = struct.Struct(">IQ").pack, len, memoryview
    system_error = OSError
    mask, block, restore = signal.pthread_sigmask, signal.SIG_BLOCK, signal.SIG_SETMASK
    # A handler that raises, such as pytest-timeout's, must not cut a frame in two.
    held_back = tuple(
        getattr(signal, name)
        for name in "SIGALRM SIGINT SIGTERM SIGHUP SIGUSR1 SIGUSR2 SIGVTALRM SIGPROF SIGCHLD".split()
    )
    CHANNEL_LOST = 97

    def sender(descriptor, identity, owner, authenticate):
        sent = [0]
        # That a test passed is told with the next record, the next test's start: one frame a test.
        waiting = []

        def send(record):
            # A child that a test forked and let run on inherits this function but is not the run.
            if getpid() != owner:
                return
            body = encode(record)
            if record["record"] == "passed":
                waiting.append(body)
                return
            before = mask(block, held_back)
            try:
                if waiting:
                    body = "[" + ",".join(waiting) + "," + body + "]"
                    waiting.clear()
                body = body.encode("ascii")
                message = pack(length_of(body), sent[0]) + body
                sent[0] += 1
                rest = view(message + authenticate(message))
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

        return send

    return sender


def _encoder():
    """JSON in ASCII, for the few types that records hold."""
    from json.encoder import encode_basestring_ascii as quote

    kind_of, text_type, list_type, dict_type, float_type = type, str, list, dict, float
    represent, infinity = repr, float("inf")
    # Python 3.6 has none.
    is_plain = getattr(str, "isascii", lambda text: False)
    names = {}

    def name_of(key):
        """Records have few keys."""
        if key not in names:
            names[key] = quote(key) + ":"
        return names[key]

    def encode(value):
        kind = kind_of(value)
        if kind is text_type:
            if is_plain(value):
                return quote(value)
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
            return "{" + ",".join([name_of(key) + encode(item) for key, item in value.items()]) + "}"
        if kind is float_type and not -infinity < value < infinity:
            return "null"
        return represent(value)

    return encode
