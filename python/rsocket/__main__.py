"""Runs a program on rsocket: `python -m rsocket program.py [args]` or `-m module [args]`."""

from __future__ import annotations

import os
import pkgutil
import runpy
import sys

import rsocket

_USAGE = "usage: python -m rsocket (-m module | program.py) [argument ...]"


def main(arguments: list[str]) -> int:
    if not arguments or arguments == ["-m"]:
        print(_USAGE, file=sys.stderr)
        return 2
    if arguments[0] in ("-h", "--help"):
        print(_USAGE)
        return 0
    rsocket.install()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return 0
    sys.argv = arguments
    _look_beside(arguments[0])
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


def _look_beside(program: str) -> None:
    """Lets imports look beside the program instead of in the current directory, as Python does."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
        return
    del sys.path[0]
    # `run_path` itself adds a directory or an archive.
    if pkgutil.get_importer(program) is None:
        sys.path.insert(0, os.path.dirname(os.path.realpath(program)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
