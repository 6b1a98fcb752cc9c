"""Repairs: every verdict shown is the one deciding gives, nothing smaller was overlooked, nothing
dominated is shown."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from stating import guarantee

from cadlink import Pattern, Verdict, decide, read
from cadlink.certificates import kernel
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.changes import Change, changed
from cadlink.networks.deciding import case_of
from cadlink.networks.repair import PRODUCTS, Repairs, repair
from cadlink.networks.verdict import GOOD


def repaired(
    pattern: Pattern, most: int = 1, goal: str = "a", keep_density: bool = False, **given: Any
) -> Repairs:
    question = "a" if goal == PRODUCTS else goal
    case, outside = case_of(pattern, question, **given)
    assert not outside
    return repair(case, most, goal, keep_density)


def cells_of(pattern: Pattern) -> list[Change]:
    return [
        Change(n, i, j, not mask[i, j])
        for n, mask in enumerate(m.toarray() for m in pattern.layers)
        for i, j in np.ndindex(*mask.shape)
    ]


def test_all_single_entries_of_lu2() -> None:
    pattern = read("lu:2")
    found = repaired(pattern, 1, PRODUCTS)
    assert found.minimal
    assert found.before.decision is not None
    assert found.before.decision.verdict is Verdict.NOT_CLOSED
    assert {one.changes[0] for one in found.tried} == set(cells_of(pattern))
    for one in found.tried:
        expected = changed(pattern, one.changes)
        assert one.pattern == expected
        assert one.decision is not None
        assert one.decision.verdict is decide(expected).verdict is Verdict.CLOSED
        assert one.decision.certificate is not None
        kernel.check(one.decision.certificate, expected)
        safe = decide_network(expected).answer is NetworkAnswer.OPTIMUM_GUARANTEED
        assert (one.theorem != "") == safe
    assert [s.added for s in found.suggestions] == [-1] * 6 + [1] * 2
    assert (found.obstacles, found.remedies) == ((), ())  # which are about training


@pytest.mark.parametrize(
    ("source", "goal", "most"),
    [
        ("lu:3", PRODUCTS, 1),
        ("dense:2-2-2", "a", 2),
        ("11/01;10/01;10/11", PRODUCTS, 1),
        ("11/11/01;110/111", "d", 2),
    ],
)
def test_no_smaller_repair_exists(source: str, goal: str, most: int) -> None:
    pattern = read(source)
    found = repaired(pattern, most, goal)
    assert found.minimal
    size = len(found.suggestions[0].changes)

    def good(cells: tuple[Change, ...]) -> bool:
        if goal == PRODUCTS:
            return decide(changed(pattern, cells)).verdict is Verdict.CLOSED
        return decide_network(changed(pattern, cells), goal).answer in GOOD

    for few in range(size):
        assert not any(map(good, combinations(cells_of(pattern), few)))
    of_size = [one for one in found.suggestions if len(one.changes) == size]
    assert len(of_size) == sum(map(good, combinations(cells_of(pattern), size)))
    keys = [(len(one.changes), one.added) for one in found.suggestions]
    assert keys == sorted(keys)


def test_edges_moved_are_all_tried() -> None:
    pattern = read("lu:2")
    found = repaired(pattern, keep_density=True)
    gone = [cell for cell in cells_of(pattern) if not cell.add]
    come = [cell for cell in cells_of(pattern) if cell.add]
    good = {
        pair for pair in product(gone, come) if guarantee(changed(pattern, pair)) in ("R1", "R13")
    }
    assert {frozenset(one.changes) for one in found.suggestions} == set(map(frozenset, good))
    assert all(one.pattern.nnz == pattern.nnz for one in found.suggestions)
    assert found.minimal


@pytest.mark.parametrize("goal", ["a", PRODUCTS])
def test_nothing_dominated_is_shown(goal: str) -> None:
    found = repaired(read("lu:2"), 2, goal)
    assert {len(one.changes) for one in found.suggestions} == {1, 2}
    for one in found.suggestions:
        for other in found.suggestions:
            if set(other.changes) < set(one.changes):
                assert one.reached > other.reached


def test_nothing_to_repair() -> None:
    for found in (
        repaired(read("dense:2-2-2"), goal=PRODUCTS),
        repaired(read("dense:2-2-2"), penalty="weights"),
        repaired(read("dense:2-2-2"), goal="d"),
    ):
        assert (found.tried, found.minimal, found.note) == ((), True, "the masks need no repair")
        assert (found.obstacles, found.remedies) == ((), ())


def test_no_repair_of_that_size() -> None:
    found = repaired(read("dense:2-2-2"), 1)
    (one,) = found.suggestions
    assert (len(one.changes), one.theorem) == (2, "R1")
    assert not found.minimal
    assert "no way of at most 1 changed entries reaches the goal" in found.note
    assert "found greedily" in found.note
    assert [(r.helps, r.theorem) for r in found.remedies] == [
        (True, "R24"),
        (True, "R1"),
        (False, "R24c"),
    ]
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("goal", [PRODUCTS, "a", "d"])
def test_greedy_ends_where_no_entry_can_come_back(goal: str) -> None:
    chance = np.random.default_rng(5)
    pattern = Pattern.of([chance.random((40, 80)) < 0.1, chance.random((6, 40)) < 0.3])
    found = repaired(pattern, goal=goal)
    assert not found.minimal
    assert "fewer changes may exist" in found.note
    for one in found.suggestions:
        assert all(not change.add for change in one.changes)
        assert one.pattern == changed(pattern, one.changes)
    best = min(found.suggestions, key=lambda one: len(one.changes))
    if goal == PRODUCTS:
        assert decide(best.pattern).verdict is Verdict.CLOSED
        return
    assert guarantee(best.pattern, question=goal) == {"a": "R1", "d": "R8"}[goal]
    for change in best.changes:
        rest = [other for other in best.changes if other != change]
        assert not guarantee(changed(pattern, rest), question=goal)


def test_these_inputs_and_this_data() -> None:
    """As many units as points fit any targets: edges added help as well as edges taken away."""
    chance = np.random.default_rng(0)
    pattern = Pattern.of([np.ones((12, 99)), chance.random((8, 12)) < 0.4])
    xs, ys = np.outer(range(9), np.ones(99)), chance.integers(0, 99, (9, 8))  # on a line
    for given in ({"inputs": xs}, {"inputs": xs, "targets": ys}):
        goal = "c" if "targets" in given else "b"
        found = repaired(pattern, goal=goal, limits=Limits(20), **given)
        grown = [one for one in found.suggestions if one.added > 0]
        cut = [one for one in found.suggestions if one.added < 0]
        assert grown
        assert cut
        for one in found.suggestions:
            again = decide_network(one.pattern, goal, **given)
            assert again.answer is NetworkAnswer.OPTIMUM_GUARANTEED


def test_without_time_the_tree_form_is_left() -> None:
    chance = np.random.default_rng(5)
    pattern = Pattern.of([chance.random((60, 90)) < 0.3, chance.random((20, 60)) < 0.3])
    found = repaired(pattern, goal=PRODUCTS, limits=Limits(0.01))
    assert PRODUCTS in found.suggestions[0].reached


def test_refusals() -> None:
    pattern = read("lu:2")
    with pytest.raises(InputError, match="expected a or products"):
        repair(case_of(pattern)[0], goal="b")
    with pytest.raises(InputError, match="expected at least 1"):
        repair(case_of(pattern)[0], 0)
    with pytest.raises(InputError, match="one hidden layer"):
        repair(case_of("dense:2-2-2-2", "d")[0])
    with pytest.raises(InputError, match="a penalty on all weights and biases does"):
        repair(case_of(pattern, loss="cross_entropy")[0])
