"""Integers for the entries of factors, the same on every machine, and matrices of them modulo p."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from flint import fmpz, nmod_mat
from numpy.typing import NDArray

from cadlink.certificates.kernel.problems import Cell, Chain
from cadlink.certificates.kernel.reader import Number, Reader

__all__ = [
    "MOST_ENTRIES",
    "PRIME",
    "Matrix",
    "chosen_prime",
    "drawn",
    "factor",
    "independent",
    "left_kernel",
    "rank",
    "rank_at_least",
    "times",
]

MOST_ENTRIES = 2 * 10**7
PRIME = 2_147_483_629  # for the ranks of given matrices
SPARE = 4  # columns beyond the rows in a first look at a rank

Matrix = NDArray[np.int64]  # entries from 0 to p - 1


def chosen_prime(at: Reader) -> int:
    """The field ``prime``: a prime number below 2^31."""
    prime = at.integer(at.data["prime"], "prime", 3, 1 << 31)
    at.demand(bool(fmpz(prime).is_prime()), "a prime number", prime)
    return prime


def drawn(
    seed: int, number: int, row: NDArray[np.integer], col: NDArray[np.integer]
) -> NDArray[np.uint64]:
    """Integers below 2^64 for places of a numbered matrix.

    The output function of SplitMix64 at the state below, all modulo 2^64 (Steele, Lea, Flood,
    OOPSLA 2014).
    """
    with np.errstate(over="ignore"):
        z: NDArray[np.uint64] = (
            np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
            + np.uint64(number) * np.uint64(0xBF58476D1CE4E5B9)
            + row.astype(np.uint64) * np.uint64(0x94D049BB133111EB)
            + col.astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return z


def factor(chain: Chain, number: int, seed: int, prime: int, at: Reader) -> Matrix:
    """A matrix on the support of I_number, rows x columns, entries 1 .. p - 1 on it.

    The entry (row, col) is 1 + z mod (p - 1), z being what is drawn for that place.
    """
    mask = chain.masks[number - 1]
    size = mask.rows * mask.cols
    at.demand(size <= MOST_ENTRIES, f"factors of at most {MOST_ENTRIES} entries", f"{size}")
    at.spend(size)
    z = drawn(seed, number, mask.row, mask.col)
    entries = np.zeros((mask.rows, mask.cols), dtype=np.int64)
    entries[mask.row, mask.col] = 1 + (z % np.uint64(prime - 1)).astype(np.int64)
    return entries


def times(left: Matrix, right: Matrix, prime: int, at: Reader) -> Matrix:
    """The product modulo p < 2^31.

    The left factor is split at 2^16, so that sums of 64 products are at most 2^53: these are exact
    in double precision.
    """
    at.demand(left.shape[0] * right.shape[1] <= MOST_ENTRIES, "moderate products", "a large one")
    at.spend(left.shape[1] * (5000 + 4 * left.shape[0] * right.shape[1]))
    product = np.zeros((left.shape[0], right.shape[1]), dtype=np.int64)
    for middle in range(0, left.shape[1], 64):
        some, other = left[:, middle : middle + 64], right[middle : middle + 64].astype(np.float64)
        high, low = (half.astype(np.float64) @ other for half in (some >> 16, some & 0xFFFF))
        carried = high.astype(np.int64) % prime << 16
        product = (product + carried + low.astype(np.int64)) % prime
    return product


def _flint(matrix: Matrix, prime: int) -> nmod_mat:
    rows, cols = matrix.shape
    return nmod_mat(rows, cols, matrix.ravel().tolist(), prime)


def _spend_flint(matrix: Matrix, at: Reader) -> None:
    """Entries cost more on their way into flint than what it does with them."""
    at.spend(5000 + matrix.size * (300 + min(matrix.shape) // 4))


def rank(matrix: Matrix, prime: int, at: Reader) -> int:
    """The rank modulo p."""
    if 0 in matrix.shape:
        return 0
    _spend_flint(matrix, at)
    return int(_flint(matrix, prime).rank())


def rank_at_least(
    values: Mapping[Cell, Number], rows: Sequence[int], cols: Sequence[int], at: Reader
) -> int:
    """The rank of A on rows x cols modulo a prime: a minor that is not 0 there is not 0."""
    if not rows or not cols:
        return 0
    size, least = len(rows) * len(cols), min(len(rows), len(cols))
    at.spend(2000 * (len(rows) + len(cols) + len(values)) + size * (10 + least // 3))
    found = nmod_mat(len(rows), len(cols), PRIME)
    row_at, col_at = ({line: n for n, line in enumerate(lines)} for lines in (rows, cols))
    for (row, col), value in values.items():
        if row in row_at and col in col_at:
            below = value.denominator % PRIME
            at.demand(below != 0, f"denominators that {PRIME} does not divide", "another")
            inverse = 1 if below == 1 else pow(below, -1, PRIME)
            found[row_at[row], col_at[col]] = value.numerator * inverse % PRIME
    return int(found.rank())


def independent(stack: Matrix, prime: int, at: Reader) -> NDArray[np.bool_]:
    """Which matrices of a stack (matrices x rows x columns) have independent rows modulo p.

    All are eliminated together: at its first nonzero entry, the pivot, every row in turn clears the
    rows below, which are multiplied by the pivot beforehand.  This keeps the rank; the sums of two
    products stay below 2^63.
    """
    at.spend(stack.shape[1] * (20_000 + 4 * stack.size) + 20 * stack.size)
    each = np.arange(len(stack))
    fine = np.ones(len(stack), dtype=np.bool_)
    while stack.shape[1]:
        row, below = stack[:, 0], stack[:, 1:]
        place = (row != 0).argmax(axis=1)
        pivot, column = row[each, place], prime - below[each, :, place]
        fine &= pivot != 0
        stack = (pivot[:, None, None] * below + column[:, :, None] * row[:, None]) % prime
    return fine


def left_kernel(matrix: Matrix, prime: int, at: Reader) -> Matrix:
    """Rows that form a basis of all v with v times the matrix = 0 modulo p."""
    rows = len(matrix)
    if 0 in matrix.shape:
        return np.eye(rows, dtype=np.int64)
    # Some columns of full row rank leave no kernel, whatever the others are.
    some = np.ascontiguousarray(matrix[:, : rows + SPARE])
    if rank(some, prime, at) == rows:
        return np.zeros((0, rows), dtype=np.int64)
    missing = rows - rank(matrix, prime, at)
    if not missing:
        return np.zeros((0, rows), dtype=np.int64)
    _spend_flint(matrix, at)
    at.spend(500 * rows * rows)
    columns, nullity = _flint(np.ascontiguousarray(matrix.T), prime).nullspace()
    found = np.array([int(v) for v in columns.entries()], dtype=np.int64).reshape(rows, rows)
    basis = np.ascontiguousarray(found[:, :missing].T)
    # The basis is verified: as many vectors as are missing, independent, annihilating.
    complete = int(nullity) == missing and rank(basis, prime, at) == missing
    annihilates = not times(basis, matrix, prime, at).any()
    at.demand(complete and annihilates, "a basis of the left kernel", "another")
    return basis
