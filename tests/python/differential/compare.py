"""Runs sequences on both modules and reports where they part."""

from __future__ import annotations

import collections
import re
import socket as stock
import sys
from dataclasses import dataclass, field

import rsocket

from . import accepted, surface
from .generator import Generator
from .sandbox import Scratch
from .twin import ASPECTS, Outcome, Recorder, Sequence, Step
from .watchdog import AGAIN, FIRST, SHORTER, SIDES, Board, Place

# How often both modules run a sequence whose outcomes differ, before the difference counts: what
# the kernel or the clock decides comes out otherwise on one and the same module, too.
REPEATS = 6
MINIMISED_MAX = 60
# The sequence that hangs where one is wanted, to see that it is noticed.
_HANGING_INDEX = 1
_DETAIL = re.compile(r"\d+|'[^']*'|\"[^\"]*\"")


@dataclass
class Difference:
    """One way in which the modules differ, with the shortest sequence that shows it."""

    call: str
    aspect: str
    stock: str
    ours: str
    sequence: str
    index: int
    count: int = 1

    @property
    def kind(self) -> str:
        return f"{_target(self.call)}, {self.aspect}"

    def __str__(self) -> str:
        return (
            f"{self.count} x {self.call}\n  {self.aspect}\n  stock   {self.stock}\n"
            f"  rsocket {self.ours}\n  sequence {self.index}:\n    "
            + self.sequence.replace("\n", "\n    ")
        )


