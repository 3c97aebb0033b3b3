"""Random calls come out on rsocket as on the interpreter's own module, but for listed reasons.

`python -m differential --calls 1000000 --seed 1`, run in this directory, is the long run.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*options):
    command = [sys.executable, "-bb", "-m", "differential", *options]
    done = subprocess.run(
        command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if "CannotEnter" in done.stdout:
        pytest.skip(f"needs namespaces of its own: {done.stdout.strip().splitlines()[-1]}")
    return done


def test_random_calls_come_out_alike():
    done = run("--calls", "6000", "--seed", "fixed")
    assert done.returncode == 0, done.stdout
    calls, raised = map(int, re.search(r"(\d+) calls in .* (\d+) raised", done.stdout).groups())
    # Neither only calls that fail, nor only calls that work.
    assert 0.2 < raised / calls < 0.8


def test_a_difference_is_found():
    done = run("--calls", "300", "--seed", "fixed", "--broken")
    assert done.returncode == 1, done.stdout
    assert "differences of 0 kinds" not in done.stdout


def test_a_call_that_never_comes_back_is_ended_and_the_run_goes_on():
    stock = run("--calls", "2000", "--seed", "fixed", "--patience", "1", "--hanging", "socket")
    assert stock.returncode == 0, stock.stdout
    assert "stock hangs in sequences 1: hang(m, 'socket'): does not come back" in stock.stdout
    assert " 1 hangs of stock, 0 differences of 0 kinds, " in stock.stdout
    calls = int(re.search(r"(\d+) calls in ", stock.stdout)[1])
    assert calls >= 2000
    ours = run("--calls", "2000", "--seed", "fixed", "--patience", "1", "--hanging", "rsocket")
    assert ours.returncode == 1, ours.stdout
    assert " 0 hangs of stock, 1 differences of 1 kinds (1 x hang, result), " in ours.stdout
