"""Puts the module under test in the place of `socket`, before anything else imports that.

`site` imports this file from PYTHONPATH at the start of the test process, and of every Python
process which that starts with its environment.
"""

import importlib
import importlib.util
import os
import sys

NAME = os.environ.get("RSOCKET_CONFORMANCE_MODULE")

if NAME:
    # `_ssl` reads the file descriptor straight from the object that the interpreter's own
    # `_socket` lays out. SSLSocket must therefore keep that base: ssl comes first.
    if importlib.util.find_spec("_ssl") is not None:
        import ssl  # noqa: F401
    sys.modules["socket"] = importlib.import_module(NAME)
