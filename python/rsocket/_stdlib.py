"""The interpreter's own `socket` module, whatever stands in its place in `sys.modules`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any
else:
    ModuleType = type(sys)  # the import of `types` takes longer

_found: ModuleType | None = None


def module() -> ModuleType:
    """Returns the interpreter's own `socket`, imported if need be."""
    global _found
    if _found is None:
        _found = _find()
    return _found


def _find() -> ModuleType:
    package = sys.modules["rsocket"]
    present = sys.modules.get("socket")
    if present is not None and present is not package:
        return present
    # Somebody may have put the package there without `install()`, before the original was ever
    # imported. The original needs its place while it runs: its enums look their module up by name.
    sys.modules.pop("socket", None)
    lazy = _lazy_selectors()
    try:
        import socket

        return socket
    finally:
        if lazy is not None and sys.modules.get("selectors") is lazy:
            del sys.modules["selectors"]
        if present is package:
            sys.modules["socket"] = package


class _Selectors(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if sys.modules.get("selectors") is self:
            del sys.modules["selectors"]
        import selectors

        return getattr(selectors, name)


def _lazy_selectors() -> ModuleType | None:
    """Spares the original a module that it imports, which takes long, for its sendfile() alone."""
    if "selectors" in sys.modules:
        return None
    lazy = sys.modules["selectors"] = _Selectors("selectors")
    return lazy
