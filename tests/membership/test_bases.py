"""Factors with as many units as the rank: products are found again, and nothing else is."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.membership.answers import Entries, Search
from cadlink.membership.bases import factor
from cadlink.patterns.pattern import Pattern


def drawn(
    seed: int, width: int, units: int, density: float
) -> tuple[Pattern, np.ndarray[tuple[int, int], np.dtype[np.int64]]]:
    """Random masks and a product of small integers on them."""
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < density for shape in ((units, width), (width, units))]
    lower, upper = (mask * rng.choice([-3, -2, -1, 1, 2, 3], mask.shape) for mask in masks)
    return Pattern.of(masks), upper @ lower


def entries(matrix: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Entries:
    rows, cols = matrix.nonzero()
    return {(int(i), int(j)): Fraction(int(matrix[i, j])) for i, j in zip(rows, cols, strict=True)}


@pytest.mark.parametrize(
    ("width", "units", "density"),
    [(6, 3, 0.7), (7, 4, 0.9), (9, 4, 0.7), (10, 4, 0.8), (10, 4, 0.9), (8, 5, 0.7), (12, 6, 0.6)],
)
def test_products_are_found_again(width: int, units: int, density: float) -> None:
    found = 0
    for seed in range(6):
        pattern, matrix = drawn(seed, width, units, density)
        made = factor(pattern, entries(matrix), Search(UNLIMITED))
        if made is None:
            continue
        found += 1
        lower, upper = made
        product: Entries = {}
        for (i, unit), left in upper.items():
            assert pattern.layers[1][i, unit]
            for (other, k), right in lower.items():
                assert pattern.layers[0][other, k]
                if unit == other:
                    product[i, k] = product.get((i, k), Fraction(0)) + left * right
        assert {cell: v for cell, v in product.items() if v} == entries(matrix)
    assert found >= 4


def test_where_the_rank_is_another_nothing_is_tried() -> None:
    pattern, matrix = drawn(0, 6, 3, 0.9)
    twice = np.vstack([matrix[:2], matrix[:2], matrix[:2]])  # rank 2
    assert factor(pattern, entries(twice), Search(UNLIMITED)) is None
    rng = random.Random(0)
    full = np.array([[rng.randint(-9, 9) for _ in range(6)] for _ in range(6)])
    assert factor(pattern, entries(full), Search(UNLIMITED)) is None


def test_what_is_no_product_is_not_found() -> None:
    """Of the rank of its units, but for masks that leave no such bases."""
    swap = {(0, 1): Fraction(1), (1, 0): Fraction(1)}
    assert factor(Pattern.of(["11/01", "10/11"]), swap, Search(UNLIMITED)) is None
    rng = np.random.default_rng(1)
    pattern, _ = drawn(3, 8, 4, 0.6)
    other = rng.integers(-3, 4, (8, 4)) @ rng.integers(-3, 4, (4, 8))
    assert factor(pattern, entries(other), Search(UNLIMITED)) is None


def test_the_prime_is_no_trap() -> None:
    """A minor that the prime of the quick ranks divides."""
    prime = Fraction(2_147_483_629)
    values = {(0, 0): prime, (1, 1): Fraction(1)}
    assert factor(Pattern.of(["11", "1/1"]), values, Search(UNLIMITED)) is None


def test_the_time_is_kept() -> None:
    pattern, matrix = drawn(0, 10, 8, 0.8)
    with pytest.raises(OutOfTime):
        factor(pattern, entries(matrix), Search(Clock.of(0.0)))
