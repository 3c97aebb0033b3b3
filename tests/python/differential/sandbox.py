"""A place where random calls can do no harm: namespaces and a directory of one's own."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket as stock
import struct
import tempfile
from pathlib import Path

_CLONE_NEWUTS = 0x04000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
HOST_NAME = b"differential"


class CannotEnter(Exception):
    """The kernel gives this process no namespaces."""


def enter() -> None:
    """Puts this process, which has one thread, into new network and host name namespaces.

    Raises CannotEnter where the kernel does not let it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNET | _CLONE_NEWUTS) != 0:
        if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWUTS) != 0:
            raise CannotEnter(f"unshare: {os.strerror(ctypes.get_errno())}")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with stock.socket(stock.AF_INET, stock.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", _IFF_UP)
        fcntl.ioctl(sock, _SIOCSIFFLAGS, request)


class Scratch:
    """An empty working directory, and descriptors from 3 on that nobody holds."""

    def __init__(self) -> None:
        self._root = tempfile.mkdtemp(prefix="differential-")
        os.chdir(self._root)
        stray = open_descriptors()
        if stray:
            os.closerange(min(stray), max(stray) + 1)

    def reset(self) -> None:
        """Leaves nothing of what was before: files, descriptors, the name of the host."""
        descriptors = open_descriptors()
        if descriptors:
            os.closerange(3, max(descriptors) + 1)
        for entry in os.listdir("."):
            if os.path.isdir(entry) and not os.path.islink(entry):
                shutil.rmtree(entry)
            else:
                os.unlink(entry)
        with open("file", "wb") as file:
            file.write(b"0123456789" * 50)
        stock.sethostname(HOST_NAME)

    def remove(self) -> None:
        os.chdir("/")
        shutil.rmtree(self._root)


def open_descriptors() -> list[int]:
    """The open descriptors above the standard ones."""
    listed = os.listdir("/proc/self/fd")
    # The directory itself was open while it was read.
    return sorted(number for number in map(int, listed) if number > 2 and _is_open(number))


def _is_open(number: int) -> bool:
    try:
        fcntl.fcntl(number, fcntl.F_GETFD)
    except OSError:
        return False
    return True
