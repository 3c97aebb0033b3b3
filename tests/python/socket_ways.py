"""Ways in which sockets are made, used and dropped; each takes the module to do it with."""

import os
import threading
import weakref
from functools import cache
from types import SimpleNamespace

import pytest


class Refused(Exception):
    pass


@cache
def subclasses(module):
    """Classes on the module's socket that go about their end in ways of their own."""

    class Plain(module.socket):
        pass

    class Slotted(module.socket):
        __slots__ = ("name",)

    class OwnArguments(module.socket):
        def __init__(self, name, *, timeout):
            super().__init__(module.AF_UNIX, module.SOCK_DGRAM)
            self.name = name
            self.settimeout(timeout)

    class FailsEarly(module.socket):
        def __init__(self):
            raise Refused

    class FailsLate(module.socket):
        def __init__(self):
            super().__init__()
            self.setblocking(False)
            raise Refused

    class ClosesItself(module.socket):
        def __del__(self):
            self.close()

    class FailsInTheEnd(module.socket):
        def __del__(self):
            self.close()
            raise Refused

    class ComesBack(module.socket):
        saved = []  # noqa: RUF012 - one list for all of them

        def __del__(self):
            self.saved.append(self)

    return SimpleNamespace(**{name: cls for name, cls in locals().items() if name != "module"})


def closed(m):
    m.socket().close()


def left_by_with(m):
    with m.socket() as sock:
        sock.setsockopt(m.SOL_SOCKET, m.SO_REUSEADDR, 1)


def left_by_an_exception(m):
    try:
        with m.socket() as sock:
            sock.getpeername()
    except OSError:
        pass


def closed_pair(m):
    left, right = m.socketpair()
    left.sendall(b"hello")
    assert right.recv(10) == b"hello"
    left.close()
    right.close()


def dropped(m):
    m.socket()


def dropped_pair(m):
    left, right = m.socketpair()
    left.sendmsg([b"he", b"llo"])
    assert right.recv_into(bytearray(10)) == 5


def dropped_while_a_call_fails(m):
    with pytest.raises(BlockingIOError):
        drop_while_blocked(m)


def drop_while_blocked(m):
    sock = m.socket(m.AF_UNIX, m.SOCK_DGRAM)
    sock.setblocking(False)
    sock.recv(1)


def detached(m):
    os.close(m.socket().detach())


def closed_by_number(m):
    m.close(m.socket().detach())


def given_a_number(m):
    m.socket(m.AF_INET, m.SOCK_STREAM, 0, m.socket().detach()).close()


def dropped_with_a_given_number(m):
    m.socket(fileno=m.socket().detach())


def duplicated(m):
    with m.socket() as sock, sock.dup() as second, m.fromfd(sock.fileno(), 2, 1) as third:
        assert len({sock.fileno(), second.fileno(), third.fileno()}) == 3


def accepted(m):
    with m.socket(m.AF_UNIX) as server, m.socket(m.AF_UNIX) as client:
        server.bind(b"")
        server.listen()
        client.connect(server.getsockname())
        connection, _address = server.accept()
        with connection:
            connection.sendall(b"hello")
            assert client.recv(10) == b"hello"


def accepted_and_dropped(m):
    with m.socket(m.AF_UNIX) as server, m.socket(m.AF_UNIX) as client:
        server.bind(b"")
        server.listen()
        client.connect(server.getsockname())
        server.accept()


def passed(m):
    with m.socket() as sock:
        left, right = m.socketpair()
        with left, right:
            m.send_fds(left, [b"x"], [sock.fileno()])
            _data, (number,), _flags, _address = m.recv_fds(right, 1, 1)
            m.socket(fileno=number).close()


def outlived_by_its_file(m):
    left, right = m.socketpair()
    with right, left.makefile("rwb") as file:
        left.close()
        file.write(b"hello")
        file.flush()
        assert right.recv(10) == b"hello"


def dropped_before_its_file(m):
    left, right = m.socketpair()
    with right:
        file = left.makefile("rb", 0)
        del left
        file.close()


def dropped_with_its_file(m):
    m.socket().makefile("rw")


def in_a_list_with_itself(m):
    circle = [m.socket()]
    circle.append(circle)


