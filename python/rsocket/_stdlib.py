"""The interpreter's own `socket` module, whatever stands in its place in `sys.modules`."""

# No `from __future__ import annotations`: that is a module, too, which takes longer than this one.

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any
else:
    ModuleType = type(sys)  # the import of `types` takes longer

_found: "ModuleType | None" = None


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
    # Modules that the original needs for a function or two, and that take long to import.
    lazy = [_Lazy(name) for name in ("array", "selectors") if name not in sys.modules]
    sys.modules.update((module.__name__, module) for module in lazy)
    try:
        import socket

        return socket
    finally:
        for module in lazy:
            module.leave()
        if present is package:
            sys.modules["socket"] = package


class _Lazy(ModuleType):
    """Stands for a module that is imported when something in it is asked for."""

    def leave(self) -> None:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]

    def __getattr__(self, name: str) -> "Any":
        self.leave()
        return getattr(__import__(self.__name__), name)
