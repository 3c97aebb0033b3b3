"""Rows of many datagrams in one call, per datagram. The stock module moves them one by one."""

import time

from rows.table import GREETING, bound, heading, row

heading("Batches of datagrams")


def connected(module, exits):
    """Two UDP sockets, connected to each other."""
    left, right = (bound(module, exits, "AF_INET", "SOCK_DGRAM") for _ in range(2))
    for one, other in ((left, right), (right, left)):
        one.connect(other.getsockname())
        one.setsockopt(module.SOL_SOCKET, module.SO_RCVBUF, 1 << 20)
        one.settimeout(5)
    return left, right


def timed(batch, before, work):
    """Only `work`, on `batch` datagrams, counts."""

    def run(steps):
        took, rounds = 0, -(-steps // batch)
        for _ in range(rounds):
            before()
            begun = time.thread_time()
            work()
            took += time.thread_time() - begun
        return took / (rounds * batch)

    return run


for _batch, _goal in ((1, None), (8, None), (64, 2.55), (512, None)):

    @row(f"udp receive of {_batch}", _batch, goal=_goal)
    def receive(module, exits, batch):
        left, right = connected(module, exits)

        def fill():
            for _ in range(batch):
                left.send(GREETING)

        def one_by_one():
            for _ in range(batch):
                right.recvfrom(2048)

        def together():
            got = 0
            while got < batch:
                got += len(right.recvmmsg(batch - got, 2048))

        return timed(batch, fill, together if hasattr(right, "recvmmsg") else one_by_one)


@row("udp receive of 64 one by one", goal=1.9)
def receive_single(module, exits):
    left, right = connected(module, exits)

    def fill():
        for _ in range(64):
            left.send(GREETING)

    def work():
        for _ in range(64):
            right.recvfrom(2048)

    return timed(64, fill, work)


@row("udp receive of 64 into a buffer", goal=2.9)
def receive_into(module, exits):
    left, right = connected(module, exits)
    room, small = bytearray(64 * 2048), bytearray(2048)

    def fill():
        for _ in range(64):
            left.send(GREETING)

    def one_by_one():
        for _ in range(64):
            right.recv_into(small)

    def together():
        got = 0
        while got < 64:
            got += len(right.recvmmsg_into(room, 2048))

    return timed(64, fill, together if hasattr(right, "recvmmsg_into") else one_by_one)


@row("udp send of 64", goal=1.27)
def send(module, exits):
    left, right = connected(module, exits)
    messages = [GREETING] * 64

    def drain():
        right.settimeout(0)
        try:
            while True:
                right.recv(2048)
        except BlockingIOError:
            pass

    def one_by_one():
        for message in messages:
            left.send(message)

    def together():
        left.sendmmsg(messages)

    return timed(64, drain, together if hasattr(left, "sendmmsg") else one_by_one)


@row("udp segments of 1200 B, send+receive", 1200, 48, goal=18)
@row("udp segments of 64 B, send+receive", 64, 64, goal=60)
def segments(module, exits, size, count):
    left, right = connected(module, exits)
    data, part = bytes(size * count), bytes(size)

    def one_by_one():
        for _ in range(count):
            left.send(part)
        for _ in range(count):
            right.recv(2048)

    def together():
        left.sendto_segments(data, size)
        got = 0
        while got < len(data):
            got += len(right.recv(65535))

    if not hasattr(left, "sendto_segments"):
        return timed(count, lambda: None, one_by_one)
    right.setsockopt(module.IPPROTO_UDP, module.UDP_GRO, 1)
    return timed(count, lambda: None, together)
