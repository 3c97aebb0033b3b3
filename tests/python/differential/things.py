"""Odd objects to pass as arguments, and classes on top of `socket` to call methods of."""

from __future__ import annotations

import array
import collections
import copy
import ctypes
import decimal
import fractions
import functools
import inspect
import io
import ipaddress
import operator
import pathlib
import pickle
import signal
import time
import typing
import weakref


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class BadIndex:
    def __index__(self):
        raise ZeroDivisionError("index")


class IntOnly:
    def __init__(self, value):
        self.value = value

    def __int__(self):
        return self.value


class BadInt:
    def __int__(self):
        raise ZeroDivisionError("int")


class FloatOnly:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


class BadFloat:
    def __float__(self):
        raise ZeroDivisionError("float")


class BadBool:
    def __bool__(self):
        raise ZeroDivisionError("bool")


class IntSub(int):
    pass


class IntSubIndex(int):
    def __index__(self):
        return 1


class FloatSub(float):
    pass


class StrSub(str):
    pass


class BadStr(str):
    def __str__(self):
        raise ZeroDivisionError("str")

    def __eq__(self, other):
        raise ZeroDivisionError("eq")

    __hash__ = str.__hash__


class BytesSub(bytes):
    pass


class TupleSub(tuple):
    __slots__ = ()


Point = collections.namedtuple("Point", "host port")


class Fspath:
    def __fspath__(self):
        return "sock1"


class Fileno:
    def __init__(self, value):
        self.value = value

    def fileno(self):
        return self.value


class BadIter:
    def __iter__(self):
        raise ZeroDivisionError("iter")


class Sequence:
    """Has `__len__` and `__getitem__` only."""

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class BadSequence(Sequence):
    def __getitem__(self, index):
        raise ZeroDivisionError("getitem")


class BadHash:
    def __eq__(self, other):
        raise ZeroDivisionError("eq")

    __hash__ = None


def generate(*items):
    yield from items


def failing(*items):
    yield from items
    raise ZeroDivisionError("generator")


def released(data=b"abc"):
    view = memoryview(data)
    view.release()
    return view


def chars(count):
    return (ctypes.c_char * count)()


class Text:
    """A text in the place of a file of `sendfile`: one method says what it was made to say."""

    def __init__(self, **members):
        self.__dict__.update(members)


def blocks(count, block=b"zz"):
    """A `read` that has some blocks of data, and then no more."""
    left = [block] * count
    return lambda size: left.pop()[:size] if left else b""


def use(manager, body=lambda entered: None):
    with manager as entered:
        return body(entered)


def setting(target, name, value):
    setattr(target, name, value)
    return getattr(target, name)


def deleting(target, name):
    delattr(target, name)


def pickled(target, protocol):
    return pickle.dumps(target, protocol)


def hashes(target):
    """Equality and hash, without the numbers that differ between two objects."""
    return hash(target) == hash(target), target == target, target != target, target == 1


def references(target):
    return weakref.ref(target)() is target, weakref.proxy(target).fileno()


def signature(target):
    return str(inspect.signature(target))


def attributes(target):
    return sorted(vars(target))


def keyword_call(function, *args, **kwargs):
    """A call through `tp_call`, with a dict of keywords that may hold anything."""
    return functools.partial(function, *args, **kwargs)()


def odd_keywords(function, *args):
    return function(*args, **{1: 2})


def hang(module, name):
    """Never comes back, whatever signal comes, if the module has the name."""
    if module.__name__ == name:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            time.sleep(1)


def classes(module):
    """Classes on top of `module.socket`, by name; `log` is what their methods have seen."""
    log = []

    class Plain(module.socket):
        pass

    class Slotted(module.socket):
        __slots__ = ("extra",)

    class Logged(module.socket):
        def fileno(self):
            log.append("fileno")
            return super().fileno()

        def close(self):
            log.append("close")
            super().close()

        def _real_close(self):
            log.append("_real_close")
            super()._real_close()

        def detach(self):
            log.append("detach")
            return super().detach()

        def _accept(self):
            log.append("_accept")
            return super()._accept()

        def accept(self):
            log.append("accept")
            return super().accept()

        def recv_into(self, *args):
            log.append("recv_into")
            return super().recv_into(*args)

        def send(self, *args):
            log.append("send")
            return super().send(*args)

        def settimeout(self, value):
            log.append("settimeout")
            super().settimeout(value)

        def gettimeout(self):
            log.append("gettimeout")
            return super().gettimeout()

        def getsockname(self):
            log.append("getsockname")
            return super().getsockname()

        def getpeername(self):
            log.append("getpeername")
            return super().getpeername()

        def dup(self):
            log.append("dup")
            return super().dup()

    class Lying(module.socket):
        """Overrides what the methods of the standard library ask for, with answers of no use."""

        answers: typing.ClassVar[dict] = {}

        def fileno(self):
            return self.answers.get("fileno", 0.5)

        @property
        def family(self):
            log.append("family")
            return super().family

        @property
        def type(self):
            log.append("type")
            return super().type

        @property
        def proto(self):
            log.append("proto")
            return super().proto

        def _accept(self):
            return self.answers.get("_accept", (1,))

        def recv_into(self, *args):
            return self.answers.get("recv_into", 1)

        def send(self, *args):
            return self.answers.get("send", None)

        def gettimeout(self):
            return self.answers.get("gettimeout", 0)

        def getsockname(self):
            return self.answers.get("getsockname", ())

        def getpeername(self):
            raise ZeroDivisionError("getpeername")

    class NoInit(module.socket):
        def __init__(self, *args, **kwargs):
            log.append("__init__")

    class LateInit(module.socket):
        def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
            log.append(("__init__", int(family), int(type), proto, fileno is None))
            super().__init__(family, type, proto, fileno)

    classes = (Plain, Slotted, Logged, Lying, NoInit, LateInit)
    return log, {each.__name__: each for each in classes}


_MODULES = (array, copy, ctypes, decimal, fractions, io, ipaddress, operator, pathlib)


def namespace():
    """The names that the calls of a sequence use."""
    names = {name: value for name, value in globals().items() if not name.startswith("_")}
    names.update((module.__name__, module) for module in _MODULES)
    for unused in ("classes", "namespace", "annotations", "typing", "signal", "time"):
        del names[unused]
    return names
