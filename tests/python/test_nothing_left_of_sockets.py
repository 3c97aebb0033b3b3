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

import both
import pytest
import rsocket
import socket_ways
from socket_ways import WAYS, Refused, subclasses

SOCKETS = 100_000


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
        "warnings": socket_ways.dropped,
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


@pytest.mark.parametrize("way", ["dropped", "dropped_pair", "holding_itself", "dropped_with_slots"])
def test_a_warning_that_is_an_error_leaves_nothing_either(way, monkeypatch):
    way = getattr(socket_ways, way)
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
    names = "closed left_by_with closed_pair dropped dropped_pair detached duplicated passed"
    ways = [getattr(socket_ways, name) for name in names.split()]
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
