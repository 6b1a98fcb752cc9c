"""One trial to write parameters as Laurent polynomials in the coordinates of a stratum.

The equations say that the product is the stratum's matrix.  One with an unknown that stands in a
single term, times a monomial that is not zero on the stratum, is solved for it; where a product of
unknowns must be 0, one of them is; where neither helps, an unknown of a short equation is set to 1
or to 0 by chance.  A trial that is stuck names the polynomials that it would have needed to be 0,
or not to be.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cadlink.patterns.group import Group
from cadlink.search.laurent import Number
from cadlink.search.model import Model
from cadlink.search.monomials import Poly, Ring, add_term, over, unit

__all__ = ["Blame", "Trials"]

LONGEST = 60, 250  # terms of a solution, and of an equation

# How often a polynomial in the coordinates stood in the way.
Blame: TypeAlias = "Counter[tuple[tuple[int, Number], ...]]"


@dataclass(frozen=True)
class _Equation:
    """poly = 0 and what it says: ``pivots``, the unknowns it can be solved for, each with its only
    term; ``needed``, polynomials in the coordinates that would have to be invertible for others;
    ``zero``, whether it says that one of its unknowns is 0."""

    poly: Poly
    unknowns: frozenset[int]
    pivots: tuple[tuple[int, int], ...]
    needed: tuple[Poly, ...]
    zero: bool


class Trials:
    """Trials for the strata of one problem."""

    def __init__(self, model: Model, ring: Ring, chance: random.Random) -> None:
        self.model, self.ring, self.chance = model, ring, chance
        self.scale = _scales(model, ring.size)

    def one(
        self, cells: Sequence[Poly], nonzero: Collection[int], blame: Blame
    ) -> list[Poly] | None:
        """Values for all parameters, or None."""
        equations = [self._read(poly, nonzero) for poly in self._polynomials(cells)]
        solutions: list[tuple[int, Poly]] = []
        scaled: set[int] = set()  # hidden units one of whose weights was set
        zeros = self.chance.choice((0.3, 0.5, 0.7, 0.85))
        while equations:
            step = self._step(equations)
            if step is None:
                blame.update(_terms(poly) for equation in equations for poly in equation.needed)
                step = self._guess(equations, scaled, zeros, blame)
                if step is None:
                    return None
                scaled.add(self.scale[step[0]])
            left = self._put(equations, step, nonzero)
            wrong = [_terms(equation.poly) for equation in left if not equation.unknowns]
            blame.update(wrong)
            if wrong or len(step[1]) > LONGEST[0] or any(len(e.poly) > LONGEST[1] for e in left):
                return None
            equations = left
            solutions.append(step)
        return self._values(solutions)

    def _values(self, solutions: Sequence[tuple[int, Poly]]) -> list[Poly] | None:
        """The parameters in the coordinates alone; the later ones are known first."""
        values: dict[int, Poly] = {}
        for u, value in reversed(solutions):
            for v in {v for m in value for v, _ in self.ring.unknowns(m)}:
                value = self.ring.put(value, v, values.get(v, {}))
            if len(value) > LONGEST[1]:
                return None
            values[u] = value
        return [values.get(self.ring.size + u, {}) for u in range(len(self.model.unknowns))]

    def _polynomials(self, cells: Sequence[Poly]) -> list[Poly]:
        """Product minus entry, for every cell."""
        found = []
        for cell, target in zip(self.model.cells, cells, strict=True):
            poly = {m: -c for m, c in target.items()}
            for path in self.model.paths[cell]:
                add_term(poly, sum(unit(self.ring.size + u) for u in path), 1)
            found.append(poly)
        return found

    def _read(self, poly: Poly, nonzero: Collection[int]) -> _Equation:
        terms: dict[int, list[tuple[int, bool]]] = {}
        for m in poly:
            its = self.ring.unknowns(m)
            for u, exponent in its:
                terms.setdefault(u, []).append((m, len(its) == 1 and exponent == 1))
        pivots, needed = [], []
        for u, found in terms.items():
            m, linear = found[0]
            if len(found) == 1 and linear and self.ring.invertible(m, nonzero):
                pivots.append((u, m))
            elif all(linear for _, linear in found):
                needed.append({m - unit(u): poly[m] for m, _ in found})
        zero = len(poly) == 1 and all(self.ring.invertible(m, nonzero) for m in poly)
        return _Equation(poly, frozenset(terms), tuple(pivots), tuple(needed), zero)

    def _put(
        self, equations: Sequence[_Equation], step: tuple[int, Poly], nonzero: Collection[int]
    ) -> list[_Equation]:
        """The equations with a value for an unknown, those that hold left out."""
        u, value = step
        found = []
        for equation in equations:
            if u not in equation.unknowns:
                found.append(equation)
            elif poly := self.ring.put(equation.poly, u, value):
                found.append(self._read(poly, nonzero))
        return found

    def _step(self, equations: Sequence[_Equation]) -> tuple[int, Poly] | None:
        """What an equation says of an unknown: mostly the shortest that says something."""
        for equation in equations:
            if equation.zero:
                return self.chance.choice(sorted(equation.unknowns)), {}
        saying = [equation for equation in equations if equation.pivots]
        if not saying:
            return None
        short = min(len(equation.poly) for equation in saying) + (self.chance.random() < 0.3)
        pivots = [(e, *pivot) for e in saying if len(e.poly) <= short for pivot in e.pivots]
        equation, u, m = self.chance.choice(pivots)
        c = equation.poly[m]
        rest = {n + unit(u) - m: over(-w, c) for n, w in equation.poly.items() if n != m}
        return u, rest

    def _guess(
        self, equations: Sequence[_Equation], scaled: set[int], zeros: float, blame: Blame
    ) -> tuple[int, Poly] | None:
        """An unknown of a short equation and 0 or 1 for it; None if it cannot be either."""
        chance = self.chance
        equation = min(equations, key=lambda e: len(e.poly) + 2 * chance.random())
        its = sorted(equation.unknowns)
        fresh = [u for u in its if self.scale[u] not in scaled]
        if fresh and chance.random() < 0.8:
            u, value = chance.choice(fresh), 1
        else:
            u, value = chance.choice(its), int(chance.random() >= zeros)
        for given in (value, 1 - value):
            poly: Poly = {0: 1} if given else {}
            left = [self.ring.put(e.poly, u, poly) for e in equations if u in e.unknowns]
            wrong = [_terms(rest) for rest in left if rest and self.ring.constant(rest)]
            if not wrong:
                return u, poly
        blame.update(wrong)
        return None


def _terms(poly: Poly) -> tuple[tuple[int, Number], ...]:
    return tuple(sorted(poly.items()))


def _scales(model: Model, first: int) -> dict[int, int]:
    """For every parameter (numbers from ``first``) a hidden unit whose weights may be scaled."""
    found: dict[tuple[int, int], int] = {}
    scale = {}
    for u, unknown in enumerate(model.unknowns):
        i, j = unknown.place
        above = unknown.level + 1
        if isinstance(model.problem, Group):
            place = (0, i)
        else:
            place = (above, i) if above < model.depth else (unknown.level, j)
        scale[first + u] = found.setdefault(place, len(found))
    return scale
