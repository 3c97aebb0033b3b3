"""Random sequences of calls, the same ones for the same seed."""

from __future__ import annotations

import functools
import random
import socket as stock
from collections.abc import Callable

from . import values
from .callables import FILES, FUNCTIONS, METHODS, OFTEN, REFUSABLE, WAITING
from .twin import Sequence, Step

STEPS_MAX = 30
SOCKETS = ("s0", "s1", "s2", "s3")

_STREAM = "m.socketpair()"
_SETUPS: list[list[tuple[str, str]]] = [
    [("s0, s1", _STREAM), ("s2, s3", "m.socketpair(m.AF_UNIX, m.SOCK_DGRAM)")],
    [("s0, s1", "m.socketpair(m.AF_UNIX, m.SOCK_SEQPACKET)"), ("s2", "m.socket(m.AF_UNIX)")],
    [
        ("s0", "m.create_server(('127.0.0.1', 0))"),
        ("s1", "m.create_connection(s0.getsockname())"),
        ("s2, _", "s0.accept()"),
    ],
    [
        ("s0", "m.socket(m.AF_INET, m.SOCK_DGRAM)"),
        ("", "s0.bind(('127.0.0.1', 0))"),
        ("s1", "m.socket(m.AF_INET, m.SOCK_DGRAM)"),
        ("", "s1.connect(s0.getsockname())"),
        ("s2", "m.socket()"),
    ],
    [
        ("s0", "m.socket(m.AF_INET6, m.SOCK_DGRAM)"),
        ("", "s0.bind(('::1', 0))"),
        ("s1", "m.socket(m.AF_INET6, m.SOCK_STREAM)"),
        ("s2", "m.socket(m.AF_INET6, m.SOCK_DGRAM)"),
    ],
    [
        ("s0", "m.socket(m.AF_UNIX)"),
        ("", "s0.bind('sock1')"),
        ("", "s0.listen()"),
        ("s1", "m.socket(m.AF_UNIX)"),
        ("", "s1.connect('sock1')"),
    ],
    [
        ("s0", "m.socket(m.AF_UNIX, m.SOCK_DGRAM)"),
        ("", "s0.bind('sock1')"),
        ("s1", "m.socket(m.AF_UNIX, m.SOCK_DGRAM)"),
        ("", "s1.bind('sock2')"),
    ],
    [("s0", "m.socket(m.AF_NETLINK, m.SOCK_RAW)"), ("s1", "m.socket(m.AF_NETLINK, m.SOCK_DGRAM)")],
    [("s0", "m.socket(m.AF_PACKET, m.SOCK_RAW)"), ("s1", "m.socket(m.AF_PACKET, m.SOCK_DGRAM)")],
    [("s0", "m.socket(m.AF_VSOCK)"), ("s1", "m.socket(m.AF_INET, m.SOCK_RAW, 1)")],
    [("s0", "m.socket.__new__(m.socket)"), ("s1", "m.socket()"), ("", "s1.close()")],
    [("s0", "m.socket()"), ("", "s0.detach()"), ("s1", "m.socket(type=m.SOCK_DGRAM)")],
    [("s0", "Plain()"), ("s1", "Slotted(m.AF_UNIX)"), ("s2", "NoInit()"), ("s3", "LateInit()")],
    [("s0", "Logged(fileno=m.socket().detach())"), ("s1", "Logged(m.AF_UNIX, m.SOCK_DGRAM)")],
    [
        ("s2, s3", _STREAM),
        ("s0", "Logged(fileno=s2.detach())"),
        ("s1", "Plain(fileno=s3.detach())"),
    ],
    [("s0", "Lying()"), ("s1", "Lying(m.AF_UNIX)"), ("s2", "Logged(m.AF_INET, m.SOCK_STREAM)")],
]
# Descriptors of a usual kind that are said to be of another family: their addresses are parsed,
# whether the kernel knows the family or not.
_PRETENDED = ["CAN", "ALG", "TIPC", "QIPCRTR", "BLUETOOTH", "PACKET", "NETLINK", "VSOCK", "RDS"]
_CLASS_CALLS = ["m.socket", "m.socket", "m.socket", "Plain", "Slotted", "Logged", "LateInit"]


