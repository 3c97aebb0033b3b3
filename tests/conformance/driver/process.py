"""One test process: its surroundings, its start, and its certain end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

INSIDE = Path(__file__).resolve().parent.parent / "inside"
MARK = "RSOCKET_CONFORMANCE_RUN"
UNSHARE = ("--net", "--mount", "--propagation", "private")
LOG_TAIL = 4000
OUTER_FRAME = re.compile(r'\s+File ".*/(unittest/\w+|inside/runner)\.py", line \d+ in ')


def environment(replacement, import_from=()):
    """The environment of a test process with `replacement` in the place of socket."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Settings of Python change what tests see, and proxies where they connect.
        if not name.startswith("PYTHON") and not name.lower().endswith("_proxy")
    }
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    path = [str(INSIDE / "substitute"), *map(str, import_from), *map(os.path.abspath, given)]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C.UTF-8",
        "RSOCKET_CONFORMANCE_MODULE": replacement,
    }


def why_not_isolated(python):
    """Why test processes cannot have a network of their own; None if they can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    unshare = shutil.which("unshare")
    if unshare is None:
        return "there is no command `unshare`"
    with tempfile.TemporaryDirectory() as directory:
        trial = subprocess.run(
            [unshare, *UNSHARE, *_enter(python, directory), python, "-c", ""],
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
        )
    if trial.returncode:
        return (trial.stderr.strip() or f"unshare ended with {trial.returncode}").splitlines()[-1]
    return None


def _enter(python, directory):
    return [python, "-I", "-S", str(INSIDE / "enter.py"), str(directory)]


class TestProcess:
    """Runs one job in a directory of its own; nothing of it outlives `end`."""

    def __init__(self, python, job, environ, log, isolated):
        # Short, because paths of unix sockets are: tests put them below their working directory.
        self._directory = Path(tempfile.mkdtemp(prefix="rsc"))
        self._token = uuid.uuid4().hex
        self._log = log
        work = self._directory / "w"
        work.mkdir()
        self.record = self._directory / "record"
        job_file = self._directory / "job.json"
        job_file.write_text(json.dumps({**job, "record": str(self.record)}), encoding="utf-8")
        command = [python, "-bb", "-W", "default", str(INSIDE / "runner.py"), str(job_file)]
        if isolated:
            start = [shutil.which("unshare"), *UNSHARE, *_enter(python, self._directory)]
        else:
            start = _enter(python, "-")
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*start, *command],
                cwd=work,
                env={**environ, MARK: self._token, "TMPDIR": str(work)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def poll(self):
        """The exit status, or None while the process runs."""
        return self._process.poll()

    def stop(self):
        """Ends a process that hangs, with the stacks of its threads in the log."""
        self._process.send_signal(signal.SIGABRT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end(self):
        """Ends whatever is left of the process and what it has started."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for pid in self._left_over():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended by itself in the meantime
        # Daemons of a test may still be writing while they die.
        shutil.rmtree(self._directory, ignore_errors=True)

    def _left_over(self):
        mark = f"{MARK}={self._token}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)
            except OSError:
                continue  # gone, or somebody else's

    def log_tail(self):
        """The end of what the process printed."""
        with self._log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - LOG_TAIL))
            lines = file.read().decode(errors="replace").splitlines()
        # The stacks of every hang and crash end in the same frames of unittest and the runner.
        return "\n".join(line for line in lines if not OUTER_FRAME.match(line))
