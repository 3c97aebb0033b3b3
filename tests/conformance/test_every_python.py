"""The check of every interpreter finds each once, and never takes trouble for success."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EVERY = Path(__file__).resolve().parent / "every_python.py"
OWN = "{}.{}".format(*sys.version_info) + sys.abiflags
NO_MATURIN = sys.executable  # it fails with these arguments


@pytest.fixture
def run(tmp_path):
    """Runs the check where this interpreter, a link to it and a broken program are on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("one", "two"):
        (programs / folder).mkdir()
        (programs / folder / f"python3.{sys.version_info[1]}").symlink_to(sys.executable)
    # Builds make way for the tests.
    (programs / "one" / "nice").symlink_to(shutil.which("nice"))
    broken = programs / "one" / "python3.99"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)

    def run(*arguments):
        search = [str(programs / "one"), str(programs / "two")]
        done = subprocess.run(
            [sys.executable, str(EVERY), "--build", str(tmp_path / "build"), *arguments],
            env={"PATH": os.pathsep.join(search), "PYENV_ROOT": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_own_interpreter_is_left_to_the_other_command(run):
    status, said = run("--maturin", NO_MATURIN, "--only", OWN)
    assert (status, said) == (2, f"cannot test: there is no Python {OWN} to test\n")


def test_interpreter_that_does_not_exist(run):
    status, said = run("--maturin", NO_MATURIN, "--only", "3.99")
    assert (status, said) == (2, "cannot test: there is no Python 3.99 to test\n")


def test_failed_build_is_not_success(run):
    status, said = run("--maturin", NO_MATURIN, "--own", "--only", OWN)
    assert status == 2, said
    assert said.count("not built") == 1, said
    assert said.endswith("s\n"), said
