"""The differences that stay, each with its reason."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple


class Accepted(NamedTuple):
    """A difference that is no defect: in calls, in an aspect, with texts that both sides show."""

    reason: str
    call: str = ""
    stock: str = ""
    ours: str = ""
    aspect: str = ""
    # A call before it in the sequence.
    before: str = ""
    # A parameter that the call gives, by its name or by its place.
    passes: tuple[str, int] | None = None
    # Whether what follows in the sequence is the same on both sides.
    harmless: bool = False

    def covers(self, call: str, aspect: str, stock: str, ours: str, earlier: list[str]) -> bool:
        return (
            (not self.aspect or self.aspect == aspect)
            and any(re.search(self.before, each) for each in ["", *earlier])
            and re.search(self.call, call) is not None
            and re.search(self.stock, stock) is not None
            and re.search(self.ours, ours) is not None
            and (self.passes is None or _passes(call, *self.passes))
        )


def _passes(call: str, name: str, place: int) -> bool:
    """Whether a call gives a parameter."""
    tree = ast.parse(call, mode="eval").body
    if not isinstance(tree, ast.Call):
        return False
    if ast.unparse(tree.func) in ("keyword_call", "odd_keywords"):
        place += 1
    return len(tree.args) > place or any(each.arg == name for each in tree.keywords)


# What the kernel says to a call that it refuses, rather than makes wait: EINVAL, EPIPE, EMSGSIZE,
# EOPNOTSUPP, EISCONN, ENOTCONN.
_ERROR = r"^\('raised', \('builtins\.\w+Error', \(<class 'tuple'>, \[\(<class 'int'>, "
_REFUSED = _ERROR + r"(?:22|32|90|95|106|107)\)"
_STUCK = r"^\('raised', \('differential\.twin\.Stuck"
_WAITED = r"'raised', \('(?:builtins\.TimeoutError|socket\.timeout|differential\.twin\.Stuck)"
_DATA = (
    r"\b_?(?:accept|recv|recv_into|recvfrom|recvfrom_into|recvmsg|recvmsg_into|send|sendall|sendto"
)
_DATA += r"|sendmsg|sendmsg_afalg|sendfile|send_fds|recv_fds|_sendfile_use_\w+)\b"
# The same of what makefile() gives.
_DATA += r"|\bf\d(?:\.\w+)?\.(?:read|read1|readinto|readline|write|flush|close|detach)\b"
# A file or an array that a buffer is made of.
_BUFFER = r"bytearray|memoryview|array\.array|chars\(|c_int|getbuffer|b\d|BytesIO"
# The lowest descriptor that is not open.
_FREE = r"\('free', \d+\),?\)$"
# The text of a class, which may have `<locals>` in it.
_SHOWN = r"unclosed <(?:[^<>]|<\w+>)*"
_UNKNOWN_FAMILY = r"family=(?:0|3|31|99|1000|-?\d{5,}|AddressFamily\.AF_(?:UNSPEC|AX25)), "
ACCEPTED = [
    Accepted(
        "the class has no base written in C, whose name messages would show",
        stock=r"'socket\.socket' object",
        ours=r"'socket' object",
        harmless=True,
    ),
    Accepted("the size of an object in memory", call=r"__sizeof__", harmless=True),
    Accepted(
        "protocols 0 and 1 of pickle try the constructor of a base written in C",
        call=r"__reduce|pickled",
        stock=r"cannot be interpreted as an integer|an integer is required",
        ours=r"cannot pickle '\w+' object",
        harmless=True,
    ),
    Accepted(
        "a call with a timeout is tried before it waits, so that what cannot succeed fails at once",
        call=_DATA,
        stock=_WAITED,
        ours=_REFUSED,
        aspect="result",
    ),
    Accepted(
        "a call with a timeout is tried before it waits, so that what cannot succeed fails at once",
        call=r"sendmsg|send_fds",
        stock=_WAITED,
        # A descriptor in SCM_RIGHTS that is not open, a process that is not there.
        ours=_ERROR + r"[39]\)",
        aspect="result",
    ),
    Accepted(
        "a call with a timeout is tried before it waits, so that what cannot succeed fails at once",
        call=r"_sendfile_use_sendfile",
        stock=_WAITED,
        ours=r"^\('raised', \('socket\._GiveupOnSendfile'.*\(<class 'int'>, (?:22|32|107)\)",
        aspect="result",
    ),
    Accepted(
        "a call with a timeout is tried before it waits: there was room that poll(2) does not show",
        call=r"send",
        stock=_WAITED,
        ours=r"'returned'",
        aspect="result",
    ),
    Accepted(
        "poll(2) says that a socket is ready, recv(2) that it is not: stock asks both until the "
        "timeout, and looks for no signal meanwhile",
        call=_DATA,
        before=r"\bshutdown\b",
        stock=_WAITED,
        ours=_STUCK,
        aspect="result",
    ),
    Accepted(
        "a timeout that poll(2) has no number for is waited for; stock cuts it off",
        call=_DATA,
        before=r"timeout[(,].*(?:\d{7}|2\*\*[36]\d|9e9)",
        stock=_WAITED,
        ours=_STUCK,
        aspect="result",
    ),
    Accepted(
        "a timeout that poll(2) has no number for is waited for; stock says so only in sendfile()",
        call=r"sendfile",
        stock=r"OverflowError.*timeout is too large",
        aspect="result",
    ),
    Accepted(
        "send_fds passes on the flags, as it is documented",
        call=r"\bm\.send_fds\b",
        passes=("flags", 3),
    ),
    Accepted(
        "send_fds passes on the address, as it is documented",
        call=r"\bm\.send_fds\b",
        passes=("address", 4),
    ),
    Accepted(
        "recv_fds passes on the flags, as it is documented",
        call=r"\bm\.recv_fds\b",
        passes=("flags", 3),
    ),
    Accepted(
        "send_fds and recv_fds make no arrays",
        call=r"\bm\.(send_fds|recv_fds)\b",
        aspect="notes",
        stock=r"array\.__new__",
        harmless=True,
    ),
    Accepted(
        "of a descriptor that is said to be of another family stock shows bytes that nobody wrote",
        stock=r"'::[0-9a-f:.]*', (?:port )?\d+, \d+, \d+",
        ours=r"'::1?', (?:port )?\d+, 0, 0",
    ),
    Accepted(
        "of a descriptor that is said to be of another family stock shows bytes that nobody wrote",
        aspect="notes",
        stock=r"laddr=[^>]*\\udc",
        ours=r"laddr=",
    ),
    Accepted(
        "of a descriptor that is said to be of another family stock passes on what nobody wrote",
        call=r"\bconnect(?:_ex)?\(.*\bs\d\.get(?:sock|peer)name\(\)",
        aspect="result",
        stock=r"'raised', \('builtins\.OSError'.*Network is unreachable",
        ours=r"'returned'",
    ),
    Accepted(
        "paths and addresses of ipaddress may be passed: stock raises TypeError",
        call=r"Fspath|pathlib|ipaddress",
        stock=r"TypeError",
    ),
    Accepted(
        "without __init__ the private _io_refs and _closed are there already",
        stock=r"AttributeError.*\b(?:_io_refs|_closed)'",
    ),
    Accepted(
        "the private _io_refs is a number and _closed a truth value, whatever is assigned",
        call=r"^(setting|deleting)\(s\d, '(?:_io_refs|_closed)'",
    ),
    Accepted(
        "an object that is initialised again closes its first descriptor, which stock leaks",
        call=r"__init__\b",
        stock=r"^(?!\('raised')",
    ),
    Accepted(
        "an object that is initialised again closes its first descriptor, which may not be open",
        call=r"\.__init__\b",
        ours=r"'raised', \('builtins\.OSError.*Bad file descriptor",
    ),
    Accepted(
        "an object that was initialised again has closed its first descriptor, which stock leaks",
        before=r"\.__init__\(",
        aspect="state",
        stock=_FREE,
        ours=_FREE,
    ),
    Accepted(
        "an object that was initialised again has closed its first descriptor, for others as well",
        before=r"\.__init__\(",
        aspect="result",
        stock=r"'returned'",
        ours=r"'raised', \('builtins\.OSError.*Bad file descriptor",
    ),
    Accepted(
        "families that the interpreter's module does not know can be used",
        stock=r"bad family",
        harmless=True,
    ),
    Accepted(
        "families that the interpreter's module does not know can be used, and show addresses",
        aspect="notes",
        stock=_SHOWN + _UNKNOWN_FAMILY + r"type=[\w.-]+, proto=-?\d+>",
        ours=_SHOWN + _UNKNOWN_FAMILY + r"type=[\w.-]+, proto=-?\d+, [lr]addr=",
        harmless=True,
    ),
    Accepted(
        "families that the interpreter's module does not know can be used, and show addresses",
        call=r"\brepr\(|\.__repr__\(|\bstr\(",
        aspect="result",
        stock=r"'<(?:[^<>]|<\w+>)*" + _UNKNOWN_FAMILY + r"type=[\w.-]+, proto=-?\d+>",
        ours=r"<(?:[^<>]|<\w+>)*" + _UNKNOWN_FAMILY + r"type=[\w.-]+, proto=-?\d+, [lr]addr=",
        harmless=True,
    ),
    Accepted(
        "a zone behind a host is kept, which stock overwrites with the scope 0",
        call=r"'fe80::1%(?:lo|1)'",
        aspect="result",
    ),
    Accepted(
        "the error of a lookup is its own; stock shows h_errno, which the lookup does not set",
        call=r"gethostby",
        stock=r"socket\.herror",
        ours=r"socket\.herror",
        harmless=True,
    ),
    Accepted(
        "the offset of a file is looked at before the socket is waited for",
        call=r"sendfile",
        stock=r"'raised'",
        ours=r"TypeError.*cannot be interpreted as an integer|OverflowError|Invalid argument",
    ),
    Accepted(
        "a closed socket is refused before memory is sought",
        stock=r"MemoryError|byte string is too large",
        ours=r"Bad file descriptor",
        harmless=True,
    ),
    Accepted(
        "a closed socket is refused before the kernel looks at the flags",
        call=r"recv|send",
        stock=r"\(<class 'int'>, 22\).*Invalid argument",
        ours=r"\(<class 'int'>, 9\).*Bad file descriptor",
        harmless=True,
    ),
    Accepted(
        "a duplicate for which no object can be made is closed, which stock leaks",
        call=r"\bdup\b",
        aspect="state",
        stock=_FREE,
        ours=_FREE,
    ),
    Accepted(
        "a socket without a timeout blocks; stock up to 3.9 drops the upper half of the number",
        call=r"\bsetblocking\b.*\*\*[3-9]\d|\bsetblocking\b.*Index\(2\*\*40",
        aspect="state",
        stock=r", None, True, .*, 2050\)",
        ours=r", None, True, .*, 2\)",
    ),
    Accepted(
        "what the kernel has measured of a connection (TCP_CC_INFO) is another for each",
        call=r"\bgetsockopt\b.*(?:IPPROTO_TCP|\b6), m\.IPV6_V6ONLY\b",
        aspect="result",
        stock=r"^\('returned', \(<class 'bytes'>",
        ours=r"^\('returned', \(<class 'bytes'>",
        harmless=True,
    ),
    Accepted(
        "the kernel numbers the packets that it sends (ip(7), Identification)",
        call=r"\brecv",
        aspect="result",
        stock=r"^\('returned', .*b'E\\x00",
        ours=r"^\('returned', .*b'E\\x00",
        harmless=True,
    ),
    Accepted(
        "the kernel numbers the packets that it sends (ip(7), Identification)",
        call=r"\brecv(?:msg|from)?_into\b",
        aspect="state",
        stock=r"'b\d', b'E\\x00",
        ours=r"'b\d', b'E\\x00",
    ),
    Accepted(
        "a descriptor that somebody else closed is named by what has its number now",
        call=r"sendfile",
        before=r"\bm\.close\(",
        stock=r"Bad file descriptor",
        ours=r"Socket operation on non-socket",
    ),
    Accepted(
        "a socket that names itself as its address nests deeper before it is a RecursionError",
        call=r"repr|^the end",
        before=r"'getsockname': s\d",
        aspect="overrides",
    ),
    Accepted(
        "methods of SocketIO that take nothing say so in words for native methods",
        call=r"^f\d",
        stock=r"TypeError.*\b\w+\(\) takes 1 positional argument but",
        ours=r"TypeError.*SocketIO\.\w+\(\) takes no arguments \(",
        harmless=True,
    ),
    Accepted(
        "TextIOWrapper of 3.9 goes on with an error at hand, which a native method does not hide",
        call=r"makefile",
        stock=r"UnicodeEncodeError.*surrogates not allowed",
        ours=r"SystemError.*returned a result with an error set.*UnicodeEncodeError",
        harmless=True,
    ),
    Accepted(
        "an option may be read into a buffer",
        call=rf"\bgetsockopt\b.*(?:{_BUFFER})",
        stock=r"TypeError.*(?:cannot be interpreted as an integer|an integer is required)",
    ),
    Accepted(
        "arguments are converted once, with one warning",
        aspect="notes",
        stock=r"((?:__index__ returned non-int|Implicit conversion to integers).*){2}",
        ours=r"__index__ returned non-int|Implicit conversion to integers",
        harmless=True,
    ),
    Accepted(
        "a socket that cannot be handed out is closed at once, not left to the garbage collector",
        call=r"create_server|create_connection|socketpair",
        aspect="notes",
        stock=r"ResourceWarning",
    ),
    Accepted(
        "a socket that cannot be handed out is closed at once, not left to the garbage collector",
        call=r"create_server|create_connection",
        aspect="state",
        stock=_FREE,
        ours=_FREE,
    ),
    Accepted(
        "functions of Python take any object for self, methods in native code do not",
        call=r"(type\(s\d\)|m\.socket)\.\w+,? ?\(?(5|None)",
        ours=r"descriptor '\w+' (for|requires a) 'socket' object",
        harmless=True,
    ),
    Accepted(
        "keywords that nobody takes are refused by the interpreter, in words for native methods",
        stock=r"'\w+\(\) takes no keyword arguments|got an unexpected keyword argument",
        # Up to 3.10 the class is named with the function that it was made in.
        ours=r"'[\w.<>]+\.\w+\(\) takes no keyword arguments",
        harmless=True,
    ),
    Accepted(
        "parameters that are taken by their place have names of our own",
        call=r"^signature\(m\.\w+\)",
        stock=r"'returned'.*, /",
        ours=r"'returned'.*, /",
        harmless=True,
    ),
    Accepted(
        "a file that was not made is taken down without errors that nobody can catch",
        call=r"SocketIO",
        aspect="notes",
        stock=r"'unraisable', <class 'AttributeError'>.*'SocketIO' object has no attribute",
        harmless=True,
    ),
    Accepted(
        "create_connection may be told to try several addresses at once",
        call=r"^signature\(m\.create_connection\)",
        ours=r"happy_eyeballs_delay=None",
        harmless=True,
    ),
    Accepted(
        "native methods take self by its place only",
        call=r"^signature\(",
        stock=r"['\"]\(self\b",
        ours=r"['\"]\(self, /",
        harmless=True,
    ),
    Accepted("the documentation is our own", call=r"__doc__", harmless=True),
    Accepted("the class has no base written in C", call=r"__mro__", harmless=True),
    Accepted(
        "enums are not loaded for the default of a parameter",
        call=r"^signature\(",
        stock=r"(family|type)=<\w+\.\w+: \d>",
        ours=r"(family|type)=\d",
        harmless=True,
    ),
    Accepted(
        "native methods have signatures and documentation where stock has none",
        call=r"^(signature|bool)\(m\.",
        stock=r"ValueError|<class 'bool'>, False",
        ours=r"'returned'",
        harmless=True,
    ),
    Accepted(
        "from 3.13 on the argument of a native method is called object in stock",
        call=r"^signature\(m\.",
        stock=r"'\(self, object, /\)'",
        ours=r"'\(self, \w+, /\)'",
        harmless=True,
    ),
    Accepted("the module has its own name", call=r"__module__", harmless=True),
    Accepted(
        "an offset may only convert to a number, and a count beyond every file is all of it",
        call=r"sendfile",
        stock=r"unsupported operand type|cannot convert|too large to convert",
        ours=r"returned|timed out|raised",
    ),
    Accepted(
        "keywords that are no strings are refused by whoever looks at them first",
        call=r"^odd_keywords\(",
        stock=r"'raised', \('builtins\.(?:TypeError|OSError)",
        ours=r"'raised', \('builtins\.TypeError",
        harmless=True,
    ),
    Accepted(
        "attributes that cannot be set or deleted are so by other means, which word the error",
        call=r"^(setting|deleting)\(s\d, '(family|type|proto)'",
        stock=r"AttributeError",
        ours=r"AttributeError.*is not writable",
        harmless=True,
    ),
    Accepted(
        "python -b warns of comparisons that are not made here",
        stock=r"BytesWarning",
    ),
    Accepted(
        "slots word what they refuse in another way than functions of Python do",
        call=r"\.__repr__\b|\.__init__\(?(?:, )?(?:5|None)\b",
        stock=r"TypeError.*\b__\w+__\(\)",
        ours=r"TypeError",
        harmless=True,
    ),
    Accepted(
        "CAN addresses that are no tuples raise TypeError, where stock fails in itself",
        stock=r"SystemError.*new style getargs format but argument is not a tuple",
        ours=r"TypeError.*AF_CAN address must be tuple",
        harmless=True,
    ),
]


def reason_for(
    call: str, aspect: str, stock: str, ours: str, earlier: list[str]
) -> Accepted | None:
    for accepted in ACCEPTED:
        if accepted.covers(call, aspect, stock, ours, earlier):
            return accepted
    return None
