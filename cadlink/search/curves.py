"""Curves of factors whose products converge to a limit, found by linear algebra.

Fix all factors but one as Laurent polynomials in t.  The cells are then linear in the entries of
the remaining factor, and fall into independent blocks (for X_1: the columns of the product).  The
possible limits in one block, as t -> 0, are the limit of a column space (``limits.py``), and *any*
choice of one vector per block is a matrix in the closure of the set, with an explicit curve.  Such
a matrix can be outside the set only if in some block the limit space is larger than the column
space at t = 0.

Nothing here is trusted: a curve is data, checked again by the kernel.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.patterns.group import Cell, Group
from cadlink.search.guided import guided_vectors
from cadlink.search.laurent import (
    Laurent,
    Number,
    add,
    monomial,
    multiply,
    product,
    to_json,
)
from cadlink.search.limits import Direction, limit_space, rank
from cadlink.search.model import Block, Limit, Model, Problem, full_limit, limit_to_json

__all__ = ["Curve", "candidates", "curve_through", "simplify"]


_IDLE = 400  # trials without a new limit before the stream ends


@dataclass(frozen=True)
class Curve:
    """Laurent polynomials for the unknowns (by number, zeros left out) and the limit reached."""

    model: Model
    entries: Mapping[int, Laurent]
    limit: Mapping[Cell, Fraction]

    def data(self) -> dict[str, Any]:
        """The "factors" or "x", "y" and the "limit" of a ``curve`` step of the schema."""
        found: dict[str, Any]
        levels: list[list[tuple[tuple[int, int], list[list[int | str]]]]] = [
            [
                (self.model.unknowns[u].place, to_json(self.entries[u]))
                for u in level
                if self.entries.get(u)
            ]
            for level in self.model.levels
        ]
        if isinstance(self.model.problem, Group):
            count = len(self.model.problem.neurons)
            found = {
                letter: [
                    [[index, series] for (neuron, index), series in level if neuron == i]
                    for i in range(count)
                ]
                for letter, level in zip("yx", levels, strict=True)
            }
        else:
            found = {"factors": [[[*place, series] for place, series in lv] for lv in levels]}
        return found | {"limit": limit_to_json(self.limit)}


def product_limit(model: Model, entries: Mapping[int, Laurent]) -> dict[Cell, Fraction] | None:
    """The limit of the product as t -> 0, or None if some cell has a negative power."""
    found = {}
    for cell, paths in model.paths.items():
        value = add(*(product(entries.get(u, {}) for u in path) for path in paths))
        if value and min(value) < 0:
            return None
        found[cell] = Fraction(value.get(0, 0))
    return found


def candidates(problem: Problem, seed: int = 0, clock: Clock = UNLIMITED) -> Iterator[Curve]:
    """Curves with different limits that may be outside the set; small numbers first.

    Ends when the time is over, when nothing new came up for long, or at once if the problem is too
    large to write out.  Deterministic in (problem, seed).
    """
    model = Model.of(problem)
    if model is None or model.depth < 2:
        return
    rng = random.Random(seed)
    seen: set[tuple[Fraction, ...]] = set()
    trial = idle = 0
    while idle < _IDLE and not clock.expired():
        trial += 1
        idle += 1
        level = (
            rng.choice((0, model.depth - 1)) if rng.random() < 0.9 else rng.randrange(model.depth)
        )
        fixed = _sample(model, rng, level, size=1 + min(2, trial // 300))
        spaces = [_Space.of(block, fixed) for block in model.blocks[level]]
        if not any(space.collapsed for space in spaces):
            continue
        for _ in range(3):
            curve = _choose(model, rng, fixed, spaces)
            key = tuple(curve.limit[cell] for cell in model.cells)
            if key not in seen:
                seen.add(key)
                idle = 0
                yield curve


def curve_through(
    problem: Problem,
    limit: Limit,
    seed: int = 0,
    clock: Clock = UNLIMITED,
    trials: int = 6000,
) -> Curve | None:
    """A curve whose limit is the given matrix, or None if none was met in time.

    The other factors are sampled sparse and small; with two factors mostly as the given matrix
    suggests (``guided.py``).
    """
    model = Model.of(problem)
    if model is None:
        return None
    target = full_limit(model, limit)
    rng = random.Random(seed)
    for trial in range(trials):
        if clock.expired():
            break
        level = trial % model.depth
        fixed = None
        if model.depth == 2 and rng.random() < 0.6:
            fixed = _guided(model, rng, level, target)
        if fixed is None:
            fixed = _sample(model, rng, level, size=1 + min(2, trial // 1000))
        entries = dict(fixed)
        for block in model.blocks[level]:
            try:
                space = _Space.of(block, fixed, clock)
            except OutOfTime:
                return None
            weights = space.weights_of([target[cell] for cell in block.cells])
            if weights is None:
                break
            entries.update(space.solution(weights))
        else:
            covered = {cell for block in model.blocks[level] for cell in block.cells}
            if all(cell in covered or not value for cell, value in target.items()):
                return simplify(Curve(model, entries, target))
    return None


def simplify(curve: Curve) -> Curve:
    """The curve without the coefficients the limit does not need, highest powers first."""
    model = curve.model
    entries = {u: dict(series) for u, series in curve.entries.items() if series}
    order = sorted(((e, u) for u, series in entries.items() for e in series), reverse=True)
    for exponent, u in order:
        kept = entries[u].pop(exponent)
        if product_limit(model, entries) != curve.limit:
            entries[u][exponent] = kept
    return Curve(model, {u: series for u, series in entries.items() if series}, curve.limit)


@dataclass(frozen=True)
class _Space:
    """The possible limits in one block when all levels but one are fixed."""

    block: Block
    directions: list[Direction]
    at_zero: list[list[Number]]  # the columns of P(0): their span is reached without any limit

    @classmethod
    def of(cls, block: Block, fixed: Mapping[int, Laurent], clock: Clock = UNLIMITED) -> _Space:
        columns = [
            [
                add(
                    *(
                        product(fixed.get(u, {}) for u in rest)
                        for rest in block.terms[unknown].get(cell, ())
                    )
                )
                for cell in block.cells
            ]
            for unknown in block.unknowns
        ]
        at_zero = [[entry.get(0, 0) for entry in column] for column in columns]
        return cls(block, limit_space(columns, clock), at_zero)

    @property
    def collapsed(self) -> bool:
        return len(self.directions) > rank(self.at_zero)

    def vector(self, weights: Sequence[Number]) -> list[Number]:
        return [
            sum(w * d.vector[n] for w, d in zip(weights, self.directions, strict=True))
            for n in range(len(self.block.cells))
        ]

    def weights_of(self, vector: Sequence[Number]) -> list[Number] | None:
        """The weights that give this vector; the directions are in reduced echelon form."""
        weights = []
        for direction in self.directions:
            pivot = next(n for n, value in enumerate(direction.vector) if value)
            weights.append(vector[pivot])
        return weights if self.vector(weights) == vector else None

    def solution(self, weights: Sequence[Number]) -> dict[int, Laurent]:
        """The entries of the solved level."""
        return {
            unknown: add(
                *(
                    multiply(monomial(w), d.coefficients[n])
                    for w, d in zip(weights, self.directions, strict=True)
                    if w
                )
            )
            for n, unknown in enumerate(self.block.unknowns)
        }


def _choose(
    model: Model, rng: random.Random, fixed: Mapping[int, Laurent], spaces: list[_Space]
) -> Curve:
    """One vector per block, at least one of them outside the span of P(0)."""
    must = rng.choice([n for n, space in enumerate(spaces) if space.collapsed])
    entries = dict(fixed)
    limit = dict.fromkeys(model.cells, Fraction(0))
    zeros = rng.choice((0.0, 0.3, 0.6))
    for n, space in enumerate(spaces):
        for _ in range(6):
            weights = [
                0 if rng.random() < zeros else rng.choice((1, 1, 1, -1, 2))
                for _ in space.directions
            ]
            vector = space.vector(weights)
            if n != must or rank([*space.at_zero, vector]) > rank(space.at_zero):
                break
        limit.update(zip(space.block.cells, map(Fraction, vector), strict=True))
        entries.update(space.solution(weights))
    return Curve(model, entries, limit)


def _sample(
    model: Model,
    rng: random.Random,
    level: int,
    size: int,
) -> dict[int, Laurent]:
    """Small random entries c + d t for all levels but one, often with colliding vectors.

    Collisions are what makes limits: two neurons (or two units of a deep chain) whose vectors agree
    at t = 0 and differ at order t.
    """
    zero, slope = rng.choice((0.2, 0.4, 0.6)), rng.choice((0.2, 0.4))
    numbers = [1, 1, -1] + [sign * n for n in range(2, size + 1) for sign in (1, -1)]
    entries: dict[int, Laurent] = {}
    for other in range(model.depth):
        if other == level:
            continue
        rows = _vectors(model, other, toward=level)
        start = {u: 0 if rng.random() < zero else rng.choice(numbers) for u in model.levels[other]}
        keys = sorted(rows)
        if len(keys) > 1 and rng.random() < 0.7:
            count = 3 if len(keys) > 2 and rng.random() < 0.4 else 2
            start.update(_dependent([rows[key] for key in rng.sample(keys, count)], start, rng))
        dead: set[int] = set()
        for vector in rows.values():
            # t times a vector is no new limit: scale it, or let the unit rest altogether
            if not any(start[u] for u in vector.values()):
                if rng.random() < 0.4:
                    dead.update(vector.values())
                else:
                    start[rng.choice(list(vector.values()))] = 1
        for u in model.levels[other]:
            step = rng.choice(numbers) if u not in dead and rng.random() < slope else 0
            power = 1 if size == 1 or rng.random() < 0.8 else 2
            entries[u] = add(monomial(start[u]), monomial(step, power))
    return {u: series for u, series in entries.items() if series}


def _dependent(
    vectors: Sequence[Mapping[int, int]], start: Mapping[int, int], rng: random.Random
) -> dict[int, int]:
    """Entries that make the first of two or three vectors the sum of the others, up to signs.

    A vector is given by its unknowns (position -> unknown).  Where the first has no entry the
    others cancel, or are 0.
    """
    first, *others = vectors
    signs = [rng.choice((1, 1, -1)) for _ in others]
    found: dict[int, int] = {}
    for position in sorted(set().union(*vectors)):
        its = [
            (sign, vector[position])
            for sign, vector in zip(signs, others, strict=True)
            if position in vector
        ]
        total = sum(sign * start[u] for sign, u in its)
        if position in first:
            found[first[position]] = total
        elif len(its) == 2:
            (sign, u), (other, v) = its
            found[v] = -sign * other * start[u]
        else:
            found.update((u, 0) for _, u in its)
    return found


def _vectors(model: Model, level: int, toward: int) -> dict[int, dict[int, int]]:
    """The vectors of a level on the side of the solved level: unit -> (position -> unknown).

    For a group these are the x_i or y_i of the neurons; for a chain the columns of a factor above
    the solved one, or the rows of a factor below it.
    """
    group = isinstance(model.problem, Group)
    found: dict[int, dict[int, int]] = {}
    for u in model.levels[level]:
        i, j = model.unknowns[u].place
        unit, position = (i, j) if group or level < toward else (j, i)
        found.setdefault(unit, {})[position] = u
    return found


def _guided(
    model: Model, rng: random.Random, level: int, target: Mapping[Cell, Fraction]
) -> dict[int, Laurent] | None:
    """Entries of the other one of two levels, drawn towards the target."""
    vectors = list(_vectors(model, 1 - level, toward=level).values())
    drawn = guided_vectors(rng, [vector.keys() for vector in vectors], target, side=level)
    if drawn is None:
        return None
    return {
        unknown: series[position]
        for vector, series in zip(vectors, drawn, strict=True)
        for position, unknown in vector.items()
        if series[position]
    }
