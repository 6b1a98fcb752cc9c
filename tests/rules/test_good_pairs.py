"""GOOD pairs: the definition, the classical members, and what a bad pair means."""

from __future__ import annotations

import random

import pytest
from classes import all_classes, members

from cadlink.patterns.group import Group
from cadlink.rules import good_pairs
from cadlink.rules.pipeline import reduce, verdict


@pytest.mark.parametrize(
    "blocks",
    [
        [(range(3), range(4))],
        [(range(3), range(4))] * 2,
        [(range(3), {0, 1, 2}), (range(3), {0, 1}), (range(3), {0}), (range(3), {3})],
        [({0, 1, 2}, {0, 1}), ({0, 1}, {0, 1, 2})],  # cross
        [({0, 1}, {0, 1}), ({2, 3}, {0, 1}), ({2, 3}, {2, 3})],
        [({0}, {0, 1}), ({0}, {1, 2})],
    ],
)
def test_closed_families(blocks: list[tuple[set[int], set[int]]]) -> None:
    group = Group.of_blocks(blocks)
    for problem in (group, group.transpose()):
        step = good_pairs.find(problem)
        assert step is not None
        assert step.conclusion.value == "closed"


def test_silent_on_unobserved_cells_and_bad_pairs() -> None:
    assert good_pairs.find(Group.of([{(0, 0), (0, 1), (1, 0)}])) is None
    assert good_pairs.find(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])) is None


def test_good_is_symmetric() -> None:
    chance = random.Random(0)
    for _ in range(300):
        a, b = ((chance.randrange(1, 16), chance.randrange(1, 16)) for _ in range(2))
        assert good_pairs.good(*a, *b) == good_pairs.good(*b, *a)
        assert good_pairs.good(*a, *b) == good_pairs.good(*a[::-1], *b[::-1])


def test_two_neurons_are_closed_exactly_when_good() -> None:
    checked = 0
    for blocks in all_classes(3, 2):
        if len(blocks) == 2:
            group = Group.of_blocks((members(r), members(c)) for r, c in blocks)
            found = verdict(reduce(group))
            if found is not None:
                checked += 1
                assert (found != "not_closed") == good_pairs.good(*blocks[0], *blocks[1])
    assert checked > 50
