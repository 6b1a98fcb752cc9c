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

from cadlink.search.laurent import Laurent, add, multiply, valuation

__all__ = ["Direction", "limit_space", "rank"]

_PRIME = 2_147_483_629
_POINT = 918_273_645  # where t is evaluated modulo the prime; a bad point only loses a direction


@dataclass(frozen=True)
class Direction:
    """A vector of the limit space and Laurent coefficients y with lim P y = vector."""

    vector: tuple[Fraction, ...]
    coefficients: tuple[Laurent, ...]


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """The rank of a rational matrix."""
    return len(_echelon([list(row) for row in rows])[1])


def limit_space(columns: Sequence[Sequence[Laurent]]) -> list[Direction]:
    """A basis, in reduced echelon form, of the limit of the column space of P(t).

    ``columns[i]`` is the i-th column of P; all have the same length.

    >>> t, one = {1: Fraction(1)}, {0: Fraction(1)}
    >>> [list(map(int, d.vector)) for d in limit_space([[one, {}], [one, t]])]
    [[1, 0], [0, 1]]
    """
    span: list[tuple[list[Laurent], list[Laurent]]] = []
    for i in _independent(columns):
        unit: list[Laurent] = [{0: Fraction(1)} if i == k else {} for k in range(len(columns))]
        span.append(_normalise(list(columns[i]), unit))
    while True:
        leading = [[entry.get(0, Fraction(0)) for entry in vector] for vector, _ in span]
        relation = _relation(leading)
        if relation is None:
            break
        last = max(i for i, c in enumerate(relation) if c)
        vector = _combine(relation, [v for v, _ in span])
        coefficients = _combine(relation, [c for _, c in span])
        span[last] = _normalise(vector, coefficients)
    change, _ = _echelon(leading)
    return [
        Direction(
            tuple(
                sum((c * row[n] for c, row in zip(combination, leading, strict=True)), Fraction(0))
                for n in range(len(leading[0]))
            ),
            tuple(_combine(combination, [c for _, c in span])),
        )
        for combination in change
    ]


def _independent(columns: Sequence[Sequence[Laurent]]) -> list[int]:
    """Numbers of columns that are a basis over Q(t), found at one value of t modulo a prime."""
    basis: list[tuple[int, list[int]]] = []
    found = []
    for i, column in enumerate(columns):
        vector = [
            sum(
                c.numerator * pow(c.denominator, -1, _PRIME) * pow(_POINT, e, _PRIME)
                for e, c in entry.items()
            )
            % _PRIME
            for entry in column
        ]
        for pivot, row in basis:
            factor = vector[pivot]
            if factor:
                vector = [(a - factor * b) % _PRIME for a, b in zip(vector, row, strict=True)]
        place = next((n for n, a in enumerate(vector) if a), None)
        if place is not None:
            inverse = pow(vector[place], -1, _PRIME)
            basis.append((place, [a * inverse % _PRIME for a in vector]))
            found.append(i)
    return found


def _normalise(
    vector: list[Laurent], coefficients: list[Laurent]
) -> tuple[list[Laurent], list[Laurent]]:
    """The column times a power of t and a number: no negative powers, value at 0 not 0, small."""
    shift = -min(valuation(entry) for entry in vector if entry)
    values = [c for entry in vector for c in entry.values()]
    scale = Fraction(
        lcm(*(c.denominator for c in values)),
        gcd(*(c.numerator for c in values)),
    )
    # gcd of numerators over lcm of denominators is not quite the content, but small enough
    power = {shift: scale}
    return [multiply(power, e) for e in vector], [multiply(power, c) for c in coefficients]


def _combine(weights: Sequence[Fraction], rows: Sequence[Sequence[Laurent]]) -> list[Laurent]:
    chosen = [(w, row) for w, row in zip(weights, rows, strict=True) if w]
    return [add(*(multiply({0: w}, row[n]) for w, row in chosen)) for n in range(len(rows[0]))]


def _relation(rows: list[list[Fraction]]) -> list[Fraction] | None:
    """Coefficients of a linear relation between the rows, or None if they are independent."""
    reduced: list[tuple[int, list[Fraction], list[Fraction]]] = []
    for i, row in enumerate(rows):
        vector = list(row)
        weights = [Fraction(int(i == k)) for k in range(len(rows))]
        for pivot, other, its in reduced:
            factor = vector[pivot]
            if factor:
                vector = [a - factor * b for a, b in zip(vector, other, strict=True)]
                weights = [a - factor * b for a, b in zip(weights, its, strict=True)]
        place = next((n for n, a in enumerate(vector) if a), None)
        if place is None:
            scale = lcm(*(w.denominator for w in weights))
            return [w * scale for w in weights]
        head = vector[place]
        reduced.append((place, [a / head for a in vector], [a / head for a in weights]))
    return None


def _echelon(rows: list[list[Fraction]]) -> tuple[list[list[Fraction]], list[int]]:
    """(combinations of the rows that give the reduced echelon form, its pivot places)."""
    work = [
        ([*row], [Fraction(int(i == k)) for k in range(len(rows))]) for i, row in enumerate(rows)
    ]
    pivots: list[int] = []
    done = 0
    for n in range(len(rows[0]) if rows else 0):
        at = next((i for i in range(done, len(work)) if work[i][0][n]), None)
        if at is None:
            continue
        work[done], work[at] = work[at], work[done]
        head = work[done][0][n]
        work[done] = ([a / head for a in work[done][0]], [a / head for a in work[done][1]])
        for i, (vector, weights) in enumerate(work):
            factor = vector[n]
            if i != done and factor:
                work[i] = (
                    [a - factor * b for a, b in zip(vector, work[done][0], strict=True)],
                    [a - factor * b for a, b in zip(weights, work[done][1], strict=True)],
                )
        pivots.append(n)
        done += 1
    return [weights for _, weights in work[:done]], pivots
