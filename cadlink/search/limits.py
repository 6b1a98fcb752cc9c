"""The limit, as t -> 0, of the column space of a matrix of Laurent polynomials.

**Statement.**  Let P(t) be an n x u matrix over Q[t, 1/t].  The vectors

    lim_{t -> 0} P(t) y(t) ,    y over Q[t, 1/t], P y without negative powers of t ,

form a linear subspace of Q^n, the limit of the column spaces of P(t), and its dimension is the
rank of P over Q(t).

**Proof and method.**  Take columns p_1, ..., p_r that are a basis of the column space over Q(t),
each multiplied by a power of t so that it has no negative powers and p_i(0) != 0.  If
sum_i c_i p_i(0) = 0 with some c_s != 0, replace p_s by sum_i c_i p_i divided by the power of t it
contains: the span over Q(t) is unchanged, the span over the local ring Q[t]_(t) grows, and the
least valuation of the r x r minors, a non-negative integer, drops.  So this ends with p_i(0)
linearly independent.  Then a vector sum_i z_i p_i (z_i Laurent) has no negative power only if no
z_i has, since the lowest coefficient would be a combination of the p_i(0); its limit is sum_i
z_i(0) p_i(0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

import flint

from cadlink.clock import UNLIMITED, Clock
from cadlink.modular import PRIME
from cadlink.search.laurent import Laurent, Number, add, integral, multiply, valuation

__all__ = ["Direction", "limit_space", "rank"]

_POINT = 918_273_645  # where t is evaluated modulo the prime; a bad point only loses a direction


@dataclass(frozen=True)
class Direction:
    """A vector of the limit space and Laurent coefficients y with lim P y = vector."""

    vector: tuple[Number, ...]
    coefficients: tuple[Laurent, ...]


def rank(rows: Sequence[Sequence[Number]]) -> int:
    """The rank of a rational matrix."""
    return int(_integers(rows).rank()) if rows and rows[0] else 0


def limit_space(columns: Sequence[Sequence[Laurent]], clock: Clock = UNLIMITED) -> list[Direction]:
    """A basis, in reduced echelon form, of the limit of the column space of P(t).

    ``columns[i]`` is the i-th column of P; all have the same length.  Raises OutOfTime.

    >>> t, one = {1: 1}, {0: 1}
    >>> [d.vector for d in limit_space([[one, {}], [one, t]])]
    [(1, 0), (0, 1)]
    """
    span: list[tuple[list[Laurent], list[Laurent]]] = []
    for i in _independent(columns):
        clock.check()
        unit: list[Laurent] = [{0: 1} if i == k else {} for k in range(len(columns))]
        span.append(_normalise(columns[i], unit))
    if not span:
        return []
    while True:
        clock.check()
        leading = [[entry.get(0, 0) for entry in vector] for vector, _ in span]
        relation = _relation(leading)
        if relation is None:
            break
        last = max(i for i, c in enumerate(relation) if c)
        vector = _combine(relation, [v for v, _ in span])
        coefficients = _combine(relation, [c for _, c in span])
        span[last] = _normalise(vector, coefficients)
    return [
        Direction(
            tuple(
                integral(sum(c * row[n] for c, row in zip(combination, leading, strict=True)))
                for n in range(len(leading[0]))
            ),
            tuple(_combine(combination, [c for _, c in span])),
        )
        for combination in _echelon(leading)
    ]


def _independent(columns: Sequence[Sequence[Laurent]]) -> list[int]:
    """Numbers of columns that are a basis over Q(t), found at one value of t modulo a prime."""
    found: list[int] = []
    rows: list[list[int]] = []
    for i, column in enumerate(columns):
        row = [
            sum(
                c.numerator * pow(c.denominator, -1, PRIME) * pow(_POINT, e, PRIME)
                for e, c in entry.items()
            )
            % PRIME
            for entry in column
        ]
        if flint.nmod_mat([*rows, row], PRIME).rank() > len(rows):
            rows.append(row)
            found.append(i)
    return found


def _normalise(
    vector: Sequence[Laurent], coefficients: Sequence[Laurent]
) -> tuple[list[Laurent], list[Laurent]]:
    """The column times a power of t and a number: integers, no negative powers, not 0 at 0."""
    shift = -min(valuation(entry) for entry in vector if entry)
    values = [c for entry in vector for c in entry.values()]
    down = lcm(*(c.denominator for c in values))
    scale = integral(Fraction(down, gcd(*(int(c * down) for c in values))))
    if scale == 1 and not shift:
        return list(vector), list(coefficients)
    power = {shift: scale}
    scaled = [{e: integral(c) for e, c in multiply(power, entry).items()} for entry in vector]
    return list(scaled), [multiply(power, c) for c in coefficients]


def _combine(weights: Sequence[Number], rows: Sequence[Sequence[Laurent]]) -> list[Laurent]:
    chosen = [(w, row) for w, row in zip(weights, rows, strict=True) if w]
    return [add(*(multiply({0: w}, row[n]) for w, row in chosen)) for n in range(len(rows[0]))]


def _integers(rows: Sequence[Sequence[Number]]) -> flint.fmpz_mat:
    """The matrix with every row multiplied by its denominators."""
    found = []
    for row in rows:
        scale = lcm(*(value.denominator for value in row))
        found.append([int(value * scale) for value in row])
    return flint.fmpz_mat(found)


def _relation(rows: Sequence[Sequence[Number]]) -> list[int] | None:
    """Coefficients of a linear relation between the (integer) rows, or None."""
    matrix = _integers(rows)
    if matrix.rank() == len(rows):
        return None
    basis, _ = matrix.transpose().nullspace()
    relation = [int(basis[i, 0]) for i in range(len(rows))]
    common = gcd(*relation)
    return [c // common for c in relation]


def _echelon(rows: Sequence[Sequence[Number]]) -> list[list[Number]]:
    """The combinations of the (independent, integer) rows that give the reduced echelon form."""
    width = len(rows[0])
    wide = [[*row, *(int(i == k) for k in range(len(rows)))] for i, row in enumerate(rows)]
    reduced, _ = flint.fmpq_mat(_integers(wide)).rref()
    return [
        [
            integral(Fraction(int(reduced[i, n].p), int(reduced[i, n].q)))
            for n in range(width, width + len(rows))
        ]
        for i in range(len(rows))
    ]
