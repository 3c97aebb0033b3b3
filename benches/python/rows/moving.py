"""Rows that move bytes of streams."""

import threading

from rows.table import connection, heading, pair, row

heading("Streams")

SIZES = ((1, "1 B"), (64, "64 B"), (4096, "4 KiB"), (65536, "64 KiB"))
WAYS = ((None, "blocking"), (5.0, "timeout"), (0.0, "non-blocking"))
#: The ratio to reach for each size: without a timeout, and with one.
UNIX_GOALS = {1: (1.28, 2.35), 64: (1.28, 2.35), 4096: (1.15, 1.85), 65536: (1.00, 1.15)}
TCP_GOALS = {1: (1.10, 1.48), 64: (1.10, 1.48), 4096: (1.10, 1.48), 65536: (0.97, 1.0)}


def there_and_back(left, right, size):
    """Sends and receives so many bytes in one thread."""
    data = b"x" * size

    def run(steps):
        send, recv = left.send, right.recv
        for _ in range(steps):
            send(data)
            recv(size)

    return run


for _size, _text in SIZES:
    for _timeout, _how in WAYS:

        @row(
            f"unix send+recv {_text} {_how}",
            _size,
            _timeout,
            goal=UNIX_GOALS[_size][bool(_timeout)],
        )
        def unix(module, exits, size, timeout):
            return there_and_back(*pair(module, exits, timeout=timeout), size)


for _size, _text in SIZES:
    for _timeout, _how in WAYS[:2]:

        @row(
            f"tcp send+recv {_text} {_how}",
            _size,
            _timeout,
            goal=TCP_GOALS[_size][bool(_timeout)],
        )
        def tcp(module, exits, size, timeout):
            return there_and_back(*connection(module, exits, timeout), size)


@row("recv of 64 KiB where 64 B are there")
def short(module, exits):
    left, right = pair(module, exits)

    def run(steps):
        send, recv = left.send, right.recv
        for _ in range(steps):
            send(b"x" * 64)
            recv(65536)

    return run


@row("unix send+recv_into 64 B")
def into(module, exits):
    left, right = pair(module, exits)
    room = bytearray(64)

    def run(steps):
        send, recv_into = left.send, right.recv_into
        for _ in range(steps):
            send(b"x" * 64)
            recv_into(room)

    return run


def stream(left, right, size):
    """Sends in this thread what another receives."""
    data, room = bytes(size), bytearray(size)

    def run(steps):
        def drain():
            view = memoryview(room)
            for _ in range(steps):
                got = 0
                while got < size:
                    got += right.recv_into(view[got:])

        reader = threading.Thread(target=drain)
        reader.start()
        for _ in range(steps):
            left.sendall(data)
        reader.join()

    return run


for _size, _text in ((1024, "1 KiB"), (16384, "16 KiB"), (65536, "64 KiB"), (1 << 20, "1 MiB")):

    @row(f"unix stream of {_text}, two threads", pair, _size, goal=0.97, wall=True)
    @row(f"tcp stream of {_text}, two threads", connection, _size, goal=0.97, wall=True)
    def streams(module, exits, connect, size):
        return stream(*connect(module, exits), size)
