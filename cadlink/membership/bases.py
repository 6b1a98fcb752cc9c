"""Two factors with as many hidden units as the matrix has rank: a basis and its dual.

If A = U V has rank r and X Y = A with r units, then X = U M and Y = M^-1 V with M invertible.  That
the column x_i is 0 outside its mask says that the column m_i of M lies in a subspace P_i, that the
row y_i is 0 outside its own that the row z_i of M^-1 lies in a subspace Q_i, and the product of the
two is the identity: z_i m_i = 1, and z_j m_i = 0 for all others.  A subspace of dimension one gives
its vector, and each vector that is known cuts the subspaces on the other side.  Where none is left
to cut, a vector is drawn; if that goes wrong, it is sought on a line, as the root of what went
wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from flint import fmpq, fmpq_mat, fmpq_poly

from cadlink.membership.answers import Entries, Factors, Search, Values
from cadlink.membership.linear import dense, fraction, nullspace, product, rank_at_least, skeleton
from cadlink.patterns.pattern import Pattern

__all__ = ["factor"]

MOST_UNITS = 20
MOST_LINES = 80  # rows or columns
MOST_DRAWS = 300  # vectors drawn in all
DRAWS = 4  # for one subspace, the others being as they are
LARGEST = 10**30  # numerator or denominator of a root: with longer ones, factors are never short
DEGREES = (1, 2, 4, 8)  # of the numerator and the denominator of what went wrong

# The bases, as columns, of the subspaces of all m_i and of all z_i.
Spaces: TypeAlias = "tuple[tuple[fmpq_mat, ...], tuple[fmpq_mat, ...]]"


@dataclass(frozen=True)
class _Clash:
    """A vector of one side that a vector of the other should annihilate, and their product."""

    place: tuple[int, int, int]
    value: fmpq


def factor(pattern: Pattern, values: Values, search: Search) -> Factors | None:
    """Factors with two masks, if the matrix has as much rank as there are units, and they are
    found.  Raises OutOfTime.

    >>> from fractions import Fraction
    >>> from cadlink.clock import UNLIMITED
    >>> lu = Pattern.of(["11/01", "10/11"])
    >>> factor(lu, {(0, 0): Fraction(2), (1, 1): Fraction(1)}, Search(UNLIMITED))[0]
    {(0, 0): Fraction(2, 1), (1, 1): Fraction(1, 1)}
    """
    inputs, units, outputs = pattern.widths
    if units > MOST_UNITS or max(inputs, outputs) > MOST_LINES:
        return None
    rows, cols = range(outputs), range(inputs)
    if rank_at_least(values, rows, cols, search.clock) != units:
        return None
    top, left, inverse = skeleton(values, rows, cols, search.clock)
    if len(left) != units:
        return None  # the prime divides a minor: no such thing was met
    tall = dense(values, rows, left, search.clock)
    wide = product(inverse, dense(values, top, cols, search.clock), search.clock)
    lower, upper = (mask.toarray() for mask in pattern.layers)
    spaces: Spaces = (
        tuple(_orthogonal(tall, ~upper[:, i], search) for i in range(units)),
        tuple(_orthogonal(wide.transpose(), ~lower[i], search) for i in range(units)),
    )
    found = _Bases(search).complete(spaces)
    if found is None:
        return None
    x: Entries = {}
    y: Entries = {}
    for i, (m, z) in enumerate(zip(*found, strict=True)):
        column, row = product(tall, m, search.clock), product(wide.transpose(), z, search.clock)
        first = next(value for value in column.entries() if value)  # becomes 1
        length = (z.transpose() * m)[0, 0] / first
        x.update({(j, i): fraction(column[j, 0] / first) for j in rows if column[j, 0]})
        y.update({(i, k): fraction(row[k, 0] / length) for k in cols if row[k, 0]})
    return [y, x]


def _orthogonal(lines: fmpq_mat, gone: object, search: Search) -> fmpq_mat:
    """The vectors whose products with the chosen rows of a matrix are 0."""
    chosen = [i for i in range(lines.nrows()) if gone[i]]  # type: ignore[index]
    part = fmpq_mat(len(chosen), lines.ncols())
    for place, i in enumerate(chosen):
        for j in range(lines.ncols()):
            part[place, j] = lines[i, j]
    return nullspace(part, search.clock)


class _Bases:
    def __init__(self, search: Search) -> None:
        self.search = search
        self.left = MOST_DRAWS

    def complete(self, spaces: Spaces) -> Spaces | None:
        """A vector in each of the subspaces, with all products right."""
        settled = self.settled(spaces)
        if settled is None or isinstance(settled, _Clash):
            return None
        sizes = [
            (basis.ncols(), side, i)
            for side, bases in enumerate(settled)
            for i, basis in enumerate(bases)
            if basis.ncols() > 1
        ]
        if not sizes:
            return settled
        size, side, i = min(sizes)
        basis = settled[side][i]
        for _ in range(DRAWS):
            if self.left == 0:
                return None
            self.left -= 1
            start, way = (basis * self.drawn(size) for _ in range(2))
            tried = self.settled(_with(settled, side, i, start))
            if isinstance(tried, _Clash):
                for root in self.roots(settled, side, i, start, way, tried):
                    found = self.complete(_with(settled, side, i, start + way * root))
                    if found is not None:
                        return found
            elif tried is not None:
                found = self.complete(tried)
                if found is not None:
                    return found
        return None

    def drawn(self, size: int) -> fmpq_mat:
        return fmpq_mat(size, 1, [self.search.draw() for _ in range(size)])

    def settled(self, spaces: Spaces) -> Spaces | _Clash | None:
        """The subspaces cut by all vectors that are known; None if a vector is 0 or annihilated by
        its own partner."""
        bases = [list(side) for side in spaces]
        ready = [(s, i) for s in (0, 1) for i, basis in enumerate(bases[s]) if basis.ncols() <= 1]
        for side, i in ready:
            self.search.clock.check()
            vector = bases[side][i]
            if vector.ncols() == 0:
                return None
            for j, basis in enumerate(bases[1 - side]):
                products = vector.transpose() * basis
                nonzero = [n for n in range(basis.ncols()) if products[0, n]]
                if i == j:
                    if not nonzero:
                        return None
                elif nonzero and basis.ncols() == 1:
                    return _Clash((side, i, j), products[0, 0])
                elif nonzero:
                    bases[1 - side][j] = basis * nullspace(products, self.search.clock)
                    if basis.ncols() == 2:
                        ready.append((1 - side, j))
        return tuple(bases[0]), tuple(bases[1])

    def roots(
        self, spaces: Spaces, side: int, i: int, start: fmpq_mat, way: fmpq_mat, clash: _Clash
    ) -> list[fmpq]:
        """Rational t for which start + t way avoids the clash.

        The product is a rational function of t; it is interpolated.
        """
        points: list[tuple[fmpq, fmpq]] = [(fmpq(0), clash.value)]
        steps = count(1)
        for degree in DEGREES:
            while len(points) < 2 * degree + 3:
                t = fmpq(next(steps))
                if t > 6 * degree + 12:
                    return []
                met = self.settled(_with(spaces, side, i, start + way * t))
                if isinstance(met, _Clash) and met.place == clash.place:
                    points.append((t, met.value))
            rows = [
                [*(t**n for n in range(degree + 1)), *(-v * t**n for n in range(degree + 1))]
                for t, v in points
            ]
            found = nullspace(fmpq_mat(rows), self.search.clock)
            if found.ncols():
                above = fmpq_poly([found[n, 0] for n in range(degree + 1)])
                below = fmpq_poly([found[n, 0] for n in range(degree + 1, 2 * degree + 2)])
                above //= above.gcd(below)
                linear = [part for part, _ in above.numer().factor()[1] if part.degree() == 1]
                roots = [fmpq(-int(part[0]), int(part[1])) for part in linear]
                return [t for t in roots if max(abs(t.p), t.q) < LARGEST]
        return []


def _with(spaces: Spaces, side: int, i: int, vector: fmpq_mat) -> Spaces:
    """The same, one subspace being spanned by this vector."""
    changed = (*spaces[side][:i], vector, *spaces[side][i + 1 :])
    return (changed, spaces[1]) if side == 0 else (spaces[0], changed)
