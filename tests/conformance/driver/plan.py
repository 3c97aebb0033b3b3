"""From what was asked for to jobs: which modules, with which of their tests and which resources."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from . import catalogue
from .interpreter import CannotTest

# `gui`, `audio` and the like stay off; `network` is on for those that the loopback satisfies.
RESOURCES = ("cpu", "subprocess", "walltime")


@dataclass(frozen=True)
class Job:
    """A module to run on both sides."""

    module: str
    patterns: tuple[str, ...]
    resources: tuple[str, ...]


def chosen_entries(names, full):
    """The catalogue's entries for the names given (`test_socket.BasicTCPTest`), or for the set."""
    if not names:
        return catalogue.FULL if full else catalogue.QUICK
    known = {entry.module: entry for entry in catalogue.FULL}
    entries = {}
    for given in names:
        name = given[len("test.") :] if given.startswith("test.") else given
        module, _dot, inside = name.partition(".")
        for candidate in known:  # a dotted module, such as eintrdata.eintr_tester
            if name == candidate or name.startswith(candidate + "."):
                module, inside = candidate, name[len(candidate) + 1 :]
        entry = known.get(module, catalogue.Entry(module))
        if inside:
            entry = dataclasses.replace(entry, patterns=(f"test.{name}", f"test.{name}.*"))
        if module in entries and inside:
            entry = _joined(entries[module], entry)
        entries[module] = entry
    return list(entries.values())


def _joined(one, other):
    """The tests of both; an entry without patterns stands for all tests."""
    patterns = one.patterns + other.patterns if one.patterns else ()
    return dataclasses.replace(one, patterns=patterns)


def jobs(entries, interpreter, named):
    """The jobs for the entries; a module named by hand must exist, others need not."""
    found = []
    for entry in entries:
        modules = interpreter.expand(entry.module)
        if named and not modules:
            raise CannotTest(f"Python {interpreter.version} has no test.{entry.module}")
        network = ("network",) if entry.network else ()
        wanted = [
            module
            for module in modules
            if not _names_other_module(entry.patterns, module, len(modules))
        ]
        found += [Job(module, entry.patterns, RESOURCES + network) for module in wanted]
    return found


def _names_other_module(patterns, module, parts):
    """Whether all patterns, as given by hand, name tests of another part of the package."""
    if parts == 1 or not patterns or any(pattern.startswith("*") for pattern in patterns):
        return False
    return not any(
        pattern == module or pattern.startswith(module + ".") or module.startswith(pattern + ".")
        for pattern in patterns
    )
