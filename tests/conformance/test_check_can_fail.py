"""The conformance check finds fault with a deliberately broken replacement.

A check that cannot fail proves nothing, so every kind of trouble that it reports is provoked.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parent / "run.py"
# The interpreter's own module serves as well where the package is not built: what is tested here
# is the check.
REPLACEMENT = "rsocket" if importlib.util.find_spec("rsocket") else "socket"

CONVERSATIONS = (
    "test_socket.BasicTCPTest",
    "test_socket.BasicUDPTest",
    "test_socket.SendmsgTCPTest",
    "test_socket.TestUnixDomain",
    "test_socketserver.SocketServerTest",
)


@pytest.fixture
def check(tmp_path):
    """Runs the check: its exit status, its report as data, and what it printed."""

    def run(*arguments):
        file = tmp_path / "report.json"
        done = subprocess.run(
            [sys.executable, str(RUN), "--module", REPLACEMENT, "--json", str(file), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=500,
            check=False,
        )
        report = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        return done.returncode, report, done.stdout

    return run


def names(tests, test_class):
    return {test.rpartition(".")[2] for test in tests if f".{test_class}." in test}


def test_unbroken_loses_nothing(check):
    status, report, said = check(*CONVERSATIONS)
    assert status == 0, said
    assert report["stock"] == report["replaced"]
    assert report["replaced"]["pass"] > 40


def test_flipped_bit_loses_many(check):
    status, report, said = check("--broken", "flip", *CONVERSATIONS)
    assert status == 1, said
    assert len(report["lost"]) >= 30, said
    assert {"testRecv", "testSendAll", "testOverFlowRecv"} <= names(report["lost"], "BasicTCPTest")
    assert names(report["lost"], "SocketServerTest")
    # What does not receive is untouched: the losses are those of the flipped bit.
    assert not names(report["lost"], "TestUnixDomain")


def test_hang_is_found_and_the_rest_goes_on(check):
    tests = [f"test_socket.BasicTCPTest.{test}" for test in ("testDetach", "testFromFd", "testDup")]
    others = ["test_socket.TestUnixDomain"]
    status, report, said = check("--broken", "hang", "--limit", "3", *tests, *others)
    assert status == 1, said
    assert names(report["hung"], "BasicTCPTest") == {"testDetach", "testFromFd", "testDup"}
    assert len(report["findings"]) == 3
    assert report["replaced"]["pass"] == report["stock"]["pass"] - 3
    # The stacks at that moment say where: in the recv that sleeps.
    assert all("in recv" in finding["detail"] for finding in report["findings"])


def test_crash_is_found_and_the_rest_goes_on(check):
    status, report, said = check("--broken", "crash", *CONVERSATIONS[:2], *CONVERSATIONS[3:4])
    assert status == 1, said
    assert {"testRecv", "testSendAll"} <= names(report["crashed"], "BasicTCPTest")
    assert {finding["kind"] for finding in report["findings"]} == {"crashed"}
    assert all("SIGABRT" in finding["detail"] for finding in report["findings"])
    assert report["replaced"]["pass"] + len(report["crashed"]) == report["stock"]["pass"]
    assert report["replaced"]["pass"] > 0


@pytest.mark.parametrize(
    ("damage", "kind"),
    [("skip", "newly_skipped"), ("ignore", "ignored"), ("remove", "missing")],
)
def test_every_kind_of_trouble_counts(check, damage, kind):
    status, report, said = check("--broken", damage, "test_socket.BasicTCPTest")
    assert status == 1, said
    assert "testRecv" in names(report[kind], "BasicTCPTest"), said


def test_nothing_to_test_is_not_success(check):
    for arguments, reason in (
        (["no_such_tests"], "has no test.no_such_tests"),
        (["test_socket.NoSuchTest"], "no test matches"),
        (["--module", "no_such_module"], "cannot start with no_such_module"),
        (["--python", "no_such_python"], "there is no program no_such_python"),
    ):
        status, report, said = check(*arguments)
        assert (status, report) == (2, None), said
        assert reason in said
