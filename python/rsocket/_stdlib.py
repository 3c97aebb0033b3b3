"""The interpreter's own `socket` module, whatever stands in its place in `sys.modules`."""

import sys

_found = None


def module():
    """Returns the interpreter's own `socket`, imported if need be."""
    global _found
    if _found is None:
        _found = _find()
    return _found


def _find():
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


def _lazy_selectors():
    """Spares the original a module that it imports, which takes long, for its sendfile() alone."""
    if "selectors" in sys.modules:
        return None

    class Selectors(type(sys)):
        def __getattr__(self, name):
            if sys.modules.get("selectors") is self:
                del sys.modules["selectors"]
            import selectors

            return getattr(selectors, name)

    lazy = sys.modules["selectors"] = Selectors("selectors")
    return lazy
