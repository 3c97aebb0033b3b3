"""Runs one test module to its end, in as many processes as hangs and crashes make necessary."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass

from .process import TestProcess
from .records import ModuleResult, RecordReader

LOOK_EVERY = 0.05


class Stopped(Exception):
    """The whole run is being given up."""


@dataclass(frozen=True)
class Task:
    """A module to run: where, with what in the place of socket, and how long a test may take."""

    python: str
    module: str
    replacement: str
    environment: dict[str, str]
    patterns: tuple[str, ...]
    resources: tuple[str, ...]
    isolated: bool
    limit: float
    only: tuple[str, ...] | None = None  # names of tests, instead of the patterns
    left_out: tuple[str, ...] = ()


def run_module(task, log, stop):
    """The results of the module; `stop` is an event that makes this raise Stopped."""
    result = ModuleResult(task.module)
    began = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    while True:
        reader, clean = _run_process(task, result, log, stop)
        # A process that broke off before the first of its tests would do so for ever.
        if clean or reader.finished or not reader.progress:
            break
    result.seconds = time.monotonic() - began
    return result


def _run_process(task, result, log, stop):
    job = {
        "module": task.module,
        "replacement": task.replacement,
        "patterns": task.patterns,
        "only": task.only,
        "resources": task.resources,
        "done": [*result.tests, *task.left_out],
    }
    process = TestProcess(task.python, job, task.environment, log, task.isolated)
    try:
        reader = RecordReader(process.record, result)
        clean = _watch(process, reader, task.limit, stop)
    finally:
        process.end()
    return reader, clean


def _watch(process, reader, limit, stop):
    """Follows the process; says whether it came to a good end by itself."""
    last_news = time.monotonic()
    while True:
        status = process.poll()
        if reader.read():
            last_news = time.monotonic()
        if status is not None:
            break
        if stop.is_set():
            raise Stopped
        if time.monotonic() - last_news > limit:
            process.stop()
            reader.read()
            reader.blame("hang", f"silent for {limit:.0f} s\n{process.log_tail()}")
            return False
        time.sleep(LOOK_EVERY)
    if status == 0 and reader.finished:
        return True
    reader.blame("crash", f"{_meaning(status)}\n{process.log_tail()}")
    return False


def _meaning(status):
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"
