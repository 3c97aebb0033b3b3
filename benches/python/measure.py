"""Interleaved turns: the same code on two modules and in C, and what the ratios say."""

import contextlib
import gc
import math
import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """A row: its unit per step for each, and ratios of stock's figure to ours."""

    name: str
    unit: str
    stock: float
    ours: float
    floor: float
    ratio: float
    low: float
    high: float
    band: float
    band_low: float
    band_high: float
    # The ratio of a module that adds nothing to its system calls; None where they are not measured.
    limit: float


class Floor:
    """The C program that makes the system calls of a row and nothing else."""

    def __init__(self, source):
        self.folder = tempfile.TemporaryDirectory()
        program = Path(self.folder.name) / "floor"
        self.process = None
        try:
            built = subprocess.run(
                [os.environ.get("CC", "cc"), "-O2", "-o", program, source], check=False
            )
        except FileNotFoundError:
            return
        if built.returncode == 0:
            self.process = subprocess.Popen(
                [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
        self.folder.cleanup()

    def measure(self, name, steps):
        """Nanoseconds per step; None for a row that it does not know, or without a compiler."""
        if self.process is None:
            return None
        self.process.stdin.write(f"{steps} {name}\n")
        answer = self.process.stdout.readline().strip()
        return None if answer == "-" else float(answer)


class Row:
    """One row of the table: a function of each module that runs the code so many times."""

    def __init__(self, name, entry, stock, ours, floor):
        self.name, self.entry, self.floor = name, entry, floor
        self.exits = contextlib.ExitStack()
        self.stock = entry.build(stock, self.exits)
        self.again = entry.build(stock, self.exits)
        self.ours = entry.build(ours, self.exits)
        self.scale = 1e9 if entry.unit == "ns" else 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.exits.close()

    def compare(self, pairs, seconds):
        """`pairs` turns of about `seconds` each, or fewer where the row says so."""
        pairs = min(pairs, self.entry.pairs or pairs)
        # Threads take turns by the scheduler's clock: it needs time to even out.
        steps = self.calibrate(seconds * (4 if self.entry.wall else 1))
        stock, ours, floor, ratios, band = [], [], [], [], []
        gc.collect()
        gc.disable()
        try:
            for turn in range(pairs):
                # Whoever comes first finds the caches as the other left them: take turns.
                order = [self.stock, self.ours, self.again]
                times = {}
                for run in order if turn % 2 else reversed(order):
                    times[run] = self.figure(run, steps)
                stock.append(times[self.stock])
                ours.append(times[self.ours])
                ratios.append(times[self.stock] / times[self.ours])
                band.append(times[self.stock] / times[self.again])
                floor.append(self.floor.measure(self.name, steps))
        finally:
            gc.enable()
        low, ratio, high = statistics.quantiles(ratios, n=4)
        band_low, middle, band_high = statistics.quantiles(band, n=4)
        known = [figure for figure in floor if figure is not None]
        limits = [whole * self.scale / bare for whole, bare in zip(stock, floor) if bare]
        return Result(
            self.name,
            self.entry.unit,
            statistics.median(stock) * self.scale,
            statistics.median(ours) * self.scale,
            statistics.median(known) if known else None,
            ratio,
            low,
            high,
            middle,
            band_low,
            band_high,
            statistics.median(limits) if limits else None,
        )

    def calibrate(self, seconds):
        """How many steps take about so long, once everything is warm."""
        if self.entry.pairs and self.entry.unit != "ns":
            return 1
        steps = 1
        while True:
            took = max(self.figure(self.stock, steps) * steps, 1e-9)
            self.figure(self.ours, steps)
            self.figure(self.again, steps)
            if took >= seconds / 4 or steps >= 1 << 22:
                return max(1, math.ceil(steps * seconds / took))
            steps *= 2

    def figure(self, run, steps):
        """What one step takes: as the row measures itself, or by the clock."""
        begun = self.entry.clock()
        own = run(steps)
        return (self.entry.clock() - begun) / steps if own is None else own


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan
