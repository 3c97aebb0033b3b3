"""recvexactly() and readuntil() bring what was asked for, and lose nothing when they cannot."""

import asyncio
import errno
import threading
import time

import pytest
import rsocket


@pytest.fixture
def pair():
    left, right = rsocket.socketpair()
    with left, right:
        left.settimeout(10)
        right.settimeout(10)
        yield left, right


def in_pieces(sock, pieces, close=False):
    def run():
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(0.01)
        if close:
            sock.shutdown(rsocket.SHUT_WR)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("timeout", [None, 10])
def test_what_comes_in_pieces_is_whole(pair, timeout):
    left, right = pair
    right.settimeout(timeout)
    thread = in_pieces(left, [b"a", b"bc", b"def", b"ghij", b"rest"])
    assert right.recvexactly(10) == b"abcdefghij"
    buffer = bytearray(6)
    right.recvexactly_into(buffer, 4)
    assert buffer == b"rest\0\0"
    thread.join()


def test_large_reads(pair):
    left, right = pair
    data = bytes(range(256)) * 20_000
    thread = threading.Thread(target=left.sendall, args=(data,))
    thread.start()
    assert right.recvexactly(len(data)) == data
    thread.join()


def test_nothing_was_asked_for(pair):
    _left, right = pair
    assert right.recvexactly(0) == b""
    right.recvexactly_into(bytearray())


@pytest.mark.parametrize("receive", ["recvexactly", "recvexactly_into", "readuntil"])
def test_the_end_of_the_stream(pair, receive):
    left, right = pair
    left.sendall(b"abc")
    left.shutdown(rsocket.SHUT_WR)
    argument = {"recvexactly": 10, "recvexactly_into": bytearray(10), "readuntil": b"\n"}[receive]
    with pytest.raises(asyncio.IncompleteReadError) as raised:
        getattr(right, receive)(argument)
    assert isinstance(raised.value, EOFError)
    assert raised.value.partial == b"abc"
    assert raised.value.expected == (None if receive == "readuntil" else 10)


@pytest.mark.parametrize("receive", ["recvexactly", "recvexactly_into", "readuntil"])
@pytest.mark.parametrize("timeout", [0, 0.05])
def test_what_came_before_a_timeout_is_not_lost(pair, receive, timeout):
    left, right = pair
    right.settimeout(timeout)
    left.sendall(b"abc")
    argument = {"recvexactly": 10, "recvexactly_into": bytearray(10), "readuntil": b"\n"}[receive]
    with pytest.raises(OSError) as raised:
        getattr(right, receive)(argument)
    assert isinstance(raised.value, rsocket.timeout if timeout else BlockingIOError)
    assert raised.value.partial == b"abc"


def test_the_timeout_covers_the_whole(pair):
    left, right = pair
    right.settimeout(0.2)
    stop = threading.Event()

    def drip():
        while not stop.wait(0.02):
            left.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(rsocket.timeout) as raised:
        right.recvexactly(10_000)
    took = time.monotonic() - begin
    stop.set()
    thread.join()
    assert 0.19 < took < 5
    assert set(raised.value.partial) == set(b"x")


def test_lines(pair):
    left, right = pair
    left.sendall(b"one\ntwo\n\nfour\nrest")
    assert [right.readuntil() for _ in range(4)] == [b"one\n", b"two\n", b"\n", b"four\n"]
    assert right.recv(100) == b"rest"


@pytest.mark.parametrize("separator", [b"\r\n", b"abab", b"\0" * 9, bytearray(b"--x")])
def test_separators_that_come_in_pieces(pair, separator):
    left, right = pair
    text = b"head aab a - \r\r " + bytes(separator) + b"tail"
    thread = in_pieces(left, [text[i : i + 1] for i in range(len(text))])
    assert right.readuntil(separator) == text[: -len(b"tail")]
    assert right.recvexactly(4) == b"tail"
    thread.join()


def test_a_separator_across_chunks(pair):
    left, right = pair
    for before in range(8 * 1024 - 3, 8 * 1024 + 3):
        left.sendall(b"x" * before + b"\r\nnext\r\n")
        assert right.readuntil(b"\r\n") == b"x" * before + b"\r\n"
        assert right.readuntil(separator=b"\r\n", limit=6) == b"next\r\n"


def test_a_line_beyond_the_limit(pair):
    left, right = pair
    left.sendall(b"0123456789\n")
    with pytest.raises(asyncio.LimitOverrunError) as raised:
        right.readuntil(limit=4)
    assert raised.value.partial == b"0123"
    assert raised.value.consumed == 4
    assert right.readuntil(limit=7) == b"456789\n"


def test_messages_are_no_stream():
    for kind in (rsocket.SOCK_DGRAM, rsocket.SOCK_SEQPACKET):
        left, right = rsocket.socketpair(rsocket.AF_UNIX, kind)
        with left, right:
            left.send(b"kept")
            with pytest.raises(ValueError, match="SOCK_STREAM"):
                right.recvexactly(2)
            with pytest.raises(ValueError, match="SOCK_STREAM"):
                right.readuntil(b"e")
            assert right.recv(8) == b"kept"


def test_bad_arguments(pair):
    _left, right = pair
    for call in (
        lambda: right.recvexactly(-1),
        lambda: right.recvexactly_into(bytearray(4), -1),
        lambda: right.recvexactly_into(bytearray(4), 5),
        lambda: right.readuntil(b""),
        lambda: right.readuntil(b"x", 0),
        lambda: right.readuntil(b"x", -1),
    ):
        with pytest.raises(ValueError):
            call()
    for call in (
        lambda: right.recvexactly(),
        lambda: right.recvexactly(1.5),
        lambda: right.recvexactly_into(b"constant"),
        lambda: right.readuntil("text"),
    ):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(MemoryError):
        right.recvexactly(2**62)
    right.close()
    with pytest.raises(OSError) as raised:
        right.recvexactly(1)
    assert raised.value.errno == errno.EBADF
