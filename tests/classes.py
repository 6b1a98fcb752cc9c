"""All small two-factor patterns up to isomorphism and transposition, for exhaustive tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement, permutations

Block = tuple[int, int]  # rows and columns of a neuron, as bit sets


def classes(rows: int, cols: int, neurons: int) -> Iterator[tuple[Block, ...]]:
    """Trimmed patterns with exactly these sizes, one for every class of isomorphic ones.

    Trimmed: every row and every column is in some block.  For rows == cols transposes are
    identified as well; call with rows <= cols to have every class once.
    """
    blocks = [(r, c) for r in range(1, 1 << rows) for c in range(1, 1 << cols)]
    row_maps = [_images(perm, rows) for perm in permutations(range(rows))]
    col_maps = [_images(perm, cols) for perm in permutations(range(cols))]
    seen: set[tuple[Block, ...]] = set()
    for chosen in combinations_with_replacement(blocks, neurons):
        if chosen in seen:
            continue
        if _union(r for r, _ in chosen) != (1 << rows) - 1:
            continue
        if _union(c for _, c in chosen) != (1 << cols) - 1:
            continue
        for row in row_maps:
            for col in col_maps:
                seen.add(tuple(sorted((row[r], col[c]) for r, c in chosen)))
                if rows == cols:
                    seen.add(tuple(sorted((row[c], col[r]) for r, c in chosen)))
        yield chosen


def all_classes(size: int, neurons: int) -> Iterator[tuple[Block, ...]]:
    """The classes with at most ``size`` rows and columns and at most that many neurons."""
    for rows in range(1, size + 1):
        for cols in range(rows, size + 1):
            for count in range(1, neurons + 1):
                yield from classes(rows, cols, count)


def members(bits: int) -> list[int]:
    """The elements of a bit set."""
    return [p for p in range(bits.bit_length()) if bits >> p & 1]


def _images(perm: tuple[int, ...], size: int) -> list[int]:
    return [sum(1 << perm[p] for p in range(size) if s >> p & 1) for s in range(1 << size)]


def _union(sets: Iterator[int]) -> int:
    union = 0
    for s in sets:
        union |= s
    return union
