"""The atlas: one static page with the tables and the minimal obstructions of a database.

Everything is in the one file: style and drawings included, no script, nothing fetched.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from html import escape
from importlib.metadata import version
from pathlib import Path

from cadlink import files
from cadlink.clock import Clock
from cadlink.database.queries import Entry, PatternDatabase
from cadlink.database.statistics import Row, densities, totals, unknowns
from cadlink.errors import InputError
from cadlink.report.drawing import curve_table, find_curve, pattern_svg
from cadlink.search import nonclosed

__all__ = ["write"]

GALLERY = 400  # obstructions drawn, about
FEWEST = 4  # of each family
CURVE_S = 1.0  # seconds to look for a curve of one obstruction
CURVES_S = 120.0  # and of all of them

_STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5d6b7c; --line: #d8dee6;
  --no: #c2410c; --yes: #0f766e; --open: #94a3b8; --card: #fff; }
body { margin: 0; background: #f5f7fa; color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; margin: 0 0 .25rem; } h2 { margin: 2.5rem 0 .5rem; font-size: 1.3rem; }
p.lead { color: var(--soft); max-width: 46rem; }
.tiles { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1.25rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .75rem 1.1rem; min-width: 7rem; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
table.data { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
table.data th, table.data td { padding: .35rem .8rem; text-align: right; white-space: nowrap; }
table.data th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--line); }
table.data td:first-child, table.data th:first-child { text-align: left; }
table.data tr.sum td { border-top: 1px solid var(--line); font-weight: 600; }
.bar { display: inline-flex; width: 9rem; height: .7rem; border-radius: 3px; overflow: hidden;
  background: var(--line); vertical-align: middle; }
.bar i { display: block; height: 100%; } .no { background: var(--no); }
.yes { background: var(--yes); } .open { background: var(--open); }
.legend { color: var(--soft); font-size: .9rem; }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px;
  margin: 0 .35rem 0 .9rem; vertical-align: -1px; }
td.heat { min-width: 2.6rem; text-align: center !important; color: var(--ink); }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .9rem 1rem; overflow-x: auto; }
.card h3 { margin: 0 0 .6rem; font-size: .95rem; display: flex; justify-content: space-between; }
.card h3 span { color: var(--soft); font-weight: 400; }
table.data td.why { white-space: normal; } .why a { color: inherit; }
h3[id] { font-size: 1.05rem; margin: 2rem 0 .75rem; }
.count { color: var(--soft); font-weight: 400; }
.card code { font-size: .8rem; color: var(--soft); overflow-wrap: anywhere; }
rect { stroke: #b8c2cf; stroke-width: 1; } rect.f { fill: #334155; } rect.s { fill: var(--no); }
rect.e { fill: #fff; } text.op { fill: var(--soft); font-size: 14px; }
.curve { display: flex; align-items: center; gap: .35rem; margin-top: .7rem; flex-wrap: wrap; }
.matrix { border-collapse: collapse; border-left: 1.5px solid var(--ink);
  border-right: 1.5px solid var(--ink); border-radius: 4px; font-size: .8rem; }
.matrix td { padding: 0 .4rem; text-align: center; white-space: nowrap; }
.matrix sup { font-size: .65rem; line-height: 0; } .zero { color: #b8c2cf; }
.to { color: var(--no); font-size: 1.2rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
"""


