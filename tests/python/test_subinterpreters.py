"""A subinterpreter is told that the module is not for it, and the main one goes on."""

import subprocess
import sys

import pytest

PROGRAM = """
{first}
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
other = interpreters.create()
code = '''
try:
    import rsocket
except ImportError as error:
    print("refused:", error)
else:
    print("loaded")
'''
run = getattr(interpreters, "exec", None) or interpreters.run_string
run(other, code)
interpreters.destroy(other)
import rsocket
left, right = rsocket.socketpair()
left.send(b"here")
print(right.recv(4).decode())
"""


@pytest.mark.parametrize("first", ["import rsocket", ""], ids=["main first", "sub first"])
def test_subinterpreter_is_refused(first):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    refused, *rest = done.stdout.splitlines()
    assert refused.startswith("refused: "), done.stdout
    assert "subinterpreters" in refused
    assert (done.returncode, rest) == (0, ["here"]), done.stdout
