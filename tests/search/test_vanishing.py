from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import pytest

from cadlink.clock import Clock
from cadlink.patterns.group import Cell
from cadlink.search.laurent import Number
from cadlink.search.model import Model, Problem
from cadlink.search.vanishing import find


def value(poly: Any, point: Mapping[str, Fraction]) -> Fraction:
    terms = ([Fraction(c), *(point[name] ** e for name, e in powers)] for c, powers in poly)
    return sum(map(prod, terms), Fraction(0))


def product_of(model: Model, values: Sequence[Number]) -> dict[Cell, Number]:
    """The product with these values of the unknowns."""
    return {
        cell: sum(prod(values[u] for u in path) for path in paths)
        for cell, paths in model.paths.items()
    }


def random_point(problem: Problem, rng: random.Random) -> dict[str, Fraction]:
    model = Model.of(problem)
    assert model is not None
    values = [rng.randint(-9, 9) for _ in model.unknowns]
    return {f"a_{j}_{k}": Fraction(v) for (j, k), v in product_of(model, values).items()}


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
