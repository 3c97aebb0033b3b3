"""The fixture `start`: runs tutorial programs as processes of their own and talks to them."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
SECONDS = 30


class Program:
    """A running tutorial program: type lines in, read lines out, never wait for ever."""

    def __init__(self, name, *arguments):
        self.name = name
        self._lines = queue.Queue()
        self._errors = []
        # Development mode reports sockets that a program, or the module, forgot to close.
        self._process = subprocess.Popen(
            [sys.executable, "-X", "dev", str(FOLDER / name), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        self._readers = [
            threading.Thread(target=self._read_output),
            threading.Thread(target=self._read_errors),
        ]
        for reader in self._readers:
            reader.start()

    def kill(self):
        """Ends the program, wherever it is, and everything that belongs to it."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            # Broken if the program ended before it read what was typed: no matter here.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def _read_output(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self):
        self._errors.extend(self._process.stderr)

    def type(self, line):
        """Types one line at the program's terminal."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end_input(self):
        self._process.stdin.close()

    def line(self):
        """The next line that the program prints, or None after its last one."""
        try:
            return self._lines.get(timeout=SECONDS)
        except queue.Empty:
            raise AssertionError(f"{self.name} printed nothing for {SECONDS} s") from None

    def port(self):
        """The port in the first line of a server."""
        line = self.line()
        assert line is not None, f"{self.name} did not start: {''.join(self._errors)}"
        return int(line.rsplit(" ", 1)[1])

    def interrupt(self):
        """Presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def finish(self):
        """Waits for the end: the exit status and the lines not yet read.

        Fails if the program wrote to stderr: a traceback, or a warning of a leaked socket.
        """
        status = self._process.wait(timeout=SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        rest = []
        while (line := self.line()) is not None:
            rest.append(line)
        assert not self._errors, f"{self.name} wrote to stderr:\n{''.join(self._errors)}"
        return status, rest


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Ctrl-C reaches the programs even if the tests run in the background of a shell.

    Such a shell has SIGINT ignored, and that would be inherited.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture
def start():
    """`start("program.py", argument...)` runs it; the end of the test ends it."""
    with contextlib.ExitStack() as running:

        def start_program(name, *arguments):
            program = Program(name, *arguments)
            running.callback(program.kill)
            return program

        yield start_program