def holding_itself(m):
    sock = subclasses(m).Plain()
    sock.itself = sock


def holding_its_method(m):
    sock = subclasses(m).Plain(m.AF_UNIX)
    sock.receive = sock.recv


def holding_each_other(m):
    left, right = (subclasses(m).Plain(fileno=sock.detach()) for sock in m.socketpair())
    left.peer, right.peer = right, left
    left.send(b"hello")
    assert right.recv(10) == b"hello"


def holding_the_error_that_holds_it(m):
    sock = subclasses(m).Plain()
    try:
        sock.getpeername()
    except OSError as error:
        sock.error = error


def closed_in_a_cycle(m):
    with subclasses(m).Plain() as sock:
        sock.itself = sock


def with_slots(m):
    sock = subclasses(m).Slotted()
    sock.name = "name"
    sock.close()


def dropped_with_slots(m):
    subclasses(m).Slotted().name = "name"


def with_arguments_of_its_own(m):
    with subclasses(m).OwnArguments("name", timeout=1.5) as sock:
        assert (sock.name, sock.timeout) == ("name", 1.5)


def dropped_with_arguments_of_its_own(m):
    subclasses(m).OwnArguments("name", timeout=1.5)


def failing_in_init_before_it_has_a_descriptor(m):
    with pytest.raises(Refused):
        subclasses(m).FailsEarly()


def failing_in_init_with_a_descriptor(m):
    with pytest.raises(Refused):
        subclasses(m).FailsLate()


def failing_in_the_constructor(m):
    for arguments in ((99,), ("x",), (m.AF_INET, m.SOCK_STREAM, 0, 10**6), (-1, -1, -1, "x")):
        with pytest.raises((OSError, TypeError)):
            m.socket(*arguments)


def without_init(m):
    assert m.socket.__new__(m.socket).fileno() == -1


def closing_itself(m):
    subclasses(m).ClosesItself()


def closing_itself_in_a_cycle(m):
    sock = subclasses(m).ClosesItself()
    sock.itself = sock


def coming_back_from_its_end(m):
    cls = subclasses(m).ComesBack
    cls()
    with cls.saved.pop() as sock:
        sock.setblocking(False)


def seen_by_a_weak_reference(m):
    ended = []
    sock = m.socket()
    watch = weakref.ref(sock, ended.append)
    sock.close()
    del sock
    assert ended == [watch]


def dropped_in_another_thread(m):
    held = [m.socket()]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()


def not_to_be_pickled(m):
    with m.socket() as sock, pytest.raises(TypeError):
        sock.__reduce_ex__(2)


# How many sockets each way makes, and how many of these nobody closes.
WAYS = {
    closed: (1, 0),
    left_by_with: (1, 0),
    left_by_an_exception: (1, 0),
    closed_pair: (2, 0),
    dropped: (1, 1),
    dropped_pair: (2, 2),
    dropped_while_a_call_fails: (1, 1),
    detached: (1, 0),
    closed_by_number: (1, 0),
    given_a_number: (2, 0),
    dropped_with_a_given_number: (2, 1),
    duplicated: (3, 0),
    accepted: (3, 0),
    accepted_and_dropped: (3, 1),
    passed: (4, 0),
    outlived_by_its_file: (2, 0),
    dropped_before_its_file: (2, 1),
    dropped_with_its_file: (1, 1),
    in_a_list_with_itself: (1, 1),
    holding_itself: (1, 1),
    holding_its_method: (1, 1),
    holding_each_other: (4, 2),
    holding_the_error_that_holds_it: (1, 1),
    closed_in_a_cycle: (1, 0),
    with_slots: (1, 0),
    dropped_with_slots: (1, 1),
    with_arguments_of_its_own: (1, 0),
    dropped_with_arguments_of_its_own: (1, 1),
    failing_in_init_before_it_has_a_descriptor: (1, 0),
    failing_in_init_with_a_descriptor: (1, 1),
    failing_in_the_constructor: (4, 0),
    without_init: (1, 0),
    closing_itself: (1, 0),
    closing_itself_in_a_cycle: (1, 0),
    coming_back_from_its_end: (1, 0),
    seen_by_a_weak_reference: (1, 0),
    dropped_in_another_thread: (1, 1),
    not_to_be_pickled: (1, 0),
}
