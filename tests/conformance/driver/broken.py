"""Deliberately broken replacements: with one of these the check must find fault.

The broken module is the one under test, damaged in place, in a file written on the fly.
"""

from __future__ import annotations

NAME = "broken_socket_module"

RECV = """
good_recv = good.socket.recv

class Angry:
    def __del__(self):
        raise ValueError("angry")

def recv(self, *arguments, **named):
    data = good_recv(self, *arguments, **named)
    {body}
    return data

good.socket.recv = recv
"""

# A name that the module makes when it is first asked for must be there to be taken away.
REMOVE = """
good.{name}
del good.{name}

def absent(name):
    raise AttributeError(name)

good.__getattr__ = absent
"""

# Each stands for a kind of finding, in the words of `compare.KINDS`.
KINDS = {
    "flip": RECV.format(body="data = bytes([data[0] ^ 1]) + data[1:] if data else data"),  # lost
    "hang": RECV.format(body="time.sleep(100_000)"),
    "crash": RECV.format(body="os.abort()"),
    "skip": RECV.format(body="raise unittest.SkipTest('recv')"),  # newly skipped
    "ignore": RECV.format(body="Angry()"),  # an exception that Python prints and ignores
    "remove": REMOVE.format(name="AF_INET"),  # tests that cannot even be collected: missing
}

SOURCE = """
import importlib
import os
import sys
import time
import unittest

good = importlib.import_module({replacement!r})
{damage}
sys.modules[__name__] = good
"""


def write(folder, replacement, kind):
    """Puts the broken module into the folder; its name is NAME."""
    source = SOURCE.format(replacement=replacement, damage=KINDS[kind])
    (folder / f"{NAME}.py").write_text(source, encoding="utf-8")
