"""Runs all jobs on the stock module and on the replacement, a few processes at a time."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from .interpreter import Interpreter
from .records import Test
from .watch import Task, run_module

# A test that takes this many times as long as on the stock module hangs.
PATIENCE = 6
# With more failures in a module than this, it is not the machine that is unsteady.
WORTH_REPEATING = 20


@dataclass(frozen=True)
class Campaign:
    """What all the processes of one run have in common."""

    interpreter: Interpreter
    replacement: str
    environments: dict[str, dict[str, str]]
    isolated: bool
    limit: float
    repeat: bool  # run failures again, to tell unsteady ones from the others
    logs: Path

    def run(self, jobs, cache, workers, fresh):
        """The results of every job as pairs (stock, replaced), in the order of the jobs."""
        stop = threading.Event()
        with ThreadPoolExecutor(workers) as pool:
            known = {job: None if fresh else cache.get(self._stock_task(job)) for job in jobs}
            # Those that took longest go first, so that no worker is left with a long one alone.
            order = sorted(jobs, key=lambda job: -known[job].seconds if known[job] else -1e9)
            pending = {pool.submit(self._pair, job, known[job], cache, stop): job for job in order}
            results = {}
            try:
                while pending:
                    finished, _running = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        job = pending.pop(future)
                        results[job] = future.result()
                        _say(*results[job])
            except BaseException:
                stop.set()
                for future in pending:
                    future.cancel()
                raise
        return [results[job] for job in jobs]

    def _pair(self, job, stock, cache, stop):
        if stock is None:
            task = self._stock_task(job)
            stock = self._run_stock(task, stop)
            cache.put(task, stock)
        longest = max((test.seconds for test in stock.tests.values()), default=0)
        limit = max(self.limit, PATIENCE * longest)
        task = self._task(job, self.replacement, self.environments["replaced"], limit)
        # There is nothing to compare, and one that hangs would cost the whole limit once more.
        task = dataclasses.replace(task, left_out=stock.failures())
        replaced = self._run(task, "replaced", stop)
        return stock, replaced

    def _run(self, task, side, stop):
        log = self.logs / side / f"{task.module}.log"
        result = run_module(task, log, stop)
        failures = result.failures()
        if self.repeat and 0 < len(failures) <= WORTH_REPEATING:
            # What hangs costs its whole limit each time.
            again = dataclasses.replace(task, only=failures, limit=task.limit / 2)
            repeated = run_module(again, log.with_suffix(".repeated.log"), stop)
            result.unsteady = [name for name in failures if repeated.passes(name)]
        return result

    def _run_stock(self, task, stop):
        result = self._run(task, "stock", stop)
        # A busy machine must not take tests out of the comparison for good: the cache keeps this.
        for name in result.unsteady:
            result.tests[name] = Test("pass")
        return result

    def _stock_task(self, job):
        return self._task(job, "socket", self.environments["stock"], max(self.limit, 60))

    def _task(self, job, replacement, environment, limit):
        return Task(
            python=self.interpreter.path,
            module=job.module,
            replacement=replacement,
            environment=environment,
            patterns=job.patterns,
            resources=job.resources,
            isolated=self.isolated,
            limit=limit,
        )


def _say(stock, replaced):
    print(
        f"{replaced.name:48} {replaced.passed:5} of {stock.passed:5} pass"
        f" {replaced.skipped:4} skip {replaced.seconds:6.1f} s",
        flush=True,
    )
