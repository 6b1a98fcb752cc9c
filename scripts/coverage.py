"""How much cadlink decides: tables of verdicts over classes of patterns and over random masks.

    python scripts/coverage.py classes --outer 3x3 --hidden 3      every class up to these sizes
    python scripts/coverage.py sample --outer 4x4 --hidden 4       a seeded sample of one size
    python scripts/coverage.py masks                               960 seeded random masks
    python scripts/coverage.py masks --sizes 10-64-100             other widths

Every decision is a real one: rules, search, backends, kernel.  Nothing is looked up in a database,
and nothing is cached between runs unless --cache is given.  --open N prints the N most frequent
groups left undecided.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cadlink import Decider, Limits, Pattern, Verdict
from cadlink.backends.engine import Engine
from cadlink.census.enumeration import TwoFactorClasses
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.rules.pipeline import Tree, open_leaves, reduce, verdict


@dataclass(frozen=True)
class Task:
    """One pattern to decide, and the row of the table it counts in."""

    row: str
    layers: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Result:
    """What is kept of a decision."""

    row: str
    verdict: str
    assurance: str
    method: str
    seconds: float
    pattern: str
    reason: str
    open_groups: tuple[str, ...]


_worker: Decider | None = None  # one per worker process: warm sessions, settled groups


def _start() -> None:
    global _worker
    _worker = Decider(Engine(), lookup=None)


def _decide(job: tuple[Task, float, int, bool]) -> Result:
    task, limit, memory, rules_only = job
    if _worker is None:
        raise RuntimeError("the worker was not started")
    pattern = Pattern.of([list(layer) for layer in task.layers])
    text = ";".join("/".join(layer) for layer in task.layers)
    start = time.monotonic()
    if rules_only:
        tree = reduce(pattern, Clock(start + limit))
        found = verdict(tree)
        words = {"free": "closed", "closed": "closed", "not_closed": "not_closed", None: "unknown"}
        left = _canonical_open(tree) if found is None else ()
        seconds = time.monotonic() - start
        return Result(task.row, words[found], "checked", "rules", seconds, text, "", left)
    decision = _worker.decide(pattern, Limits(limit, memory))
    left = ()
    if decision.verdict is Verdict.UNKNOWN:
        left = _canonical_open(reduce(pattern, Clock.of(limit)))
    return Result(
        task.row,
        decision.verdict.value,
        decision.assurance.value,
        decision.method,
        decision.seconds,
        text,
        "" if decision.reason is None else decision.reason.value,
        left,
    )


def _canonical_open(tree: Tree) -> tuple[str, ...]:
    """Pictures of the open groups, each in canonical form."""
    pictures = []
    for leaf in open_leaves(tree):
        problem = leaf.problem
        if isinstance(problem, Group):
            both = [problem, problem.transpose()]
            pictures.append(min(g.canonical().picture() for g in both))
        else:
            pictures.append(problem.picture())
    return tuple(pictures)


def _task(row: str, pattern: Pattern) -> Task:
    layers = []
    for mask in pattern.layers:
        dense = mask.toarray().astype(int)
        layers.append(tuple("".join(map(str, line)) for line in dense.tolist()))
    return Task(row, tuple(layers))


def classes(outer: tuple[int, int], hidden: int) -> Iterator[Task]:
    """Every trimmed class with sizes up to these, transposes together."""
    for n in range(1, outer[0] + 1):
        for m in range(n, outer[1] + 1):
            for r in range(1, hidden + 1):
                found = TwoFactorClasses(n, m, r)
                for blocks in found:
                    yield _task(f"{n} x {m}, {r} hidden", found.pattern(blocks))


def sample(outer: tuple[int, int], hidden: int, count: int, seed: int) -> Iterator[Task]:
    """A seeded sample of the trimmed classes of exactly this size, without repetition."""
    found = TwoFactorClasses(outer[0], outer[1], hidden)
    everything = list(found)
    chosen = np.random.default_rng(seed).permutation(len(everything))[:count]
    for index in sorted(chosen.tolist()):
        row = f"{outer[0]} x {outer[1]}, {hidden} hidden (of {len(everything)})"
        yield _task(row, found.pattern(everything[index]))


def masks(sizes: Sequence[str], each: int, densities: Sequence[float]) -> Iterator[Task]:
    """Seeded random masks: inputs-hidden-outputs widths, every entry kept with the density."""
    for size in sizes:
        inputs, hidden, outputs = (int(part) for part in size.split("-"))
        for density in densities:
            for seed in range(each):
                rng = np.random.default_rng([inputs, hidden, outputs, int(1000 * density), seed])
                lower = rng.random((hidden, inputs)) < density
                upper = rng.random((outputs, hidden)) < density
                yield _task(f"{size} at {density}", Pattern.of([lower, upper]))


def _run(tasks: Iterable[Task], args: argparse.Namespace) -> list[Result]:
    jobs = [(task, args.limit, args.memory, args.rules) for task in tasks]
    results: list[Result] = []
    with multiprocessing.Pool(args.workers, initializer=_start) as pool:
        for done, result in enumerate(pool.imap_unordered(_decide, jobs, chunksize=4), start=1):
            results.append(result)
            if sys.stderr.isatty() and done % 10 == 0:
                print(f"\r{done} of {len(jobs)}", end="", file=sys.stderr, flush=True)
            if args.show_unknown and result.verdict == "unknown":
                print(f"unknown ({result.reason}): {result.pattern}", file=sys.stderr, flush=True)
    return results


def _table(results: Sequence[Result]) -> None:
    rows: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        rows[result.row].append(result)
    rows["all"] = list(results)
    print(
        f"{'patterns':34s} {'number':>7s} {'closed':>7s} {'not':>7s} {'unknown':>7s}"
        f" {'decided':>8s} {'checked':>8s} {'median s':>9s} {'worst s':>8s}"
    )
    for name, group in rows.items():
        counts = Counter(result.verdict for result in group)
        decided = len(group) - counts["unknown"]
        checked = sum(result.assurance == "checked" for result in group)
        checked -= sum(r.assurance == "checked" and r.verdict == "unknown" for r in group)
        times = [result.seconds for result in group]
        print(
            f"{name:34s} {len(group):7d} {counts['closed']:7d} {counts['not_closed']:7d}"
            f" {counts['unknown']:7d} {100 * decided / len(group):7.1f}%"
            f" {100 * checked / max(decided, 1):7.1f}%"
            f" {statistics.median(times):9.3f} {max(times):8.2f}"
        )


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["classes", "sample", "masks"])
    parser.add_argument("--outer", default="3x3", help="outer sizes, outputs x inputs")
    parser.add_argument("--hidden", type=int, default=3)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sizes", nargs="+", help="inputs-hidden-outputs, for masks")
    parser.add_argument("--each", type=int, default=20, help="masks per size and density")
    parser.add_argument("--density", type=float, nargs="+", default=[0.3, 0.5, 0.7, 0.9])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds per pattern")
    parser.add_argument("--memory", type=int, default=4096, help="MiB per backend")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rules", action="store_true", help="the rules alone, no search")
    parser.add_argument("--open", type=int, default=0, help="print the most frequent open groups")
    parser.add_argument("--cache", action="store_true", help="use the user's cache")
    parser.add_argument("--show-unknown", action="store_true")
    args = parser.parse_args()
    if not args.cache:
        os.environ["CADLINK_CACHE"] = "off"
    outer = tuple(int(part) for part in args.outer.split("x"))
    if args.what == "classes":
        tasks = classes((outer[0], outer[1]), args.hidden)
    elif args.what == "sample":
        tasks = sample((outer[0], outer[1]), args.hidden, args.count, args.seed)
    else:
        sizes = args.sizes or [f"{n}-{r}-{n}" for n in (6, 10, 20, 30) for r in (n // 2, n, 2 * n)]
        tasks = masks(sizes, args.each, args.density)
    start = time.monotonic()
    results = _run(tasks, args)
    _table(results)
    methods = Counter(result.method or "none" for result in results)
    print("\ndecided by (leaf rules):")
    for name, count in methods.most_common(25):
        print(f"{count:7d}  {name}")
    if args.open:
        groups = Counter(group for result in results for group in result.open_groups)
        print("\nmost frequent open groups:")
        for name, count in groups.most_common(args.open):
            print(f"{count:7d}  {name}")
    print(f"\n{time.monotonic() - start:.1f} s with {args.workers} workers")


if __name__ == "__main__":
    main()
