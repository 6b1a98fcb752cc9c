"""One trial to write parameters as Laurent polynomials in the coordinates of a stratum.

The equations say that the product is the stratum's matrix.  One with an unknown that stands in a
single term, times a monomial that is not zero on the stratum, is solved for it; where a product of
unknowns must be 0, one of them is; where neither helps, an unknown of a short equation is set by
chance: to 0, or to 1 if its hidden unit can still be scaled.  Scaling a row or column of the matrix
scales the parameters; any other unknown that is not 0 is set to a monomial that scales as it does,
so that what has to be 0 or not to be is often a single term.  Which parameters are 0 is often taken
from a success on another stratum.  A trial that is stuck names the polynomials that it would have
needed to be 0, or not to be; one that may split goes on where such a polynomial is not 0.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cadlink.patterns.group import Group
from cadlink.search.laurent import Number
from cadlink.search.model import Model
from cadlink.search.monomials import Poly, Ring, Split, add_term, over, shifted, unit

__all__ = ["Blame", "Trials"]

LONGEST = 60, 250  # terms of a solution, and of an equation
NUMBERS = (1, 1, 1, 1, 1, -1, 2, -2)  # times a monomial
REMEMBERED, ALIKE = 20, 0.6  # supports of the last successes, and how often one is a model
SPLITS = 0.5  # how often a trial that may split does so rather than guess
PATHS = 0.8  # how often the monomial is not 1

Unit: TypeAlias = "tuple[int, int]"  # layer and number: inputs, the columns, are layer 0
Paths: TypeAlias = "dict[Unit, list[tuple[Unit, int]]]"  # to where, by which monomial

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


@dataclass(frozen=True)
class Start:
    """The entries of a stratum and its equations, the coordinates that are not 0, and the ways
    along them."""

    cells: Sequence[Poly]
    equations: Sequence[_Equation]
    nonzero: Collection[int]
    paths: Paths


class Trials:
    """Trials for the strata of one problem."""

    def __init__(self, model: Model, ring: Ring, chance: random.Random) -> None:
        self.model, self.ring, self.chance = model, ring, chance
        self.ends = _ends(model, ring.size)
        self.supports: deque[set[int]] = deque(maxlen=REMEMBERED)
        self.lines = {line for j, k in model.cells for line in ((model.depth, j), (0, k))}

    def start(self, cells: Sequence[Poly], nonzero: Collection[int]) -> Start:
        """What all trials for a stratum begin with."""
        equations = [self._read(poly, nonzero) for poly in self._polynomials(cells)]
        return Start(cells, equations, nonzero, self._paths(nonzero))

    def one(
        self, start: Start, blame: Blame, most: int = 0
    ) -> tuple[list[Split], list[Poly]] | None:
        """Values for all parameters where so many splits at most say that x + r is not 0, x being
        this value from there on; or None."""
        cells, equations, nonzero = start.cells, start.equations, start.nonzero
        solutions: list[tuple[int, Poly]] = []
        splits: list[Split] = []
        scaling = _Scaling(self.lines, self.ends, start.paths, self.chance)
        zeros = self.chance.choice((0.3, 0.5, 0.7, 0.85))
        support = None
        if self.supports and self.chance.random() < ALIKE:
            support = self.chance.choice(self.supports)
        while equations:
            step = self._step(equations, support)
            if step is None:
                blame.update(_terms(poly) for equation in equations for poly in equation.needed)
                polys = (*cells, *(e.poly for e in equations), *(poly for _, poly in solutions))
                split = self._split(equations, polys, nonzero) if len(splits) < most else None
                if split is not None:
                    x, shift = split
                    value = shifted(x, shift)
                    nonzero = {*nonzero, x}
                    cells = [self.ring.put(cell, x, value) for cell in cells]
                    equations = [
                        self._read(self.ring.put(e.poly, x, value), nonzero) for e in equations
                    ]
                    solutions = [(u, self.ring.put(poly, x, value)) for u, poly in solutions]
                    splits.append(split)
                    continue
                step = self._guess(equations, scaling, zeros, support, blame)
                if step is None:
                    return None
                if step[1]:
                    scaling.assign(step[0])
            left = self._put(equations, step, nonzero)
            wrong = [_terms(equation.poly) for equation in left if not equation.unknowns]
            blame.update(wrong)
            if wrong or len(step[1]) > LONGEST[0] or any(len(e.poly) > LONGEST[1] for e in left):
                return None
            equations = left
            solutions.append(step)
        values = self._values(solutions)
        if values is None:
            return None
        self.supports.append({u for u, value in enumerate(values, self.ring.size) if value})
        return splits, values

    def _split(
        self, equations: Sequence[_Equation], polys: Iterable[Poly], nonzero: Collection[int]
    ) -> Split | None:
        """x + r, often, times what is not 0, that would have to be invertible for an unknown; x in
        no denominator."""
        if self.chance.random() > SPLITS:
            return None
        needed = (poly for equation in equations for poly in equation.needed if len(poly) > 1)
        return self.ring.split(needed, nonzero, polys, self.chance)

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

    def _step(
        self, equations: Sequence[_Equation], support: Collection[int] | None
    ) -> tuple[int, Poly] | None:
        """What an equation says of an unknown: mostly the shortest that says something."""
        for equation in equations:
            if equation.zero:
                its = sorted(equation.unknowns)
                likely = [u for u in its if support is not None and u not in support]
                return self.chance.choice(likely or its), {}
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
        self,
        equations: Sequence[_Equation],
        scaling: _Scaling,
        zeros: float,
        support: Collection[int] | None,
        blame: Blame,
    ) -> tuple[int, Poly] | None:
        """An unknown of a short equation and a value for it; None if it cannot have that."""
        chance = self.chance
        equation = min(equations, key=lambda e: len(e.poly) + 2 * chance.random())
        its = sorted(equation.unknowns)
        fresh = [u for u in its if scaling.free(u)]
        if support is not None:
            u = chance.choice(its)
            value = int(u in support)
        elif fresh and chance.random() < 0.8:
            u, value = chance.choice(fresh), 1
        else:
            u, value = chance.choice(its), int(chance.random() >= zeros)
        for given in (value, 1 - value):
            poly: Poly = scaling.value(u) if given else {}
            left = [self.ring.put(e.poly, u, poly) for e in equations if u in e.unknowns]
            wrong = [_terms(rest) for rest in left if rest and self.ring.constant(rest)]
            if not wrong:
                return u, poly
        blame.update(wrong)
        return None

    def _paths(self, nonzero: Collection[int]) -> Paths:
        """The coordinates that are not 0: from the row of their cell to its column and back."""
        paths: Paths = {}
        for n in nonzero:
            j, k = self.model.cells[n]
            row, column = (self.model.depth, j), (0, k)
            paths.setdefault(row, []).append((column, unit(n)))
            paths.setdefault(column, []).append((row, -unit(n)))
        return paths


class _Scaling:
    """Which row or column every hidden unit is scaled like, as far as a trial has set its weights.

    An entry of the matrix scales like its row over its column, which scales like the inverse of
    what the column is scaled by; a parameter like the unit above it over the one below."""

    def __init__(
        self,
        lines: Collection[Unit],
        ends: Mapping[int, tuple[Unit, Unit]],
        paths: Paths,
        chance: random.Random,
    ) -> None:
        self.ends, self.paths, self.chance = ends, paths, chance
        self.like: dict[Unit, Unit] = {line: line for line in lines}

    def free(self, u: int) -> bool:
        """Whether a unit at one end can still be scaled."""
        return any(end not in self.like for end in self.ends[u])

    def assign(self, u: int) -> None:
        """The parameter got its value."""
        known = [self.like[end] for end in self.ends[u] if end in self.like]
        for end in self.ends[u]:
            self.like.setdefault(end, known[0] if known else end)

    def value(self, u: int) -> Poly:
        """A monomial that scales as the parameter does, 1 if it can be scaled to it."""
        if self.free(u):
            return {0: 1}
        number = self.chance.choice(NUMBERS)
        above, below = (self.like[end] for end in self.ends[u])
        found = self._path(above, below, {above}) if self.chance.random() < PATHS else None
        if found is None:
            return {0: number}
        return {found: number}

    def _path(self, start: Unit, end: Unit, seen: set[Unit]) -> int | None:
        """The product of the entries along a way from one line to another."""
        if start == end:
            return 0
        steps = self.paths.get(start, [])
        for line, m in self.chance.sample(steps, len(steps)):
            if line not in seen:
                seen.add(line)
                rest = self._path(line, end, seen)
                if rest is not None:
                    return m + rest
        return None


def _terms(poly: Poly) -> tuple[tuple[int, Number], ...]:
    return tuple(sorted(poly.items()))


def _ends(model: Model, first: int) -> dict[int, tuple[Unit, Unit]]:
    """For every parameter (numbers from ``first``) the units above and below it."""
    ends = {}
    for u, unknown in enumerate(model.unknowns):
        above, below = unknown.place
        if isinstance(model.problem, Group):  # (neuron, line)
            above, below = (below, above) if unknown.level else (above, below)
        ends[first + u] = (unknown.level + 1, above), (unknown.level, below)
    return ends
