"""Cadlink's verdicts held against answers obtained without its rules.

    python scripts/crosscheck.py                    classes up to 2x3, 300 + 100 random patterns
    python scripts/crosscheck.py --outer 2x2 --sample 20 --deep 10 --cap 1
    python scripts/crosscheck.py --rules 2000       every rule about chains on its own, no programs
    python scripts/crosscheck.py --rules 2000 --only merge_layers sections
    python scripts/crosscheck.py --against shipped --outer 4x4 --hidden 3 --record

Every pattern is decided as users do, then put to independent judges, as it stands:

sentence    the sentence "not closed" (max norm), to z3, QEPCAD or Redlog
free        "every matrix on the support is a product": some fixed X_L, ..., X_2 for which a choice
            of X_1 alone gives every matrix (ranks), or z3's word; then the set is closed
image       QEPCAD's or Redlog's formula phi for the set; the set is closed if the relaxed phi
            (all inequalities made weak) implies phi, else the sentence about {A : phi(A)} is asked
variety     every common zero of some polynomials that vanish on the set is a product, to z3 or
            QEPCAD: then the set is closed
limit       random curves of factors over Q(t), their exact limits computed here, and z3's answer
            whether the limit is a product: one that is not shows the set not to be closed

With --rules, each rule about chains of masks, and the search for sections, is held against the last
judge and the fixed factors on its own: what follows from its step, the kernel's check of the leaf
and, if it leaves a smaller chain, from the other rules' answer about that.  A rule in error shows
even where others come first.

With --against, each rule about groups, both ways up, and the search for sections are held against
the verdicts in a database, on every class of patterns up to the sizes.

An answer that contradicts the verdict, or another answer, stops the script with exit status 1.
"Survived" counts closed patterns without an answer some of whose limits were tried and all of those
z3 answered for turned out to be products: evidence, no proof.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import z3
from results import table, write

from cadlink import Decider, Limits, Pattern, Verdict
from cadlink.backends.base import Outcome
from cadlink.backends.engine import Engine
from cadlink.census.enumeration import TwoFactorClasses
from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock, OutOfTime
from cadlink.database.queries import PatternDatabase
from cadlink.database.shipped import shipped_path
from cadlink.logic import encode
from cadlink.logic.formula import FALSE, TRUE, Formula, free_variables, prenex
from cadlink.logic.simplify import relax
from cadlink.patterns.group import Group
from cadlink.rules.pipeline import Tree, proof, reduce, taken, verdict
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem
from cadlink.rules.table import CHAIN_RULES, GROUP_RULES
from cadlink.search import sections, vanishing

MEMORY_MIB = 2048
# Parameters and entries beyond which a program hardly ever answered a question as it stands.
MOST_VARIABLES = {"z3": 60, "qepcad": 12, "redlog": 11}
MEANS = ("sentence", "free", "image", "variety", "limit")

Vector = tuple[int, ...]
Series = list[Vector]  # a vector of polynomials in t: the coefficients of 1, t, t^2, ...
Cell = tuple[int, int]


@dataclass
class Row:
    """What became of one pattern: the verdict, and what the judges said ('closed', ...)."""

    pattern: Pattern
    verdict: str
    assurance: str
    answers: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    members: int = 0  # limits tried that are products
    undecided: int = 0  # limits tried of which z3 could not say

    def said(self) -> set[str]:
        """All independent answers."""
        return {answer for given in self.answers.values() for _, answer in given}

    def contradiction(self) -> bool:
        """Whether verdict and answers are not all the same."""
        return len(self.said() | ({self.verdict} - {"unknown"})) > 1


# -- limits of random curves ---------------------------------------------------------------


def relation(vectors: Sequence[Vector]) -> list[int] | None:
    """Integers, not all 0, with sum of c_i v_i = 0, or None if the vectors are independent."""
    reduced: list[tuple[int, list[Fraction], list[Fraction]]] = []  # pivot, vector, combination
    for number, vector in enumerate(vectors):
        rest = [Fraction(v) for v in vector]
        combination = [Fraction(int(n == number)) for n in range(len(vectors))]
        for pivot, other, its in reduced:
            factor = rest[pivot] / other[pivot]
            rest = [a - factor * b for a, b in zip(rest, other, strict=True)]
            combination = [a - factor * b for a, b in zip(combination, its, strict=True)]
        pivot = next((n for n, a in enumerate(rest) if a), -1)
        if pivot < 0:
            scale = math.lcm(*(c.denominator for c in combination))
            return [int(c * scale) for c in combination]
        reduced.append((pivot, rest, combination))
    return None


def limit_space(columns: Sequence[Series]) -> tuple[list[Vector], bool]:
    """A basis of the limits, t -> 0, of all y_1(t) v_1(t) + ... that converge, y_i Laurent series.

    Also whether there are limits that are no combinations of the v_i(0).  Of vectors dependent over
    Q(t) (or just at one large value of t: then some limits are lost) one is dropped.  Dependent
    constant terms are combined to a vector divisible by t, which is divided: the span over Q((t))
    stays, the valuation of a nonzero minor drops, so this ends, and once the constant terms are
    independent every convergent combination has y_i without negative powers.
    """
    vectors: list[Series] = []
    values: list[Vector] = []
    for column in columns:
        value = tuple(
            sum(c * 10007**e for e, c in enumerate(row)) for row in zip(*column, strict=True)
        )
        if relation([*values, value]) is None:
            vectors.append(_strip(column))
            values.append(value)
    grown = any(not any(column[0]) for column in columns if any(map(any, column)))
    while (weights := relation([vector[0] for vector in vectors])) is not None:
        length = max(len(v) for v, w in zip(vectors, weights, strict=True) if w)
        total: Series = []
        for power in range(length):
            entry = [0] * len(vectors[0][0])
            for vector, weight in zip(vectors, weights, strict=True):
                if weight and power < len(vector):
                    entry = [a + weight * b for a, b in zip(entry, vector[power], strict=True)]
            total.append(tuple(entry))
        place = max(n for n, w in enumerate(weights) if w)
        vectors[place] = _strip(total)
        grown = True
    return [vector[0] for vector in vectors], grown


def _strip(series: Series) -> Series:
    """Divided by the largest power of t; empty if 0."""
    powers = [n for n, vector in enumerate(series) if any(vector)]
    return series[powers[0] : powers[-1] + 1] if powers else []


def random_limits(pattern: Pattern, rng: random.Random, tries: int) -> Iterator[dict[Cell, int]]:
    """Exact limits of products: random X_L(t), ..., X_2(t) of degree <= 1, X_1 solved for.

    Any choice of one vector from the limit space of every column is a limit.
    """
    masks = [np.asarray(mask.toarray(), dtype=bool) for mask in pattern.layers]
    for _ in range(tries):
        product = np.eye(pattern.widths[-1], dtype=object)[:, :, None]
        spread = rng.choice([0, 0, 1])  # how often entries are not 0 or 1
        for mask in reversed(masks[1:]):
            factor = np.zeros((*mask.shape, 2), dtype=object)
            for i, j in zip(*map(np.ndarray.tolist, mask.nonzero()), strict=True):
                factor[i, j, 0] = rng.choice([0, 1, 1, 1, -1] if spread else [0, 1, 1, 1])
                factor[i, j, 1] = rng.choice([0, 0, 1, -1] if spread else [0, 0, 1])
            longer = np.zeros((product.shape[0], mask.shape[1], product.shape[2] + 1), dtype=object)
            for power in range(2):
                moved = np.einsum("ija,jk->ika", product, factor[:, :, power])
                longer[:, :, power : power + product.shape[2]] += moved
            product = longer
        limit: dict[Cell, int] = {}
        grown = False
        for k in range(pattern.widths[0]):
            columns = [
                [tuple(product[:, i, power].tolist()) for power in range(product.shape[2])]
                for i in np.flatnonzero(masks[0][:, k]).tolist()
            ]
            basis, new = limit_space(columns) if columns else ([], False)
            grown = grown or new
            weights = [rng.choice([0, 1, 1, -1, 2] if spread else [0, 1, 1]) for _ in basis]
            for weight, vector in zip(weights, basis, strict=True):
                for j, value in enumerate(vector):
                    limit[j, k] = limit.get((j, k), 0) + weight * value
        if grown:
            yield {cell: value for cell, value in limit.items() if value}


def frozen(pattern: Pattern, rng: random.Random, tries: int = 20) -> bool:
    """Whether, with some fixed X_L, ..., X_2, the choice of X_1 gives every matrix on the support.

    That is, in every column the allowed columns of X_L...X_2 span all rows of the support.
    """
    masks = [np.asarray(mask.toarray(), dtype=bool) for mask in pattern.layers]
    support = np.asarray(pattern.support().toarray(), dtype=bool)
    for _ in range(tries):
        product = np.eye(pattern.widths[-1], dtype=object)
        for mask in reversed(masks[1:]):
            factor = np.zeros(mask.shape, dtype=object)
            for i, j in zip(*map(np.ndarray.tolist, mask.nonzero()), strict=True):
                factor[i, j] = rng.choice([0, 1, 1, -1, 2, 3])
            product = product @ factor
        if all(
            _rank(product[:, masks[0][:, k]].T.tolist()) == support[:, k].sum()
            for k in range(pattern.widths[0])
        ):
            return True
    return False


def _rank(vectors: Sequence[Sequence[int]]) -> int:
    kept: list[Vector] = []
    for vector in vectors:
        if relation([*kept, tuple(vector)]) is None:
            kept.append(tuple(vector))
    return len(kept)


def turned(limit: dict[Cell, int]) -> dict[Cell, int]:
    """The transpose."""
    return {(k, j): value for (j, k), value in limit.items()}


def is_product(pattern: Pattern, limit: dict[Cell, int], wall_s: float) -> bool | None:
    """Whether some factors with these supports have this product, by z3; None if it cannot say."""
    product: dict[Cell, Any] = {(k, k): z3.RealVal(1) for k in range(pattern.widths[0])}
    for number, mask in enumerate(pattern.layers):
        longer: dict[Cell, Any] = {}
        for i, j in zip(*map(np.ndarray.tolist, mask.nonzero()), strict=True):
            for (unit, k), entry in product.items():
                if unit == j:
                    term = entry * z3.Real(f"x{number}_{i}_{j}")
                    longer[i, k] = longer[i, k] + term if (i, k) in longer else term
        product = longer
    if any(cell not in product for cell in limit):
        return False
    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", max(1, int(1000 * wall_s)))
    for cell, entry in product.items():
        solver.add(entry == limit.get(cell, 0))
    return {"sat": True, "unsat": False}.get(str(solver.check()))


# -- judges --------------------------------------------------------------------------------


class Judges:
    """Puts questions to the backends, each with the same short cap."""

    def __init__(self, engine: Engine, cap_s: float, limits: int, tries: int) -> None:
        self.engine = engine
        self.cap_s = cap_s
        self.limits = limits
        self.tries = tries

    def ask(self, question: Formula, backend: str) -> Formula | None:
        """The answer without quantifiers, or None."""
        prefix, _ = prenex(question)
        if backend not in self.engine.available():
            return None
        if len(prefix) + len(free_variables(question)) > MOST_VARIABLES[backend]:
            return None
        run = self.engine.ask(question, backend, self.cap_s, MEMORY_MIB)
        return run.answer.formula if run.outcome is Outcome.ANSWERED and run.answer else None

    def truth(self, question: Formula, backend: str) -> bool | None:
        """The truth of a sentence."""
        answer = self.ask(question, backend)
        return {TRUE: True, FALSE: False}.get(answer) if answer in (TRUE, FALSE) else None

    def judge(self, row: Row, seed: int) -> None:
        """What the judges have to say about the row's pattern: two answers are enough."""
        pattern = row.pattern
        self.limits_of(row, seed)
        rng = random.Random(seed)
        if frozen(pattern, rng) or frozen(pattern.transpose(), rng):
            row.answers["free"].append(("fixed factors", "closed"))
        question = encode.sentence(pattern, norm="max")
        self._note(row, "sentence", "z3", self.truth(question, "z3"))
        maybe_free = sum(map(len, row.answers.values())) < 2 and row.said() != {"not_closed"}
        if maybe_free and self.truth(encode.freeness(pattern), "z3"):
            row.answers["free"].append(("z3", "closed"))
        for backend in ("qepcad", "redlog"):
            if sum(map(len, row.answers.values())) < 2:
                phi = self.ask(encode.image(pattern), backend)
                found = None if phi is None else self._image_not_closed(phi)
                self._note(row, "image", backend, found)
            if sum(map(len, row.answers.values())) < 2:
                self._note(row, "sentence", backend, self.truth(question, backend))

        if not row.answers:
            self._variety(row)

    def _variety(self, row: Row) -> None:
        polynomials = vanishing.find(row.pattern, clock=Clock.of(self.cap_s))
        if not polynomials:
            return
        question = encode.variety_inside(row.pattern, polynomials)
        for backend in ("z3", "qepcad"):
            if self.truth(question, backend):
                row.answers["variety"].append((backend, "closed"))
                return

    def _note(self, row: Row, means: str, backend: str, not_closed: bool | None) -> None:
        if not_closed is not None:
            row.answers[means].append((backend, "not_closed" if not_closed else "closed"))

    def _image_not_closed(self, phi: Formula) -> bool | None:
        if relax(phi) == phi:
            return False
        for backend in ("z3", "qepcad"):
            if self.truth(encode.relaxed_implies(phi), backend):
                return False
        for backend in ("z3", "qepcad", "redlog"):
            found = self.truth(encode.sentence_of_image(phi), backend)
            if found is not None:
                return found
        return None

    def limits_of(self, row: Row, seed: int) -> None:
        """Limits of random curves of the pattern and of its transpose, until z3 refutes one."""
        rng = random.Random(seed)
        sources = [
            random_limits(row.pattern, rng, self.tries),
            map(turned, random_limits(row.pattern.transpose(), rng, self.tries)),
        ]
        seen = set()
        for limit in itertools.chain.from_iterable(zip(*sources, strict=False)):
            key = tuple(sorted(limit.items()))
            if key in seen or not limit:
                continue
            seen.add(key)
            member = is_product(row.pattern, limit, self.cap_s / 4)
            if member is None:
                row.undecided += 1
            elif member:
                row.members += 1
            else:
                row.answers["limit"].append((f"z3, {key}", "not_closed"))
                return
            if len(seen) >= self.limits:
                return


