"""The rules that say "not closed": known answers, complete small searches, the kernel."""

from __future__ import annotations

import random

import pytest
from classes import classes, members

from cadlink.certificates.kernel import check_proof
from cadlink.errors import CertificateError
from cadlink.patterns.group import Cell, Group
from cadlink.rules import (
    forced_row,
    forcing,
    merged_block,
    merged_cross,
    merged_two_blocks,
    triangle,
)
from cadlink.rules.pipeline import proof, reduce, taken, verdict
from cadlink.rules.rule import Rule

RULES: dict[str, Rule] = {
    "forcing": forcing.RULE,
    "triangle": triangle.RULE,
    "forced_row": forced_row.RULE,
    "merged_block": merged_block.RULE,
    "merged_cross": merged_cross.RULE,
    "merged_two_blocks": merged_two_blocks.RULE,
}


def as_cells(group: Group) -> list[list[list[int]]]:
    return [sorted(map(list, graph)) for graph in group.neurons]


def confirm(rule: Rule, group: Group) -> bool:
    """Whether the rule fires; if so, the kernel must agree."""
    tree = taken(rule, group)
    if tree is None:
        return False
    assert check_proof(as_cells(group), proof(tree)).conclusion == "not_closed"
    return True


def random_blocks(
    chance: random.Random, n: int, m: int, r: int, density: float
) -> list[tuple[list[int], list[int]]]:
    return [
        (
            [j for j in range(n) if chance.random() < density],
            [k for k in range(m) if chance.random() < density],
        )
        for _ in range(r)
    ]


@pytest.mark.parametrize(
    ("name", "n", "m", "r", "density"),
    [
        ("forcing", 8, 8, 6, 0.4),
        ("triangle", 8, 8, 6, 0.5),
        ("forced_row", 4, 4, 3, 0.6),
        ("merged_block", 10, 10, 5, 0.8),
        ("merged_cross", 10, 10, 10, 0.6),
        ("merged_two_blocks", 10, 10, 5, 0.85),
    ],
)
def test_fires_on_random_masks_and_the_kernel_agrees(
    name: str, n: int, m: int, r: int, density: float
) -> None:
    chance = random.Random(name)
    groups = [Group.of_blocks(random_blocks(chance, n, m, r, density)) for _ in range(25)]
    assert sum(confirm(RULES[name], group) for group in groups) >= 3


def test_two_merged_blocks_reach_a_neuron_that_sees_everything() -> None:
    chance = random.Random(5)
    fired = 0
    for _ in range(20):
        blocks = random_blocks(chance, 10, 10, 4, 0.8)
        group = Group.of_blocks([(range(10), range(10)), *blocks])
        assert not confirm(merged_block.RULE, group)  # nothing is left uncovered
        fired += confirm(merged_two_blocks.RULE, group)
    assert fired >= 5


@pytest.mark.parametrize("n", [2, 3, 8])
def test_lu_is_forced(n: int) -> None:
    lu = Group.of_blocks([(range(i, n), range(i, n)) for i in range(n)])
    assert confirm(forcing.RULE, lu)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_silent_on_closed_patterns(rule: Rule) -> None:
    for blocks in (
        [(range(4), range(4))] * 2,
        [(range(i, 4), range(4)) for i in range(4)],
        [({0, 1}, {0, 1}), ({2, 3}, {2, 3})],
        [({0, 1, 2}, {0, 1}), ({0, 1}, {0, 1, 2})],
    ):
        assert taken(rule, Group.of_blocks(blocks)) is None
    assert taken(rule, Group.of([])) is None


def forced(group: Group) -> bool:
    """The theorem of ``forcing``, read off word by word."""
    own = {cell: who[0] for cell, who in group.owners.items() if len(who) == 1}

    def witnesses(i: int, target: Cell) -> list[Cell]:
        return [
            (j, k)
            for j, k in own
            if j != target[0] and k != target[1] and own[j, k] == i and own.get((target[0], k)) == i
        ]

    for target, covering in group.owners.items():
        found = {i: witnesses(i, target) for i in covering}
        if not all(found.values()):
            continue
        for start in covering:
            for row, _ in found[start]:
                cell = (row, target[1])
                if cell not in group.owners:
                    return True
                for helper in group.owners[cell]:
                    if helper != start and (
                        helper not in covering or any(j == row for j, _ in found[helper])
                    ):
                        return True
    return False


def test_forcing_finds_all_there_is() -> None:
    some = 0
    groups = [
        Group.of_blocks((members(r), members(c)) for r, c in blocks)
        for blocks in [*classes(2, 3, 2), *classes(3, 3, 2), *classes(3, 3, 3)]
    ]
    chance = random.Random(6)
    for _ in range(200):
        group = Group.of_blocks(random_blocks(chance, 4, 4, 3, 0.6))
        hidden = {cell for cell in group.cells if chance.random() < 0.15}
        groups.append(Group.of(graph - hidden for graph in group.neurons))
    for group in groups:
        expected = forced(group) or forced(group.transpose())
        assert confirm(forcing.RULE, group) == expected, group.picture()
        some += expected
    assert 100 < some < len(groups) - 100


def test_forcing_with_several_owners() -> None:
    # Columns 1, 2 and 2, 3 seen by the second neuron, the corner cell by the first alone.
    group = Group.of([{(0, 0), (0, 1), (1, 0), (1, 1)}, {(0, 1), (0, 2), (1, 1), (1, 2)}])
    assert confirm(forcing.RULE, group)


def test_an_unobserved_corner_needs_no_helper() -> None:
    step = forcing.find(Group.of([{(0, 0), (0, 1), (1, 0)}]))
    assert step is not None
    assert step.data["helper"] is None


def test_the_kernel_rejects_a_witness_that_is_not_alone() -> None:
    group = Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])
    step = forcing.find(group)
    assert step is not None
    spoilt = {**step.data, "cell": [1, 1]}
    with pytest.raises(CertificateError):
        check_proof(as_cells(group), {"rule": "forcing", "data": spoilt, "parts": []})


def test_square_of_two_owners() -> None:
    # Two neurons alone on a 3 x 3 square but for one corner, which a third one sees too.
    group = Group.of_blocks([({0, 1, 2}, {0, 1, 2}), ({0, 1, 2}, {0, 1, 2}), ({2}, {2})])
    assert confirm(triangle.RULE, group)
    assert verdict(reduce(group)) == "not_closed"


def test_forced_row_in_groups_with_unobserved_cells() -> None:
    # The first neuron's corner is 1, its row is 0 elsewhere: it is lost to the 2 x 2 square.
    first = {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)}
    group = Group.of([first, {(1, 1), (1, 2), (2, 1), (2, 2)}])
    assert not confirm(forcing.RULE, group)
    assert confirm(forced_row.RULE, group)
    assert confirm(forced_row.RULE, group.transpose())
    # With (1, 0) observed by the first neuron as well, nothing is lost.
    step = forced_row.find(group)
    assert step is not None
    fuller = Group.of([first | {(1, 0)}, {(1, 1), (1, 2), (2, 1), (2, 2)}])
    with pytest.raises(CertificateError, match="outside the block"):
        check_proof(as_cells(fuller), {"rule": step.rule, "data": step.data, "parts": []})


def test_forced_row_with_all_neurons_but_one() -> None:
    chance = random.Random(8)
    fired = 0
    for _ in range(100):
        group = Group.of_blocks(random_blocks(chance, 9, 9, 6, 0.5))
        fired += confirm(forced_row.RULE, group)
    assert fired >= 3
