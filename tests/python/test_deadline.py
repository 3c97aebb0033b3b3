"""`with sock.deadline(seconds)`: one deadline over the whole block, and the timeout comes back."""

import pickle
import threading
import time

import pytest
import rsocket


@pytest.fixture
def pair():
    left, right = rsocket.socketpair()
    with left, right:
        yield left, right


def flags(sock):
    import fcntl
    import os

    return fcntl.fcntl(sock.fileno(), fcntl.F_GETFL) & os.O_NONBLOCK


@pytest.mark.parametrize("timeout", [None, 0.0, 60.0])
def test_one_deadline_over_many_calls(pair, timeout):
    left, right = pair
    right.settimeout(timeout)
    before = flags(right)
    stop = threading.Event()

    def drip():
        while not stop.wait(0.02):
            left.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    begin = time.monotonic()
    received = 0
    with pytest.raises(rsocket.timeout):
        with right.deadline(0.3):
            while True:
                received += len(right.recv(1))
    took = time.monotonic() - begin
    stop.set()
    thread.join()
    assert 0.29 < took < 5
    assert received > 2
    assert right.gettimeout() == timeout
    assert flags(right) == before


def test_accept_and_connect():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        begin = time.monotonic()
        with server.deadline(0.1):
            with pytest.raises(rsocket.timeout):
                server.accept()
        assert 0.09 < time.monotonic() - begin < 5
        with rsocket.socket() as client, client.deadline(10), server.deadline(10):
            client.connect(server.getsockname())
            connection, _peer = server.accept()
            connection.close()
            assert connection.gettimeout() is None


def test_what_is_there_is_still_received(pair):
    left, right = pair
    left.send(b"there")
    with right.deadline(0) as deadline:
        assert deadline.remaining() == 0.0
        assert right.recv(8) == b"there"
        with pytest.raises(rsocket.timeout):
            right.recv(8)


def test_the_remaining_time(pair):
    left, _right = pair
    block = left.deadline(10)
    assert block.remaining() is None
    with block as deadline:
        first = deadline.remaining()
        time.sleep(0.01)
        assert 9 < deadline.remaining() < first <= 10
        assert 9 < left.gettimeout() <= 10
        assert left.getblocking()
    assert deadline.remaining() is None
    with left.deadline(None) as deadline:
        assert deadline.remaining() is None
        assert left.gettimeout() is None


def test_the_earlier_of_nested_deadlines_counts(pair):
    left, right = pair
    with left.deadline(0.05):
        with left.deadline(60) as inner:
            assert inner.remaining() <= 0.05
            with pytest.raises(rsocket.timeout):
                left.recv(1)
        with pytest.raises(rsocket.timeout):
            left.recv(1)
    with right.deadline(60) as outer:
        with right.deadline(0.01), pytest.raises(rsocket.timeout):
            right.recv(1)
        assert outer.remaining() > 50
        with right.deadline(None) as inner:
            assert 50 < right.gettimeout() <= 60
            assert 50 < inner.remaining() <= 60
    assert right.gettimeout() is None


def test_a_deadline_may_be_used_again(pair):
    left, _right = pair
    block = left.deadline(5)
    for _ in range(2):
        with block:
            with pytest.raises(RuntimeError):
                block.__enter__()
            assert left.gettimeout() <= 5
        assert left.gettimeout() is None


def test_closing_inside(pair):
    left, right = pair
    with left.deadline(5):
        left.close()
    with right.deadline(5):
        number = right.detach()
    rsocket.close(number)
    with pytest.raises(OSError):
        left.deadline(5).__enter__()


def test_a_duplicate_has_a_timeout_of_its_own(pair):
    left, _right = pair
    with left.deadline(0.05):
        with left.dup() as duplicate:
            assert 0 < duplicate.gettimeout() <= 0.05
            time.sleep(0.06)
            assert 0 < duplicate.gettimeout() <= 0.05
            assert left.gettimeout() < 1e-6


def test_a_timeout_set_inside_holds_until_the_end_of_the_block(pair):
    left, _right = pair
    with left.deadline(60):
        left.settimeout(0.01)
        with pytest.raises(rsocket.timeout):
            left.recv(1)
    assert left.gettimeout() is None


@pytest.mark.parametrize("seconds", [-1, float("nan"), "5", 2**70])
def test_bad_seconds(pair, seconds):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        pair[0].deadline(seconds)


def test_very_long_deadlines(pair):
    left, right = pair
    right.send(b"x")
    with left.deadline(9_000_000_000) as deadline:
        assert deadline.remaining() > 8_000_000_000
        assert left.recv(1) == b"x"


def test_no_pickling(pair):
    with pytest.raises(TypeError):
        pickle.dumps(pair[0].deadline(1))


def test_exceptions_pass(pair):
    with pytest.raises(KeyError):
        with pair[0].deadline(1):
            raise KeyError
    assert pair[0].gettimeout() is None
