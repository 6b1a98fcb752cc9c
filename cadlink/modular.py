"""Matrices modulo a prime, for whatever rests on generic ranks.

Drawn entries depend on their place alone, so a certificate names a seed instead of factors; the
formula is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) and part of the certificate schema.
"""

from __future__ import annotations

import flint
import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask

__all__ = [
    "PRIME",
    "Matrix",
    "drawn",
    "full_row_rank",
    "left_kernel",
    "product",
    "rank",
    "right_kernel",
]

PRIME = 2_147_483_629  # below 2^31: products of two residues fit into 64 bits

Matrix = npt.NDArray[np.int64]


def drawn(mask: Mask, number: int, seed: int) -> Matrix:
    """A matrix on the support of the mask, rows x columns; ``number`` is 1 for the first mask.

    >>> from cadlink.patterns.pattern import Pattern
    >>> [(v > 0) for v in drawn(Pattern.of(["101"]).layers[0], 1, 0)[0].tolist()]
    [True, False, True]
    """
    entries = mask.tocoo()
    with np.errstate(over="ignore"):
        state = entries.row.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
        state += entries.col.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        state += np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        state += np.uint64(number) * np.uint64(0xBF58476D1CE4E5B9)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
        state ^= state >> np.uint64(31)
    matrix = np.zeros(mask.shape, dtype=np.int64)
    matrix[entries.row, entries.col] = state % np.uint64(PRIME - 1) + np.uint64(1)
    return matrix


def product(left: Matrix, right: Matrix, clock: Clock = UNLIMITED) -> Matrix:
    """The product modulo PRIME; entries from 0 to PRIME - 1.

    The left factor is split into two halves of 16 bits, whose products with the other are exact
    in double precision for up to 32 terms at a time.  Raises OutOfTime.

    >>> product(np.array([[PRIME - 1]]), np.array([[2]])).tolist() == [[PRIME - 2]]
    True
    """
    total = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for start in range(0, left.shape[1], 32):
        clock.check()
        part = left[:, start : start + 32]
        below = right[start : start + 32].astype(np.float64)
        high = ((part >> 16).astype(np.float64) @ below).astype(np.int64) % PRIME
        low = ((part & 0xFFFF).astype(np.float64) @ below).astype(np.int64)
        total = (total + (high << 16) + low) % PRIME
    return total


def _flint(matrix: Matrix) -> flint.nmod_mat:
    rows, cols = matrix.shape
    # By way of integers it takes two thirds of the time.
    return flint.nmod_mat(flint.fmpz_mat(rows, cols, matrix.ravel().tolist()), PRIME)


def rank(matrix: Matrix) -> int:
    """The rank modulo PRIME."""
    return int(_flint(matrix).rank()) if matrix.size else 0


def full_row_rank(matrices: Matrix) -> npt.NDArray[np.bool_]:
    """Which of the matrices, matrices x rows x columns, have full row rank modulo PRIME; they are
    eliminated all at once, without division.

    >>> full_row_rank(np.array([[[1, 2, 0], [2, 4, 1]], [[1, 2, 0], [2, 4, 0]]])).tolist()
    [True, False]
    """
    left = matrices.copy()
    number = np.arange(len(left))
    full = np.ones(len(left), dtype=np.bool_)
    for i in range(left.shape[1]):
        col = np.argmax(left[:, i] != 0, axis=1)
        pivots = left[number, i, col]
        full &= pivots != 0
        # Remainders of positive numbers are found in half the time.
        cleared = (PRIME - left[number, i + 1 :, col])[:, :, None] * left[:, i, None]
        left[:, i + 1 :] = (left[:, i + 1 :] * pivots[:, None, None] + cleared) % PRIME
    return full


def right_kernel(matrix: Matrix) -> Matrix:
    """Columns that form a basis of the v with matrix v = 0 modulo PRIME."""
    cols = matrix.shape[1]
    if not matrix.size:
        return np.eye(cols, dtype=np.int64)
    found, nullity = _flint(matrix).nullspace()
    table = np.array([int(v) for v in found.entries()], dtype=np.int64).reshape(cols, cols)
    return table[:, : int(nullity)]


def left_kernel(matrix: Matrix) -> Matrix:
    """Rows that form a basis of the v with v matrix = 0 modulo PRIME.

    >>> left_kernel(np.array([[1], [0]])).tolist()
    [[0, 1]]
    """
    return np.ascontiguousarray(right_kernel(np.ascontiguousarray(matrix.T)).T)