@dataclass
class Report:
    """What came of all sequences of a worker."""

    calls: int = 0
    sequences: int = 0
    raised: int = 0
    stuck: int = 0
    unsteady: int = 0
    # How often the interpreter's own module did not come back, by call and sequence.
    hangs: dict[str, list[int]] = field(default_factory=dict)
    differences: dict[tuple, Difference] = field(default_factory=dict)
    accepted: collections.Counter = field(default_factory=collections.Counter)

    def add(self, other: Report) -> None:
        for name in ("calls", "sequences", "raised", "stuck", "unsteady"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.accepted.update(other.accepted)
        for call, indices in other.hangs.items():
            self.hangs.setdefault(call, []).extend(indices)
        for key, difference in other.differences.items():
            if key in self.differences:
                self.differences[key].count += difference.count
            else:
                self.differences[key] = difference


class Comparison:
    """Compares sequences of one seed."""

    def __init__(self, seed: str, hanging: str = "") -> None:
        self.report = Report()
        self.board = Board()
        # Sequences to be shown as they are.
        self.whole: set[int] = set()
        self._seed = seed
        self._hanging = hanging
        # Both take over their constants when they are asked for the first of them.
        dir(stock)
        dir(rsocket)
        self._recorder = Recorder(self.board)
        self._scratch = Scratch()

    def close(self) -> None:
        self._scratch.remove()

    def indices(self, number: int, jobs: int) -> list[range]:
        """The share of a worker: below 0 is what can be seen without a call."""
        surface_too = [range(-len(surface.sequences()), 0)] if number == 0 else []
        return [*surface_too, range(number, sys.maxsize, jobs)]

    def sequence(self, index: int) -> Sequence:
        if index < 0:
            return surface.sequences()[index]
        if self._hanging and index == _HANGING_INDEX:
            step = Step(f"hang(m, {self._hanging!r})")
            return Sequence([step], strict=False, refused=None)
        return Generator(f"{self._seed}:{index}").sequence()

    def _both(self, sequence: Sequence, purpose: int) -> tuple[list[Outcome], list[Outcome]]:
        outcomes = []
        for side, module in enumerate((stock, rsocket)):
            self.board.note(purpose=purpose, side=side)
            outcomes.append(sequence.run(module, self._recorder, self._scratch))
        return outcomes[0], outcomes[1]

    def note_ending(self, place: Place, ending: str) -> None:
        """Notes that one of the modules did not come back from a call."""
        sequence = self.sequence(place.index)
        self.report.sequences += 1
        self.report.calls += place.step
        call = _call(sequence, place.step)
        if SIDES[place.side] == "stock":
            self.report.hangs.setdefault(f"{call}: {ending}", []).append(place.index)
            return
        shown = sequence.upto(place.step + 1)
        difference = Difference(call, "result", "comes back", ending, str(shown), place.index)
        self.report.differences[_target(call), "result", "comes back", ending] = difference

    def check(self, index: int) -> None:
        """Runs one sequence, and notes the first difference that no reason covers."""
        self.board.note(index=index)
        sequence = self.sequence(index)
        report = self.report
        theirs, ours = self._both(sequence, FIRST)
        report.sequences += 1
        report.calls += len(sequence.steps)
        for outcome in theirs:
            kind, value = outcome.aspects[0][:2]
            report.raised += kind == "raised"
            report.stuck += kind == "raised" and "Stuck" in str(value[0])
        found = self._parting(sequence, theirs, ours)
        if found is None:
            return
        place, aspect = found
        if self._is_unsteady(sequence, place, aspect):
            report.unsteady += 1
            return
        self._note(index, sequence, place, aspect, theirs, ours)

    def _parting(
        self, sequence: Sequence, theirs: list[Outcome], ours: list[Outcome]
    ) -> tuple[int, str] | None:
        for place, (mine, other) in enumerate(zip(theirs, ours)):
            aspect = mine.difference(other)
            if aspect is None:
                continue
            call = _call(sequence, place)
            earlier = [step.text for step in sequence.steps[:place]]
            reason = accepted.reason_for(call, aspect, *_shown(mine, other, aspect), earlier)
            if reason is None:
                return place, aspect
            self.report.accepted[reason.reason] += 1
            if not reason.harmless:
                return None
        return None

    def _is_unsteady(self, sequence: Sequence, place: int, aspect: str) -> bool:
        """Whether repeating shows that the stock module gives our outcomes, too."""
        number = ASPECTS.index(aspect)
        theirs, ours = set(), set()
        for _ in range(REPEATS):
            mine, other = self._both(sequence, AGAIN)
            theirs.add(repr(mine[place].aspects[number]))
            ours.add(repr(other[place].aspects[number]))
        if ours <= theirs:
            return True
        # A machine that is busy lets any call be interrupted as if it waited.
        steady = [{each for each in side if "Stuck" not in each} for side in (theirs, ours)]
        return bool(steady[0]) and steady[0] == steady[1]

    def _note(self, index, sequence, place, aspect, theirs, ours) -> None:
        call = _call(sequence, place)
        texts = _shown(theirs[place], ours[place], aspect)
        key = (_target(call), aspect, *(_DETAIL.sub("", text)[:300] for text in texts))
        known = self.report.differences.get(key)
        if known is not None:
            known.count += 1
            return
        if len(self.report.differences) < MINIMISED_MAX and index not in self.whole:
            sequence = self._minimised(sequence, place, key)
        else:
            sequence = sequence.upto(place + 1)
        self.report.differences[key] = Difference(call, aspect, *texts, str(sequence), index)

    def _minimised(self, sequence: Sequence, place: int, key: tuple) -> Sequence:
        """The sequence up to the step in question, without the steps that it does not need."""
        is_end = place >= len(sequence.steps)
        sequence = sequence.upto(place + 1)
        index = min(place, len(sequence.steps)) - 1
        while index >= 0:
            shorter = sequence.without(index)
            theirs, ours = self._both(shorter, SHORTER)
            last = len(shorter.steps) - (0 if is_end else 1)
            aspect = theirs[last].difference(ours[last])
            if aspect == key[1]:
                texts = _shown(theirs[last], ours[last], aspect)
                call = _call(shorter, last)
                if (_target(call), aspect, *(_DETAIL.sub("", t)[:300] for t in texts)) == key:
                    sequence = shorter
            index -= 1
        return sequence


def _call(sequence: Sequence, place: int) -> str:
    if place < len(sequence.steps):
        return sequence.steps[place].text
    again = any(".__init__" in step.text for step in sequence.steps)
    return "the end, after a second __init__" if again else "the end"


def _target(call: str) -> str:
    """What is called, whatever the variables."""
    return re.sub(r"\b([sf])\d\b", r"\1", call.partition("(")[0])


def _shown(mine: Outcome, other: Outcome, aspect: str) -> tuple[str, str]:
    number = ASPECTS.index(aspect)
    return repr(mine.aspects[number]), repr(other.aspects[number])
