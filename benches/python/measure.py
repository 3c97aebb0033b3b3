"""Interleaved pairs: the same code on two modules in turns, and what the ratios say."""

import contextlib
import gc
import math
import statistics
import time
from typing import NamedTuple


class Result(NamedTuple):
    """A row: nanoseconds per step, and ratios of stock's time to ours."""

    name: str
    stock: float
    ours: float
    ratio: float
    low: float
    high: float
    band_low: float
    band_high: float


class Row:
    """One row of the table: a function of each module that runs the code so many times."""

    def __init__(self, name, build, stock, ours):
        self.name = name
        self.exits = contextlib.ExitStack()
        self.stock = build(stock, self.exits)
        self.again = build(stock, self.exits)
        self.ours = build(ours, self.exits)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.exits.close()

    def compare(self, pairs, seconds):
        """`pairs` turns of about `seconds` each."""
        steps = self.calibrate(seconds)
        stock, ours, ratios, band = [], [], [], []
        gc.collect()
        gc.disable()
        try:
            for turn in range(pairs):
                # Whoever comes first finds the caches as the other left them: take turns.
                order = [self.stock, self.ours, self.again]
                times = {}
                for run in order if turn % 2 else reversed(order):
                    times[run] = timed(run, steps)
                stock.append(times[self.stock])
                ours.append(times[self.ours])
                ratios.append(times[self.stock] / times[self.ours])
                band.append(times[self.stock] / times[self.again])
        finally:
            gc.enable()
        low, _, high = statistics.quantiles(ratios, n=4)
        band_low, _, band_high = statistics.quantiles(band, n=4)
        return Result(
            self.name,
            statistics.median(stock) / steps * 1e9,
            statistics.median(ours) / steps * 1e9,
            statistics.median(ratios),
            low,
            high,
            band_low,
            band_high,
        )

    def calibrate(self, seconds):
        """How many steps take about so long, once everything is warm."""
        steps = 1
        while True:
            took = max(timed(self.stock, steps), 1e-9)
            timed(self.ours, steps)
            timed(self.again, steps)
            if took >= seconds / 4 or steps >= 1 << 22:
                return max(1, math.ceil(steps * seconds / took))
            steps *= 2


def timed(run, steps):
    begun = time.perf_counter()
    run(steps)
    return time.perf_counter() - begun


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan
