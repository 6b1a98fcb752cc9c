"""Vectors for a curve towards a given limit A of a two-factor problem.

If A has as many independent columns as there are neurons, then along any curve X(t) Y(t) -> A the
column space of X(t) tends to V, the column space of A, so every x_i, scaled to converge, tends to a
vector of V supported on R_i.  A limit that is missed needs a collision: x_a and x_b tend to one
vector x of V supported on R_a and R_b, and (x_a - x_b) / t to another, w, supported on the union of
R_a and R_b.  So draw x and w from the two subspaces, split w between a and b, and draw the other
x_i from theirs.  If the rank of A is smaller, V is first enlarged by random unit vectors.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from math import gcd, lcm

import flint

from cadlink.patterns.group import Cell
from cadlink.search.laurent import Laurent, Number, add, monomial

__all__ = ["guided_vectors"]

Vector = dict[int, int]  # position -> integer


def guided_vectors(
    rng: random.Random,
    supports: Sequence[Collection[int]],
    target: Mapping[Cell, Number],
    side: int,
) -> list[dict[int, Laurent]] | None:
    """For every neuron: position -> c + d t; None if some neuron has no vector to draw.

    ``supports`` are the R_i (side 0, V spanned by the columns of the target) or the C_i (side 1,
    V spanned by the rows).
    """
    lines: dict[int, Vector] = {}
    for cell, value in target.items():
        if value:
            scaled = int(value * _denominator(target))
            lines.setdefault(cell[1 - side], {})[cell[side]] = scaled
    span = [line for _, line in sorted(lines.items())]
    positions = sorted({position for support in supports for position in support})
    while rng.random() < 0.3:
        span.append({rng.choice(positions): 1})
    starts: list[Vector] = []
    for support in supports:
        starts.append(_draw(rng, span, set(support), positions))
    slopes: list[Vector] = [{} for _ in supports]
    if len(supports) > 1:
        a, b = rng.sample(range(len(supports)), 2)
        common = set(supports[a]) & set(supports[b])
        starts[a] = starts[b] = _draw(rng, span, common, positions)
        rest = _draw(rng, span, set(supports[a]) | set(supports[b]), positions)
        shared = set() if rng.random() < 0.5 else common
        slopes[a] = {p: v for p, v in rest.items() if p in supports[a] and p not in shared}
        slopes[b] = {p: -v for p, v in rest.items() if p not in slopes[a]}
        if any(p not in supports[b] for p in slopes[b]):
            return None
        if not starts[a]:
            return None
    return [
        {
            position: add(monomial(start.get(position, 0)), monomial(slope.get(position, 0), 1))
            for position in support
        }
        for support, start, slope in zip(supports, starts, slopes, strict=True)
    ]


def _denominator(target: Mapping[Cell, Number]) -> int:
    return lcm(*(value.denominator for value in target.values()))


def _draw(
    rng: random.Random, span: Sequence[Vector], support: set[int], positions: Sequence[int]
) -> Vector:
    """A random small vector of the span that is 0 outside the support (perhaps 0)."""
    if not span:
        return {}
    outside = [p for p in positions if p not in support]
    inside = [p for p in positions if p in support]
    if not inside:
        return {}
    # Echelon form with the outside positions first: the rows without pivot there span the rest.
    rows = [[vector.get(p, 0) for p in (*outside, *inside)] for vector in span]
    reduced, rank = flint.fmpq_mat(flint.fmpz_mat(rows)).rref()
    basis = []
    for i in range(rank):
        values = [reduced[i, n] for n in range(len(positions))]
        if not any(values[: len(outside)]):
            scale = lcm(*(int(value.q) for value in values))
            basis.append([int(value * scale) for value in values[len(outside) :]])
    found = [0] * len(inside)
    for row in basis:
        weight = rng.choice((1, 1, -1, 0, 0, 2)) if len(basis) > 1 else 1
        found = [x + weight * y for x, y in zip(found, row, strict=True)]
    common = gcd(*found)
    return {p: x // common for p, x in zip(inside, found, strict=True) if x}