class Generator:
    """Texts of calls, from one source of chance."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._chance = self._random.random
        self._any = self._random.choice
        # The share of arguments that make no sense.
        self._oddness = self._any([0.02, 0.1, 0.3])
        self._form = "INET"

    def sequence(self) -> Sequence:
        steps = list(self._setup())
        steps += [self._step() for _ in range(self._random.randint(5, STEPS_MAX - len(steps)))]
        refused = self._any(REFUSABLE) if self._chance() < 0.05 else None
        return Sequence(steps, strict=self._chance() < 0.1, refused=refused)

    def _setup(self) -> list[Step]:
        timeout = self._any(["0", "0.001", "0.001", "0.002", "0.001"])
        first = [Step("m.setdefaulttimeout(0.001)")] if self._chance() < 0.9 else []
        if self._chance() < 0.25:
            form = self._any(_PRETENDED)
            family, _ = self._pretended(form)
            protocol = self._any(["0", "1", "1", "2", "3", "6", "7", "77", "-1"])
            held = self._any(["m.socket(m.AF_UNIX, m.SOCK_DGRAM)", "m.socket(m.AF_UNIX)"])
            call = f"m.socket({family}, 2, {protocol}, fileno={held}.detach())"
            texts = [("s0", call), ("s1", "m.socket()")]
            self._form = form
        else:
            texts = self._any(_SETUPS)
            made = " ".join(text for _, text in texts)
            forms = [form for form in values.FORMS_OF_ADDRESSES if f"AF_{form}" in made]
            if "socketpair" in made or "'sock1'" in made:
                forms.append("UNIX")
            self._form = self._any(forms or ["INET"])
        steps = [*first, *(Step(text, _targets(names)) for names, text in texts)]
        steps += [Step(f"{name}.settimeout({timeout})") for name in _made(texts)]
        if self._chance() < 0.5:
            steps.append(Step("s1.send(b'0123456789')"))
        return steps

    def _pretended(self, form: str) -> tuple[str, int | None]:
        number = getattr(stock, f"AF_{form}", None)
        numbers = {"BLUETOOTH": 31, "QIPCRTR": 42, "RDS": 21}
        return (str(numbers.get(form, 0)), None) if number is None else (f"m.AF_{form}", number)

    def _step(self) -> Step:
        kinds: list[tuple[float, Callable[[], Step]]] = [
            (60, self._method),
            (22, self._function),
            (6, self._construct),
            (5, self._file),
            (7, self._object),
        ]
        weights = [weight for weight, _ in kinds]
        return self._random.choices([make for _, make in kinds], weights)[0]()

    def _method(self) -> Step:
        name = self._random.choices(*_weighted("methods"))[0]
        sock = self._any(SOCKETS[:2]) if self._chance() < 0.7 else self._any(SOCKETS)
        # A method is called on a socket, or taken from the class and given one.
        way = self._chance()
        if way < 0.9:
            function, receiver = f"{sock}.{name}", None
        elif way < 0.96:
            function, receiver = f"m.socket.{name}", sock
        else:
            function, receiver = f"type({sock}).{name}", self._any([sock, sock, "s1", "5", "None"])
        waits = name in WAITING and self._chance() < 0.9
        arguments = self._arguments(METHODS[name], waits=waits)
        return Step(self._call(function, arguments, receiver), self._bound(name))

    def _bound(self, name: str) -> tuple[str, ...]:
        """The variables that take what a method gives."""
        third = self._any(SOCKETS[1:])
        if name == "accept":
            return (third, "_")
        if name == "dup":
            return (third,)
        if name == "makefile":
            return (self._any(["f0", "f1"]),)
        return ()

    def _function(self) -> Step:
        name = self._random.choices(*_weighted("functions"))[0]
        arguments = self._arguments(FUNCTIONS[name])
        if name == "create_server":
            more = {"family": "family", "backlog": "backlog", "reuse_port": "truth"}
            more["dualstack_ipv6"] = "truth"
            for keyword, kind in more.items():
                if self._chance() < 0.3:
                    arguments.append(f"{keyword}={self._argument(kind)}")
            # A mistake may have named one of them already.
            arguments = _ordered(arguments)
        targets: tuple[str, ...] = ()
        if name in ("socketpair", "_fallback_socketpair"):
            targets = ("s2", "s3")
        elif name in ("fromfd", "create_server", "create_connection"):
            targets = (self._any(SOCKETS[2:]),)
        return Step(self._call(f"m.{name}", arguments, None), targets)

    def _construct(self) -> Step:
        target = (self._any(SOCKETS),)
        choice = self._chance()
        if choice < 0.1:
            return Step(f"m.socket(fileno={self._any(SOCKETS)}.detach())", target)
        if choice < 0.15:
            return Step(f"{self._any(['m.socket', 'Plain', 'NoInit'])}.__new__(m.socket)", target)
        if choice < 0.2:
            return Step("Lying()", target)
        arguments = self._arguments(METHODS["__init__"])
        return Step(self._call(self._any(_CLASS_CALLS), arguments, None), target)

    def _file(self) -> Step:
        file = self._any(["f0", "f1", "f0.raw", "f0.buffer"])
        if self._chance() < 0.2:
            text = f"m.SocketIO({self._any(SOCKETS)}, {self._any(values.MODES)})"
            return Step(text, (self._any(["f0", "f1"]),))
        if self._chance() < 0.1:
            name = self._any(["name", "mode", "closed", "raw", "_sock", "_reading", "_writing"])
            return Step(f"{file}.{name}")
        name = self._any(list(FILES))
        arguments = self._arguments(FILES[name])
        return Step(self._call(f"{file}.{name}", arguments, None))

    def _object(self) -> Step:
        """What any object can be asked."""
        sock = self._any(SOCKETS)
        name = self._any(values.ATTRIBUTES)
        method = self._any(list(METHODS))
        texts = [
            f"repr({sock})",
            f"str({sock})",
            f"use({sock})",
            f"use({sock}, lambda entered: entered is {sock})",
            f"use({sock}, lambda entered: 1 / 0)",
            f"getattr({sock}, {name})",
            f"setting({sock}, {name}, {self._any(values.ANYTHING)})",
            f"deleting({sock}, {name})",
            f"setting({sock}, {method!r}, lambda *given: 0)",
            f"pickled({sock}, {self._random.randint(0, 5)})",
            f"copy.copy({sock})",
            f"copy.deepcopy({sock})",
            f"hashes({sock})",
            f"references({sock})",
            f"{sock} == {self._any(SOCKETS)}",
            f"{sock} < {self._any(SOCKETS)}",
            f"bool({sock})",
            f"len({sock})",
            f"int({sock})",
            f"iter({sock})",
            f"{sock}.{method}.__name__",
            f"{sock}.{self._any(list(METHODS))}.__self__ is {sock}",
            f"isinstance({sock}, m.socket)",
            f"type({sock}).__name__",
            f"attributes({sock})",
            f"setting(Lying, 'answers', {{{self._answers()}}}) and 0",
            f"setting({sock}, '_io_refs', {self._any(['0', '1', '2', '-1', 'True'])})",
            f"setting({sock}, '_closed', {self._any(['True', 'False', '0', '1'])})",
            f"locals().pop({sock!r}, None) and 0",
        ]
        return Step(self._any(texts))

    def _answers(self) -> str:
        name = self._any(["fileno", "_accept", "recv_into", "send", "gettimeout", "getsockname"])
        return f"{name!r}: {self._any(values.ANYTHING)}"

    def _call(self, function: str, arguments: list[str], receiver: str | None) -> str:
        given = ", ".join(arguments if receiver is None else [receiver, *arguments])
        way = self._chance()
        if way < 0.03:
            return f"keyword_call({function}{', ' * bool(given)}{given})"
        if way < 0.034 and not any("=" in argument for argument in arguments):
            return f"odd_keywords({function}{', ' * bool(given)}{given})"
        return f"{function}({given})"

    def _arguments(self, parameters: str, *, waits: bool = False) -> list[str]:
        """Arguments for the parameters, now and then too few, too many, or by a wrong name."""
        given: list[str] = []
        by_name = False
        for parameter in parameters.split():
            optional = parameter.startswith("?")
            kind, _, name = parameter.lstrip("?").partition("=")
            if optional and self._chance() < 0.45:
                if name and self._chance() < 0.6:
                    by_name = True
                    continue
                if kind != "flags" or not waits:
                    break
            value = self._argument(kind)
            if waits and kind == "flags" and self._chance() < 0.8:
                value = "m.MSG_DONTWAIT"
            by_name = by_name or (bool(name) and self._chance() < 0.15)
            given.append(f"{name}={value}" if by_name and name else value)
            if by_name and not name:
                break
        mistake = self._chance()
        if mistake < 0.015:
            place = self._random.randrange(len(given) + 1)
            named = any("=" in each.partition("(")[0] for each in given[:place])
            extra = self._any(values.ANYTHING)
            given.insert(place, f"{self._any(values.EXTRA_NAMES)}={extra}" if named else extra)
        elif mistake < 0.03 and given:
            del given[self._random.randrange(len(given))]
        elif mistake < 0.04:
            name = self._any(values.EXTRA_NAMES)
            if not any(each.startswith(f"{name}=") for each in given):
                given.append(f"{name}={self._any(values.ANYTHING)}")
        return _ordered(given)

    def _argument(self, kind: str) -> str:
        if self._chance() < self._oddness:
            wrong = _WRONG.get(kind, values.ANYTHING)
            if kind in _CLOSED_LISTS:
                return self._any(wrong)
            return self._any(wrong if self._chance() < 0.7 else values.ANYTHING)
        if kind == "address":
            return self._address()
        if kind == "internet":
            return self._internet()
        if kind == "socket":
            return self._any(SOCKETS)
        return self._any(_RIGHT[kind])

    def _address(self) -> str:
        form = self._form if self._chance() < 0.85 else self._any(values.FORMS_OF_ADDRESSES)
        if self._chance() < 0.06:
            return self._any(values.SHAPELESS)
        if form not in values.ADDRESSES_BY_FAMILY:
            return self._internet() if "INET" in form else self._any(values.SHAPELESS)
        return self._any(values.ADDRESSES_BY_FAMILY[form])

    def _internet(self) -> str:
        choice = self._chance()
        if choice < 0.25:
            return self._any(["s0.getsockname()", "s1.getsockname()", "s1.getpeername()"])
        if choice < 0.3:
            return self._any(values.SHAPELESS)
        six = self._form == "INET6"
        host = self._any(["'::1'", "'::1'", "''"] if six else ["'127.0.0.1'"])
        if self._chance() < 0.4:
            host = self._any(values.HOSTS)
        port = self._any(values.PORTS) if self._chance() < 0.5 else self._any(["0", "1", "9"])
        parts = [host, port]
        if self._chance() < (0.5 if six else 0.05):
            parts.append(self._any(values.FLOWS))
            if self._chance() < 0.6:
                parts.append(self._any(values.SCOPES))
                if self._chance() < 0.05:
                    parts.append("0")
        text = f"({', '.join(parts)})"
        around = self._chance()
        if around < 0.02:
            return f"list({text})"
        if around < 0.04:
            return f"TupleSub({text})"
        return f"Point{text}" if around < 0.05 and len(parts) == 2 else text


_RIGHT = {
    "size": values.SIZES,
    "ancillary_size": values.ANCILLARY_SIZES,
    "flags": values.FLAGS,
    "readable": values.READABLE,
    "writable": values.WRITABLE,
    "readables": values.READABLE_LISTS,
    "writables": values.WRITABLE_LISTS,
    "control": values.CONTROL,
    "timeout": ["0", "0.001", "0.002", *values.TIMEOUTS],
    "level": values.LEVELS,
    "option": values.OPTIONS,
    "option_value": values.OPTION_VALUES,
    "option_size": values.BUFFER_LENGTHS,
    "backlog": ["0", "1", "5", "128", "-1", "2**31-1", "None"],
    "how": values.HOWS,
    "truth": ["True", "False", "0", "1", "True", "False", "2"],
    "family": values.FAMILIES,
    "kind": values.KINDS,
    "protocol": values.PROTOCOLS,
    "descriptor": values.DESCRIPTORS,
    "descriptors": [
        "[0]",
        "[0, 1]",
        "[]",
        "[-1]",
        "(0,)",
        "[0, 'x']",
        "array.array('i', [1])",
        "5",
    ],
    "mode": values.MODES,
    "buffering": values.BUFFERINGS,
    "encoding": values.ENCODINGS,
    "errors": values.ERRORS,
    "newline": values.NEWLINES,
    "file": values.FILES,
    "offset": values.OFFSETS,
    "count": values.COUNTS,
    "any": ["None", "ValueError", "None", "1"],
    "number": ["0", "1", "2", "3", "5", "100"],
    "host": values.HOSTS,
    "port": values.PORTS,
    "text": values.TEXTS,
    "service": values.SERVICES,
    "transport": values.TRANSPORTS,
    "protocol_name": values.PROTOCOL_NAMES,
    "packed": values.PACKED,
    "interface": values.INTERFACES,
    "length": values.LENGTHS,
    "short": values.NUMBERS_16,
    "name_flags": values.NAME_FLAGS,
    "ai_flags": values.RESOLVE_FLAGS,
}
# What is not to be anything at all: `close` must not get the standard streams.
_CLOSED_LISTS = frozenset({"descriptor"})
_WRONG = {
    "readable": values.UNREADABLE,
    "writable": values.UNWRITABLE,
    "readables": values.UNREADABLE_LISTS,
    "writables": values.UNWRITABLE_LISTS,
    "address": values.SHAPELESS,
    "internet": values.SHAPELESS,
    "text": values.TEXTS,
    "host": values.HOSTS,
    "descriptor": values.DESCRIPTORS,
    "socket": ["5", "None", "m"],
}
for _kind in ("size", "flags", "timeout", "level", "option", "truth", "family", "kind", "protocol"):
    _WRONG[_kind] = values.ODD_NUMBERS
_WRONG.update(number=values.ODD_NUMBERS, length=values.ODD_NUMBERS)


@functools.cache
def _weighted(table: str) -> tuple[list[str], list[float]]:
    names = list(METHODS if table == "methods" else FUNCTIONS)
    if table == "functions":
        names = [name for name in names if hasattr(stock, name)]
    return names, [OFTEN.get(name, 1) for name in names]


def _targets(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _made(texts: list[tuple[str, str]]) -> list[str]:
    """The sockets that a setup leaves, in order."""
    names = [name for targets, _ in texts for name in _targets(targets)]
    return [name for name in dict.fromkeys(names) if name.startswith("s")]


def _ordered(given: list[str]) -> list[str]:
    """Positional arguments first, as the grammar wants them."""
    named = [each for each in given if _is_named(each)]
    seen: dict[str, str] = {}
    for each in named:
        seen.setdefault(each.partition("=")[0], each)
    return [*(each for each in given if not _is_named(each)), *seen.values()]


def _is_named(argument: str) -> bool:
    name, equals, rest = argument.partition("=")
    return bool(equals) and name.isidentifier() and not rest.startswith("=")
