"""Draws the charts of docs/benchmarks and fills the tables of docs/benchmarks.md from the results.

    python benches/charts.py [--results DIRECTORY] [--docs DIRECTORY]

Where docs/benchmarks.md has a pair of marks `<!-- NAME -->` and `<!-- end of NAME -->`, what stands
between them is replaced: `machine`, `peers ahead`, and one `LANGUAGE` for each file of results.
"""

import argparse
import json
import math
import re
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = {"python": "Python", "c": "C", "rust": "Rust"}
# Below this a peer counts as ahead; above it the two are equal as far as one can tell.
AHEAD = 0.97
# What instructions are counted against: fewer than by hand is not to be had, so nobody is ahead.
BY_HAND = {"libc", "POSIX", "the limit"}

WIDTH, LABEL, BAR, GAP, HEAD = 860, 300, 13, 7, 58
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.muted { fill: #59636e }
.axis { stroke: #818b98 }
.ours, .ahead { fill: #0969da }
.peer { fill: #afb8c1 }
.behind { fill: #bc4c00 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .muted { fill: #9198a1 }
  .axis { stroke: #656c76 }
  .ours, .ahead { fill: #4493f8 }
  .peer { fill: #59636e }
  .behind { fill: #db6d28 }
}
"""


def by_key(rows, key):
    """The rows under each value of a key, in the order they came."""
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def slug(*words):
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def number(value):
    """A figure in as few digits as tell something."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}".removesuffix(".0")


# ---- charts


def text(x, y, words, *classes, anchor="start"):
    names = f' class="{" ".join(classes)}"' if classes else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{names}>{escape(words)}</text>'


def bar(x, y, width, name):
    return f'<rect x="{x:.1f}" y="{y}" width="{max(width, 1):.1f}" height="{BAR}" class="{name}"/>'


def svg(title, subtitle, height, body):
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        text(0, 18, title, "title"),
        text(0, 38, subtitle, "muted"),
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def ratio_chart(title, rows):
    """How many times faster than each peer: bars from 1, on a logarithmic scale."""
    rows = [row for row in rows if row["ratio"]]
    if not rows:
        return None
    logs = [math.log2(row["ratio"]) for row in rows]
    low, high = min(-1, *logs), max(1, *logs)
    room = WIDTH - LABEL - 110
    zero = LABEL + 50 + room * -low / (high - low)
    several = len({row["peer"] for row in rows}) > 1
    body, y = [], HEAD
    for row, log in zip(rows, logs):
        name = f"{row['row']}, {row['peer']}" if several else row["row"]
        length = abs(log) * room / (high - low)
        ahead = log >= 0
        body.append(text(LABEL, y + BAR - 2, name, anchor="end"))
        body.append(
            bar(zero if ahead else zero - length, y, length, "ahead" if ahead else "behind")
        )
        end, anchor = (zero + length + 4, "start") if ahead else (zero - length - 4, "end")
        body.append(text(end, y + BAR - 2, f"{row['ratio']:.2f}", "muted", anchor=anchor))
        y += BAR + GAP
    body.append(f'<line x1="{zero:.1f}" y1="{HEAD - 8}" x2="{zero:.1f}" y2="{y}" class="axis"/>')
    peers = ", ".join(by_key(rows, "peer"))
    return svg(title, f"times faster than {peers}; 1 is equal", y + 6, body)


def count_chart(title, rows, unit):
    """Plain figures of every contender: bars from 0."""
    contenders = []
    for name, of_row in by_key(rows, "row").items():
        bars = [("rsocket", of_row[0]["value"])]
        bars += [(row["peer"], row["peer_value"]) for row in of_row]
        contenders.append((name, bars))
    most = max(value for _, bars in contenders for _, value in bars)
    room = WIDTH - LABEL - 150
    body, y = [], HEAD
    for name, bars in contenders:
        body.append(text(LABEL - 10, y + BAR - 2, name, anchor="end"))
        for contender, value in bars:
            ours = contender == "rsocket"
            length = value * room / most
            body.append(bar(LABEL, y, length, "ours" if ours else "peer"))
            words = f"{contender} {number(value)}"
            body.append(text(LABEL + length + 5, y + BAR - 2, words, *([] if ours else ["muted"])))
            y += BAR + 2
        y += GAP
    return svg(title, f"{unit}; fewer is better", y, body)


def charts(record, folder):
    """Draws a chart of each group and gives the file of each."""
    language = LANGUAGES[record["language"]]
    drawn = {}
    for group, rows in by_key(record["rows"], "group").items():
        title = f"{language}: {group[0].lower()}{group[1:]}"
        timed = [row for row in rows if row["unit"] == "ns"]
        if timed:
            picture = ratio_chart(title, timed)
        elif {row["unit"] for row in rows} == {"instructions"}:
            picture = count_chart(title, rows, "instructions")
        else:
            picture = None
        if picture:
            path = folder / f"{slug(record['language'], group)}.svg"
            path.write_text(picture)
            drawn[group] = path
    return drawn


# ---- tables


def cell(row):
    ratio = f" ({row['ratio']:.2f})" if row["ratio"] is not None else ""
    return f"{number(row['peer_value'])}{ratio}"


def table(rows):
    """One line for each row, one column for each peer."""
    peers = list(by_key(rows, "peer"))
    units = list(by_key(rows, "unit"))
    goals = any(row["goal"] for row in rows)
    limits = any(row.get("limit") for row in rows)
    head = ["", "rsocket", *peers, *(["goal"] if goals else []), *(["limit"] if limits else [])]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    for name, of_row in by_key(rows, "row").items():
        unit = "" if len(units) == 1 else f", {of_row[0]['unit']}"
        of_peer = {row["peer"]: row for row in of_row}
        cells = [name + unit, number(of_row[0]["value"])]
        cells += [cell(of_peer[peer]) if peer in of_peer else "" for peer in peers]
        if goals:
            cells.append(next((row["goal"] for row in of_row if row["goal"]), ""))
        if limits:
            limit = next((row["limit"] for row in of_row if row.get("limit")), None)
            cells.append("" if limit is None else f"{limit:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def section(record, drawn, docs):
    """Charts and tables of a language."""
    blocks = []
    for group, rows in by_key(record["rows"], "group").items():
        units = list(by_key(rows, "unit"))
        unit = {"ns": "nanoseconds"}.get(units[0], units[0]) if len(units) == 1 else "units by row"
        blocks.append(f"### {group} ({unit})")
        if group in drawn:
            path = drawn[group].relative_to(docs).as_posix()
            blocks.append(f"![{LANGUAGES[record['language']]}: {group}]({path})")
        blocks.append(table(rows))
    return "\n\n".join(blocks)


def machine(records):
    lines = []
    for record in records:
        about = record["machine"]
        what = f"{about['cpu']}, {about['cores']} cores, {about['kernel']}, {about['runtime']}"
        lines.append(f"- {LANGUAGES[record['language']]}: {what}.")
    return "\n".join(lines)


def peers_ahead(records):
    """Every row in which a peer takes clearly less."""
    lines = []
    for record in records:
        for row in record["rows"]:
            # By the edge of the quartiles where they are known: a ratio within the noise is equal.
            ratio = row.get("quartiles", [None, row["ratio"]])[1]
            counted = row["unit"] != "ns" and row["peer"] in BY_HAND
            if ratio is None or ratio >= AHEAD or counted:
                continue
            ours, theirs = number(row["value"]), number(row["peer_value"])
            language = LANGUAGES[record["language"]]
            lines.append(
                f"- {language}, {row['group'].lower()}, {row['row']}: {row['peer']} takes {theirs} "
                f"where rsocket takes {ours} ({row['unit']})."
            )
    return "\n".join(lines) or "In no row of these tables."


def fill(page, name, words):
    """Replaces what stands between the marks of a name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"docs/benchmarks.md has no marks for {name}")
    return f"{before}{begin}\n\n{words}\n\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=ROOT / "target/bench")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs")
    arguments = parser.parse_args()
    files = [arguments.results / f"{language}.json" for language in LANGUAGES]
    records = [json.loads(file.read_text()) for file in files if file.exists()]
    if not records:
        raise SystemExit(f"no results in {arguments.results}: run make bench first")
    folder = arguments.docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    path = arguments.docs / "benchmarks.md"
    page = path.read_text()
    for record in records:
        drawn = charts(record, folder)
        page = fill(page, record["language"], section(record, drawn, arguments.docs))
    page = fill(page, "machine", machine(records))
    page = fill(page, "peers ahead", peers_ahead(records))
    path.write_text(page)
    print(f"{path} and {len(list(folder.glob('*.svg')))} charts in {folder}")


if __name__ == "__main__":
    sys.exit(main())
