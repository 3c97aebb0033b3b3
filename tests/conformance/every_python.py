#!/usr/bin/env python3
"""Runs the conformance check on every other CPython of this machine, 3.9 and later.

Usage: python tests/conformance/every_python.py [--own] [--only 3.9,3.13] [--package]
           [OPTION OF run.py...]

For each interpreter of pyenv and each python3.N on PATH that has the `test` package, the module is
built and installed into a virtual environment below `target/pythons`, and `run.py` runs there, the
quick set unless `--all` or tests are given, and with `--package` the tests of the package itself
after that. The builds go ahead of the tests, one after another.
The exit status is the worst of the single runs: 1 if anything is lost anywhere, 2 if a build or a
run could not be made.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from driver.pythons import Build, CannotBuild, every, look_at

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

HEAD = """
| Python | stock pass / skip | rsocket pass / skip | lost | newly skipped |
|---|---|---|---|---|"""


class Children:
    """The processes at work; `stop` ends them, and lets no other begin."""

    def __init__(self):
        self._lock = threading.Lock()
        self._running = set()
        self._stopped = False

    def run(self, command, **settings):
        """Runs the command to its end; its exit status."""
        with self._lock:
            if self._stopped:
                return -signal.SIGTERM
            process = subprocess.Popen(command, **settings)
            self._running.add(process)
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self):
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0], epilog=__doc__.rpartition("\n\n")[2]
    )
    parser.add_argument("--own", action="store_true", help="run on this interpreter, too")
    parser.add_argument("--only", metavar="LIST", help="series such as 3.9,3.13 instead of all")
    parser.add_argument(
        "--package", action="store_true", help="run the tests of the package itself as well"
    )
    parser.add_argument("--profile", default="quick", help="the cargo profile to build with")
    parser.add_argument("--maturin", help="default: beside this interpreter, or else on PATH")
    parser.add_argument(
        "--build", type=Path, default=REPOSITORY / "target" / "pythons", metavar="FOLDER"
    )
    return parser.parse_known_args(argv)


def maturin_program(given):
    beside = Path(sys.executable).with_name("maturin")
    if given is not None:
        return shutil.which(given)
    return shutil.which(str(beside)) or shutil.which("maturin")


def chosen(options):
    """The newest testable interpreter of each series; says which are left out and why."""
    own = look_at(sys.executable)
    only = options.only.split(",") if options.only else None
    series = {}
    for python in every():
        if only is not None and python.series not in only:
            continue
        if python == own and not options.own:
            continue
        if python.lacks:
            print(f"left out: {python.program}, which has no {', '.join(python.lacks)}")
            continue
        series[python.series] = python
    missing = set(only or ()) - set(series)
    return list(series.values()), sorted(missing)


def check(python, options, passed_on, children):
    """Runs the check on one interpreter: its exit status, and its report or None."""
    file = options.build / python.series / "report.json"
    file.unlink(missing_ok=True)
    command = [sys.executable, str(HERE / "run.py"), "--json", str(file), *passed_on]
    command += ["--python", str(options.build / python.series / "venv" / "bin" / "python")]
    status = children.run(command, env=environment())
    report = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    return status, report


def environment():
    # The package must be the installed one.
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def check_package(build, children):
    """Runs the tests of the package: 0, 1 for a failure, or 2 where they could not be run."""
    command = [build.program, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/python"]
    status = children.run(list(map(str, command)), cwd=REPOSITORY, env=environment())
    return status if status in (0, 1) else 2  # pytest's own statuses: 1 is a failure


def row(report):
    stock, replaced = report["stock"], report["replaced"]
    skipped = len(report["newly_skipped"])
    return (
        f"| {report['python']} | {stock['pass']} / {stock['skip']} "
        f"| {replaced['pass']} / {replaced['skip']} "
        f"| {len(report['findings']) - skipped} | {skipped} |"
    )


def run(pythons, options, passed_on, children):
    """Builds ahead while the tests of the interpreter before run; the worst exit status."""
    worst, rows = 0, []
    with ThreadPoolExecutor(1) as builder:
        builds = [
            Build(
                python,
                options.build / python.series,
                options.build / "cargo",
                REPOSITORY,
                options.maturin,
                options.profile,
                children,
                options.package,
            )
            for python in pythons
        ]
        pending = [builder.submit(build.make) for build in builds]
        try:
            for python, build, built in zip(pythons, builds, pending):
                try:
                    built.result()
                except CannotBuild as error:
                    print(f"\n== Python {python.text}: not built\n{error}", flush=True)
                    worst = 2
                    continue
                print(f"\n== Python {python.text}", flush=True)
                status, report = check(python, options, passed_on, children)
                worst = max(worst, status if status >= 0 else 2)
                if options.package:
                    worst = max(worst, check_package(build, children))
                if report is not None:
                    rows.append(row(report))
        except BaseException:
            children.stop()
            raise
    print("\n".join([HEAD, *rows]))
    return worst


def give_up(_signal_number, _frame):
    raise KeyboardInterrupt


def main(argv=None):
    options, passed_on = arguments(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, give_up)
    options.build = options.build.absolute()
    options.maturin = maturin_program(options.maturin)
    if options.maturin is None:
        print("cannot test: there is no program maturin", file=sys.stderr)
        return 2
    pythons, missing = chosen(options)
    if missing:
        print(f"cannot test: there is no Python {', '.join(missing)} to test", file=sys.stderr)
        return 2
    if not pythons:
        print("there is no other CPython to test")
        return 0
    began = time.monotonic()
    try:
        status = run(pythons, options, passed_on, Children())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"{len(pythons)} interpreters in {time.monotonic() - began:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
