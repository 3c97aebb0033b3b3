"""Putting rsocket in the place of `socket` for everything that is imported afterwards."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from types import ModuleType

import rsocket
from rsocket import _stdlib

_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_child.py")
_spawn_is_awaited = False


def install() -> None:
    _import_ssl()
    if _is_installed():
        return
    holders = sorted(_holders())
    if holders:
        warnings.warn(
            "rsocket was installed too late for what has imported the interpreter's socket before: "
            + ", ".join(holders),
            RuntimeWarning,
            stacklevel=3,
        )
    _replace()


def install_in_child() -> None:
    """Installs in a process that multiprocessing has started for one that has it installed.

    What such a process has imported before anything could be said to it gets the module as well.
    """
    _import_ssl()
    for name, module in _holders().items():
        if name.partition(".")[0] == "multiprocessing":
            vars(module)["socket"] = rsocket
    _replace()


def uninstall() -> None:
    if _is_installed():
        sys.modules["socket"] = _stdlib.module()


def _is_installed() -> bool:
    return sys.modules.get("socket") is rsocket


def _import_ssl() -> None:
    _stdlib.module()
    try:
        # `ssl.SSLSocket` needs the interpreter's own class below it: its C code reads the fields.
        import ssl  # noqa: F401
    except ImportError:  # a Python without OpenSSL
        pass


def _replace() -> None:
    global _spawn_is_awaited
    sys.modules["socket"] = rsocket
    if not _spawn_is_awaited:
        _spawn_is_awaited = True
        rsocket._after_import("multiprocessing.spawn", _tell_children)


def _holders() -> dict[str, ModuleType]:
    """Modules that have imported the interpreter's own `socket`."""
    original = _stdlib.module()
    return {
        name: module
        for name, module in sys.modules.copy().items()
        if name not in ("socket", "ssl")
        and name.partition(".")[0] != "rsocket"
        and getattr(module, "__dict__", {}).get("socket") is original
    }


def _tell_children(spawn: ModuleType) -> None:
    """Lets processes that are started afresh install the module before they import the program."""
    prepare: Callable[[str], dict[str, object]] = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, object]:
        data = prepare(name)
        # A program that is frozen has no such file.
        if _is_installed() and os.path.isfile(_CHILD):
            # The child unpickles it first of all, and looks for no such name.
            data["rsocket"] = _Installation()
        return data

    vars(spawn)["get_preparation_data"] = get_preparation_data


class _Installation:
    """Is unpickled by running a file, since the child has the parent's `sys.path` only later."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        import runpy

        return runpy.run_path, (_CHILD,)
