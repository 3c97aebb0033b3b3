"""Runs a sequence of calls on one of the modules and notes everything that can be seen of it."""

from __future__ import annotations

import array
import ctypes
import fcntl
import gc
import os
import re
import signal
import socket as stock
import sys
import types
import warnings

import rsocket

from . import sandbox, things
from .watchdog import Board

# A call that waits longer than this waits for ever: everything is on this machine.
STUCK_SECONDS = 0.1
_EPHEMERAL = range(32768, 61000)
_NOISE = re.compile(r" at 0x[0-9a-f]+|0x[0-9a-f]{6,}|(?<=<module ')r?socket' from '[^']*")
_PORT_IN_TEXT = re.compile(r"(?<=', )\d{5}\b")
_AUTOBOUND = re.compile(rb"\0[0-9a-f]{5}\Z")
_ODD_IN_TEXT = re.compile(r"(?<=addr=\()\d+, \d+(?=\))")
_AUTOBOUND_IN_TEXT = re.compile(r"(?<=b'\\x00)[0-9a-f]{5}(?=')")
_OUR_MODULE = re.compile(r"\b(?:rsocket\._socket|rsocket|_socket)\.(?=\w)")
# Modules are imported at different times; an import is not what is compared.
_EVENTS_OF_IMPORT = frozenset(
    ["import", "compile", "exec", "marshal.loads", "os.listdir", "open", "os.scandir"]
)
_OTHER_EVENTS = frozenset(
    ["sys._getframe", "builtins.id", "sys.unraisablehook", "object.__getattr__"]
)


class Stuck(BaseException):
    """The call at hand waits for ever."""


class Refused(Exception):
    """An audit hook that does not let an event pass."""