# -- patterns ------------------------------------------------------------------------------


def classes(outer: tuple[int, int], hidden: int) -> Iterator[Pattern]:
    """Every two-factor class up to these sizes, transposes together."""
    for n in range(1, outer[0] + 1):
        for m in range(n, outer[1] + 1):
            for r in range(1, hidden + 1):
                found = TwoFactorClasses(n, m, r)
                yield from map(found.pattern, found)


def two_layers(count: int, seed: int) -> Iterator[Pattern]:
    """Random patterns of at most 3 inputs, 4 hidden units and 3 outputs."""
    yield from _random(count, seed, lambda rng: (rng.randint(2, 3), rng.randint(2, 4), 3))


def three_layers(count: int, seed: int) -> Iterator[Pattern]:
    """Random patterns of three masks with layers of two or three units."""
    yield from _random(count, seed, lambda rng: [rng.choice([2, 2, 3]) for _ in range(4)])


def _random(count: int, seed: int, widths_of: object) -> Iterator[Pattern]:
    rng = random.Random(seed)
    for _ in range(count):
        widths = list(widths_of(rng))  # type: ignore[operator]
        density = rng.choice([0.5, 0.65, 0.8, 0.9])
        yield Pattern.of(
            [
                [[rng.random() < density for _ in range(below)] for _ in range(above)]
                for below, above in itertools.pairwise(widths)
            ]
        )


