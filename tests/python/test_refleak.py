"""No call, whether it succeeds or fails, keeps references or memory."""

import contextlib
import gc
import ipaddress
import pathlib
import sys
import tracemalloc

import pytest
import rsocket

ROUNDS = 400


class Unique:
    """An argument whose references can be counted."""


def left_over(function):
    """How many bytes `ROUNDS` calls keep, beyond what the first ones keep for later."""
    for _ in range(50):
        function()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(ROUNDS):
            function()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def sockets():
    left, right = rsocket.socketpair()
    datagram = rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM)
    datagram.bind(("127.0.0.1", 0))
    six = rsocket.socket(rsocket.AF_INET6, rsocket.SOCK_DGRAM)
    for sock in (left, right, datagram, six):
        sock.setblocking(False)
    with left, right, datagram, six:
        yield {"a": left, "b": right, "d": datagram, "six": six, "name": datagram.getsockname()}


GOOD = [
    "a.send(b'x'), b.recv(10)",
    "a.sendall(b'x'), b.recv_into(bytearray(10))",
    "a.send(b'x'), b.recvfrom(10)",
    "a.send(bytes(20000)), b.recv(100000)",
    "d.sendto(b'x', name), d.recvfrom(10)",
    "d.sendto(b'x', 0, name), d.recvfrom_into(bytearray(10))",
    "a.sendmsg([b'x'], []), b.recvmsg(1, 100)",
    "a.sendmsg([b'x']), b.recvmsg_into([bytearray(3)], 100)",
    "a.getsockname(), d.getsockname(), d.fileno(), a.gettimeout(), a.getblocking()",
    "a.getsockopt(1, 8), a.getsockopt(1, 8, 4), a.setsockopt(1, 8, 65536)",
    "a.setsockopt(1, 8, b'\\0\\0\\1\\0')",
    "a.family, a.type, a.proto, a.timeout, repr(d)",
    "a.setblocking(False), a.settimeout(0.0)",
    "rsocket.socket().close()",
    "[s.close() for s in rsocket.socketpair()]",
    "a.dup().close()",
    "a.makefile('rwb').close(), a.makefile('rw').close(), a.makefile('rb', 0).close()",
    "six.connect_ex((ipaddress.IPv6Address('::1'), 9))",
]
BAD = [
    "a.recv(1)",
    "a.recv_into(bytearray(1))",
    "a.recvmsg(1, 10)",
    "a.recv('x')",
    "a.recv(-1)",
    "a.recv(1, 2, 3)",
    "a.recv(2**70)",
    "a.recv_into(b'x')",
    "a.recv_into(unique)",
    "a.recvmsg_into([unique])",
    "a.recvmsg_into([bytearray(1), unique])",
    "a.recvmsg_into(unique)",
    "a.send(unique)",
    "a.send('x')",
    "a.sendall(unique)",
    "a.sendto(unique, unique)",
    "a.sendto(b'x', unique)",
    "a.sendto(b'x', unique, unique)",
    "a.sendto(b'x', pathlib.PurePosixPath('/no/such/path'))",
    "d.sendto(b'x', ('127.0.0.1', -1))",
    "d.sendto(b'x', ('127.0.0.1', 2**40))",
    "d.sendto(b'x', ('127.0.0.1', unique))",
    "d.sendto(b'x', (unique, 1))",
    "d.sendto(b'x', ('\\ud800', 1))",
    "d.connect(('1\\0', 1))",
    "d.connect(unique)",
    "six.connect(('::1', 1, 2**20))",
    "a.sendmsg(unique)",
    "a.sendmsg([b'x', unique])",
    "a.sendmsg([b'x'], [unique])",
    "a.sendmsg([b'x'], [(1, 2, unique)])",
    "a.sendmsg([b'x'], unique)",
    "a.getsockopt(1, 999)",
    "a.getsockopt(1, 8, 9999)",
    "a.setsockopt(1, 8, unique)",
    "a.setsockopt(1, 8, None, unique)",
    "a.settimeout(unique)",
    "a.settimeout(-1)",
    "a.shutdown(unique)",
    "a.accept()",
    "a.bind(unique)",
    "a.makefile('x')",
    "a.makefile('r', 0)",
    "rsocket.socket(unique)",
    "rsocket.socket(99)",
    "rsocket.socket(fileno=unique)",
    "rsocket.socket(fileno=10**6)",
    "a.sendfile(unique)",
]


@pytest.mark.parametrize("expression", GOOD + BAD)
def test_memory(expression, sockets):
    unique = Unique()
    code = compile(expression, "<expression>", "eval")
    names = {
        **sockets,
        "rsocket": rsocket,
        "ipaddress": ipaddress,
        "pathlib": pathlib,
        "unique": unique,
    }
    expected = contextlib.nullcontext() if expression in GOOD else contextlib.suppress(Exception)

    def call():
        with expected:
            eval(code, names)

    before = sys.getrefcount(unique)
    # Far less than an object a call: the interpreter itself keeps a little now and then.
    assert left_over(call) < 8 * ROUNDS
    assert sys.getrefcount(unique) == before


def test_bad_calls_fail(sockets):
    names = {**sockets, "rsocket": rsocket, "pathlib": pathlib, "unique": Unique()}
    for expression in BAD:
        with pytest.raises((OSError, TypeError, ValueError, OverflowError, AttributeError)):
            eval(expression, names)
