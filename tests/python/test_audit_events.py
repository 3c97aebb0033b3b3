"""Audit events have the names and arguments of the interpreter's own (PEP 578)."""

import contextlib
import socket as stock
import sys

import pytest
import rsocket
from both import shown

recorded = []
recording = False


def record(event, arguments):
    if recording and event.startswith("socket."):
        recorded.append((event, shown(arguments)))


sys.addaudithook(record)


def events(function, module):
    global recording
    recorded.clear()
    recording = True
    try:
        function(module)
    except OSError:
        pass
    finally:
        recording = False
    return list(recorded)


def construct(module):
    module.socket().close()
    module.socket(module.AF_UNIX, module.SOCK_DGRAM).close()
    module.socket(-1, -1, -1).close()


def adopt(module):
    module.socket(fileno=stock.socket(stock.AF_UNIX).detach()).close()


def pair(module):
    left, right = module.socketpair()
    left.close()
    right.close()


def accept(module):
    with module.socket() as listener, module.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.connect(listener.getsockname())
        accepted, _address = listener.accept()
        with accepted, accepted.dup() as copy:
            client.send(b"x")
            copy.recv(1)
            copy.setsockopt(module.SOL_SOCKET, module.SO_KEEPALIVE, 1)
            copy.shutdown(module.SHUT_RDWR)


def datagrams(module):
    left, right = module.socketpair(module.AF_UNIX, module.SOCK_DGRAM)
    with left, right:
        for call in (
            lambda: left.sendto(b"", "/no/such/path"),
            lambda: left.sendto(b"", 0, b"\0no such name"),
            lambda: left.sendmsg([b""]),
            lambda: left.sendmsg([b""], [], 0, "/no/such/path"),
            lambda: left.connect("/no/such/path"),
            lambda: left.connect_ex("/no/such/path"),
        ):
            with contextlib.suppress(OSError):
                call()


def without_numbers(events):
    """Ports and descriptors are other ones each time."""
    import re

    return [re.sub(r"'\d+'|\d{4,}", "#", repr(event)) for event in events]


@pytest.mark.parametrize("function", [construct, adopt, pair, accept, datagrams])
def test_events(function):
    ours, theirs = events(function, rsocket), events(function, stock)
    if function is adopt:
        # The stock socket that is adopted raises its own event first.
        ours, theirs = ours[1:], theirs[1:]
    assert without_numbers(ours) == without_numbers(theirs)
    assert ours


def test_bad_addresses_raise_no_event():
    def bad(module):
        with module.socket() as sock:
            for address in (None, ("127.0.0.1",), ("127.0.0.1", -1)):
                with contextlib.suppress(TypeError, OverflowError):
                    sock.connect(address)

    assert [event for event, _arguments in events(bad, rsocket)] == ["socket.__new__"]
