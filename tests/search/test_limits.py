from __future__ import annotations

import random
from fractions import Fraction

import pytest

from cadlink.search.laurent import Laurent, add, monomial, multiply, product, to_json, valuation
from cadlink.search.limits import limit_space, rank


def test_laurent_arithmetic() -> None:
    p, q = add(monomial(2), monomial(3, -1)), add(monomial(-2), monomial(1, 4))
    assert add(p, q) == {-1: 3, 4: 1}
    assert multiply(p, q) == {0: -4, -1: -6, 4: 2, 3: 3}
    assert product([p, {}, q]) == {}
    assert product([]) == {0: 1}
    assert valuation(p) == -1
    assert to_json({2: Fraction(1, 2), -1: Fraction(3)}) == [[-1, 3], [2, "1/2"]]


def value(series: Laurent, t: Fraction) -> Fraction:
    return sum((c * t**e for e, c in series.items()), Fraction(0))


def column(rng: random.Random, length: int) -> list[Laurent]:
    return [
        add(*(monomial(rng.randint(-2, 2), e) for e in rng.sample(range(-1, 3), 2)))
        for _ in range(length)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_limit_space_of_random_columns(seed: int) -> None:
    rng = random.Random(seed)
    length = rng.randint(1, 4)
    columns = [column(rng, length) for _ in range(rng.randint(1, 4))]
    if seed % 2:  # dependent over Q(t), and dependent at t = 0
        columns.append([multiply(monomial(1, 1), add(e, monomial(0))) for e in columns[0]])
        columns.append(
            [
                add(a, multiply(monomial(1, 2), b))
                for a, b in zip(columns[0], columns[-2], strict=True)
            ]
        )
    directions = limit_space(columns)
    # dimension: the rank over Q(t), read off at a t that is no root of a minor this small
    t = Fraction(1, 1009)
    assert len(directions) == rank([[value(e, t) for e in c] for c in columns])
    assert rank([d.vector for d in directions]) == len(directions)
    for direction in directions:
        for n, expected in enumerate(direction.vector):
            entry = add(
                *(multiply(c[n], y) for c, y in zip(columns, direction.coefficients, strict=True))
            )
            assert all(e >= 0 for e in entry)
            assert entry.get(0, 0) == expected


def test_colliding_columns_open_a_direction() -> None:
    one, t = {0: Fraction(1)}, {1: Fraction(1)}
    # at t = 0 both columns are (1, 0, 0); the limit of their span is {third entry 0}
    found = limit_space([[one, {}, {}], [one, t, {}]])
    assert [d.vector for d in found] == [(1, 0, 0), (0, 1, 0)]


def test_no_columns_no_directions() -> None:
    assert limit_space([[{}, {}]]) == []
