import os
import socket

for name in os.listdir("/proc/self/fd"):
    try:
        again = socket.socket(fileno=os.dup(int(name)))
        again.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
