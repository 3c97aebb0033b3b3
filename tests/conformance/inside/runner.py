"""Runs one module of the interpreter's own `test` package and records every test in a file.

Usage: python runner.py JOB, where JOB is a JSON file (see `driver/process.py`).

The record is a JSON object a line, written at once, so that whoever watches from outside knows
which test was at work when the process hung or died.
"""

import faulthandler
import fnmatch
import gc
import importlib
import json
import os
import sys
import threading
import time
import traceback
import unittest

DETAIL_LIMIT = 6000


class Record:
    """The results file."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._owner = os.getpid()

    def write(self, event, **values):
        # A forked child that falls through its test must not report in its parent's name.
        if os.getpid() == self._owner:
            os.write(self._fd, json.dumps({"event": event, **values}).encode() + b"\n")


class Recorder(unittest.TestResult):
    """A unittest result that writes the start and the end of every test to a Record."""

    def __init__(self, record):
        super().__init__()
        self.record = record
        self.current = None
        self._status = None
        self._detail = ""
        self._began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._start(name_of(test))

    def stopTest(self, test):
        super().stopTest(test)
        self._end()

    def _start(self, name):
        self.current = name
        self._status = None
        self._detail = ""
        self._began = time.monotonic()
        self.record.write("start", test=name)

    def _end(self):
        if self.current is None:
            return
        # No outcome at all: each case of unittest reports one, except where it has gone wrong.
        status = self._status or "fail"
        self.record.write(
            "end",
            test=self.current,
            status=status,
            detail=self._detail[-DETAIL_LIMIT:],
            seconds=round(time.monotonic() - self._began, 3),
        )
        self.current = None

    def _outcome(self, test, status, detail=""):
        if not isinstance(test, unittest.TestCase) and not hasattr(test, "conformance_name"):
            # unittest's stand-in for a set-up or tear-down of a class or a module.
            self.record.write("fixture", of=test.id(), status=status, detail=detail[-DETAIL_LIMIT:])
            return
        unannounced = self.current is None  # some versions skip a test without starting it
        if unannounced:
            self._start(name_of(test))
        # A test may have several outcomes: of its subtests, and of its tear-down. The worst counts.
        if self._status is None or SEVERITY[status] > SEVERITY[self._status]:
            self._status, self._detail = status, detail
        if unannounced:
            self._end()

    def addSuccess(self, test):
        super().addSuccess(test)
        self._outcome(test, "pass")

    def addError(self, test, err):
        super().addError(test, err)
        self._outcome(test, "fail", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._outcome(test, "fail", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        # A skip of a subtest comes as that, and leaves the rest of the test to count.
        self._outcome(getattr(test, "test_case", test), "skip", str(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._outcome(test, "xfail", self._exc_info_to_string(err, test))

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._outcome(test, "fail", "unexpected success")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._outcome(test, "fail", f"{subtest}\n{self._exc_info_to_string(err, test)}")


# A failure after a skipped subtest counts as the failure, whatever the order.
SEVERITY = {"pass": 0, "xfail": 1, "skip": 2, "fail": 3}


def name_of(test):
    return getattr(test, "conformance_name", None) or test.id()


class Runner:
    """Takes the suites of one module, leaves out what is not wanted, and runs the rest."""

    def __init__(self, record, patterns, only, done):
        self.record = record
        self.recorder = Recorder(record)
        self._patterns = patterns
        self._only = only
        self._done = set(done)
        self._seen = {}

    def run(self, suite):
        planned = []
        suite = self._wanted(suite, planned)
        self.record.write("plan", tests=planned)
        suite(self.recorder)
        return self.recorder

    def _wanted(self, suite, planned):
        wanted = type(suite)()
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                wanted.addTest(self._wanted(test, planned))
                continue
            test.conformance_name = name = self._unique(test.id())
            if name not in self._done and self._matches(name):
                planned.append(name)
                wanted.addTest(test)
        return wanted

    def _unique(self, name):
        """The name, numbered from its second use on: modules may load one class twice."""
        self._seen[name] = count = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def _matches(self, name):
        if self._only is not None:
            return name in self._only
        return not self._patterns or any(
            fnmatch.fnmatchcase(name, pattern) for pattern in self._patterns
        )


def watch_ignored_exceptions(record, recorder):
    """Records the exceptions that Python only prints: in finalizers and in threads."""
    print_unraisable, print_in_thread = sys.unraisablehook, threading.excepthook

    def unraisable(args):
        record.write("ignored", test=recorder.current, what=repr(args.exc_value))
        print_unraisable(args)

    def in_thread(args):
        record.write("ignored", test=recorder.current, what=repr(args.exc_value))
        print_in_thread(args)

    sys.unraisablehook = unraisable
    threading.excepthook = in_thread


def prepare(job):
    """The settings that the interpreter's own test runner makes, and the substitution's."""
    from test import support
    from test.support import script_helper

    name = job["replacement"]
    if sys.modules.get("socket") is not importlib.import_module(name):
        raise RuntimeError(f"{name} did not get into the place of socket")
    # Otherwise it starts its Python children with -E or -I, which drop the substitution.
    script_helper.__cached_interp_requires_environment = True
    support.verbose = 0
    support.use_resources = job["resources"]
    support.record_original_stdout(sys.stdout)
    faulthandler.enable(all_threads=True, file=sys.__stderr__)
    for held in os.environ.pop("RSOCKET_CONFORMANCE_HELD", "").split():
        os.set_inheritable(int(held), False)
    sys.addaudithook(lambda _event, _args: None)  # with a hook, every audit call builds its data
    return support


def run_module(module, runner, support):
    if hasattr(module, "test_main") and hasattr(support, "_run_suite"):
        # Up to 3.11, `test_main` may prepare things and names the classes itself.
        support._run_suite = runner.run
        module.test_main()
        return
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromModule(module)
    if loader.errors:
        raise RuntimeError("\n".join(loader.errors))
    runner.run(suite)


def main(path):
    sys.path.pop(0)  # the folder of this file, which tests must not be able to import from
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    record = Record(job["record"])
    support = prepare(job)
    runner = Runner(record, job["patterns"], job["only"], job["done"])
    watch_ignored_exceptions(record, runner.recorder)
    status, detail = "pass", ""
    try:
        module = importlib.import_module(job["module"])
        run_module(module, runner, support)
    except unittest.SkipTest as error:
        status, detail = "skip", str(error)
    except Exception:
        status, detail = "fail", traceback.format_exc()
    record.write("module", status=status, detail=detail[-DETAIL_LIMIT:])
    gc.collect()
    support.reap_children()
    record.write("done")


if __name__ == "__main__":
    main(sys.argv[1])
