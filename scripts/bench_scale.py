"""How the rules fare on large and on deep random masks: verdict, rule and seconds.

    python scripts/bench_scale.py                            the shapes below at six densities
    python scripts/bench_scale.py --shapes 512-2048-512 --limit 30
    python scripts/bench_scale.py --chains 100-50-20-10 --seeds 10 --limit 15

Every mask is reduced by the rules alone, the proof checked by the kernel; nothing is looked up and
no backend asked.  All seconds, the limit's too, are those of the processor.  ``ratio`` is the time
of both to that of the boolean product of the masks, which every answer needs in some way.  With
``--record`` the table replaces its section of RESULTS.md.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import results

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.patterns.families import build
from cadlink.patterns.pattern import Pattern
from cadlink.rules.pipeline import Tree, proof, reduce, verdict

SHAPES = (
    "64-256-64",
    "128-512-128",
    "256-256-256",
    "512-512-512",
    "512-2048-512",
    "1000-1000-1000",
    "2048-8192-2048",
    "784-300-100-10",
    "64-64-64-64",
    "256-256-256-10",
    "3072-1024-512-256-10",
)
DENSITIES = (0.01, 0.05, 0.1, 0.2, 0.5, 0.9)
CHAIN_DENSITIES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
MOST_EDGES = 20_000_000  # what the family of random masks allows
WARM = "random:30-90-30,0.5,0", "random:30-30-30-30-8,0.2,1"  # load what is loaded late
PASSING = {"trim", "split", "transpose", "twins", "pendants", "absorb_edges", "merge"}


@dataclass(frozen=True)
class Cell:
    """One mask: the verdict (or 'unknown'), the rule that decided, seconds, and the floor."""

    verdict: str
    rule: str
    seconds: float
    floor: float


def floor(pattern: Pattern) -> float:
    """Seconds for the boolean product of the masks, sparse or dense, whichever is faster."""
    paths = sum(
        int(np.bincount(upper.indices, minlength=upper.shape[1]) @ np.diff(lower.indptr))
        for lower, upper in pairwise(pattern.layers)
    )
    start = time.process_time()
    if paths < 5_000_000:
        Pattern.of_masks(pattern.layers).support()  # a pattern makes it only once
    else:
        product = pattern.layers[0].toarray().astype(np.float32)
        for mask in pattern.layers[1:]:
            product = (mask.toarray().astype(np.float32) @ product > 0).astype(np.float32)
    return time.process_time() - start


def deciding(tree: Tree) -> str:
    """The rule at the end of the steps that only make the problem smaller."""
    while tree.step is not None and tree.step.rule in PASSING:
        open_parts = [part for part in tree.parts if verdict(part) != "free"] or list(tree.parts)
        tree = next((p for p in open_parts if verdict(p) == "not_closed"), open_parts[0])
    return tree.step.rule if tree.step is not None else ""


def measure(pattern: Pattern, limit_s: float) -> Cell:
    """The rules' answer within the limit, checked."""
    start = time.process_time()
    tree = reduce(pattern, Clock.of(limit_s))
    found = verdict(tree)
    if found is not None:
        checked = check_proof(pattern, proof(tree).to_json()).conclusion
        if checked != found:
            raise SystemExit(f"the kernel says {checked}, the rules {found}: {pattern!r}")
    seconds = time.process_time() - start
    return Cell(found or "unknown", deciding(tree) if found else "", seconds, floor(pattern))


def scale(shapes: list[str], limit_s: float) -> str:
    """A row for every shape, a column for every density."""
    rows, ratios, worst = [], [], 0.0
    for shape in shapes:
        row = [shape]
        for density in DENSITIES:
            widths = [int(width) for width in shape.split("-")]
            edges = sum(a * b for a, b in pairwise(widths)) * density
            if edges > MOST_EDGES:
                row.append("too many edges")
                continue
            cell = measure(build(f"random:{shape},{density},0"), limit_s)
            ratio = cell.seconds / cell.floor
            ratios.append(ratio)
            worst = max(worst, cell.seconds)
            row.append(f"{cell.verdict} {cell.rule} {cell.seconds:.2g} s, {ratio:.2g}")
            print(shape, density, row[-1], flush=True)
        rows.append(row)
    heads = ["widths", *(f"{density:g}" for density in DENSITIES)]
    summary = f"Median ratio {statistics.median(ratios):.1f}, longest {worst:.1f} s."
    return f"{results.table(heads, rows)}\n\n{summary}"


def chains(shapes: list[str], seeds: int, limit_s: float) -> str:
    """How many of the seeds are free, closed, not closed and open; then the shares of the rules."""
    rows = []
    shares: Counter[str] = Counter()
    decided = total = 0
    for shape in shapes:
        row = [shape]
        for density in CHAIN_DENSITIES:
            count: Counter[str] = Counter()
            for seed in range(seeds):
                cell = measure(build(f"random:{shape},{density},{seed}"), limit_s)
                count[cell.verdict] += 1
                total += 1
                if cell.rule:
                    shares[cell.rule] += 1
                    decided += 1
            short = {"free": "f", "closed": "c", "not_closed": "n", "unknown": "?"}
            row.append(" ".join(f"{count[name]}{short[name]}" for name in short if count[name]))
            print(shape, density, row[-1], flush=True)
        rows.append(row)
    heads = ["widths", *(f"{density:g}" for density in CHAIN_DENSITIES)]
    by_rule = ", ".join(f"{name} {number}" for name, number in shares.most_common())
    return f"{results.table(heads, rows)}\n\nDecided {decided} of {total}: {by_rule}."


def main() -> None:
    """Parse the command line, measure, print and record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), help="widths such as 8-4-8")
    parser.add_argument("--chains", nargs="+", help="these widths, several seeds of each density")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--limit", type=float, default=30.0, help="seconds for one mask")
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    given = parser.parse_args()
    time.monotonic = time.process_time  # what the clocks read
    for source in WARM:
        measure(build(source), given.limit)
    if given.chains:
        title, body = "Random chains", chains(given.chains, given.seeds, given.limit)
        note = "free (f), closed (c), not closed (n), open (?) by the rules alone, checked;"
        body = f"Per density {note} {given.limit:g} s for each.\n\n{body}"
    else:
        title, body = "Large masks", scale(given.shapes, given.limit)
        body = f"Verdict, rule, seconds of the processor, ratio to the boolean product.\n\n{body}"
    print(body)
    if given.record:
        results.write(title, body)


if __name__ == "__main__":
    main()
