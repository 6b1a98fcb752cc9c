from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from cadlink.clock import Clock
from cadlink.search.model import Model, Problem
from cadlink.search.vanishing import find


def value(poly: Any, point: dict[str, Fraction]) -> Fraction:
    total = Fraction(0)
    for coefficient, powers in poly:
        term = Fraction(coefficient)
        for name, exponent in powers:
            term *= point[name] ** exponent
        total += term
    return total


def random_point(problem: Problem, rng: random.Random) -> dict[str, Fraction]:
    model = Model.of(problem)
    assert model is not None
    values = [Fraction(rng.randint(-9, 9)) for _ in model.unknowns]
    point = {}
    for (j, k), paths in model.paths.items():
        total = Fraction(0)
        for path in paths:
            term = Fraction(1)
            for u in path:
                term *= values[u]
            total += term
        point[f"a_{j}_{k}"] = total
    return point


@pytest.mark.parametrize(
    ("text", "count", "terms"),
    [
        ("##/##", 1, {2}),
        ("###/###/###", 9, {2}),  # the 2 x 2 minors
        ("###/###/### + ###/###/###", 1, {6}),  # det
        ("####/####/#### + ####/####/####", 4, {6}),  # the 3 x 3 minors
        ("###/###/... + ##./##./##.", 1, {4}),  # det with a zero entry
        ("####/####/####/#### + ####/####/####/#### + ####/####/####/####", 1, {24}),
        ("111/111;10/11;11/11/11", 1, {6}),
        ("1100/0011;11/11;10/10/01/01", 20, {2}),
    ],
)
def test_minors_are_found(
    text: str, count: int, terms: set[int], problem: Callable[[str], Problem]
) -> None:
    where = problem(text)
    found = find(where)
    assert len(found) == count
    assert {len(poly) for poly in found} == terms
    assert {abs(coefficient) for poly in found for coefficient, _ in poly} == {1}
    rng = random.Random(1)
    for _ in range(5):
        point = random_point(where, rng)
        assert [value(poly, point) for poly in found] == [0] * count


@pytest.mark.parametrize("text", ["##./#.. + #.#/#.#", "##/#.", "11/01;10/11", "11/11;11/11"])
def test_nothing_vanishes_on_a_set_of_full_dimension(
    text: str, problem: Callable[[str], Problem]
) -> None:
    assert find(problem(text)) == []


def test_the_result_depends_on_the_problem_alone(problem: Callable[[str], Problem]) -> None:
    where = problem("###/###/###")
    assert find(where, seed=1) == find(where, seed=2)


def test_the_deadline_is_kept(problem: Callable[[str], Problem]) -> None:
    assert find(problem("###/###/###"), clock=Clock.of(-1)) == []
