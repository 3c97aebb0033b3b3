"""The same tests on the interpreter's own module and on the replacement: what differs."""

from __future__ import annotations

from dataclasses import dataclass

from .records import PASSES

# Every kind of difference that makes the run fail, with the words for it.
KINDS = {
    "lost": "lost (passes on the interpreter's own socket, fails here)",
    "hung": "hung",
    "crashed": "crashed",
    "newly_skipped": "newly skipped",
    "missing": "missing (not even collected, or never reached)",
    "ignored": "exceptions that Python printed and ignored, unlike on the interpreter's own socket",
}


@dataclass(frozen=True)
class Finding:
    """One test that does not do on the replacement what it does on the stock module."""

    kind: str
    module: str
    test: str
    detail: str


def compare(stock, replaced):
    """The findings of one module."""
    findings = []
    for name, before in {**stock.tests, **_qualified(stock)}.items():
        after = {**replaced.tests, **_qualified(replaced)}.get(name)
        kind = _kind(before, after, name in stock.tests)
        if kind is not None:
            findings.append(Finding(kind, stock.name, name, _reason(name, replaced, after)))
    findings += _new_trouble(stock, replaced)
    for name, said in replaced.ignored.items():
        if name not in stock.ignored:
            findings.append(Finding("ignored", stock.name, name, "\n".join(said)))
    return findings


def _reason(name, replaced, after):
    if after is None:
        return ""
    return after.detail + ("\n(passes when run again)" if name in replaced.unsteady else "")


def _kind(before, after, is_test):
    if after is None:
        return "missing" if is_test and before.status in PASSES else None
    if after.status == before.status or after.status in PASSES:
        return None
    if after.status == "hang":
        return "hung"
    if after.status == "crash":
        return "crashed"
    if before.status not in PASSES:
        return None
    return "newly_skipped" if after.status == "skip" else "lost"


def _new_trouble(stock, replaced):
    """What fails on the replacement and does not exist on stock: tear-downs, extra tests."""
    before = {**stock.tests, **_qualified(stock)}
    for name, after in {**replaced.tests, **_qualified(replaced)}.items():
        if name not in before and after.status not in (*PASSES, "skip"):
            kind = {"hang": "hung", "crash": "crashed"}.get(after.status, "lost")
            yield Finding(kind, replaced.name, name, after.detail)


def _qualified(result):
    return {f"{result.name} {what}": test for what, test in result.around.items()}


def gained(stock, replaced):
    """Tests that pass on the replacement only; nothing to act on, but good to know."""
    return [
        name
        for name, after in replaced.tests.items()
        if after.status in PASSES and name in stock.tests and stock.tests[name].status not in PASSES
    ]


def split_excluded(findings, exclusions):
    """The findings that count, and those that an exclusion covers."""
    excluded = [
        finding
        for finding in findings
        if any(exclusion.covers(finding.test) for exclusion in exclusions)
    ]
    return [finding for finding in findings if finding not in excluded], excluded
