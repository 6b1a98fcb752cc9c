"""Which masks of trained networks are decided: by density, by rule, and what stays open.

    python scripts/bench_trained.py                       320 masks, 20 s of the processor each
    python scripts/bench_trained.py --networks mlp2 --limit 5 --record
    python scripts/bench_trained.py --keep masks/         the masks as .npz files besides
    python scripts/bench_trained.py --question a          is there a training set without an optimum
    python scripts/bench_trained.py --every 5             a fifth of the masks, of every density

The masks are those of ``trained_masks.py``.  Each is reduced by the rules, the proof checked by the
kernel; nothing is looked up and no backend asked.  For a mask that stays open the core is printed:
the widths and edges of the problems that are left when the rules have made it smaller.

With ``--question a`` it is asked instead whether the ReLU network with these masks has some
finite training set without an optimum; the kernel checks the witness, which holds the data or shows
that they exist.  For a mask that stays open the sizes of what is on paths are printed.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import results
import torch
from bench_scale import deciding
from trained_masks import NETWORKS, Trained, masks

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.deciding.decision import Limits
from cadlink.networks import decide_network
from cadlink.patterns.masks import write
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths
from cadlink.rules.pipeline import Tree, open_leaves, proof, reduce, verdict

SHORT = {
    "products": {"free": "f", "closed": "c", "not_closed": "n", "unknown": "?"},
    "a": {"optimum_guaranteed": "o", "no_optimum": "n", "unknown": "?"},
}
LEGEND = {
    "products": "by the rules alone, checked.  Free (f), closed (c), not closed (n), open (?).",
    "a": "whether some finite training set has no optimum, checked.  Some has none (n), all have an"
    " optimum (o), open (?).",
}
TITLES = {
    "products": "Masks of trained networks",
    "a": "Masks of trained networks: training sets without an optimum",
}


@dataclass(frozen=True)
class Row:
    """What was found about one mask."""

    mask: Trained
    verdict: str
    rule: str
    seconds: float
    core: str


def measure(mask: Trained, limit_s: float) -> Row:
    """The rules' answer within the limit, checked."""
    pattern = Pattern.of(mask.masks)
    time.monotonic = time.process_time  # what the clocks read: other programs count for nothing
    start = time.process_time()
    clock = Clock.of(limit_s)
    tree = reduce(pattern, clock)
    found = verdict(tree)
    late = clock.expired()
    if found is None:
        seconds = time.process_time() - start
        return Row(mask, "unknown", "out of time" if late else "silent", seconds, core(tree))
    checked = check_proof(pattern, proof(tree).to_json()).conclusion
    if checked != found:
        raise SystemExit(f"the kernel says {checked}, the rules {found}: {mask.name}")
    return Row(mask, found, deciding(tree), time.process_time() - start, "")


def ask(mask: Trained, limit_s: float) -> Row:
    """The answer to question (a) within the limit, which the kernel has checked."""
    time.monotonic = time.process_time
    start = time.process_time()
    pattern = Pattern.of(mask.masks)
    found = decide_network(pattern, "a", limits=Limits(limit_s))
    seconds = time.process_time() - start
    if found.witness is None:
        live = pattern.select(on_paths(pattern))
        sizes = f"{'-'.join(map(str, live.widths))}, {live.nnz} edges"
        return Row(mask, "unknown", found.answer.value, seconds, sizes)
    rule = found.theorem + (" with data" if found.witness.get("X") is not None else "")
    return Row(mask, found.answer.value, rule, seconds, "")


def core(tree: Tree) -> str:
    """The widths and edges of the open problems."""
    parts = []
    for leaf in open_leaves(tree):
        problem = leaf.problem
        if isinstance(problem, Pattern):
            widths = "-".join(map(str, problem.widths))
            starved = _starved(problem)
            parts.append(f"{widths}, {problem.nnz} edges, {starved} starved inputs")
        else:
            rows, cols = len(problem.rows), len(problem.cols)
            parts.append(f"{len(problem.neurons)} neurons on {rows} x {cols}")
    return "; ".join(parts)


def _starved(pattern: Pattern) -> int:
    """Inputs that reach more outputs than they feed units."""
    kept = pattern.select(on_paths(pattern))
    fed = np.bincount(kept.layers[0].indices, minlength=kept.widths[0])
    reached = np.bincount(kept.support().indices, minlength=kept.widths[0])
    return int(np.count_nonzero(reached > fed))


def report(rows: list[Row], limit_s: float, question: str) -> str:
    """Shares by density, network and way of pruning; the rules; what is left."""
    decided = [row for row in rows if row.verdict != "unknown"]
    share = f"{100 * len(decided) / len(rows):.1f} %"
    text = f"{len(decided)} of {len(rows)} masks decided ({share}), {limit_s:g} s of the processor"
    text += f" each, {LEGEND[question]}\n\n"
    density = sorted({row.mask.density for row in rows})
    for head, key in (
        ("network", lambda row: row.mask.network),
        ("pruning", lambda row: row.mask.method),
        ("all", lambda row: "all"),
    ):
        cells: dict[tuple[str, float], Counter[str]] = defaultdict(Counter)
        for row in rows:
            cells[key(row), row.mask.density][row.verdict] += 1
        names = list(dict.fromkeys(key(row) for row in rows))
        table = [
            [name, *(_counts(cells[name, d], head, question) for d in density)] for name in names
        ]
        text += results.table([head, *(f"{100 * d:g} %" for d in density)], table) + "\n\n"
    rules = Counter(row.rule for row in decided)
    seconds = sorted(row.seconds for row in decided)
    if seconds:
        text += f"Median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.1f} s. By rule: "
        text += ", ".join(f"{rule} {number}" for rule, number in rules.most_common()) + ".\n"
    left = [row for row in rows if row.verdict == "unknown"]
    if left:
        table = [[row.mask.name, row.rule, f"{row.seconds:.1f}", row.core] for row in left]
        text += "\n" + results.table(["open", "why", "s", "core"], table)
    return text


def _counts(count: Counter[str], head: str, question: str) -> str:
    if head == "all":
        total = sum(count.values())
        return f"{100 - 100 * count['unknown'] / total:.0f} % of {total}" if total else ""
    short = SHORT[question]
    return " ".join(f"{count[name]}{short[name]}" for name in short if count[name])


def main() -> None:
    """Parse the command line, make the masks, decide them, print and record."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--question", default="products", choices=list(SHORT))
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one mask of so many")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for one mask")
    parser.add_argument("--workers", type=int, default=1, help="processes beside this one")
    parser.add_argument("--keep", type=Path, help="a folder for the masks as .npz files")
    parser.add_argument("--record", action="store_true", help="write the tables to RESULTS.md")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.keep is not None:
        given.keep.mkdir(exist_ok=True)
    rows = []
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        coming: list[Future[Row]] = []
        measured = ask if given.question == "a" else measure
        for number, name in enumerate(given.networks):
            for mask in islice(masks(name), number % given.every, None, given.every):
                if given.keep is not None:
                    write(Pattern.of(mask.masks), given.keep / f"{mask.name}.npz")
                coming.append(pool.submit(measured, mask, given.limit))
        for future in coming:
            row = future.result()
            rows.append(row)
            print(
                row.mask.name, row.verdict, row.rule, f"{row.seconds:.2f} s", row.core, flush=True
            )
    text = report(rows, given.limit, given.question)
    print(text)
    if given.record:
        results.write(TITLES[given.question], text)


if __name__ == "__main__":
    main()