# -- the comparison ------------------------------------------------------------------------


def crosscheck(
    patterns: Sequence[Pattern], judges: Judges, limit_s: float, seed: int
) -> Iterator[Row]:
    """Decide every pattern and let the judges speak about it."""
    with Decider(judges.engine, lookup=None) as decider:
        for number, pattern in enumerate(patterns):
            decision = decider.decide(pattern, Limits(limit_s, MEMORY_MIB))
            word = "unknown" if decision.verdict is Verdict.UNKNOWN else decision.verdict.value
            row = Row(pattern, word, decision.assurance.value)
            judges.judge(row, seed * 1_000_003 + number)
            yield row


def alone(rule: Rule, problem: Problem, wall_s: float) -> str | None:
    """What follows from one rule's step, with the other rules for what it leaves; or None."""
    clock = Clock.of(wall_s)
    try:
        tree = taken(rule, problem, clock.share(0.5))
    except OutOfTime:
        return None
    while tree is not None and tree.step is not None and tree.step.rule == "transpose":
        tree = tree.parts[0]
    if tree is None or tree.step is None:
        return None
    parts = [reduce(part.problem, clock) for part in tree.parts]
    done = Tree(tree.problem, tree.step, tuple(parts))
    found = verdict(done)
    if found is None:
        return None
    checked = check_proof(whole(tree.problem), proof(done).to_json()).conclusion
    if checked != found:
        raise SystemExit(f"CONTRADICTION: {rule.name} finds {found}, the kernel {checked}")
    return found


