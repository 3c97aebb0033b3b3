"""Signals (PEP 475): handlers run, then the call goes on with the time that is left."""

import contextlib
import errno
import os
import signal
import threading
import time

import pytest
import rsocket

INTERVAL = 0.1


@contextlib.contextmanager
def alarms(handler, interval=INTERVAL):
    """Interrupts this thread again and again."""
    previous = signal.signal(signal.SIGALRM, lambda *_: handler())
    signal.setitimer(signal.ITIMER_REAL, interval, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


class Stop(Exception):
    pass


def stop():
    raise Stop


def full_pair():
    """A pair on which no byte more can be sent."""
    left, right = rsocket.socketpair()
    left.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            left.send(bytes(65536))
    left.setblocking(True)
    return left, right


def sleeping_calls():
    left, right = rsocket.socketpair()
    yield "recv", left, lambda: left.recv(1)
    yield "recv_into", left, lambda: left.recv_into(bytearray(1))
    yield "recvfrom", left, lambda: left.recvfrom(1)
    yield "recvmsg", left, lambda: left.recvmsg(1)
    full, other = full_pair()
    yield "send", full, lambda: full.send(b"x")
    yield "sendall", full, lambda: full.sendall(bytes(1 << 20))
    yield "sendmsg", full, lambda: full.sendmsg([b"x"])
    listener = rsocket.create_server(("127.0.0.1", 0))
    yield "accept", listener, lambda: listener.accept()
    for sock in (left, right, full, other, listener):
        sock.close()


def by_name(wanted):
    calls = sleeping_calls()
    for name, sock, call in calls:
        if name == wanted:
            return sock, call, calls
    raise LookupError(wanted)


NAMES = ["recv", "recv_into", "recvfrom", "recvmsg", "send", "sendall", "sendmsg", "accept"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("timeout", [None, 10])
def test_an_exception_of_a_handler_ends_the_call(name, timeout):
    sock, call, calls = by_name(name)
    sock.settimeout(timeout)
    started = time.monotonic()
    with alarms(stop), pytest.raises(Stop):
        call()
    assert time.monotonic() - started < 5
    list(calls)


@pytest.mark.parametrize("name", NAMES)
def test_interruptions_do_not_make_a_timeout_longer(name):
    sock, call, calls = by_name(name)
    sock.settimeout(0.5)
    runs = []
    started = time.monotonic()
    with alarms(lambda: runs.append(1)), pytest.raises(rsocket.timeout):
        call()
    assert 0.45 <= time.monotonic() - started < 5
    assert len(runs) >= 2
    list(calls)


@pytest.mark.parametrize("timeout", [None, 10])
def test_a_call_goes_on_after_a_handler(timeout):
    left, right = rsocket.socketpair()
    with left, right:
        left.settimeout(timeout)
        runs = []

        def handler():
            runs.append(1)
            if len(runs) == 3:
                right.send(b"now")

        with alarms(handler):
            assert left.recv(10) == b"now"
        assert len(runs) >= 3


@pytest.mark.parametrize("timeout", [None, 10])
def test_a_number_that_a_handler_gave_away_is_not_used(timeout):
    left, right = rsocket.socketpair()
    left.settimeout(timeout)
    reused = []

    def handler():
        if not reused:
            number = left.fileno()
            left.close()
            # The number names a file now that must not be read from.
            opened, _other = os.pipe()
            os.write(_other, b"secret")
            if opened != number:
                os.dup2(opened, number)
            reused.extend({opened, number, _other})

    try:
        with alarms(handler), pytest.raises(OSError) as caught:
            left.recv(10)
        assert caught.value.errno == errno.EBADF
    finally:
        for number in reused:
            os.close(number)
        right.close()


def test_signals_interrupt_sendall_between_two_parts():
    left, right = rsocket.socketpair()
    received = []

    def reader():
        while len(received) < 1 << 21:
            received.extend(right.recv(65536))
            time.sleep(0.001)

    with left, right:
        left.settimeout(30)
        runs = []
        thread = threading.Thread(target=reader)
        thread.start()
        with alarms(lambda: runs.append(1), 0.02):
            left.sendall(bytes(1 << 21))
        thread.join()
        assert len(received) == 1 << 21


def test_connect_is_waited_for_and_not_repeated():
    # A listener whose queue is full lets a connect wait: only then can a signal interrupt it.
    with rsocket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(8):
                sock = rsocket.socket()
                sock.setblocking(False)
                sock.connect_ex(listener.getsockname())
                waiting.append(sock)
            with rsocket.socket() as late:
                runs = []
                late.settimeout(0.5)
                with alarms(lambda: runs.append(1)), pytest.raises(rsocket.timeout):
                    late.connect(listener.getsockname())
                assert len(runs) >= 2
        finally:
            for sock in waiting:
                sock.close()
