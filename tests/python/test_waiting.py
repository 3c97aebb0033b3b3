"""Timeouts end calls in time, and a call that waits lets other threads run."""

import contextlib
import os
import threading
import time

import pytest
import rsocket


@pytest.fixture
def pair():
    left, right = rsocket.socketpair()
    with left, right:
        yield left, right


@contextlib.contextmanager
def ends_within(least, most):
    started = time.monotonic()
    yield
    assert least <= time.monotonic() - started < most


CALLS = {
    "recv": lambda sock: sock.recv(1),
    "recv_into": lambda sock: sock.recv_into(bytearray(1)),
    "recvfrom": lambda sock: sock.recvfrom(1),
    "recvfrom_into": lambda sock: sock.recvfrom_into(bytearray(1)),
    "recvmsg": lambda sock: sock.recvmsg(1),
    "recvmsg_into": lambda sock: sock.recvmsg_into([bytearray(1)]),
    "large recv": lambda sock: sock.recv(1 << 20),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_timeout_raises_timeouterror_without_an_errno(pair, name):
    pair[0].settimeout(0.2)
    with ends_within(0.19, 5), pytest.raises(rsocket.timeout, match=r"^timed out$") as caught:
        CALLS[name](pair[0])
    assert caught.value.errno is None


@pytest.mark.parametrize("name", CALLS)
def test_a_nonblocking_call_raises_blockingioerror(pair, name):
    pair[0].settimeout(0)
    with ends_within(0, 5), pytest.raises(BlockingIOError) as caught:
        CALLS[name](pair[0])
    assert caught.value.args == (11, os.strerror(11))


@pytest.mark.parametrize("name", CALLS)
def test_data_that_is_there_is_taken_at_once(pair, name):
    pair[1].send(b"x")
    pair[0].settimeout(1e-9)
    CALLS[name](pair[0])


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("timeout", [None, 30])
def test_data_that_comes_late_is_taken_when_it_comes(pair, name, timeout):
    pair[0].settimeout(timeout)
    timer = threading.Timer(0.2, pair[1].send, [b"x"])
    timer.start()
    with ends_within(0.15, 10):
        CALLS[name](pair[0])
    timer.join()


@pytest.mark.parametrize("timeout", [None, 30])
def test_other_threads_run_while_a_call_waits(pair, timeout):
    pair[0].settimeout(timeout)
    thread = threading.Thread(target=pair[0].recv, args=[1])
    thread.start()
    count = sum(1 for _ in range(100_000))
    pair[1].send(b"x")
    thread.join(10)
    assert not thread.is_alive()
    assert count == 100_000


def test_sendall_has_one_timeout_over_all_parts(pair):
    left, right = pair
    left.settimeout(0.5)
    stop = threading.Event()

    def slow_reader():
        while not stop.wait(0.05):
            right.recv(1000)

    thread = threading.Thread(target=slow_reader)
    thread.start()
    try:
        with ends_within(0.45, 5), pytest.raises(rsocket.timeout):
            left.sendall(bytes(1 << 24))
    finally:
        stop.set()
        thread.join()


def test_accept_times_out_and_a_nonblocking_one_does_not_wait():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        with ends_within(0.19, 5), pytest.raises(rsocket.timeout):
            server.accept()
        server.setblocking(False)
        with ends_within(0, 5), pytest.raises(BlockingIOError):
            server.accept()


def test_accepted_sockets_have_the_default_timeout(monkeypatch):
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        for default in (None, 2.5, 0.0):
            with rsocket.create_connection(server.getsockname()):
                rsocket.setdefaulttimeout(default)
                try:
                    accepted, _address = server.accept()
                finally:
                    rsocket.setdefaulttimeout(None)
                with accepted:
                    assert accepted.gettimeout() == default
                    assert os.get_blocking(accepted.fileno()) is (default is None)


def test_a_timeout_holds_where_somebody_else_made_the_socket_blocking(pair):
    # Duplicates share O_NONBLOCK: it may be cleared behind the back of a socket with a timeout.
    left, right = pair
    for timeout, expected in ((0.2, rsocket.timeout), (0, BlockingIOError)):
        left.settimeout(timeout)
        os.set_blocking(left.fileno(), True)
        with ends_within(0, 5), pytest.raises(expected):
            left.recv(1)
        with ends_within(0, 5), pytest.raises(expected):
            left.sendall(bytes(1 << 22))
        right.recv(1 << 22)


def test_accept_does_not_stop_the_world_where_somebody_made_the_listener_blocking():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        os.set_blocking(server.fileno(), True)
        with ends_within(0, 5), pytest.raises(rsocket.timeout):
            server.accept()
        server.setblocking(False)
        os.set_blocking(server.fileno(), True)
        accepted = []
        thread = threading.Thread(target=lambda: accepted.append(server.accept()[0]))
        thread.start()
        # It sleeps in accept(2), as the standard library's would: this thread runs on.
        with rsocket.create_connection(server.getsockname()):
            thread.join(10)
        assert not thread.is_alive()
        accepted[0].close()


def test_connect_times_out():
    with rsocket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(8):
                sock = rsocket.socket()
                sock.setblocking(False)
                assert sock.connect_ex(listener.getsockname()) == 115
                waiting.append(sock)
            with rsocket.socket() as late:
                late.settimeout(0.2)
                with ends_within(0.19, 5), pytest.raises(rsocket.timeout):
                    late.connect(listener.getsockname())
            with rsocket.socket() as late:
                late.settimeout(0.2)
                assert late.connect_ex(listener.getsockname()) == 11
        finally:
            for sock in waiting:
                sock.close()


def test_timeouts_do_not_shorten_what_somebody_else_waits_for(pair):
    """Each call has its own deadline: a second thread's timeout is not the first one's."""
    left, right = pair
    second = left.dup()
    with second:
        left.settimeout(5)
        second.settimeout(0.2)
        result = []
        thread = threading.Thread(target=lambda: result.append(left.recv(1)))
        thread.start()
        with pytest.raises(rsocket.timeout):
            second.recv(1)
        right.send(b"x")
        thread.join(10)
        assert result == [b"x"]
