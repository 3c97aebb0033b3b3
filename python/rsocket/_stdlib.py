"""The interpreter's own `socket` module, whatever stands in its place in `sys.modules`."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_found: ModuleType | None = None


def module() -> ModuleType:
    """Returns the interpreter's own `socket`, imported if need be."""
    global _found
    if _found is None:
        _found = _find()
    return _found


def _find() -> ModuleType:
    package = sys.modules["rsocket"]
    if sys.modules.get("socket") is not package:
        return importlib.import_module("socket")
    # Somebody put the package there without `install()`, before the original was ever imported.
    # The original needs its place while it runs: its enums look their module up by name.
    del sys.modules["socket"]
    try:
        return importlib.import_module("socket")
    finally:
        sys.modules["socket"] = package
