"""Measures rsocket beside the interpreter's own socket, row by row, in one run.

    python benches/python/run.py [--quick] [--realtime] [--json FILE] [--rows TEXT]

Every row runs the same code on both modules in turns, so that whatever the machine does meanwhile
strikes both. The ratio is the median over the pairs: 2.00 means that rsocket takes half the time.
The band is what the same measurement gives for stock against stock: a ratio inside it says nothing.
"""

import argparse
import contextlib
import os
import platform
import socket as stock
import sys
from pathlib import Path

import measure
import rows
import rsocket as ours

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import results  # noqa: E402


def describe(result):
    """One line of the table."""
    above = "" if result.floor is None else f"{result.ours - result.floor:.0f}"
    limit = "" if result.limit is None else f"{result.limit:.2f}"
    goal = rows.GOALS.get(result.name)
    return (
        f"{result.name:<40} {result.stock:>11.0f} {result.ours:>11.0f} {above:>6} "
        f"{result.ratio:7.2f}  {result.low:5.2f} .. {result.high:5.2f}  "
        f"{result.band_low:5.2f} .. {result.band_high:5.2f}  {limit:>5}"
        f"{'' if goal is None else f'  {goal:5.2f}'}"
        f"{'' if goal is None or result.ratio >= goal else ' below'}"
    )


def goal(name):
    """What a row is to reach, as a text."""
    return f"ratio >= {rows.GOALS[name]:.2f}" if name in rows.GOALS else None


def write(path, measured, mean, pairs):
    """The rows as the charts and the documentation read them."""
    written = [
        results.row(
            rows.GROUPS[result.name],
            result.name,
            "socket",
            result.ours,
            result.stock,
            unit=result.unit,
            ratio=result.ratio,
            goal=goal(result.name),
            quartiles=[result.low, result.high],
            band=[result.band_low, result.band_high],
            floor=result.floor,
            limit=result.limit,
        )
        for result in measured
    ]
    runtime = f"CPython {platform.python_version()}"
    results.write(path, "python", runtime, written, pairs=pairs, geometric_mean=mean)


@contextlib.contextmanager
def undisturbed(wanted):
    """Threads that hand the interpreter to each other need their cores for themselves."""
    if not wanted:
        yield
        return
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(5))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def summary(measured):
    """What the rows say together."""
    mean = measure.geometric_mean([result.ratio for result in measured])
    band = sorted(abs(result.band - 1) for result in measured)
    within = [result for result in measured if result.band_low <= result.ratio <= result.band_high]
    slower = [r.name for r in measured if r.high < min(0.97, r.band_low)]
    missed = [r.name for r in measured if r.ratio < rows.GOALS.get(r.name, 0)]
    print(f"\ngeometric mean {mean:.2f} over {len(measured)} rows")
    if band:
        print(
            "stock against stock: medians within "
            f"{band[len(band) // 2]:.1%} (half of the rows), {band[-1]:.1%} (all of them)"
        )
    print(f"inside the band, so equal: {', '.join(r.name for r in within) or 'none'}")
    print(f"slower than stock beyond the band: {', '.join(slower) or 'none'}")
    print(f"below the goal: {', '.join(missed) or 'none'}")
    return mean


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs: under a minute")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="rows of several threads go before other programs (SCHED_RR)",
    )
    parser.add_argument("--rows", default="", help="only rows whose name has this in it")
    arguments = parser.parse_args()
    pairs, seconds = (7, 0.004) if arguments.quick else (31, 0.01)

    print(f"CPython {platform.python_version()}, Linux {platform.release()}, nanoseconds per step")
    print(
        f"{'':<40} {'stock':>11} {'rsocket':>11} {'above':>6}   ratio  {'quartiles':>14}"
        f"  {'stock/stock':>14}  limit   goal"
    )
    measured = []
    with measure.Floor(FOLDER / "floor.c") as floor:
        for name, entry in rows.ALL.items():
            if arguments.rows not in name:
                continue
            with measure.Row(name, entry, stock, ours, floor) as row:
                with undisturbed(entry.wall and arguments.realtime):
                    measured.append(row.compare(pairs, seconds))
            print(describe(measured[-1]), flush=True)
    mean = summary(measured)
    if arguments.json:
        write(arguments.json, measured, mean, pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