def by_sections(problem: Problem, wall_s: float) -> str | None:
    """What sections show about the problem, or None."""
    step = sections.find(problem, Clock.of(wall_s), 0, vanishing.find(problem))
    return None if step is None else check_proof(whole(problem), step).conclusion


def whole(problem: Problem) -> object:
    """As the kernel takes it."""
    return problem.to_json() if isinstance(problem, Group) else problem


def ones(line: Any) -> list[int]:
    """Where a line of a mask is 1."""
    return [int(place) for place in np.flatnonzero(line)]


def against(path: str, patterns: Sequence[Pattern], only: Sequence[str]) -> str:
    """Rules about groups, all or those named, against the verdicts in a file: a table of findings.

    Exits on a contradiction.
    """
    means: dict[str, Callable[[Group], str | None]] = {
        rule.name: partial(alone, rule, wall_s=2.0) for rule in GROUP_RULES
    }
    means["sections"] = partial(by_sections, wall_s=0.2)
    fired: Counter[str] = Counter()
    with PatternDatabase.open(path) as database:
        for pattern in patterns:
            entry = database.find(pattern)
            if entry is None or entry.verdict == "unknown":
                continue
            fired["classes with a verdict"] += 1
            first, second = (layer.toarray() for layer in pattern.layers)
            blocks = zip(second.T, first, strict=True)
            group = Group.of_blocks((ones(y), ones(x)) for y, x in blocks)
            for name in only or means:
                found = means[name](group)
                if found is None:
                    continue
                fired[f"{name}: {found}"] += 1
                if (found == "not_closed") != (entry.verdict == "not_closed"):
                    raise SystemExit(
                        f"CONTRADICTION: {pattern.inline()}: {name} finds {found}, the file says"
                        f" {entry.verdict}"
                    )
    return table(["rule: finding", "classes"], sorted(fired.items()))


