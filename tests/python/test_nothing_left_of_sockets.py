"""100,000 sockets made, used and dropped in every way leave no descriptor, reference or memory.

Those that nobody closed are announced as the interpreter's own module announces them.
"""

import ctypes
import gc
import itertools
import os
import re
import socket as stock
import sys
import threading
import warnings
import weakref
from functools import cache
from types import SimpleNamespace

import both
import pytest
import rsocket

SOCKETS = 100_000


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


class CountedWarnings(warnings.catch_warnings):
    """Counts the ResourceWarnings and keeps nothing of them; any other warning is an error."""

    def __enter__(self):
        super().__enter__()
        self.count = 0
        warnings.simplefilter("error")
        warnings.simplefilter("always", ResourceWarning)
        warnings.showwarning = self._add
        return self

    def _add(self, message, *_where):
        assert str(message).startswith("unclosed <")
        self.count += 1


class MallocState(ctypes.Structure):
    """man 3 mallinfo: `struct mallinfo2`."""

    NAMES = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in NAMES.split()]


def bytes_in_use():
    """What the C library's allocator has given out to anybody, Rust included."""
    function = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if function is None:
        pytest.skip("the C library does not say how much memory is in use")
    function.restype = MallocState
    state = function()
    return state.uordblks + state.hblkhd


class State:
    """What would grow if anything of a socket stayed."""

    def __init__(self):
        gc.collect()
        self.descriptors = len(os.listdir("/proc/self/fd"))
        self.references = [sys.getrefcount(thing) for thing in self._shared()]
        self.objects = len(gc.get_objects())
        self.blocks = sys.getallocatedblocks()
        self.bytes = bytes_in_use()

    @staticmethod
    def _shared():
        names = ("socket", "SocketIO", "AF_INET", "AF_UNIX", "SOCK_STREAM", "SOCK_DGRAM")
        return [getattr(rsocket, name) for name in names] + list(vars(subclasses(rsocket)).values())


def check(way, made, unclosed):
    """Fails where something stays of the sockets that many rounds of the way make."""
    rounds = -(-SOCKETS // len(WAYS) // made)
    with CountedWarnings() as warned:
        for _ in range(200):
            way(rsocket)
        before = State()
        warned.count = 0
        for _ in range(rounds):
            way(rsocket)
        after = State()
    assert warned.count == rounds * unclosed, "warnings"
    assert after.descriptors == before.descriptors, "descriptors"
    assert after.references == before.references, "references"
    # A little comes and goes by itself; an object or a block for each tenth socket is a leak.
    few = rounds * made // 10
    assert after.objects - before.objects < few, "objects"
    assert after.blocks - before.blocks < few, "blocks"
    assert after.bytes - before.bytes < 16 * few, "bytes"
    return rounds * made


def test_a_hundred_thousand_sockets():
    assert sum(check(way, *numbers) for way, numbers in WAYS.items()) >= SOCKETS


def test_what_stays_is_noticed():
    kept, opened, rounds = [], [], itertools.count(1)
    allocate = ctypes.CDLL(None).malloc

    def keep_the_socket(m):
        with m.socket() as sock:
            kept.append(sock)

    def keep_few_descriptors(m):
        descriptor = m.socket().detach()
        if next(rounds) % 250:
            os.close(descriptor)
        else:
            opened.append(descriptor)

    ways = {
        "warnings": dropped,
        "descriptors": keep_few_descriptors,
        "references": keep_the_socket,
        "objects": lambda m: kept.append([]),
        "blocks": lambda m: kept.append(object()),
        "bytes": lambda m: allocate(50),
    }
    for what, way in ways.items():
        with pytest.raises(AssertionError, match=what):
            check(way, 1, 0)
        kept.clear()
    for descriptor in opened:
        os.close(descriptor)


def announced(module, way):
    """The texts of the warnings, and whether each names its source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        way(module)
        gc.collect()
    for warning in caught:
        assert warning.category is ResourceWarning
        assert isinstance(warning.source, module.socket)
    texts = sorted(both._text(str(warning.message)) for warning in caught)
    # man 7 unix, autobind: the kernel chooses five hexadecimal digits.
    return [re.sub(r"x00[0-9a-f]{5}'", "x00#'", text) for text in texts]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_warnings_are_those_of_the_original(way):
    gc.collect()
    assert announced(rsocket, way) == announced(stock, way)


@pytest.mark.parametrize("way", [dropped, dropped_pair, holding_itself, dropped_with_slots])
def test_a_warning_that_is_an_error_leaves_nothing_either(way, monkeypatch):
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: raised.append(args.exc_type))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for module in (stock, rsocket):
            gc.collect()
            descriptors = len(os.listdir("/proc/self/fd"))
            for _ in range(50):
                way(module)
            gc.collect()
            assert len(os.listdir("/proc/self/fd")) == descriptors
            assert raised == [ResourceWarning] * 50 * WAYS[way][1]
            raised.clear()


def test_a_finalizer_that_fails_leaves_nothing(monkeypatch):
    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: raised.append(args.exc_type))
    descriptors = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(50):
            subclasses(rsocket).FailsInTheEnd()
    assert raised == [Refused] * 50
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_threads_that_make_and_drop_at_the_same_time():
    ways = [closed, left_by_with, closed_pair, dropped, dropped_pair, detached, duplicated, passed]
    failures = []

    def work():
        try:
            for way in ways * 100:
                way(rsocket)
        except BaseException as error:
            failures.append(error)

    with CountedWarnings() as warned:
        before = State()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = State()
    assert failures == []
    assert warned.count == 4 * 100 * sum(WAYS[way][1] for way in ways)
    assert after.descriptors == before.descriptors
    assert after.references == before.references
