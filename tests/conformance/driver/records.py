"""What became of the tests of one module: read from the runner's record, kept as plain data."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

PASSES = ("pass", "xfail")
FAILURES = ("fail", "hang", "crash")


@dataclass
class Test:
    """One test. Status: pass, xfail, skip, fail, hang or crash."""

    status: str
    detail: str = ""
    seconds: float = 0.0


@dataclass
class ModuleResult:
    """A module's tests by name, and what happened around them."""

    name: str
    tests: dict[str, Test] = field(default_factory=dict)
    # Import, set-ups and tear-downs, the end of the process: not counted, but compared.
    around: dict[str, Test] = field(default_factory=dict)
    # Exceptions that Python printed and ignored, by test.
    ignored: dict[str, list[str]] = field(default_factory=dict)
    # Tests that failed, and passed when they were run again.
    unsteady: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, *statuses):
        return sum(test.status in statuses for test in self.tests.values())

    @property
    def passed(self):
        return self.count(*PASSES)

    @property
    def skipped(self):
        return self.count("skip")

    @property
    def failed(self):
        return len(self.failures())

    def passes(self, name):
        return name in self.tests and self.tests[name].status in PASSES

    def failures(self):
        """The names of the tests that fail, hang or crash."""
        return tuple(name for name, test in self.tests.items() if test.status in FAILURES)

    def to_json(self):
        return asdict(self)

    @classmethod
    def from_json(cls, data):
        tests = {name: Test(**test) for name, test in data.pop("tests").items()}
        around = {name: Test(**test) for name, test in data.pop("around").items()}
        return cls(tests=tests, around=around, **data)


FIXTURE = re.compile(r"(?P<what>\w+) \((?P<of>[\w.]+)\)")


class RecordReader:
    """Follows one process's record file while it grows, and puts it into a ModuleResult."""

    def __init__(self, path, result):
        self._path = Path(path)
        self._result = result
        self._offset = 0
        self._rest = b""
        self.planned = []
        self.running = None  # the test at work
        self.finished = False  # all tests are over; the process may still hang or crash
        self.progress = 0  # tests that this process has brought to an end

    def read(self):
        """Takes in what is new; says whether there was anything."""
        if not self._path.exists():
            return False
        with self._path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            values = json.loads(line)
            getattr(self, "_on_" + values.pop("event"))(**values)
        return bool(new)

    def _on_plan(self, tests):
        self.planned += tests

    def _on_start(self, test):
        self.running = test

    def _on_end(self, test, status, detail, seconds):
        self._result.tests[test] = Test(status, detail, seconds)
        self.running = None
        self.progress += 1

    def _on_fixture(self, of, status, detail):
        parts = FIXTURE.fullmatch(of)
        if parts is None or not parts["what"].startswith("setUp"):
            self._result.around[of] = Test(status, detail)
            return
        # The tests of the class or module are not run, and unittest says nothing of them.
        for name in self.open_tests(parts["of"]):
            self._result.tests[name] = Test(status, f"{of}: {detail}")
            self.progress += 1

    def _on_ignored(self, test, what):
        self._result.ignored.setdefault(test or "(between tests)", []).append(what)

    def _on_module(self, status, detail):
        self._result.around["(module)"] = Test(status, detail)

    def _on_done(self):
        self.finished = True

    def open_tests(self, prefix=None):
        """Planned tests without a result, of the class or module `prefix` or of all."""
        return [
            name
            for name in self.planned
            if name not in self._result.tests and (prefix is None or name.startswith(prefix + "."))
        ]

    def blame(self, status, detail):
        """Says who was at work when the process hung or died: one test, or what is around it."""
        if self.running is not None:
            self._result.tests[self.running] = Test(status, detail)
            self.running = None
            self.progress += 1
        elif self.finished:
            self._result.around["(end of the process)"] = Test(status, detail)
        elif self.open_tests():
            # Between tests: the set-up of the class whose turn it was, or the tear-down before.
            of = self.open_tests()[0].rpartition(".")[0]
            for name in self.open_tests(of):
                self._result.tests[name] = Test(status, f"around {of}: {detail}")
                self.progress += 1
        else:
            self._result.around["(module)"] = Test(status, detail)
