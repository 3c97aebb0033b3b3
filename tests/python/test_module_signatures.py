"""Signatures are those of the interpreter's own module, or differ for a listed reason."""

import inspect
import re
import socket as stock

import pytest
import rsocket

NAMES = [name for name in dir(stock) if callable(getattr(stock, name)) and name != "SocketType"]


def members(name):
    found = getattr(stock, name)
    if not isinstance(found, type) or found is getattr(rsocket, name):
        return []
    return [f"{name}.{member}" for member in dir(found) if callable(getattr(found, member))]


PATHS = [*NAMES, *(path for name in NAMES for path in members(name))]


def signature(module, path):
    target = module
    for name in path.split("."):
        target = getattr(target, name)
    try:
        text = str(inspect.signature(target))
    except ValueError:
        return None
    return re.sub(r"<object object at 0x[0-9a-f]+>", "<default>", text)


# What stands in a signature here, and what the interpreter's own has in its place.
REASONS = [
    ("native methods take self by its place only", r"^\(self, /(?=[,)])", "(self"),
    ("a sentinel of our own", r"_ss=Ellipsis", "_ss=<class '_socket.socket'>"),
    ("enums are not loaded for a default", r"\bfamily=2\b", f"family={stock.AF_INET!r}"),
    ("enums are not loaded for a default", r"\btype=1\b", f"type={stock.SOCK_STREAM!r}"),
]
# From 3.13 on the one argument of a native function is called so.
UNNAMED = re.compile(r"^\((self, )?object, /\)$")
# Slots have this signature, whatever they take.
SLOT = "(self, /, *args, **kwargs)"


def explained(path, ours, theirs):
    if ours == theirs:
        return True
    if theirs is None or ours is None:
        # Without a signature there; `sendto` and `setsockopt` have two, of which none can be said.
        return theirs is None
    if ours == SLOT:
        return path == "socket.__init__"
    if path == "create_connection":
        before, _, after = ours.partition(", happy_eyeballs_delay=None")
        return before + after in (theirs, theirs[:-1] + ", *)")
    if UNNAMED.match(theirs):
        return re.sub(r"\w+, /\)$", "object, /)", ours) == theirs
    for _reason, here, there in REASONS:
        ours = re.sub(here, lambda _found, there=there: there, ours)
    return ours == theirs


@pytest.mark.parametrize("path", PATHS)
def test_a_signature_is_the_same_or_says_more(path):
    ours, theirs = signature(rsocket, path), signature(stock, path)
    assert explained(path, ours, theirs), (ours, theirs)


@pytest.mark.parametrize("name", ["socket", "SocketIO", *sorted(NAMES)])
def test_everything_can_be_asked_for_its_signature(name):
    target = getattr(rsocket, name)
    theirs = signature(stock, name)
    # Of an exception there is none to be had.
    assert signature(rsocket, name) is not None or theirs is None
    assert inspect.getdoc(target) or target is getattr(stock, name)


def test_a_subclass_of_socket_io_has_its_own_signature():
    class Same(rsocket.SocketIO):
        pass

    class Other(rsocket.SocketIO):
        def __init__(self, sock):
            super().__init__(sock, "rb")

    assert str(inspect.signature(Same)) == str(inspect.signature(rsocket.SocketIO))
    assert str(inspect.signature(Other)) == "(sock)"


def test_the_signature_of_every_addition_can_be_had():
    added = set(dir(rsocket.socket)) - set(dir(stock.socket))
    assert added
    for name in added:
        method = getattr(rsocket.socket, name)
        assert inspect.signature(method).parameters, name
        assert inspect.getdoc(method), name