def write(
    database: PatternDatabase,
    folder: Path,
    words: Mapping[str, str],
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write ``index.html`` into the folder, which is made if missing; its path.

    ``words`` says what each rule of a proof means; ``progress`` is told what takes long.  Raises
    InputError if the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {folder}: {error.strerror or error}", "--html") from error
    page = folder / "index.html"
    files.write(page, "".join(_page(database, words, progress or (lambda what: None))), "--html")
    return page


def _page(
    database: PatternDatabase, words: Mapping[str, str], progress: Callable[[str], None]
) -> Iterable[str]:
    rows = totals(database)
    obstructions = list(database.select("minimal=1"))
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Atlas of sparse matrix products</title><style>{_STYLE}</style></head><body>"
    yield "<main><h1>Atlas of sparse matrix products</h1>"
    yield (
        '<p class="lead">A pattern says which entries of the factors of a matrix product may be'
        " nonzero. Where the products do not form a closed set, some matrix can be approached by"
        " them but never reached, and training with these masks may diverge.</p>"
    )
    yield _tiles(rows[-1])
    yield "<h2>By size</h2>" + _sizes(rows)
    yield from _heat(database)
    yield from _gallery(database, obstructions, words, progress)
    reasons = unknowns(database)
    if reasons:
        yield "<h2>Open</h2><p>Reduced problems without an answer: "
        yield ", ".join(f"{number} ({escape(reason)})" for reason, number in reasons) + ".</p>"
    yield f"<footer>Written by cadlink {escape(version('cadlink'))}.</footer></main></body></html>"


def _tiles(whole: Row) -> str:
    tiles = [
        (whole.number, "patterns"),
        (whole.closed, "closed"),
        (whole.not_closed, "not closed"),
        (whole.unknown, "unknown"),
        (whole.minimal, "minimal obstructions"),
    ]
    inside = "".join(
        f'<div class="tile"><b>{number:,}</b><span>{name}</span></div>' for number, name in tiles
    )
    return f'<div class="tiles">{inside}</div>'


def _sizes(rows: list[Row]) -> str:
    legend = (
        '<p class="legend"><i class="no"></i>not closed<i class="yes"></i>closed'
        '<i class="open"></i>unknown</p>'
    )
    lines = []
    for row in rows:
        shares = ((row.not_closed, "no"), (row.closed, "yes"), (row.unknown, "open"))
        bar = "".join(
            f'<i class="{name}" style="width:{100 * number / max(row.number, 1):.2f}%"></i>'
            for number, name in shares
        )
        decided = max(row.number - row.unknown, 1)
        mark = ' class="sum"' if row is rows[-1] else ""
        lines.append(
            f"<tr{mark}><td>{escape(row.label)}</td><td>{row.number:,}</td><td>{row.closed:,}</td>"
            f"<td>{row.not_closed:,}</td><td>{row.unknown:,}</td>"
            f"<td>{100 * row.not_closed / decided:.1f}%</td><td>{row.minimal:,}</td>"
            f'<td><span class="bar">{bar}</span></td></tr>'
        )
    head = "".join(
        f"<th>{name}</th>"
        for name in (
            "size",
            "patterns",
            "closed",
            "not closed",
            "unknown",
            "share not closed",
            "minimal",
            "",
        )
    )
    table = f'<table class="data"><tr>{head}</tr>{"".join(lines)}</table>'
    return f'{legend}<div class="scroll">{table}</div>'


def _heat(database: PatternDatabase) -> Iterable[str]:
    """Share of patterns that are not closed, by size and by density in tenths."""
    table: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for outputs, inputs, hidden, edges, decided, bad in densities(database):
        tenth = min(9, 10 * edges // (hidden * (outputs + inputs)))
        counts = table[f"{outputs} x {inputs}, {hidden} hidden"][tenth]
        counts[0] += decided
        counts[1] += bad
    if not table:
        return
    yield "<h2>Share not closed, by density</h2>"
    yield '<p class="lead">Of the decided patterns whose share of nonzero mask entries is in the'
    yield " column's range.</p><div class='scroll'><table class='data'><tr><th>size</th>"
    yield "".join(f"<th>{10 * t}&ndash;{10 * t + 10}%</th>" for t in range(10)) + "</tr>"
    for label, shares in table.items():
        yield f"<tr><td>{escape(label)}</td>"
        for tenth in range(10):
            decided, bad = shares.get(tenth, (0, 0))
            if not decided:
                yield '<td class="heat"></td>'
                continue
            share = bad / decided
            yield (
                f'<td class="heat" style="background:rgba(194,65,12,{0.75 * share:.2f})"'
                f' title="{bad} of {decided}">{100 * share:.0f}</td>'
            )
        yield "</tr>"
    yield "</table></div>"


def _gallery(
    database: PatternDatabase,
    obstructions: list[Entry],
    words: Mapping[str, str],
    progress: Callable[[str], None],
) -> Iterable[str]:
    families = _families(obstructions)
    yield f"<h2>Minimal obstructions ({len(obstructions):,})</h2>"
    yield (
        '<p class="lead">Not closed, though leaving out any output or input makes them closed; by'
        " what proves it, the smallest first. Masks from the last factor to the first, then the"
        " support of the product. Below, a curve of factors: as t → 0 their product tends to the"
        " matrix on the right, which is no product.</p>"
    )
    yield '<div class="scroll"><table class="data"><tr><th>why</th><th>number</th></tr>'
    for number, (method, entries) in enumerate(families):
        reasons = escape(_reasons(method, words))
        yield f'<tr><td class="why"><a href="#family-{number}">{reasons}</a></td>'
        yield f"<td>{len(entries):,}</td></tr>"
    yield "</table></div>"
    end = time.monotonic() + CURVES_S
    each = max(FEWEST, GALLERY // max(len(families), 1))
    for number, (method, entries) in enumerate(families):
        more = f", the first {each}" if len(entries) > each else ""
        yield f'<h3 id="family-{number}">{escape(_reasons(method, words))}'
        yield f' <span class="count">({len(entries):,}{more})</span></h3><div class="gallery">'
        for place, entry in enumerate(entries[:each]):
            progress(f"curves of family {number + 1} of {len(families)}: {place}")
            yield _card(database, entry, end)
        yield "</div>"


def _families(obstructions: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """The obstructions by the rules of their proofs: the largest family first, and in each the
    smallest patterns."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in obstructions:
        found[entry.method].append(entry)
    for entries in found.values():
        entries.sort(key=lambda e: (e.layers, e.outputs + e.inputs, e.hidden, e.nonzeros, e.id))
    return sorted(found.items(), key=lambda family: (-len(family[1]), family[0]))


def _reasons(method: str, words: Mapping[str, str]) -> str:
    return "; ".join(words.get(rule, rule) for rule in method.split(", "))


def _card(database: PatternDatabase, entry: Entry, end: float) -> str:
    pattern = entry.pattern
    proof = database.proof(entry)
    data = None if proof is None else find_curve(proof.to_json())
    if data is None:
        # The stored proof is by a theorem, or about a reduced problem: look for a curve to show.
        clock = Clock(end).at_most(CURVE_S)
        found = nonclosed.find(pattern, clock=clock, trials=200, polish=2)
        data = None if found is None else found.data
    drawn = "" if data is None else curve_table(pattern, data)
    trusted = ", trusted" if entry.assurance == "trusted" else ""
    return (
        f'<div class="card"><h3>{entry.outputs} x {entry.inputs}, {entry.hidden} hidden'
        f"<span>no. {entry.id}{trusted}</span></h3>{pattern_svg(pattern)}{drawn}"
        f"<code>{escape(entry.form)}</code></div>"
    )
