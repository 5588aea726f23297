"""Asks the kernel for raw packets, and by netlink for a new interface and a new address."""

import errno
import socket
import struct

for protocol in (1, 6, 255):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
        print("raw socket", protocol)
    except PermissionError:
        pass
RTM_NEWLINK, RTM_NEWADDR, REQUEST_ACK_CREATE = 16, 20, 0x1 | 0x4 | 0x400
NAME = struct.pack("=HH", 4 + 8, 3) + b"planted\0"
LINK = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + NAME
ADDRESS = struct.pack("=BBBBI", 2, 24, 0, 0, 1) + struct.pack("=HH4s", 8, 2, bytes([10, 0, 0, 1]))
try:
    routes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
except PermissionError:
    routes = None
for kind, body in ((RTM_NEWLINK, LINK), (RTM_NEWADDR, ADDRESS)):
    if routes is None:
        break
    routes.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST_ACK_CREATE, 1, 0) + body)
    answer = struct.unpack("=i", routes.recv(4096)[16:20])[0]
    if answer != -errno.EPERM:
        print("netlink", kind, answer)
