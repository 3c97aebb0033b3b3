"""The outcome of a run as text for a person, as a table row, and as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass

from . import compare

DETAIL_LINES = 12
MANY = 40


@dataclass
class Summary:
    """Everything that there is to say; `findings` decides whether the run failed."""

    python: str
    module: str
    extent: str
    pairs: list
    exclusions: list

    def __post_init__(self):
        found = [finding for pair in self.pairs for finding in compare.compare(*pair)]
        self.findings, self.excluded = compare.split_excluded(found, self.exclusions)
        self.gained = [name for pair in self.pairs for name in compare.gained(*pair)]

    def of_kind(self, kind):
        return [finding for finding in self.findings if finding.kind == kind]

    def counts(self, side):
        """Pass, skip and fail of one side: 0 for stock, 1 for the replacement."""
        results = [pair[side] for pair in self.pairs]
        return {
            "pass": sum(result.passed for result in results),
            "skip": sum(result.skipped for result in results),
            "fail": sum(result.failed for result in results),
        }

    def stock_failures(self):
        """Tests that fail on the interpreter's own module: they say nothing."""
        return [name for stock, _replaced in self.pairs for name in stock.failures()]

    def idle_exclusions(self):
        """Exclusions of tests that ran and lost nothing."""
        ran = {name for _stock, replaced in self.pairs for name in replaced.tests}
        return [
            exclusion
            for exclusion in self.exclusions
            if any(exclusion.covers(name) for name in ran)
            and not any(exclusion.covers(finding.test) for finding in self.excluded)
        ]


def text(summary):
    lines = [""]
    for kind, words in compare.KINDS.items():
        findings = summary.of_kind(kind)
        if findings:
            lines += [f"{len(findings)} {words}:", *_listed(findings), ""]
    for words, names in (
        ("excluded", [finding.test for finding in summary.excluded]),
        ("excluded without need", [exclusion.pattern for exclusion in summary.idle_exclusions()]),
        ("passing here only", summary.gained),
        ("failing on the interpreter's own socket, so not run here", summary.stock_failures()),
    ):
        if names:
            lines.append(f"{len(names)} {words}:")
            lines += [f"  {name}" for name in names]
            lines.append("")
    for name, side in (("stock", 0), (summary.module, 1)):
        counts = summary.counts(side)
        lines.append(
            f"{name:10} {counts['pass']:6} pass {counts['skip']:5} skip {counts['fail']:4} fail"
        )
    lines.append(
        f"{len(summary.findings)} differences that count"
        if summary.findings
        else "nothing lost, nothing newly skipped"
    )
    return "\n".join(lines)


def _listed(findings):
    """One by one with the reasons; where there are very many, classes with their numbers."""
    if len(findings) > MANY:
        classes = Counter(finding.test.rpartition(".")[0] for finding in findings)
        yield from (f"  {name}: {count}" for name, count in classes.items())
        yield "  (one by one, with the reasons, in the file of --json)"
        return
    for finding in findings:
        yield f"  {finding.test}"
        yield from (f"      {line}" for line in _end_of(finding.detail))


def _end_of(detail):
    """The last lines of a traceback or log: the error itself is at the end."""
    lines = [line for line in detail.splitlines() if line.strip()]
    return lines[-DETAIL_LINES:]


def markdown(summary):
    """A row: python, stock pass / skip, replacement pass / skip, lost, newly skipped."""
    stock, replaced = summary.counts(0), summary.counts(1)
    skipped = len(summary.of_kind("newly_skipped"))
    cells = (
        summary.python,
        f"{stock['pass']} / {stock['skip']}",
        f"{replaced['pass']} / {replaced['skip']}",
        str(len(summary.findings) - skipped),
        str(skipped),
    )
    return "| " + " | ".join(cells) + " |"


def as_json(summary):
    """The counts, and the names behind them."""
    return {
        "python": summary.python,
        "module": summary.module,
        "set": summary.extent,
        "stock": summary.counts(0),
        "replaced": summary.counts(1),
        "modules": {
            replaced.name: {
                "stock": {"pass": stock.passed, "skip": stock.skipped, "fail": stock.failed},
                "replaced": {
                    "pass": replaced.passed,
                    "skip": replaced.skipped,
                    "fail": replaced.failed,
                },
                "seconds": round(replaced.seconds, 1),
            }
            for stock, replaced in summary.pairs
        },
        **{kind: [finding.test for finding in summary.of_kind(kind)] for kind in compare.KINDS},
        "findings": [asdict(finding) for finding in summary.findings],
        "excluded": [finding.test for finding in summary.excluded],
        "gained": summary.gained,
        "stock_failures": summary.stock_failures(),
    }
