"""A file over one of two sockets, for the tests that compare it with one of module io."""

import contextlib
import copy
import io
import os
import pickle
import socket as stock

import rsocket
from both import shown

CLASSES = {"rb": io.BufferedReader, "wb": io.BufferedWriter, "rwb": io.BufferedRWPair}
HALVES = ["rb", "wb", "rwb"]


class Scene:
    """A pair of sockets, and a file over one of them."""

    def __init__(self, module, mode="rb", buffering=None, timeout=None):
        self.near, self.far = module.socketpair()
        self.near.settimeout(timeout)
        self.file = self.near.makefile(mode, buffering)
        # What is sent on one is there on the other at once.
        self.far.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, ValueError):
            self.file.close()
        self.near.close()
        self.far.close()

    def run(self, calls):
        """What each call gives or raises. A call is an expression of f, near and far."""
        names = {"f": self.file, "near": self.near, "far": self.far, "io": io, "pickle": pickle}
        names.update(copy=copy, bytearray_of=bytearray_of, into=into, os=os)
        for call in calls:
            try:
                answer = eval(call, names)
            except Exception as error:
                answer = described(error)
            yield call, answer


def described(error):
    cause = error.__cause__ and described(error.__cause__)
    written = getattr(error, "characters_written", None)
    context = error.__context__ and type(error.__context__)
    return type(error), str(error), getattr(error, "errno", None), written, cause, context


def bytearray_of(file, method, size):
    """What `readinto` gives and leaves in its buffer."""
    buffer = bytearray(b"." * size)
    return getattr(file, method)(buffer), bytes(buffer)


def into(file, method, buffer):
    return getattr(file, method)(buffer), bytes(buffer)


def same(calls, **scene):
    def run(module):
        with Scene(module, **scene) as on:
            return list(on.run(calls))

    def answers(module):
        return [(call, shown(answer)) for call, answer in run(module)]

    for ours, theirs in zip(answers(rsocket), answers(stock)):
        assert ours == theirs
