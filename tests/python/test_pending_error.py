"""A timeout ends a call even where a pending error keeps the socket ready without data."""

import signal
import time

import pytest
import rsocket


@pytest.fixture
def sock():
    with rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()
    with rsocket.socket(rsocket.AF_INET, rsocket.SOCK_DGRAM) as sock:
        sock.setsockopt(rsocket.IPPROTO_IP, rsocket.IP_RECVERR, 1)
        sock.settimeout(2)
        sock.connect(nobody)
        sock.send(b"is anybody there?")
        with pytest.raises(ConnectionRefusedError):
            sock.recv(8)
        yield sock


def test_recv_times_out_and_sleeps_until_then(sock):
    sock.settimeout(0.3)
    started, busy = time.monotonic(), time.thread_time()
    with pytest.raises(rsocket.timeout):
        sock.recv(8)
    assert 0.3 <= time.monotonic() - started < 5
    assert time.thread_time() - busy < 0.1


def test_a_signal_handler_that_raises_ends_the_wait(sock):
    class Alarm(Exception):
        pass

    def ring(number, frame):
        raise Alarm

    previous = signal.signal(signal.SIGALRM, ring)
    try:
        sock.settimeout(10)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        started = time.monotonic()
        with pytest.raises(Alarm):
            sock.recv(8)
        assert time.monotonic() - started < 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
