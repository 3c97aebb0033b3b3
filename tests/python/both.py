"""The same code on the interpreter's own `socket` and on rsocket, and what comes of it."""

import io
import re
import socket as stock
import warnings

import rsocket

_NUMBERS_THAT_DIFFER = re.compile(r"0x[0-9a-f]+|fd=\d+")


def shown(value):
    """A value without what must differ between two runs: names of modules, numbers of files."""
    if isinstance(value, (stock.socket, rsocket.socket)):
        return ("socket", value.family, value.type, value.proto, value.gettimeout())
    if isinstance(value, (tuple, list)):
        return type(value), [shown(item) for item in value]
    kind = type(value)
    if issubclass(kind, io.BufferedIOBase):
        # A subclass of the same name.
        kind = f"{kind.__module__}.{kind.__qualname__}"
    return kind, _text(repr(value))


def _text(text):
    return _NUMBERS_THAT_DIFFER.sub("#", text).replace("rsocket.", "socket.")


def outcome(module, function):
    """What `function(module)` gives or raises, ready to be compared."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = shown(function(module))
        except Exception as error:
            result = ("raises", type(error), _text(str(error)), getattr(error, "errno", None))
    return result, sorted(_text(str(warning.message)) for warning in caught)


def assert_same(function):
    """Fails where rsocket answers otherwise than the interpreter's own module."""
    assert outcome(rsocket, function) == outcome(stock, function)
