"""Sums up an lcov file by source file, without the unit tests that stand in the sources."""

import argparse
import sys
from pathlib import Path


def hits_by_file(lcov, root):
    """Returns a mapping from each source file below root to its lines and how often they ran."""
    files = {}
    hits = None
    for line in lcov.read_text().splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path = Path(rest).resolve()
            hits = files.setdefault(path, {}) if path.is_relative_to(root) else None
        elif kind == "DA" and hits is not None:
            number, count = rest.split(",")[:2]
            hits[int(number)] = hits.get(int(number), 0) + int(count)
    return files


def first_test_line(path):
    """Returns the line where a file's unit tests begin; they stand at its end."""
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        if line == "#[cfg(test)]" and lines[number].startswith("mod "):
            return number
    return len(lines) + 1


def ranges(numbers):
    """Writes ascending numbers as text such as 3-5, 9."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{a}-{b}" if a != b else f"{a}" for a, b in parts)


def main():
    """Prints the table and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lcov", type=Path)
    parser.add_argument("root", type=Path)
    parser.add_argument("--least", type=float, default=95, help="percent below which it fails")
    parser.add_argument("--lines", action="store_true", help="list the lines that never ran")
    arguments = parser.parse_args()
    root = arguments.root.resolve()

    total = missed_total = 0
    for path, hits in sorted(hits_by_file(arguments.lcov, root).items()):
        end = first_test_line(path)
        code = [number for number in sorted(hits) if number < end]
        missed = [number for number in code if hits[number] == 0]
        if not code:
            continue
        total += len(code)
        missed_total += len(missed)
        percent = 100 * (len(code) - len(missed)) / len(code)
        print(f"{percent:6.1f} %  {len(code):5} lines  {path.relative_to(root)}")
        if arguments.lines and missed:
            print(f"          never ran: {ranges(missed)}")
    if not total:
        sys.exit("coverage: no line of rust-core was measured")
    percent = 100 * (total - missed_total) / total
    print(f"{percent:6.1f} %  {total:5} lines  in all, {missed_total} never ran")
    if percent < arguments.least:
        sys.exit(f"coverage: {percent:.1f} % is below {arguments.least:g} %")


if __name__ == "__main__":
    main()
