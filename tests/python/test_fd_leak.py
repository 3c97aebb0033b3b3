"""Every descriptor that a call makes is closed again, whatever goes wrong on the way."""

import contextlib
import os
import socket as stock
import sys

import pytest
import rsocket


@pytest.fixture
def descriptors():
    """Fails where a test leaves more or fewer open descriptors than it found."""
    rsocket.AddressFamily  # noqa: B018 - what is imported when first asked for may open files
    before = set(os.listdir("/proc/self/fd"))
    yield
    after = set(os.listdir("/proc/self/fd"))
    # The listing itself is open while it is read.
    assert len(after - before) <= 1
    assert len(before - after) <= 1
    assert len(after) == len(before)


class Refused(Exception):
    pass


@pytest.fixture
def refuse():
    """Makes an audit event fail; hooks stay for ever, so this one is told when to act."""
    if not hasattr(refuse_event, "installed"):
        sys.addaudithook(refuse_event)
        refuse_event.installed = True
    yield lambda event: setattr(refuse_event, "event", event)
    refuse_event.event = None


def refuse_event(event, _arguments):
    if event == refuse_event.event:
        raise Refused(event)


refuse_event.event = None


@contextlib.contextmanager
def listener():
    with rsocket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_refused_constructors(descriptors, refuse):
    refuse("socket.__new__")
    with pytest.raises(Refused):
        rsocket.socket()
    with pytest.raises(Refused):
        rsocket.socketpair()
    kept = os.open("/", os.O_RDONLY)
    with pytest.raises(Refused):
        rsocket.socket(fileno=kept)
    # What was handed in is still the caller's.
    os.close(kept)


def test_refused_accept_and_dup(descriptors, refuse):
    with listener() as server, rsocket.create_connection(server.getsockname()):
        refuse("socket.__new__")
        with pytest.raises(Refused):
            server.accept()
        with pytest.raises(Refused):
            server.dup()


def test_a_subclass_whose_constructor_fails_in_dup(descriptors):
    class Picky(rsocket.socket):
        def __init__(self, *arguments, fileno=None):
            if fileno is not None:
                raise Refused
            super().__init__(*arguments)

    with Picky() as sock, pytest.raises(Refused):
        sock.dup()


def test_default_timeouts_that_cannot_be_set(descriptors):
    rsocket.setdefaulttimeout(1)
    try:
        kept = os.open("/", os.O_RDONLY)
        with pytest.raises(OSError, match="Socket operation on non-socket"):
            rsocket.socket(fileno=kept)
        os.close(kept)
        left, right = rsocket.socketpair()
        left.close()
        right.close()
    finally:
        rsocket.setdefaulttimeout(None)


def test_failed_constructors(descriptors):
    for arguments in [(99,), (stock.AF_INET, 99), (stock.AF_INET, stock.SOCK_STREAM, 17)]:
        with pytest.raises(OSError, match=r"not supported|Invalid argument"):
            rsocket.socket(*arguments)
    with pytest.raises(OSError, match="not supported"):
        rsocket.socketpair(stock.AF_INET)


def test_received_descriptors_that_nobody_sees(descriptors, monkeypatch):
    left, right = rsocket.socketpair()
    with left, right:
        rsocket.send_fds(left, [b"x"], [0, 1, 2])
        # A short buffer for control messages: the kernel gives what fits, and the rest is lost.
        _data, messages, flags, _address = right.recvmsg(1, rsocket.CMSG_LEN(8))
        assert flags & stock.MSG_CTRUNC
        ((_level, _type, numbers),) = messages
        for number in memoryview(numbers).cast("i"):
            os.close(number)


def test_every_way_of_closing(descriptors):
    rsocket.socket().close()
    with rsocket.socket():
        pass
    os.close(rsocket.socket().detach())
    sock = rsocket.socket()
    rsocket.close(sock.detach())
    left, right = rsocket.socketpair()
    file = left.makefile("rwb")
    left.close()
    right.close()
    assert left.fileno() >= 0
    file.close()
    assert left.fileno() == -1


def test_accepted_and_duplicated_sockets_are_not_inheritable(descriptors):
    with listener() as server, rsocket.create_connection(server.getsockname()) as client:
        accepted, _address = server.accept()
        with accepted, client.dup() as second:
            assert not os.get_inheritable(second.fileno())
            assert not accepted.get_inheritable()
            assert not server.get_inheritable()
            accepted.set_inheritable(True)
            assert os.get_inheritable(accepted.fileno())


def test_a_file_that_cannot_be_made(descriptors):
    with rsocket.socket() as sock:
        with pytest.raises(LookupError):
            sock.makefile("r", encoding="no such encoding")
        with pytest.raises(ValueError, match="unbuffered"):
            sock.makefile("r", 0)
