#!/usr/bin/env python3
"""Runs CPython's own tests with rsocket in the place of `socket`, and says what that loses.

Usage: python tests/conformance/run.py [--python PYTHON] [--quick|--all] [TEST...]

TEST is a module of the interpreter's `test` package, or a class or test in one
(`test_socket.BasicTCPTest`). Every test is compared with the same test on the interpreter's own
`socket`; the exit status is 1 if any is lost, hung, crashed, missing or newly skipped beyond the
list in `exclusions.txt`, and 2 if the tests could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from driver import broken, exclusions, plan, report
from driver.cache import StockCache
from driver.campaign import Campaign
from driver.interpreter import CannotTest, probe
from driver.process import environment, why_not_isolated

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n\n")[0],
        epilog=__doc__.rpartition("\n\n")[2],
    )
    parser.add_argument("tests", nargs="*", metavar="TEST")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to test with")
    parser.add_argument("--module", default="rsocket", help="what takes the place of socket")
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="the modules about sockets (default)")
    extent.add_argument("--all", action="store_true", help="every module that opens sockets")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2), metavar="N")
    parser.add_argument(
        "--limit", type=float, default=60, metavar="SECONDS", help="a test silent for longer hangs"
    )
    parser.add_argument("--fresh", action="store_true", help="run the stock module again, too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write counts and findings there")
    parser.add_argument("--markdown", action="store_true", help="print a table row of the counts")
    parser.add_argument(
        "--broken",
        nargs="?",
        const="flip",
        choices=broken.KINDS,
        help="self-test: break recv of the replacement; the run must then fail",
    )
    parser.add_argument(
        "--build",
        type=Path,
        default=REPOSITORY / "target" / "conformance",
        metavar="FOLDER",
        help="where logs and the results of the stock module are kept",
    )
    return parser.parse_args(argv)


def run(options, scratch):
    """Runs what the options ask for; the summary of it."""
    found = shutil.which(options.python)
    if found is None:
        raise CannotTest(f"there is no program {options.python}")
    python = str(Path(found).absolute())  # a link stays one: it may lead into a venv
    entries = plan.chosen_entries(options.tests, options.all)
    replacement = options.module
    if options.broken:
        broken.write(scratch, options.module, options.broken)
        replacement = broken.NAME
    replaced_environment = environment(replacement, [scratch])
    modules = [entry.module for entry in entries]
    interpreter = probe(python, replaced_environment, replacement, [options.module], modules)
    reason = why_not_isolated(python)
    if reason is not None:
        print(f"tests share this machine's network: {reason}")
    jobs = plan.jobs(entries, interpreter, bool(options.tests))
    cache = StockCache(options.build / "stock", interpreter, reason is None)
    print(
        f"Python {interpreter.version}, {len(jobs)} test modules, "
        f"socket is {interpreter.module_file}",
        flush=True,
    )
    campaign = Campaign(
        interpreter=interpreter,
        replacement=replacement,
        environments={"stock": environment("socket"), "replaced": replaced_environment},
        isolated=reason is None,
        limit=options.limit,
        repeat=not options.broken,
        logs=options.build / "logs" / interpreter.key,
    )
    pairs = campaign.run(jobs, cache, options.jobs, options.fresh)
    if not any(stock.tests for stock, _replaced in pairs):
        raise CannotTest("no test matches")
    return report.Summary(
        python=interpreter.version,
        module=options.module,
        extent="named" if options.tests else "all" if options.all else "quick",
        pairs=pairs,
        exclusions=exclusions.read(interpreter.version),
    )


def give_up(_signal_number, _frame):
    raise KeyboardInterrupt


def main(argv=None):
    options = arguments(argv)
    # Whoever ends the driver ends the test processes with it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, give_up)
    with tempfile.TemporaryDirectory(prefix="rsc") as scratch:
        try:
            summary = run(options, Path(scratch))
        except CannotTest as error:
            print(f"cannot test: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
    print(report.text(summary))
    if options.markdown:
        print(report.markdown(summary))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(summary), indent=1), encoding="utf-8")
    return 1 if summary.findings else 0


if __name__ == "__main__":
    sys.exit(main())
