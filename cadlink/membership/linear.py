"""Exact linear algebra on parts of a sparse matrix of rational numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, nmod_mat

from cadlink.membership.answers import Values

__all__ = ["dense", "fraction", "pivots", "rank", "rank_at_least", "skeleton", "solve"]

PRIME = 2_147_483_629


def dense(values: Values, rows: Sequence[int], cols: Sequence[int]) -> fmpq_mat:
    """The block rows x cols."""
    found = fmpq_mat(len(rows), len(cols))
    for i, row in enumerate(rows):
        for j, col in enumerate(cols):
            value = values.get((row, col))
            if value:
                found[i, j] = fmpq(value.numerator, value.denominator)
    return found


def fraction(value: fmpq) -> Fraction:
    """The same number as Python's."""
    return Fraction(int(value.p), int(value.q))


def rank(values: Values, rows: Sequence[int], cols: Sequence[int]) -> int:
    """The rank of a block.

    >>> rank({(0, 0): Fraction(1), (1, 1): Fraction(1, 2)}, [0, 1], [1])
    1
    """
    return int(dense(values, rows, cols).rank()) if rows and cols else 0


def rank_at_least(values: Values, rows: Sequence[int], cols: Sequence[int]) -> int:
    """The rank of a block modulo a prime, which the rank is at least, and nearly always."""
    return int(_modular(values, rows, cols).rank()) if rows and cols else 0


def _modular(values: Values, rows: Sequence[int], cols: Sequence[int]) -> nmod_mat:
    """The block modulo a prime; 0 where it has no value."""
    found = nmod_mat(len(rows), len(cols), PRIME)
    for i, row in enumerate(rows):
        for j, col in enumerate(cols):
            value = values.get((row, col))
            if value and value.denominator % PRIME:
                if value.denominator == 1:
                    found[i, j] = value.numerator % PRIME
                else:
                    found[i, j] = value.numerator * pow(value.denominator, -1, PRIME) % PRIME
    return found


def skeleton(
    values: Values, rows: Sequence[int], cols: Sequence[int]
) -> tuple[list[int], list[int]]:
    """As many rows and columns of a block as its rank, where they meet in an invertible matrix.

    >>> skeleton({(0, 0): Fraction(2), (0, 1): Fraction(4), (1, 1): Fraction(0)}, [0, 1], [0, 1])
    ([0], [0])
    """
    block = dense(values, rows, cols)
    modular = _modular(values, rows, cols)
    for mod in (True, False):  # nearly always the first will do
        places = pivots(modular if mod else block)
        left = [cols[j] for j in places]
        turned = _modular(values, rows, left) if mod else dense(values, rows, left)
        top = [rows[i] for i in pivots(turned.transpose())] if left else []
        if not left:
            if not any(block.entries()):
                return [], []
        elif len(top) == len(left):
            middle = dense(values, top, left)
            if middle.rank() == len(left):
                made = dense(values, rows, left) * middle.inv() * dense(values, top, cols)
                if made == block:
                    return top, left
    raise AssertionError("a matrix has a skeleton")


def pivots(block: fmpq_mat | nmod_mat) -> list[int]:
    """The columns that are not in the span of those before them."""
    reduced, count = block.rref()
    found, col = [], 0
    for row in range(count):
        while not reduced[row, col]:
            col += 1
        found.append(col)
    return found


def solve(matrix: fmpq_mat, right: fmpq_mat) -> fmpq_mat | None:
    """Some X with matrix * X = right, or None if there is none."""
    rows, cols, width = matrix.nrows(), matrix.ncols(), right.ncols()
    both = fmpq_mat(rows, cols + width)
    for i in range(rows):
        for j in range(cols):
            both[i, j] = matrix[i, j]
        for j in range(width):
            both[i, cols + j] = right[i, j]
    reduced, count = both.rref()
    found = fmpq_mat(cols, width)
    col = 0
    for row in range(count):
        while not reduced[row, col]:
            col += 1
        if col >= cols:
            return None
        for j in range(width):
            found[col, j] = reduced[row, cols + j]
    return found
