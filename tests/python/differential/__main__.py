"""The long run: `python -m differential --calls 1000000 --seed 1`; 1 if anything differs."""

from __future__ import annotations

import argparse
import collections
import faulthandler
import gc
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import sandbox


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="how many calls to make")
    parser.add_argument("--seed", default="1", help="the same seed makes the same calls")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes share the calls")
    parser.add_argument("--sequence", type=int, help="run and show this one only")
    parser.add_argument(
        "--broken", action="store_true", help="let one method of rsocket answer wrongly"
    )
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    if options.worker:
        return _work(options)
    if options.sequence is not None:
        return _show(options)
    return _run(options)


def _work(options: argparse.Namespace) -> int:
    """Makes a share of the calls, and leaves the report in a file."""
    number, file = int(options.worker[0]), Path(options.worker[1])
    comparison = _comparison(options)
    progress = file.with_suffix(".progress")
    try:
        if number == 0:
            comparison.check_surface()
        index = number
        while comparison.report.calls * options.jobs < options.calls:
            progress.write_text(str(index))
            comparison.check(index)
            index += options.jobs
    finally:
        comparison.close()
    file.write_bytes(pickle.dumps(comparison.report))
    return 0


def _comparison(options: argparse.Namespace):
    faulthandler.enable()
    sandbox.enter()
    from .compare import Comparison

    if options.broken:
        import rsocket

        rsocket.htons = lambda number: number
    comparison = Comparison(options.seed)
    # What is there from the beginning need not be looked at again after each sequence.
    gc.collect()
    gc.freeze()
    return comparison


def _show(options: argparse.Namespace) -> int:
    comparison = _comparison(options)
    print(comparison.sequence(options.sequence), flush=True)
    comparison.check(options.sequence)
    comparison.close()
    return _tell([comparison.report], 0.0)


def _run(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, str(number)) for number in range(options.jobs)]
        command = [sys.executable, "-bb", "-m", __package__, "--calls", str(options.calls)]
        command += ["--seed", options.seed, "--jobs", str(options.jobs)]
        command += [*["--broken"] * options.broken, "--worker"]
        workers = [
            subprocess.Popen(
                [*command, str(number), str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
            )
            for number, file in enumerate(files)
        ]
        statuses = [worker.wait() for worker in workers]
        for status, file in zip(statuses, files):
            if status != 0:
                place = file.with_suffix(".progress")
                where = place.read_text() if place.exists() else "no"
                print(f"a worker ended with {status} in sequence {where}", file=sys.stderr)
        if any(statuses):
            return 2
        reports = [pickle.loads(file.read_bytes()) for file in files]
    return _tell(reports, time.monotonic() - begun)


def _tell(reports: list, seconds: float) -> int:
    differences: dict = {}
    accepted: collections.Counter = collections.Counter()
    for report in reports:
        accepted.update(report.accepted)
        for key, difference in report.differences.items():
            if key in differences:
                differences[key].count += difference.count
            else:
                differences[key] = difference
    for difference in sorted(differences.values(), key=lambda each: -each.count):
        print(difference, end="\n\n")
    for reason, count in accepted.most_common():
        print(f"accepted {count} x {reason}")
    totals = {
        name: sum(getattr(report, name) for report in reports)
        for name in ("calls", "sequences", "raised", "stuck", "unsteady")
    }
    found = sum(difference.count for difference in differences.values())
    print(
        f"{totals['calls']} calls in {totals['sequences']} sequences, {totals['raised']} raised, "
        f"{totals['stuck']} were stuck, {totals['unsteady']} unsteady, "
        f"{found} differences of {len(differences)} kinds, {seconds:.0f} s"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
