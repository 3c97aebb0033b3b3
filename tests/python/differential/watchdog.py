"""Runs sequences in a process that is killed and started again where a call does not come back.

The interpreter's own module can spin for ever in its C code, where no signal handler of Python
runs: recvmsg_into() with MSG_ERRQUEUE and a timeout on a socket that is not connected is told by
poll(2) that it is ready and by recvmsg(2) that nothing is there, and asks both again.
"""

from __future__ import annotations

import itertools
import mmap
import os
import pickle
import signal
import struct
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# What a sequence is run for: its outcomes, the same again, or a shorter one with the same.
FIRST, AGAIN, SHORTER = range(3)
SIDES = ("stock", "rsocket")
_BETWEEN_LOOKS = 0.05
_FAILED = "fails in itself"


class Place(NamedTuple):
    """Where a process is in its work."""

    turn: int
    index: int
    purpose: int
    side: int
    step: int


class Board:
    """Memory that a process shares with those that it forks, for the place at which they are."""

    _LAYOUT = struct.Struct("=QqBBH")

    def __init__(self) -> None:
        # Without a file, since the calls that are compared may close any descriptor.
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self._place = Place(0, 0, FIRST, 0, 0)

    def note(self, **changes: int) -> None:
        self._place = self._place._replace(turn=self._place.turn + 1, **changes)
        self._LAYOUT.pack_into(self._memory, 0, *self._place)

    def read(self) -> Place:
        return Place(*self._LAYOUT.unpack_from(self._memory))


def _indices(ranges: list[range], first: int | None) -> Iterator[int]:
    every = itertools.chain.from_iterable(ranges)
    return every if first is None else itertools.dropwhile(lambda index: index < first, every)


class Watchdog:
    """Has a comparison check sequences, and notes those that one of the modules never ends."""

    def __init__(self, comparison, file: Path, patience: float) -> None:
        self._comparison = comparison
        self._file = file
        # Seconds that one call may take. What waits is interrupted far sooner.
        self._patience = patience

    def check(self, ranges: list[range], calls: float) -> None:
        """Checks sequences by their ascending indices, until so many calls have been made."""
        comparison = self._comparison
        first = None
        failed: set[int] = set()
        while True:
            ending = self._in_a_process(_indices(ranges, first), calls)
            if self._file.exists():
                comparison.report = pickle.loads(self._file.read_bytes())
            if ending is None:
                return
            place = comparison.board.read()
            if ending == _FAILED:
                # On a busy machine an alarm may come when its call has long ended: once more.
                if place.index in failed:
                    raise SystemExit(2)
                failed.add(place.index)
                first = place.index
            elif place.purpose == SHORTER:
                # The difference is there already; it is shown with all calls that led to it.
                comparison.whole.add(place.index)
                first = place.index
            else:
                comparison.note_ending(place, ending)
                first = place.index + 1

    def _in_a_process(self, indices: Iterable[int], calls: float) -> str | None:
        """Checks in a child; how that ended, or None where it came to its own end."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                self._work(indices, calls)
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        status = self._wait(child)
        if status is None:
            return "does not come back"
        if os.WIFSIGNALED(status):
            return f"ends the process by signal {os.WTERMSIG(status)}"
        return _FAILED if status else None

    def _work(self, indices: Iterable[int], calls: float) -> None:
        comparison, beside = self._comparison, self._file.with_suffix(".new")
        for index in indices:
            # Below 0 is what is looked at once, however few calls are wanted.
            if index >= 0 and comparison.report.calls >= calls:
                return
            comparison.check(index)
            # Whoever reads it after this process was killed finds a whole one.
            beside.write_bytes(pickle.dumps(comparison.report))
            beside.replace(self._file)

    def _wait(self, child: int) -> int | None:
        """The status of a child that ends; None where it stood still, and was killed."""
        board = self._comparison.board
        seen, since = board.read().turn, time.monotonic()
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return status
            turn, now = board.read().turn, time.monotonic()
            if turn != seen:
                seen, since = turn, now
            elif now - since > self._patience:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
            time.sleep(_BETWEEN_LOOKS)
