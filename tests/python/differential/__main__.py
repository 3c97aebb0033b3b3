"""The long run: `python -m differential --calls 1000000 --seed 1`; 1 if anything differs."""

from __future__ import annotations

import argparse
import faulthandler
import gc
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import sandbox
from .compare import Comparison, Report
from .watchdog import Watchdog


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="how many calls to make")
    parser.add_argument("--seed", default="1", help="the same seed makes the same calls")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes share the calls")
    parser.add_argument("--sequence", type=int, help="run and show this one only")
    parser.add_argument(
        "--broken", action="store_true", help="let one method of rsocket answer wrongly"
    )
    parser.add_argument(
        "--hanging", default="", choices=("socket", "rsocket"), help="let one module hang once"
    )
    parser.add_argument(
        "--patience", type=float, default=5, help="how many seconds one call may take"
    )
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    if options.worker:
        return _work(options)
    if options.sequence is not None:
        options.jobs = 1
    return _run(options)


def _work(options: argparse.Namespace) -> int:
    """Makes a share of the calls, and leaves the report in a file."""
    number, file = int(options.worker[0]), Path(options.worker[1])
    comparison = _comparison(options)
    ranges = comparison.indices(number, options.jobs)
    if options.sequence is not None:
        ranges = [range(options.sequence, options.sequence + 1)]
        print(comparison.sequence(options.sequence), end="\n\n", file=sys.stderr)
    try:
        watchdog = Watchdog(comparison, file, options.patience)
        watchdog.check(ranges, options.calls / options.jobs)
    finally:
        comparison.close()
    file.write_bytes(pickle.dumps(comparison.report))
    return 0


def _comparison(options: argparse.Namespace) -> Comparison:
    faulthandler.enable()
    sandbox.enter()
    if options.broken:
        import rsocket

        rsocket.htons = lambda number: number
    comparison = Comparison(options.seed, options.hanging)
    # What is there from the beginning need not be looked at again after each sequence.
    gc.collect()
    gc.freeze()
    return comparison


def _run(options: argparse.Namespace) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, str(number)) for number in range(options.jobs)]
        command = [sys.executable, "-bb", "-m", __package__, "--calls", str(options.calls)]
        command += ["--seed", options.seed, "--jobs", str(options.jobs)]
        command += [*["--broken"] * options.broken, "--patience", str(options.patience)]
        command += ["--hanging", options.hanging] if options.hanging else []
        command += [] if options.sequence is None else [f"--sequence={options.sequence}"]
        command.append("--worker")
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
        if any(statuses):
            print(f"workers ended with {statuses}", file=sys.stderr)
            return 2
        reports = [pickle.loads(file.read_bytes()) for file in files]
    return _tell(reports, time.monotonic() - begun)


def _tell(reports: list[Report], seconds: float) -> int:
    total = Report()
    for report in reports:
        total.add(report)
    differences = sorted(total.differences.values(), key=lambda each: -each.count)
    for difference in differences:
        print(difference, end="\n\n")
    for call, indices in total.hangs.items():
        print(f"stock hangs in sequences {', '.join(map(str, sorted(indices)))}: {call}")
    for reason, count in total.accepted.most_common():
        print(f"accepted {count} x {reason}")
    kinds = "; ".join(f"{each.count} x {each.kind}" for each in differences)
    print(
        f"{total.calls} calls in {total.sequences} sequences, {total.raised} raised, "
        f"{total.stuck} were stuck, {total.unsteady} unsteady, "
        f"{sum(map(len, total.hangs.values()))} hangs of stock, "
        f"{sum(each.count for each in differences)} differences of {len(differences)} kinds"
        f"{f' ({kinds})' if kinds else ''}, {seconds:.0f} s"
    )
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
