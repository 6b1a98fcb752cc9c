"""Exact linear algebra on parts of a sparse matrix of rational numbers.

What python-flint computes cannot be interrupted: before each such piece of work its seconds are
foreseen, and the clock asked whether they are left (``Clock.afford``).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from flint import fmpq, fmpq_mat, nmod_mat

from cadlink.clock import Clock
from cadlink.membership.answers import Values
from cadlink.modular import PRIME

__all__ = [
    "dense",
    "fraction",
    "nullspace",
    "product",
    "rank",
    "rank_at_least",
    "skeleton",
    "solve",
]


def dense(values: Values, rows: Sequence[int], cols: Sequence[int], clock: Clock) -> fmpq_mat:
    """The block rows x cols."""
    found = fmpq_mat(len(rows), len(cols))
    for i, row in enumerate(rows):
        clock.check()
        for j, col in enumerate(cols):
            value = values.get((row, col))
            if value:
                found[i, j] = fmpq(value.numerator, value.denominator)
    return found


def fraction(value: fmpq) -> Fraction:
    """The same number as Python's."""
    return Fraction(int(value.p), int(value.q))


def rank(values: Values, rows: Sequence[int], cols: Sequence[int], clock: Clock) -> int:
    """The rank of a block.

    >>> from cadlink.clock import UNLIMITED
    >>> rank({(0, 0): Fraction(1), (1, 1): Fraction(1, 2)}, [0, 1], [1], UNLIMITED)
    1
    """
    if not rows or not cols:
        return 0
    block = dense(values, rows, cols, clock)
    likely = rank_at_least(values, rows, cols, clock)
    _afford(block, likely, likely * (len(cols) - likely), clock)
    return int(block.rank())


def rank_at_least(values: Values, rows: Sequence[int], cols: Sequence[int], clock: Clock) -> int:
    """The rank of a block modulo a prime, which the rank is at least, and nearly always."""
    if not rows or not cols:
        return 0
    block = _modular(values, rows, cols, clock)
    clock.afford(len(rows) * len(cols) * min(len(rows), len(cols)) * 1e-9)
    return int(block.rank())


def _modular(values: Values, rows: Sequence[int], cols: Sequence[int], clock: Clock) -> nmod_mat:
    """The block modulo a prime; 0 where it has no value."""
    found = nmod_mat(len(rows), len(cols), PRIME)
    for i, row in enumerate(rows):
        clock.check()
        for j, col in enumerate(cols):
            value = values.get((row, col))
            if value and value.denominator % PRIME:
                if value.denominator == 1:
                    found[i, j] = value.numerator % PRIME
                else:
                    found[i, j] = value.numerator * pow(value.denominator, -1, PRIME) % PRIME
    return found


def _afford(matrix: fmpq_mat, rank: int, made: int, clock: Clock) -> None:
    """Foresee an elimination, or an inversion, that makes so many numbers.

    These are quotients of minors.  The seconds for one, as measured, grow a little faster than its
    digits.
    """
    most = 1
    for row in matrix.tolist():
        clock.check()
        below = lcm(*(int(value.q) for value in row))
        above = max((abs(int(value.p)) for value in row), default=0)
        most = max(most, above.bit_length() + below.bit_length())
    bits = rank * (most + rank.bit_length())
    each = bits / 30 + bits * bits / 190_000
    clock.afford(1e-6 * (matrix.nrows() * matrix.ncols() + made * each))


def skeleton(
    values: Values, rows: Sequence[int], cols: Sequence[int], clock: Clock
) -> tuple[list[int], list[int], fmpq_mat]:
    """As many rows and columns of a block as its rank, where they meet in an invertible matrix; the
    inverse of that.

    >>> from cadlink.clock import UNLIMITED
    >>> block = {(0, 0): Fraction(2), (0, 1): Fraction(4), (1, 1): Fraction(0)}
    >>> skeleton(block, [0, 1], [0, 1], UNLIMITED)[:2]
    ([0], [0])
    """
    block = dense(values, rows, cols, clock)
    modular = _modular(values, rows, cols, clock)
    for mod in (True, False):  # nearly always the first will do
        left = [cols[j] for j in _pivots(modular if mod else block, clock)]
        if not left:
            if not any(block.entries()):
                return [], [], fmpq_mat(0, 0)
            continue
        some = (_modular if mod else dense)(values, rows, left, clock)
        top = [rows[i] for i in _pivots(some.transpose(), clock)]
        if len(top) == len(left):
            middle = dense(values, top, left, clock)
            _afford(middle, len(left), len(left) ** 2, clock)
            if middle.rank() == len(left):
                inverse = middle.inv()
                weighted = product(dense(values, rows, left, clock), inverse, clock)
                if product(weighted, dense(values, top, cols, clock), clock) == block:
                    return top, left, inverse
    raise AssertionError("a matrix has a skeleton")


def _pivots(block: fmpq_mat | nmod_mat, clock: Clock) -> list[int]:
    """The columns that are not in the span of those before them."""
    if isinstance(block, fmpq_mat):
        _afford_reduction(block, clock)
    return _leading(*block.rref())


def _leading(reduced: fmpq_mat | nmod_mat, count: int) -> list[int]:
    """The column of the first entry of each of so many rows in echelon form."""
    found, col = [], 0
    for row in range(count):
        while not reduced[row, col]:
            col += 1
        found.append(col)
    return found


def nullspace(matrix: fmpq_mat, clock: Clock) -> fmpq_mat:
    """A basis, as columns, of the vectors that a matrix takes to 0.

    >>> from cadlink.clock import UNLIMITED
    >>> nullspace(fmpq_mat([[1, 2]]), UNLIMITED).tolist()
    [[-2], [1]]
    """
    pivots = _pivots(matrix, clock)
    reduced = matrix.rref()[0]
    others = [j for j in range(matrix.ncols()) if j not in set(pivots)]
    found = fmpq_mat(matrix.ncols(), len(others))
    for place, j in enumerate(others):
        found[j, place] = 1
        for row, pivot in enumerate(pivots):
            found[pivot, place] = -reduced[row, j]
    return found


def _afford_reduction(matrix: fmpq_mat, clock: Clock) -> None:
    """Foresee a reduction to echelon form, whatever the rank."""
    cols = matrix.ncols()
    most = min(matrix.nrows(), cols)
    shape = min(most, cols // 2)  # the rank for which most numbers are made
    _afford(matrix, most, shape * (cols - shape), clock)


def product(one: fmpq_mat, other: fmpq_mat, clock: Clock) -> fmpq_mat:
    """The product of two matrices."""
    for factor in (one, other):
        _afford(factor, 1, one.nrows() * other.ncols(), clock)
    return one * other


def solve(matrix: fmpq_mat, right: fmpq_mat, clock: Clock) -> fmpq_mat | None:
    """Some X with matrix * X = right, or None if there is none."""
    rows, cols, width = matrix.nrows(), matrix.ncols(), right.ncols()
    both = fmpq_mat(rows, cols + width)
    for i in range(rows):
        for j in range(cols):
            both[i, j] = matrix[i, j]
        for j in range(width):
            both[i, cols + j] = right[i, j]
    _afford_reduction(both, clock)
    reduced, count = both.rref()
    found = fmpq_mat(cols, width)
    for row, col in enumerate(_leading(reduced, count)):
        if col >= cols:
            return None
        for j in range(width):
            found[col, j] = reduced[row, cols + j]
    return found