def rules_alone(count: int, seed: int, judges: Judges, only: Sequence[str]) -> int:
    """Every rule about chains, or those named, on random small chains; 1 on a contradiction."""
    means: dict[str, Callable[[Pattern], str | None]] = {
        rule.name: partial(alone, rule, wall_s=1.0) for rule in CHAIN_RULES
    }
    means["sections"] = partial(by_sections, wall_s=0.3)
    unheard = [name for name in only if name not in means]
    if unheard:
        raise SystemExit(f"--only {unheard[0]}: expected some of {', '.join(means)}")
    fired: Counter[str] = Counter()
    rng = random.Random(seed)
    for number, pattern in enumerate(_random(count, seed, _small_widths)):
        answers: dict[str, str] = {}
        for name in only or means:
            found = means[name](pattern)
            if found is not None:
                answers[name] = "not_closed" if found == "not_closed" else "closed"
                fired[f"{name}: {found}"] += 1
        if not answers:
            continue
        row = Row(pattern, next(iter(answers.values())), "")
        if frozen(pattern, rng) or frozen(pattern.transpose(), rng):
            row.answers["free"].append(("fixed factors", "closed"))
        elif "closed" in answers.values():
            judges.limits_of(row, seed * 1_000_003 + number)
        if len(set(answers.values()) | row.said()) > 1:
            print(f"CONTRADICTION: {pattern.inline()}: {answers}; {dict(row.answers)}")
            return 1
        fired["judged by fixed factors"] += "free" in row.answers
        fired["limits that are products"] += row.members
        fired["limits z3 could not say of"] += row.undecided
    print(f"{count} chains, {', '.join(only) or 'every rule'} on its own")
    for name, times in sorted(fired.items()):
        print(f"    {name:40s} {times:7d}")
    return 0


