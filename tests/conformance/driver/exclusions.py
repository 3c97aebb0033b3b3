"""The tests that a replacement may lose, each with its reason: `exclusions.txt`."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "exclusions.txt"


@dataclass(frozen=True)
class Exclusion:
    """A pattern of test names, the versions where it holds, and why."""

    pattern: str
    versions: tuple[str, ...]
    reason: str

    def holds_on(self, version):
        return "all" in self.versions or version.rpartition(".")[0] in self.versions

    def covers(self, name):
        return fnmatch.fnmatchcase(name, self.pattern)


def read(version, file=FILE):
    """The exclusions for this version of Python."""
    exclusions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(maxsplit=2)
        if len(fields) < 3:
            raise ValueError(f"{file.name}:{number}: expected `TEST VERSIONS REASON`")
        exclusions.append(Exclusion(fields[0], tuple(fields[1].split(",")), fields[2]))
    return [exclusion for exclusion in exclusions if exclusion.holds_on(version)]
