from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import islice

import pytest

from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.search.curves import Curve, candidates, curve_through, simplify
from cadlink.search.laurent import add, product
from cadlink.search.model import Model, Problem

GROUPS = ("##/#.", "##./##. + .##/.##", "###/###/##. + ###/###/##.", "##./#.. + #.#/#.#")
CHAINS = ("11/01;10/11", "11/01;10/01;10/11", "111/101;11/01/11;110/011", "11/11;10/11;11/01;10/11")


def assert_reaches_its_limit(curve: Curve) -> None:
    for cell, paths in curve.model.paths.items():
        value = add(*(product(curve.entries.get(u, {}) for u in path) for path in paths))
        assert all(e >= 0 for e in value)
        assert value.get(0, 0) == curve.limit[cell]


@pytest.mark.parametrize("text", GROUPS + CHAINS)
def test_candidates_are_curves_with_new_limits(
    text: str, problem: Callable[[str], Problem]
) -> None:
    found = list(islice(candidates(problem(text), seed=3), 25))
    assert found
    for curve in found:
        assert_reaches_its_limit(curve)
        short = simplify(curve)
        assert_reaches_its_limit(short)
        assert short.limit == curve.limit
        assert sum(map(len, short.entries.values())) <= sum(map(len, curve.entries.values()))
    assert len({tuple(curve.limit.items()) for curve in found}) == len(found)


def test_candidates_depend_on_problem_and_seed_alone(problem: Callable[[str], Problem]) -> None:
    def some(seed: int) -> list[object]:
        return [curve.data() for curve in islice(candidates(problem(GROUPS[1]), seed), 10)]

    assert some(5) == some(5)
    assert some(5) != some(6)


def test_candidates_end(problem: Callable[[str], Problem]) -> None:
    assert list(candidates(problem("##/##"), clock=Clock.of(-1))) == []
    assert list(candidates(Pattern.of(["11/01"]))) == []  # one factor
    # a row: whatever collapses, nothing new can be reached
    assert list(candidates(problem("##"))) == []


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("##/#.", {(0, 1): 1, (1, 0): 5}),
        ("11/01;10/11", {(0, 1): 1, (1, 0): 1, (1, 1): 7}),
        ("11/01;10/01;10/11", {(0, 1): 1, (1, 0): 1, (1, 1): 7}),
        (
            "#.#./####/#.#./.... + .###/.###/..../.### + .##./.##./..../.##. + ##.#/##.#/##.#/##.#",
            {(0, 0): 1, (1, 1): 1, (2, 2): 1, (3, 3): 1},
        ),
        ("###/###/##. + ###/###/##.", {(0, 2): 1, (1, 0): 1, (1, 2): 1, (2, 0): 1, (2, 1): 1}),
    ],
)
def test_a_curve_through_a_given_limit(
    text: str, limit: dict[tuple[int, int], int], problem: Callable[[str], Problem]
) -> None:
    curve = curve_through(problem(text), {cell: Fraction(v) for cell, v in limit.items()})
    assert curve is not None
    assert_reaches_its_limit(curve)
    assert {cell: v for cell, v in curve.limit.items() if v} == limit


def test_no_curve_through_what_is_not_in_the_closure(problem: Callable[[str], Problem]) -> None:
    identity = {(0, 0): Fraction(1), (1, 1): Fraction(1)}  # rank 2
    assert curve_through(problem("##/##"), identity, trials=200) is None


def test_model_of_a_group_and_of_the_pattern_agree() -> None:
    pattern = Pattern.of(["110/011", "10/11/01"])
    group = Group.of_blocks([([0, 1], [0, 1]), ([1, 2], [1, 2])])
    by_chain, by_group = Model.of(pattern), Model.of(group)
    assert by_chain is not None
    assert by_group is not None
    assert by_chain.cells == by_group.cells
    assert {c: len(p) for c, p in by_chain.paths.items()} == {
        c: len(p) for c, p in by_group.paths.items()
    }


def test_a_problem_with_too_many_paths_is_refused() -> None:
    dense = Pattern.of([[[1] * 12] * 12] * 4)
    assert Model.of(dense) is None
    assert list(candidates(dense)) == []
