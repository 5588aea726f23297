"""A process that waits to be copied: see `Template` in the sandbox crate for what is said over its socket.

A copy has to be what a process of its own would be at this place. Memory is, by the fork. What a fork shares is
made the copy's own: open files (their offsets and contents) and the standard streams. Where that cannot be done,
because there are threads, children, sockets or pipes, the template says so and is not used.
"""

VARIABLE = "SWEMILL_TEMPLATE"


def asked_for():
    """Whether this process was started to be a template."""
    import os

    return VARIABLE in os.environ


def prepare():
    """Returns the template's request and its `wait`.

    `wait(said)` tells the host that the template is ready and returns in each copy, with the descriptor of the
    copy's record channel.
    """
    import array
    import json
    import os
    import socket
    import struct
    import sys

    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    waiting = socket.socket(fileno=int(os.environ.pop(VARIABLE)))
    waiting.set_inheritable(False)
    here = os.getcwd()
    outputs = [_nameless_file(os, target) for target in (1, 2)]
    own = _Own(os, waiting.fileno(), outputs)
    fork, leave, wait_for, session = os.fork, os._exit, os.waitpid, os.setsid
    close, enter, dump = os.close, os.chdir, json.dumps
    receive, room = waiting.recvmsg, socket.CMSG_SPACE(16)
    pack = struct.Struct(">I").pack

    def say(text):
        waiting.sendall(pack(len(text)) + text)

    def wait(said):
        said["unfit"] = own.unfit()
        say(dump(said).encode("ascii"))
        while True:
            word, extra, _, _ = receive(1, room)
            if not word:
                leave(0)
            descriptors = array.array("i")
            descriptors.frombytes(extra[0][2])
            middle = fork()
            if middle == 0:
                # Forked twice, so that the copy is the child of the sandbox's first process, as a command is.
                copy = fork()
                if copy:
                    say(str(copy).encode("ascii"))
                    leave(0)
                waiting.close()
                session()
                enter(here)
                own.make(descriptors)
                return descriptors[3]
            for descriptor in descriptors:
                close(descriptor)
            wait_for(middle, 0)

    return request, wait


def _nameless_file(os, target):
    """Lets a standard stream lead to a file that nothing else is, so that copies of its descriptor are known."""
    import tempfile

    with tempfile.TemporaryFile(buffering=0) as file:
        os.dup2(file.fileno(), target)
    found = os.fstat(target)
    return found.st_dev, found.st_ino


class _Own:
    """Making what a fork shares a copy's own."""

    def __init__(self, os, waiting, outputs):
        import fcntl
        import stat
        import tempfile

        self.waiting, self.outputs = waiting, outputs
        self.modules = (os, fcntl, stat, tempfile)

    def unfit(self):
        """Why a copy of this process would not be what a process of its own is; `None` where it would."""
        os, _, stat, _ = self.modules
        if len(os.listdir("/proc/self/task")) > 1:
            return "threads are running"
        try:
            os.waitpid(-1, os.WNOHANG)
            return "a child process is running"
        except ChildProcessError:
            pass
        for descriptor, found in self.open_files():
            kinds = (stat.S_ISREG, stat.S_ISCHR, stat.S_ISDIR)
            if not any(is_kind(found.st_mode) for is_kind in kinds):
                return "a socket, a pipe or the like is open (descriptor {})".format(descriptor)
        return None

    def open_files(self):
        """Every descriptor above standard input but the template's own, with what it is."""
        os = self.modules[0]
        for name in os.listdir("/proc/self/fd"):
            descriptor = int(name)
            try:
                found = os.fstat(descriptor)
            except OSError:
                continue  # the one that the listing itself had open
            if descriptor != 0 and descriptor != self.waiting:
                yield descriptor, found

    def make(self, given):
        """Gives a copy its standard streams, and files of its own in the place of the template's."""
        os, fcntl, stat, tempfile = self.modules
        os.dup2(given[0], 0)
        os.close(given[0])
        made = {}
        for descriptor, found in sorted(self.open_files()):
            if descriptor in given[1:]:
                continue
            identity = (found.st_dev, found.st_ino)
            if identity in self.outputs:
                os.dup2(given[1 + self.outputs.index(identity)], descriptor, os.get_inheritable(descriptor))
            elif stat.S_ISREG(found.st_mode):
                flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
                if identity not in made:
                    made[identity] = self.reopened(descriptor, flags, found)
                os.dup2(made[identity], descriptor, os.get_inheritable(descriptor))
        for descriptor in list(made.values()) + [given[1], given[2]]:
            os.close(descriptor)

    def reopened(self, descriptor, flags, found):
        """A file with the same content, at the same place in it, that shares nothing."""
        os, _, _, tempfile = self.modules
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        if flags & os.O_ACCMODE == os.O_RDONLY:
            new = os.open("/proc/self/fd/{}".format(descriptor), os.O_RDONLY | os.O_CLOEXEC)
        elif found.st_nlink == 0:
            with tempfile.TemporaryFile(buffering=0) as file:
                offset = 0
                while True:
                    part = os.pread(descriptor, 1 << 20, offset)
                    if not part:
                        break
                    offset += file.write(part)
                new = os.dup(file.fileno())
        else:
            name = os.readlink("/proc/self/fd/{}".format(descriptor))
            new = os.open(name, (flags & (os.O_ACCMODE | os.O_APPEND)) | os.O_CLOEXEC)
        os.lseek(new, place, os.SEEK_SET)
        return new
