"""Asks for a user namespace by the machine's other system call tables: 32-bit calls, and x32's numbers."""

import ctypes
import mmap
import os
import platform

CLONE_NEWUSER = 0x10000000
if platform.machine() == "x86_64":
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(ctypes.c_long(0x40000000 + 272), ctypes.c_long(CLONE_NEWUSER)) != -1:
        print("x32")
    # mov eax, 310 (unshare); mov ebx, CLONE_NEWUSER; int 0x80; ret, with ebx kept
    code = b"\x53\xb8\x36\x01\x00\x00\xbb\x00\x00\x00\x10\xcd\x80\x5b\xc3"
    memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    if os.fork() == 0:
        if call() == 0:
            print("32 bits", flush=True)
        os._exit(0)
    os.wait()
