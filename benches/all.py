"""Runs the benchmarks of every language, one table a language, and keeps the rows as JSON.

    python benches/all.py [--quick] [--results DIRECTORY]

A part that fails does not keep the others from running; the last lines say which failed.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parts(results, quick):
    """What to run, by language."""
    short = ["--quick"] if quick else []
    python = [sys.executable, ROOT / "benches/python/run.py", *short]
    c = [sys.executable, ROOT / "tests/c/bench/run.py", "--check"]
    rust = [ROOT / "benches/run-rust.sh", *short]
    commands = {"Python": python, "C": c, "Rust": rust}
    return {
        language: [*command, "--json", results / f"{language.lower()}.json"]
        for language, command in commands.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns, and not every row")
    parser.add_argument(
        "--results", type=Path, default=ROOT / "target/bench", help="where the JSON files go"
    )
    arguments = parser.parse_args()
    results = arguments.results.resolve()
    results.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    failed = []
    commands = parts(results, arguments.quick)
    for number, (language, command) in enumerate(commands.items(), 1):
        minutes = (time.monotonic() - begun) / 60
        print(f"\n== {language}: part {number} of {len(commands)}, after {minutes:.1f} minutes\n")
        sys.stdout.flush()
        # Rows as they are measured, not when a buffer is full.
        unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if subprocess.run(command, check=False, env=unbuffered).returncode:
            failed.append(language)
    print(f"\nAll parts took {(time.monotonic() - begun) / 60:.1f} minutes; rows in {results}")
    if failed:
        print(f"Beyond a limit, or failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
