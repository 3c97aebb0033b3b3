"""The table that rows are entered into, and the sockets that many of them need.

A row is a function that gets a module and an ExitStack and gives back `run(steps)`. That does the
work so many times and is timed from outside, or it returns its own measure for one step.
"""

import time
from typing import NamedTuple

ALL = {}
GROUPS = {}
GOALS = {}

_headings = []

GREETING = b"x" * 64


class Entry(NamedTuple):
    """How to build a row, and how to measure it."""

    build: object
    clock: object
    wall: bool
    unit: str
    pairs: int


def heading(name):
    """Rows that follow stand under this heading."""
    _headings.append(name)


def row(name, *arguments, goal=None, wall=False, unit="ns", pairs=0):
    """Enters a function into the table under a name, with arguments of its own.

    `goal` is the ratio to reach. A row is measured in processor time of its thread, so that other
    programs do not count, or with `wall` in real time, as it must be where several threads work.
    `pairs` is for a row that is too slow for as many turns as the others.
    """

    def enter(function):
        def build(module, exits):
            return function(module, exits, *arguments)

        clock = time.perf_counter if wall else time.thread_time
        ALL[name] = Entry(build, clock, wall, unit, pairs)
        GROUPS[name] = _headings[-1]
        if goal is not None:
            GOALS[name] = goal
        return function

    return enter


def pair(module, exits, kind="SOCK_STREAM", timeout=None):
    """Two connected unix sockets."""
    sockets = module.socketpair(module.AF_UNIX, getattr(module, kind))
    for sock in sockets:
        exits.enter_context(sock)
        sock.settimeout(timeout)
    return sockets


NOBODY = {"AF_INET": ("127.0.0.1", 0), "AF_INET6": ("::1", 0), "AF_UNIX": ""}


def bound(module, exits, family, kind="SOCK_STREAM"):
    """A socket with a name that the kernel chose."""
    sock = exits.enter_context(module.socket(getattr(module, family), getattr(module, kind)))
    sock.bind(NOBODY[family])
    return sock


def listener(module, exits, family="AF_INET"):
    sock = bound(module, exits, family)
    sock.listen(1024)
    return sock


def connection(module, exits, timeout=None):
    """Two connected TCP sockets."""
    server = listener(module, exits)
    client = exits.enter_context(module.create_connection(server.getsockname()))
    accepted = exits.enter_context(server.accept()[0])
    for sock in (client, accepted):
        sock.setsockopt(module.IPPROTO_TCP, module.TCP_NODELAY, 1)
        sock.settimeout(timeout)
    return client, accepted
