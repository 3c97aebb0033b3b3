"""Makes every system call of every operation fail, one at a time, in Rust, C and Python, and checks
what became of it: the documented outcome, no descriptor left, no hang, no crash.

usage: run.py [--rust PROGRAM] [--c PROGRAM] [--python INTERPRETER] [OPERATION...]

A first run under strace(1) records the calls between two marks; then each of them is made to fail
with each error of `expectations.ERRORS`, the k-th call of its name alone.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from expectations import ERRORS, OPERATIONS, allowed, may_leave

HERE = pathlib.Path(__file__).parent
TIME_LIMIT = 20
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")


def strace(options, command, operation, directory):
    """Runs one operation and says how it ended."""
    line = ["strace", "-f", "-qq", "--seccomp-bpf", *options, *command, operation, directory]
    environment = {**os.environ, "RUST_BACKTRACE": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("LD_PRELOAD", None)
    try:
        ended = subprocess.run(
            line, capture_output=True, text=True, timeout=TIME_LIMIT, env=environment
        )
    except subprocess.TimeoutExpired:
        return "hang", 0
    words = ended.stdout.split()
    if ended.returncode != 0 or len(words) != 2:
        return f"status {ended.returncode}: {ended.stderr.strip()[-300:]}", 0
    return "EAI" if words[0].startswith("EAI_") else words[0], int(words[1])


def record(command, operation):
    """The calls between the marks, each with its number among those of its name."""
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "log")
        place = os.path.join(directory, "place")
        os.mkdir(place)
        marks = "access,faccessat,faccessat2,stat,newfstatat,statx"
        names = ",".join([*ERRORS, marks])
        outcome, leak = strace(["-e", f"trace={names}", "-o", log], command, operation, place)
        counts, calls, inside = collections.Counter(), [], False
        for line in pathlib.Path(log).read_text().splitlines():
            match = CALL.match(line)
            if match is None:
                continue
            name = match[1]
            counts[name] += 1
            if "rsocket-faults/" in line:
                inside = "begins" in line
            elif inside and name in ERRORS:
                calls.append((name, counts[name], line.split("(", 1)[1]))
        return outcome, leak, calls


def fault(command, operation, name, number, error):
    """What becomes of an operation whose call `name` fails at its time `number`."""
    with tempfile.TemporaryDirectory() as directory:
        inject = f"inject={name}:error={error}:when={number}"
        options = ["-o", "/dev/null", "-e", f"trace={name}", "-e", inject]
        outcome, leak = strace(options, command, operation, directory)
        left = [entry for entry in os.listdir(directory) if not re.fullmatch(r"[01]\.sock", entry)]
        if may_leave(name, error):
            left = []
        return outcome, leak, left


def unavailable():
    """Why nothing can be shown here, if so."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=none", "true"]
    tried = subprocess.run(probe, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"strace does not work here: {tried.stderr.strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rust")
    parser.add_argument("--c")
    parser.add_argument("--python")
    parser.add_argument("operations", nargs="*", default=OPERATIONS)
    arguments = parser.parse_args()
    commands = {
        "rust": arguments.rust and [arguments.rust],
        "c": arguments.c and [arguments.c],
        "python": arguments.python and [arguments.python, str(HERE / "faults.py")],
    }
    reason = unavailable()
    if reason:
        print(f"skipped: {reason}")
        return 0
    wrong, shown = [], collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        running = {}
        for language, command in commands.items():
            for operation in arguments.operations if command else []:
                base, leak, calls = record(command, operation)
                if base == "absent":
                    continue
                usual = OPERATIONS[operation]
                if base != usual or leak or not calls:
                    wrong.append(f"{language} {operation}: without a fault {base}, {leak} left")
                    continue
                for name, number, text in calls:
                    for error in ERRORS[name]:
                        case = (language, operation, name, error, text)
                        expected = allowed(language, operation, name, error, text)
                        job = workers.submit(fault, command, operation, name, number, error)
                        running[job] = case, expected
        for job in concurrent.futures.as_completed(running):
            (language, operation, name, error, text), expected = running[job]
            outcome, leak, left = job.result()
            shown[language] += 1
            said = f"{language} {operation}: {error} of {name}({text[:70]}"
            if outcome not in expected:
                wrong.append(f"{said} -> {outcome}, not {' or '.join(sorted(expected))}")
            if leak:
                wrong.append(f"{said} -> {leak} descriptors left open")
            if left:
                wrong.append(f"{said} -> left behind: {' '.join(left)}")
    for line in sorted(wrong):
        print(line)
    counts = ", ".join(f"{count} in {language}" for language, count in shown.items())
    print(f"faults: {counts or 'none'}; {len(wrong)} not as documented")
    return 1 if wrong or not shown else 0


if __name__ == "__main__":
    sys.exit(main())
