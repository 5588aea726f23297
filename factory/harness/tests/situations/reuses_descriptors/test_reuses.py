import os
import socket
import stat


def test_puts_a_file_where_the_channel_was():
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        try:
            is_socket = stat.S_ISSOCK(os.fstat(number).st_mode)
        except OSError:
            continue
        if is_socket and number > 2:
            file = os.open("victim", os.O_CREAT | os.O_RDWR)
            os.dup2(file, number)


def test_after():
    pass
