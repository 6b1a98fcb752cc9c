"""Repairs: every verdict shown is the one decide gives, and nothing smaller was overlooked."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest

from cadlink import Pattern, Verdict, decide, read
from cadlink.certificates import kernel
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.repair import guarantee, obstruction, repair


def flipped(pattern: Pattern, cells: tuple[tuple[int, int, int], ...]) -> Pattern:
    masks = [mask.toarray() for mask in pattern.layers]
    for layer, row, column in cells:
        masks[layer][row, column] ^= True
    return Pattern.of(masks)


def cells_of(pattern: Pattern) -> list[tuple[int, int, int]]:
    return [(n, i, j) for n, m in enumerate(pattern.layers) for i, j in np.ndindex(*m.shape)]


def test_all_single_entries_of_lu2() -> None:
    pattern = read("lu:2")
    found = repair(pattern, 1, "products")
    assert found.minimal
    assert found.before.decision.verdict is Verdict.NOT_CLOSED
    assert {s.changes[0] for s in found.tried} == {
        type(s.changes[0])(n, i, j, not pattern.layers[n][i, j])
        for s in found.tried[:1]
        for n, i, j in cells_of(pattern)
    }
    for one in found.tried:
        (change,) = one.changes
        expected = flipped(pattern, ((change.layer, change.row, change.column),))
        assert one.pattern == expected
        assert one.decision.verdict is decide(expected).verdict is Verdict.CLOSED
        assert one.decision.certificate is not None
        kernel.check(one.decision.certificate, expected)
        safe = decide_network(expected).answer is NetworkAnswer.OPTIMUM_GUARANTEED
        assert (one.theorem != "") == safe
    assert [s.added for s in found.suggestions] == [-1] * 6 + [1] * 2


@pytest.mark.parametrize(
    ("source", "goal", "most"),
    [("lu:3", "products", 1), ("dense:2-2-2", "a", 2), ("11/01;10/01;10/11", "products", 1)],
)
def test_no_smaller_repair_exists(source: str, goal: str, most: int) -> None:
    pattern = read(source)
    found = repair(pattern, most, goal)
    assert found.minimal
    size = len(found.suggestions[0].changes)

    def good(changed: Pattern) -> bool:
        if goal == "a":
            return decide_network(changed).answer is NetworkAnswer.OPTIMUM_GUARANTEED
        return decide(changed).verdict is Verdict.CLOSED

    for few in range(size):
        for cells in combinations(cells_of(pattern), few):
            assert not good(flipped(pattern, cells))
    of_size = [s for s in found.suggestions if len(s.changes) == size]
    assert len(of_size) == sum(
        good(flipped(pattern, c)) for c in combinations(cells_of(pattern), size)
    )
    keys = [(len(s.changes), s.added) for s in found.suggestions]
    assert keys == sorted(keys)


def test_nothing_to_repair() -> None:
    found = repair(read("dense:2-2-2"), goal="products")
    assert (found.tried, found.minimal, found.note) == ((), True, "the masks need no repair")


def test_no_repair_of_that_size() -> None:
    found = repair(read("dense:2-2-2"), 1)
    (one,) = found.suggestions
    assert (len(one.changes), one.theorem) == (2, "R1")
    assert not found.minimal
    assert "no change of at most 1 entry reaches the goal" in found.note
    assert "found greedily" in found.note
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("goal", ["products", "a"])
def test_greedy_ends_where_no_entry_can_come_back(goal: str) -> None:
    chance = np.random.default_rng(5)
    pattern = Pattern.of([chance.random((40, 80)) < 0.1, chance.random((6, 40)) < 0.3])
    found = repair(pattern, goal=goal, limits=Limits(60))
    best = found.suggestions[0]
    assert not found.minimal
    assert "fewer changes may exist" in found.note
    assert all(not change.add for change in best.changes)
    cells = tuple((c.layer, c.row, c.column) for c in best.changes)
    assert best.pattern == flipped(pattern, cells)
    if goal == "products":
        assert decide(best.pattern).verdict is Verdict.CLOSED
    else:
        assert guarantee(best.pattern) == "R1"
        for cell in cells:
            assert not guarantee(flipped(best.pattern, (cell,)))


def test_without_time_the_tree_form_is_left() -> None:
    chance = np.random.default_rng(5)
    pattern = Pattern.of([chance.random((60, 90)) < 0.3, chance.random((20, 60)) < 0.3])
    found = repair(pattern, goal="products", limits=Limits(0.01))
    assert found.suggestions[0].reaches("products")


def test_obstructions_are_not_closed_and_small() -> None:
    for source in ("lu:4", "110/011/111;110/011/101", "111/111;11/11/10"):
        pattern = read(source)
        found = obstruction(pattern)
        if found is None:
            assert decide(pattern).verdict is Verdict.CLOSED
            continue
        assert decide(pattern.restrict(*map(list, found))).verdict is Verdict.NOT_CLOSED
    assert obstruction(read("dense:3-2-3")) is None


def test_refusals() -> None:
    with pytest.raises(InputError, match="expected one of a, products"):
        repair(read("lu:2"), goal="best")
    with pytest.raises(InputError, match="expected at least 1"):
        repair(read("lu:2"), 0)
