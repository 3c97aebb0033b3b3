"""What can be seen of every name without a call: values, signatures, documentation."""

from __future__ import annotations

import functools
import socket as stock

from .twin import Sequence, Step


@functools.cache
def sequences() -> list[Sequence]:
    """One sequence for the module, and one for each class in it."""
    module = [name for name in dir(stock) if not name.startswith("_")]
    private = ["_GLOBAL_DEFAULT_TIMEOUT", "_LOCALHOST", "_LOCALHOST_V6", "_GiveupOnSendfile"]
    module += [name for name in private if hasattr(stock, name)]
    steps = [_looks(f"m.{name}", getattr(stock, name)) for name in module]
    steps.append([Step(f"[name for name in dir(m) if name in {module!r}]")])
    for name in ("socket", "SocketIO", "AddressFamily", "SocketKind", "herror", "gaierror"):
        steps.append(_members(name))
    return [Sequence(each, strict=False, refused=None) for each in steps]


def _members(name: str) -> list[Step]:
    members = dir(getattr(stock, name))
    steps = [Step(f"[name for name in {members!r} if hasattr(m.{name}, name)]")]
    steps.append(Step(f"[kind.__name__ for kind in m.{name}.__mro__]"))
    for member in members:
        if not member.startswith("__"):
            steps += _looks(f"m.{name}.{member}", getattr(getattr(stock, name), member))
    return steps


def _looks(path: str, value: object) -> list[Step]:
    if callable(value):
        texts = [f"signature({path})", f"bool({path}.__doc__)", f"{path}.__name__"]
        texts.append(f"{path}.__qualname__")
        texts.append(f"{path} == {path}, hash({path}) == hash({path}), callable({path})")
        return [Step(text) for text in texts]
    if isinstance(value, (int, str)):
        return [Step(path)]
    return [Step(f"{path} is not None")]
