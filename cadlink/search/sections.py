"""Find a proof of freeness by sections: parameters as Laurent polynomials of the product's entries.

Theorem: kernel, sections.  At a stratum some parameters are set to 1 or 0, the others are unknown;
an equation (product = entry) with an unknown that stands in one term only, times a monomial that is
not zero on the stratum, is solved for it.  When the last equation is met this is a leaf.  A trial
that is stuck names the polynomials that it would have needed to be zero, or not; when many trials
fail the stratum is split by one of those named most often.

A monomial is one integer, a digit in base 256 for the power of every coordinate (first) and every
unknown: products are sums.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.search.laurent import Number
from cadlink.search.model import Model, Problem
from cadlink.search.vanishing import dimension

__all__ = ["find"]

MOST_CELLS, MOST_PATHS = 16, 200  # of a problem that is tried
TRIALS = 40  # at every stratum in the first round; twice as many in every round
DEEPEST = 8  # splits above a leaf
WAYS = 3  # splits of one stratum that are tried
LONGEST = 60, 250  # terms of a solution, and of an equation
DIGIT = 8
HALF = 1 << DIGIT - 1

Poly: TypeAlias = "dict[int, Number]"
Tree: TypeAlias = "dict[str, Any]"


@dataclass(frozen=True)
class Stratum:
    """The cells in the coordinates, the coordinates that are not 0, and how many are gone."""

    cells: tuple[Poly, ...]
    nonzero: frozenset[int]
    gone: int


def find(problem: Problem, clock: Clock = UNLIMITED, seed: int = 0) -> Proof | None:
    """A ``sections`` step proving the problem free, or None.  Without a limit it may never end.

    >>> from cadlink.patterns.pattern import Pattern
    >>> find(Pattern.of(["10/11", "11/01", "10/11"])).rule
    'sections'
    """
    model = Model.of(problem)
    if model is None or len(model.cells) > MOST_CELLS:
        return None
    if sum(map(len, model.paths.values())) > MOST_PATHS:
        return None
    if dimension(model, np.random.default_rng(seed)) < len(model.cells):
        return None  # nearly surely no matrix has a neighbourhood of products
    search = _Search(model, random.Random(seed), clock)
    trials = TRIALS
    while not clock.expired():
        tree = search.proof(search.root(), trials)
        if tree is not None:
            return Proof("sections", {"tree": tree})
        trials *= 2
    return None


class _Search:
    """The search for one problem; ``chosen`` are the settings of parameters that led to leaves."""

    def __init__(self, model: Model, chance: random.Random, clock: Clock) -> None:
        self.model, self.chance, self.clock = model, chance, clock
        self.size = len(model.cells)
        self.chosen: list[list[Poly]] = []
        count = self.size + len(model.unknowns)
        self.bias = sum(HALF << DIGIT * n for n in range(count))
        self.low = (1 << DIGIT * self.size) - 1
        self.around = _around(model)

    def root(self) -> Stratum:
        """All matrices on the support."""
        return Stratum(tuple({_unit(n): 1} for n in range(self.size)), frozenset(), 0)

    def power(self, monomial: int, n: int) -> int:
        """The exponent of coordinate or unknown n."""
        return (monomial + self.bias >> DIGIT * n) % (2 * HALF) - HALF

    def unknowns(self, monomial: int) -> list[tuple[int, int]]:
        """The unknowns with their exponents."""
        rest = (monomial + self.bias >> DIGIT * self.size) - (self.bias >> DIGIT * self.size)
        found, n = [], self.size
        while rest:
            skip = ((rest & -rest).bit_length() - 1) // DIGIT
            rest >>= DIGIT * skip
            n += skip
            found.append((n, rest % (2 * HALF)))
            rest >>= DIGIT
            n += 1
        return found

    def invertible(self, monomial: int, nonzero: frozenset[int]) -> bool:
        """Whether a monomial in the coordinates has only such as are not 0."""
        digits = (monomial & self.low) + (self.bias & self.low)
        return all(
            n in nonzero or (digits >> DIGIT * n) % (2 * HALF) == HALF for n in range(self.size)
        )

    # -- trees -----------------------------------------------------------------------------

    def proof(self, stratum: Stratum, trials: int, depth: int = 0) -> Tree | None:
        """A tree for the stratum, or None."""
        blame: Counter[tuple[tuple[int, Number], ...]] = Counter()
        for _ in range(trials):
            if self.clock.expired():
                return None
            known = bool(self.chosen) and self.chance.random() < 0.25
            setting = self.chance.choice(self.chosen) if known else self.setting(stratum.gone)
            values = self.solved(stratum, setting, blame)
            if values is not None:
                if setting not in self.chosen:
                    self.chosen.append(setting)
                return self.leaf(values)
        if depth == DEEPEST:
            return None
        for x, shift in self.splits(stratum, blame)[:WAYS]:
            negative = {m: -c for m, c in shift.items()}
            whole = {**negative, _unit(x): 1}
            parts = {}
            for part, value in (("nonzero", whole), ("zero", negative)):
                cells = tuple(self.put(cell, x, value) for cell in stratum.cells)
                nonzero = stratum.nonzero | {x} if part == "nonzero" else stratum.nonzero
                below = Stratum(cells, nonzero, stratum.gone + (part == "zero"))
                tree = self.proof(below, trials, depth + 1)
                if tree is None:
                    break
                parts[part] = tree
            if len(parts) == 2:
                return {"coordinate": self.name(x), "shift": self.written(shift), **parts}
            if parts:  # another way into the second part would be as hard
                return None
        return None

    def splits(
        self, stratum: Stratum, blame: Mapping[tuple[tuple[int, Number], ...], int]
    ) -> list[tuple[int, Poly]]:
        """(coordinate x, shift r), those that trials asked for most first."""
        live = {
            n
            for cell in stratum.cells
            for m in cell
            for n in range(self.size)
            if n not in stratum.nonzero and self.power(m, n)
        }
        score: dict[tuple[int, tuple[tuple[int, Number], ...]], float] = {}
        for terms, count in blame.items():
            for x in live:
                its = [(m, c) for m, c in terms if self.power(m, x)]
                if len(its) != 1 or self.power(its[0][0], x) != 1:
                    continue
                over, c = its[0][0] - _unit(x), its[0][1]
                if not self.invertible(over, stratum.nonzero):
                    continue
                shift = sorted((m - over, _over(w, c)) for m, w in terms if m != its[0][0])
                key = (x, tuple(shift))
                score[key] = score.get(key, 0) + count / (1 + len(shift))
        for x in live:
            score.setdefault((x, ()), 0.01)
        chance = {key: value * (1 + 0.3 * self.chance.random()) for key, value in score.items()}
        return [(x, dict(shift)) for x, shift in sorted(chance, key=lambda key: -chance[key])]

    def put(self, entry: Poly, x: int, value: Poly) -> Poly:
        """The entry with a value for coordinate or unknown x."""
        total: Poly = {}
        powers: list[Poly] = [{0: 1}]
        for m, c in entry.items():
            exponent = self.power(m, x)
            while len(powers) <= exponent:
                powers.append(_times(powers[-1], value))
            rest = m - exponent * _unit(x)
            for other, d in powers[exponent].items():
                _add(total, rest + other, c * d)
        return total

    # -- leaves ----------------------------------------------------------------------------

    def setting(self, gone: int) -> list[Poly]:
        """Every parameter 0, 1 or unknown: about as many unknowns as equations are left."""
        chance = self.chance
        setting: dict[int, Poly] = {}
        if chance.random() < 0.8:  # of a hidden unit one weight may be 1
            for its in self.around:
                setting[chance.choice([u for u in its if u not in setting] or its)] = {0: 1}
        rest = [u for u in range(len(self.model.unknowns)) if u not in setting]
        chance.shuffle(rest)
        least = min(self.size - gone, len(rest))
        count = chance.randint(least, max(least, min(len(rest), self.size + 2)))
        zeros = chance.choice((0.2, 0.5, 0.8))
        for place, u in enumerate(rest):
            if place < count:
                setting[u] = {_unit(self.size + u): 1}
            else:
                setting[u] = {} if chance.random() < zeros else {0: 1}
        return [setting[u] for u in range(len(self.model.unknowns))]

    def solved(
        self,
        stratum: Stratum,
        setting: list[Poly],
        blame: Counter[tuple[tuple[int, Number], ...]],
    ) -> list[Poly] | None:
        """The parameters as polynomials in the coordinates; None if the trial is stuck."""
        equations = []
        for cell, target in zip(self.model.cells, stratum.cells, strict=True):
            equation = {m: -c for m, c in target.items()}
            for path in self.model.paths[cell]:
                product: Poly = {0: 1}
                for u in path:
                    product = _times(product, setting[u])
                for m, c in product.items():
                    _add(equation, m, c)
            equations.append(equation)
        solutions: list[tuple[int, Poly]] = []
        while equations := [equation for equation in equations if equation]:
            pivots: list[tuple[int, int, int]] = []  # equation, unknown, its term
            needed: list[Poly] = []
            for place, equation in enumerate(equations):
                terms: dict[int, list[tuple[int, bool]]] = {}
                for m in equation:
                    its = self.unknowns(m)
                    for u, exponent in its:
                        terms.setdefault(u, []).append((m, len(its) == 1 and exponent == 1))
                if not terms:
                    blame[tuple(sorted(equation.items()))] += 1
                    return None
                for u, found in terms.items():
                    if not all(linear for _, linear in found):
                        continue
                    if len(found) == 1 and self.invertible(found[0][0], stratum.nonzero):
                        pivots.append((place, u, found[0][0]))
                    else:
                        needed.append({m - _unit(u): equation[m] for m, _ in found})
            if not pivots:
                blame.update(tuple(sorted(poly.items())) for poly in needed)
                return None
            place, u, pivot = self.chance.choice(pivots)
            equation = equations.pop(place)
            c = equation.pop(pivot)
            inverse = _unit(u) - pivot
            solution = {m + inverse: _over(-w, c) for m, w in equation.items()}
            if len(solution) > LONGEST[0]:
                return None
            equations = [self.put(other, u, solution) for other in equations]
            if any(len(other) > LONGEST[1] for other in equations):
                return None
            solutions.append((u, solution))
        values: dict[int, Poly] = {}
        for u, solution in reversed(solutions):
            for v in {v for m in solution for v, _ in self.unknowns(m)}:
                solution = self.put(solution, v, values.get(v, {}))
            values[u] = solution
        return [
            values.get(self.size + u, {}) if self.is_unknown(u, value) else value
            for u, value in enumerate(setting)
        ]

    def is_unknown(self, u: int, value: Poly) -> bool:
        """Whether the setting leaves the parameter to be solved for."""
        return _unit(self.size + u) in value

    def leaf(self, values: list[Poly]) -> Tree:
        """A leaf of the schema."""
        given = [
            [
                [*unknown.place, self.written(value)] if value else None
                for unknown, value in zip(self.model.unknowns, values, strict=True)
                if unknown.level == level
            ]
            for level in range(self.model.depth)
        ]
        listed = [[entry for entry in level if entry is not None] for level in given]
        problem = self.model.problem
        if not isinstance(problem, Group):
            return {"factors": listed}
        return {
            letter: [
                [[line, value] for neuron, line, value in level if neuron == i]
                for i in range(len(problem.neurons))
            ]
            for letter, level in zip("yx", listed, strict=True)
        }

    def name(self, n: int) -> str:
        j, k = self.model.cells[n]
        return f"a_{j}_{k}"

    def written(self, poly: Poly) -> list[list[Any]]:
        """POLY of the schema, negative exponents included."""
        return [
            [
                c if isinstance(c, int) else f"{c.numerator}/{c.denominator}",
                [[self.name(n), e] for n in range(self.size) if (e := self.power(m, n))],
            ]
            for m, c in sorted(poly.items())
        ]


def _around(model: Model) -> list[list[int]]:
    """For every hidden unit the parameters that may be scaled against each other."""
    found: dict[tuple[int, int], list[int]] = {}
    chain = not isinstance(model.problem, Group)
    for u, unknown in enumerate(model.unknowns):
        i, j = unknown.place
        if not chain:
            found.setdefault((0, i), []).append(u)
            continue
        if unknown.level + 1 < model.depth:
            found.setdefault((unknown.level + 1, i), []).append(u)
        if unknown.level:
            found.setdefault((unknown.level, j), []).append(u)
    return list(found.values())


def _unit(n: int) -> int:
    return 1 << DIGIT * n


def _over(one: Number, other: Number) -> Number:
    """The quotient, an integer as such."""
    if other in (1, -1):
        return one * other
    quotient = Fraction(one) / other
    return quotient.numerator if quotient.denominator == 1 else quotient


def _add(total: Poly, monomial: int, number: Number) -> None:
    value = total.get(monomial, 0) + number
    if value:
        total[monomial] = value
    else:
        total.pop(monomial, None)


def _times(one: Poly, other: Poly) -> Poly:
    if len(one) == 1:
        ((m, c),) = one.items()
        return {m + n: c * d for n, d in other.items()}
    product: Poly = {}
    for m, c in one.items():
        for n, d in other.items():
            _add(product, m + n, c * d)
    return product
