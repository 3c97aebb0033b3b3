"""The one shape in which every part of the benchmarks writes its rows, for charts and tables.

    {"language": "python", "machine": {...}, "rows": [
        {"group": "unix", "row": "send+recv 64 B", "peer": "socket", "value": 1050.0,
         "peer_value": 1400.0, "ratio": 1.33, "unit": "ns", "goal": "ratio >= 1.28"}]}

`value` is rsocket's and `peer_value` the peer's, in `unit`. `ratio` says how many times better
rsocket is, so 1 is equal and more is better, or is null where a quotient says nothing. `goal` is a
text, or null. A row may carry more keys of its own.

As a program it makes such a file of lines with tabs between group, row, peer, value, peer's value,
unit, goal and, where the quotient of the values is not it, ratio:

    results.py --language rust --runtime TEXT --json FILE LINES...
"""

import argparse
import json
import os
import platform
from pathlib import Path


def machine(runtime):
    """What the figures were taken on; `runtime` names the compiler or interpreter."""
    return {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "runtime": runtime,
    }


def cpu():
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.machine()


def row(group, name, peer, value, peer_value, *, unit, ratio=None, goal=None, **more):
    """One comparison; without a ratio it is taken from the values, of which less is better."""
    if ratio is None and value and peer_value is not None:
        ratio = peer_value / value
    return {
        "group": group,
        "row": name,
        "peer": peer,
        "value": value,
        "peer_value": peer_value,
        "ratio": ratio,
        "unit": unit,
        "goal": goal,
        **more,
    }


def write(path, language, runtime, rows, **more):
    """Writes a file of results, making its directory."""
    record = {"language": language, "machine": machine(runtime), **more, "rows": rows}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")


def from_line(line):
    """A row of a line with tabs between its columns."""
    group, name, peer, value, peer_value, unit, goal, *ratio = line.rstrip("\n").split("\t")
    given = float(ratio[0]) if ratio else None
    values = float(value), float(peer_value)
    return row(group, name, peer, *values, unit=unit, goal=goal or None, ratio=given)


def main():
    parser = argparse.ArgumentParser(description="Makes a file of results of lines with tabs.")
    parser.add_argument("--language", required=True)
    parser.add_argument("--runtime", required=True, help="the compiler or interpreter")
    parser.add_argument("--json", type=Path, required=True, help="the file to write")
    parser.add_argument("lines", type=Path, nargs="+", help="files of lines")
    arguments = parser.parse_args()
    rows = [from_line(line) for file in arguments.lines for line in file.open()]
    write(arguments.json, arguments.language, arguments.runtime, rows)


if __name__ == "__main__":
    main()
