"""Putting rsocket in the place of `socket` for everything that is imported afterwards."""

import sys
import warnings
from types import ModuleType

from rsocket import _stdlib


def install() -> None:
    original = _stdlib.module()
    try:
        # `ssl.SSLSocket` needs the interpreter's own class below it: its C code reads the fields.
        import ssl  # noqa: F401
    except ImportError:  # a Python without OpenSSL
        pass
    package = sys.modules["rsocket"]
    if sys.modules.get("socket") is package:
        return
    _warn_of_holders(original)
    sys.modules["socket"] = package


def uninstall() -> None:
    if sys.modules.get("socket") is sys.modules["rsocket"]:
        sys.modules["socket"] = _stdlib.module()


def _warn_of_holders(original: ModuleType) -> None:
    holders = sorted(
        name
        for name, module in sys.modules.copy().items()
        if name not in ("socket", "ssl")
        and name.partition(".")[0] != "rsocket"
        and getattr(module, "__dict__", {}).get("socket") is original
    )
    if holders:
        warnings.warn(
            "rsocket was installed too late for what has imported the interpreter's socket before: "
            + ", ".join(holders),
            RuntimeWarning,
            stacklevel=4,
        )
