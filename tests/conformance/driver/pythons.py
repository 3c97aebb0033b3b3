"""The CPythons of this machine, and the module built and installed for one of them."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

OLDEST = (3, 9)
NAME = re.compile(r"python3\.\d+t?")

PROBE = """
import importlib.util, json, os, sys, sysconfig

def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False

print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "flags": sys.abiflags,
    "program": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "lacks": [name for name in ("test.test_socket", "venv", "ensurepip") if not has(name)],
}))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter that the module can be built for."""

    program: str
    version: tuple[int, int, int]
    flags: str
    lacks: tuple[str, ...]

    @property
    def text(self):
        return ".".join(map(str, self.version)) + self.flags

    @property
    def series(self):
        return f"{self.version[0]}.{self.version[1]}{self.flags}"


def candidates(environ):
    """Programs that may be a CPython: those of pyenv, and python3.N on PATH."""
    root = environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    yield from sorted(glob.glob(os.path.join(root, "versions", "*", "bin", "python3")))
    for folder in environ.get("PATH", "").split(os.pathsep):
        for program in sorted(glob.glob(os.path.join(folder, "python3.*"))):
            if NAME.fullmatch(os.path.basename(program)) and os.access(program, os.X_OK):
                yield program


def look_at(program):
    """The interpreter behind the program; None where there is no CPython that counts.

    What pyenv puts on PATH are scripts that fail unless their version is selected.
    """
    try:
        answer = subprocess.run(
            [program, "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = json.loads(answer.stdout)
    if found["implementation"] != "cpython" or tuple(found["version"]) < OLDEST:
        return None
    return Python(
        program=found["program"],
        version=tuple(found["version"]),
        flags=found["flags"],
        lacks=tuple(found["lacks"]),
    )


def every(environ=os.environ):
    """All CPythons found, oldest first, each once."""
    found = {python.program: python for python in map(look_at, candidates(environ)) if python}
    return sorted(found.values(), key=lambda python: (python.version, python.flags))


class CannotBuild(Exception):
    """The module was not built or not installed; the message says why."""


class Build:
    """The module in a virtual environment of its own, below `folder`."""

    def __init__(self, python, folder, target, repository, maturin, profile, children, testing):
        self.python = python
        self.environment = folder / "venv"
        self.program = self.environment / "bin" / "python"
        self._log = folder / "build.log"
        self._wheels = folder / "wheels"
        # One for all: only what knows the interpreter is compiled for each, a third of the whole.
        self._target = target
        self._repository = repository
        self._maturin = maturin
        self._profile = profile
        self._children = children
        self._testing = testing

    def make(self):
        """Builds and installs; raises CannotBuild."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_bytes(b"")
        shutil.rmtree(self._wheels, ignore_errors=True)
        self._run(
            *(self._maturin, "build", "--profile", self._profile),
            *("--interpreter", self.python.program, "--out", self._wheels),
        )
        current = look_at(str(self.program)) if self.program.exists() else None
        if current != self.python:  # none yet, or one of an interpreter that was updated
            self._run(self.python.program, "-m", "venv", "--clear", self.environment)
        (wheel,) = self._wheels.glob("*.whl")
        self._run(
            *(self.program, "-m", "pip", "--disable-pip-version-check", "install"),
            *("--no-index", "--no-deps", "--force-reinstall", wheel),
        )
        if self._testing:
            wanted = (self._repository / "tests" / "requirements.txt").read_text(encoding="utf-8")
            self._run(
                *(self.program, "-m", "pip", "--disable-pip-version-check", "install"),
                *(line for line in wanted.splitlines() if line.startswith(("mypy", "pytest"))),
            )

    def _run(self, *command):
        environ = {**os.environ, "CARGO_TARGET_DIR": str(self._target)}
        environ.pop("VIRTUAL_ENV", None)
        environ.pop("PYO3_PYTHON", None)
        # Tests of another interpreter may be at work, and some of them measure time.
        with self._log.open("ab") as log:
            status = self._children.run(
                ["nice", *map(str, command)],
                cwd=self._repository,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if status:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            raise CannotBuild("\n".join(lines[-30:]))