class Recorder:
    """What the interpreter says beside results: audit events, warnings, unraisable errors."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._side: Side | None = None
        self._armed = False
        self.refused: str | None = None
        sys.addaudithook(self._audit)
        warnings.showwarning = self._warning
        sys.unraisablehook = self._unraisable
        signal.signal(signal.SIGALRM, self._alarm)

    def watch(self, side: Side | None) -> None:
        self._side = side

    def run(self, code: types.CodeType, names: dict) -> object:
        """Evaluates, and interrupts what is stuck."""
        signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)
        try:
            self._armed = True
            return eval(code, names)
        finally:
            self.disarm()

    def disarm(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _alarm(self, _number: int, _frame: object) -> None:
        if self._armed:
            raise Stuck

    def _audit(self, event: str, arguments: tuple) -> None:
        if self._side is None or not self._armed or event in _EVENTS_OF_IMPORT | _OTHER_EVENTS:
            return
        side, self._side = self._side, None
        try:
            side.notes.append(("audit", event, side.shape(arguments, brief=True)))
        finally:
            self._side = side
        if event == self.refused:
            raise Refused(event)

    def _warning(self, message, category, filename, lineno, file=None, line=None) -> None:
        side = self._side
        if side is not None:
            side.notes.append(("warning", category, side.text(str(message))))

    def _unraisable(self, unraisable) -> None:
        side = self._side
        if side is not None:
            error = unraisable.exc_value
            side.notes.append(("unraisable", type(error), side.text(str(error))))


class Side:
    """One run of a sequence on one module."""

    def __init__(self, module: types.ModuleType, recorder: Recorder) -> None:
        self._module = module
        self._recorder = recorder
        self._numbers: dict[object, str] = {}
        self.notes: list[tuple] = []
        self._log, classes = things.classes(module)
        self.names: dict = {**things.namespace(), **classes, "m": module}
        self.names.update((f"b{number}", bytearray(b"........")) for number in range(BUFFER_COUNT))

    def shape(self, value: object, *, brief: bool = False, depth: int = 0) -> object:
        """A value as it can be compared with its twin."""
        kind = type(value)
        if depth > 6:
            return "deep"
        if kind in (int, bool, type(None), complex):
            return kind, value
        if kind is float:
            return kind, repr(value)
        if kind is str:
            if value.isdecimal() and value.isascii() and int(value) in _EPHEMERAL:
                return kind, self._number("port", int(value))
            return kind, self.text(value)
        if kind is bytes:
            return kind, self._autobound(value)
        if kind in (tuple, list):
            return kind, self._items(value, brief, depth)
        if kind is dict:
            return kind, [self._items(item, brief, depth) for item in value.items()]
        if isinstance(value, (stock.socket, rsocket.socket)):
            return ("socket", kind.__name__) if brief else self.state(value)
        if isinstance(value, type):
            return "class", self.text(f"{value.__module__}.{value.__qualname__}")
        if isinstance(value, BaseException):
            return self.failure(value)
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return "callable", value.__name__
        if kind in (bytearray, array.array):
            return kind, bytes(value)
        if isinstance(value, ctypes.Array):
            return kind.__name__, bytes(value)
        return self._class(kind), self.text(repr(value)) if not brief else ""

    def _items(self, items, brief: bool, depth: int) -> list:
        shapes = [self.shape(item, brief=brief, depth=depth + 1) for item in items]
        if len(items) in (2, 4, 5) and type(items[1]) is int:
            if type(items[0]) is str and items[1] in _EPHEMERAL:
                shapes[1] = self._number("port", items[1])
            # Netlink gives the first socket the number of the process, and the others odd ones.
            elif type(items[0]) is int:
                shapes[0] = self._odd(items[0])
                shapes[1] = self._odd(items[1])
        return shapes

    def _odd(self, number: int) -> object:
        """A number of a socket that netlink(7) or vsock(7) has picked."""
        return self._number("odd", number) if 2**16 < number < 2**32 - 1 else (int, number)

    def _number(self, kind: str, value: object) -> str:
        """A name for a number that the kernel has chosen, the same on both sides."""
        return self._numbers.setdefault((kind, value), f"{kind} {len(self._numbers)}")

    def _autobound(self, value: bytes) -> object:
        return self._number("name", value[1:]) if _AUTOBOUND.match(value) else value

    def text(self, text: str) -> str:
        text = _OUR_MODULE.sub("socket.", _NOISE.sub("", text))
        text = text.replace("module 'rsocket'", "module 'socket'")
        text = _PORT_IN_TEXT.sub(self._named_port, text)
        text = _ODD_IN_TEXT.sub(
            lambda found: str([self._odd(int(number)) for number in found[0].split(", ")]), text
        )
        return _AUTOBOUND_IN_TEXT.sub(lambda found: self._number("name", found[0].encode()), text)

    def _named_port(self, found: re.Match) -> str:
        port = int(found[0])
        return self._number("port", port) if port in _EPHEMERAL else found[0]

    def _class(self, kind: type) -> str:
        return self.text(f"{kind.__module__}.{kind.__qualname__}")

    def failure(self, error: BaseException | None, depth: int = 0) -> object:
        """An exception with everything that a program can ask of it, and what led to it."""
        if error is None or depth > 3:
            return error is None
        shown = [self._class(type(error)), self.shape(error.args, brief=True)]
        shown.append(self.text(str(error)))
        if isinstance(error, OSError):
            shown += [error.errno, self.shape(error.strerror), error.filename, error.filename2]
        if isinstance(error, BaseException) and type(error).__name__ == "ExceptionGroup":
            shown += [self.failure(each, depth + 1) for each in error.exceptions]
        shown.append(self.failure(error.__cause__, depth + 1))
        if not error.__suppress_context__:
            shown.append(self.failure(error.__context__, depth + 1))
        return tuple(shown)

    def state(self, sock) -> tuple:
        """Everything that a socket has, but for the addresses."""
        base = self._module.socket
        if not isinstance(sock, base):
            return ("another module's", type(sock).__name__)
        shown = [type(sock).__name__]
        number = base.fileno(sock)
        shown += [number, base.gettimeout(sock), base.getblocking(sock)]
        for name in ("family", "type", "proto", "timeout", "_io_refs", "_closed"):
            try:
                value = getattr(base, name).__get__(sock)
                shown.append((type(value), value))
            except AttributeError:
                # Without __init__ the slots of the class in Python are empty.
                shown.append(_BEFORE_INIT[name])
        if number >= 0:
            try:
                shown.append(fcntl.fcntl(number, fcntl.F_GETFD))
                shown.append(fcntl.fcntl(number, fcntl.F_GETFL))
            except OSError as error:
                shown.append(error.errno)
        return tuple(shown)

    def _used(self, step: Step) -> list:
        shown = []
        for name in step.names:
            value = self.names.get(name)
            if isinstance(value, (stock.socket, rsocket.socket)):
                shown.append((name, self.state(value)))
            elif name.startswith("b") and isinstance(value, bytearray):
                shown.append((name, bytes(value)))
        # The lowest number that is free: a descriptor that leaks shows at once.
        free = os.dup(2)
        os.close(free)
        return [*shown, ("free", free)]

    def take(self, step: Step) -> Outcome:
        """Makes one call."""
        self.notes = []
        self._log.clear()
        recorder = self._recorder
        recorder.watch(self)
        try:
            value = recorder.run(step.code, self.names)
        except BaseException as error:
            # The alarm may have come when the call had ended, before it was turned off.
            recorder.disarm()
            result = ("raised", self.failure(error))
            # What the frames hold is let go of while it is watched: native code has none.
            error.__traceback__ = error.__context__ = error.__cause__ = None
        else:
            result = ("returned", self.shape(value))
            self._assign(step.targets, value)
        value = None
        recorder.watch(None)
        log = [self.shape(entry, brief=True) for entry in self._log]
        return Outcome(result, self.notes, self._used(step), log)

    def _assign(self, targets: tuple[str, ...], value: object) -> None:
        if len(targets) == 1:
            self.names[targets[0]] = value
        elif isinstance(value, (tuple, list)) and len(value) >= len(targets):
            self.names.update(zip(targets, value))

    def finish(self) -> Outcome:
        """Lets go of everything: warnings of the finalizers, and what stays open."""
        self.notes = []
        recorder = self._recorder
        timeout = self._module.getdefaulttimeout()
        recorder.watch(self)
        self.names.clear()
        gc.collect()
        recorder.watch(None)
        self._module.setdefaulttimeout(None)
        left = sandbox.open_descriptors()
        log = [self.shape(entry, brief=True) for entry in self._log]
        return Outcome(("ended", timeout, left), self.notes, [], log)


class Outcome:
    """What came of one call, by aspect."""

    __slots__ = ("aspects",)

    def __init__(self, result: tuple, notes: list, state: list, log: list) -> None:
        self.aspects = (result, tuple(notes), tuple(state), tuple(log))

    def difference(self, other: Outcome) -> str | None:
        """The first aspect in which another differs."""
        for name, mine, others in zip(ASPECTS, self.aspects, other.aspects):
            if mine != others:
                return name
        return None


ASPECTS = ("result", "notes", "state", "overrides")
BUFFER_COUNT = 3
_BEFORE_INIT = {"_io_refs": (int, 0), "_closed": (bool, False)}
_NAME = re.compile(r"\b[sbf]\d\b")


class Step:
    """One call: its text, what its result is bound to, and what it names."""

    def __init__(self, text: str, targets: tuple[str, ...] = ()) -> None:
        self.text = text
        self.targets = targets
        self.code = compile(text, "<step>", "eval")
        self.names = tuple(dict.fromkeys((*targets, *_NAME.findall(text))))

    def __str__(self) -> str:
        return f"{', '.join(self.targets)} = {self.text}" if self.targets else self.text


class Sequence:
    """Calls that follow each other, and how they are made."""

    def __init__(self, steps: list[Step], *, strict: bool, refused: str | None) -> None:
        self.steps = steps
        self.strict = strict
        self.refused = refused

    def without(self, index: int) -> Sequence:
        steps = self.steps[:index] + self.steps[index + 1 :]
        return Sequence(steps, strict=self.strict, refused=self.refused)

    def upto(self, index: int) -> Sequence:
        return Sequence(self.steps[:index], strict=self.strict, refused=self.refused)

    def run(
        self, module: types.ModuleType, recorder: Recorder, scratch: sandbox.Scratch
    ) -> list[Outcome]:
        """The outcome of every step, and that of letting go of everything."""
        scratch.reset()
        recorder.refused = self.refused
        with warnings.catch_warnings():
            warnings.simplefilter("error" if self.strict else "always")
            warnings.showwarning = recorder._warning
            side = Side(module, recorder)
            outcomes = []
            for number, step in enumerate(self.steps):
                recorder.board.note(step=number)
                outcomes.append(side.take(step))
            recorder.board.note(step=len(self.steps))
            outcomes.append(side.finish())
        return outcomes

    def __str__(self) -> str:
        head = [f"# warnings are errors: {self.strict}; refused event: {self.refused}"]
        return "\n".join([*head, *map(str, self.steps)])
