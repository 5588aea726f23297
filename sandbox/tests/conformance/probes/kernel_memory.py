"""Fills memory that belongs to no process: message queues and sets of semaphores, which also outlive it.

Says how many bytes it got, so far as it is not killed.
"""

import ctypes
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
MANY = 1 << 30
got = 0
if sys.argv[1] == "queues":
    message = ctypes.create_string_buffer(8 + 8192)
    message[0] = 1
    while got < MANY:
        queue = libc.msgget(0, 0o1600)
        if queue < 0:
            break
        while libc.msgsnd(queue, message, ctypes.c_size_t(8000), 0o4000) == 0:
            got += 8000
else:
    while got < MANY:
        if libc.semget(0, 32000, 0o1600) < 0:
            break
        got += 32000 * 64
        time.sleep(0.001)
time.sleep(0.1)
print(got)