def _small_widths(rng: random.Random) -> list[int]:
    return [rng.randint(1, 4) for _ in range(rng.choice([3, 4, 4, 5, 6]))]


def show(name: str, rows: Sequence[Row]) -> None:
    """One block of the table."""
    verdicts = Counter(row.verdict for row in rows)
    print(f"{name}: {len(rows)} patterns, verdicts {dict(sorted(verdicts.items()))}")
    print(f"    {'means':10s} {'compared':>8s} {'agreed':>7s} {'closed':>7s} {'not closed':>11s}")
    for means in MEANS:
        given = [row for row in rows if means in row.answers]
        agreed = [r for r in given if r.verdict in {a for _, a in r.answers[means]}]
        said = Counter(r.answers[means][0][1] for r in given)
        print(
            f"    {means:10s} {len(given):8d} {len(agreed):7d} {said['closed']:7d}"
            f" {said['not_closed']:11d}"
        )
    answered = [row for row in rows if row.said()]
    agreed = [row for row in answered if row.said() == {row.verdict}]
    print(f"    {'any':10s} {len(answered):8d} {len(agreed):7d}")
    silent = [row for row in rows if not row.said()]
    survived = sum(row.members > 0 and row.verdict == "closed" for row in silent)
    members, undecided = sum(r.members for r in rows), sum(r.undecided for r in rows)
    print(f"    without an independent answer: {len(silent)}, of which {survived} survived")
    print(f"    limits that are products: {members}, of which z3 could not say: {undecided}")


def main() -> int:
    """Parse, compare, print; 1 on a contradiction."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--outer", default="2x3", help="largest outputs x inputs of the classes")
    parser.add_argument("--hidden", type=int, default=3, help="most hidden units of the classes")
    parser.add_argument("--sample", type=int, default=300, help="random two-layer patterns")
    parser.add_argument("--deep", type=int, default=100, help="random three-layer patterns")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cap", type=float, default=3.0, help="seconds per question")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds per decision")
    parser.add_argument("--limits", type=int, default=8, help="limits of curves per pattern")
    parser.add_argument("--rules", type=int, help="small chains for every rule on its own")
    parser.add_argument("--against", metavar="FILE", help="rules about groups against a database")
    parser.add_argument(
        "--only", nargs="+", default=(), help="with --rules or --against, these only"
    )
    parser.add_argument(
        "--record", action="store_true", help="with --against, write the section of RESULTS.md"
    )
    parser.add_argument("--silent", action="store_true", help="name patterns without an answer")
    args = parser.parse_args()
    os.environ["CADLINK_CACHE"] = "off"
    n, m = (int(part) for part in args.outer.split("x"))
    blocks = {
        f"classes up to {args.outer}, {args.hidden} hidden": list(classes((n, m), args.hidden)),
        "random, two layers": list(two_layers(args.sample, args.seed)),
        "random, three layers": list(three_layers(args.deep, args.seed)),
    }
    start = time.monotonic()
    if args.against:
        path = str(shipped_path()) if args.against == "shipped" else args.against
        (title, patterns), *_ = blocks.items()
        body = against(path, patterns, args.only) + "\n\nNo contradiction."
        print(body)
        if args.record:
            write(f"Rules about groups, each on its own: {title}", body)
        return 0
    with Engine() as engine:
        judges = Judges(engine, args.cap, args.limits, 20 * args.limits)
        if args.rules:
            failed = rules_alone(args.rules, args.seed, judges, args.only)
            print("" if failed else "no contradiction")
            return failed
        for name, patterns in blocks.items():
            rows: list[Row] = []
            for row in crosscheck(patterns, judges, args.limit, args.seed):
                rows.append(row)
                if row.contradiction():
                    print(f"CONTRADICTION: {row.pattern.inline()}: cadlink says {row.verdict}")
                    print(f"({row.assurance}); independent answers {dict(row.answers)}")
                    return 1
                if args.silent and not row.said():
                    text = f"no independent answer ({row.verdict}): {row.pattern.inline()}"
                    print(text, file=sys.stderr, flush=True)
            show(name, rows)
            print(f"    {time.monotonic() - start:.0f} s so far", flush=True)
    print("no contradiction")
    return 0


if __name__ == "__main__":
    sys.exit(main())
