"""Measures rsocket beside the interpreter's own socket, row by row, in one run.

    python benches/python/run.py [--quick] [--json FILE] [--rows TEXT]

Every row runs the same code on both modules in turns, so that whatever the machine does meanwhile
strikes both. The ratio is the median over the pairs: 2.00 means that rsocket takes half the time.
The band is what the same measurement gives for stock against stock: a ratio inside it says nothing.
"""

import argparse
import os
import platform
import socket as stock
import subprocess
import sys
import tempfile
from pathlib import Path

import measure
import rows
import rsocket as ours

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
import results  # noqa: E402


def floors():
    """Nanoseconds of the bare system calls of a row, by a C program; empty without a compiler."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "floor"
        compiler = os.environ.get("CC", "cc")
        try:
            built = subprocess.run(
                [compiler, "-O2", "-o", program, FOLDER / "floor.c"], check=False
            )
        except FileNotFoundError:
            return {}
        if built.returncode:
            return {}
        lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {name: float(value) for name, value in (line.split("\t") for line in lines.splitlines())}


def describe(result, floor):
    """One line of the table."""
    above = f"{result.ours - floor:6.0f}" if floor is not None else "      "
    return (
        f"{result.name:<34} {result.stock:>11.0f} {result.ours:>11.0f} {above} "
        f"{result.ratio:7.2f}  {result.low:5.2f} .. {result.high:5.2f}  "
        f"{result.band_low:5.2f} .. {result.band_high:5.2f}"
    )


def goal(name):
    """What a row is to reach, as a text."""
    return f"ratio >= {rows.GOALS[name]:.2f}" if name in rows.GOALS else None


def write(path, measured, floor_of, mean, pairs):
    """The rows as the charts and the documentation read them."""
    written = [
        results.row(
            rows.GROUPS[name],
            name,
            "socket",
            result.ours,
            result.stock,
            unit="ns",
            ratio=result.ratio,
            goal=goal(name),
            quartiles=[result.low, result.high],
            band=[result.band_low, result.band_high],
            floor=floor_of.get(name),
        )
        for result in measured
        for name in [result.name]
    ]
    runtime = f"CPython {platform.python_version()}"
    results.write(path, "python", runtime, written, pairs=pairs, geometric_mean=mean)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs: under a minute")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument("--rows", default="", help="only rows whose name has this in it")
    arguments = parser.parse_args()
    pairs, seconds = (7, 0.004) if arguments.quick else (31, 0.01)

    print(f"CPython {platform.python_version()}, Linux {platform.release()}, nanoseconds per step")
    print(f"{'':<34} {'stock':>11} {'rsocket':>11}  above  ratio  {'quartiles':>13}  {'band':>13}")
    floor_of = floors()
    measured = []
    for name, build in rows.ALL.items():
        if arguments.rows not in name:
            continue
        with measure.Row(name, build, stock, ours) as row:
            result = row.compare(pairs, seconds)
        measured.append(result)
        print(describe(result, floor_of.get(name)), flush=True)

    mean = measure.geometric_mean([result.ratio for result in measured])
    slower = [r.name for r in measured if r.high < min(0.97, r.band_low)]
    print(f"\ngeometric mean {mean:.2f} over {len(measured)} rows")
    print(f"slower than stock beyond the band: {', '.join(slower) or 'none'}")
    if arguments.json:
        write(arguments.json, measured, floor_of, mean, pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
