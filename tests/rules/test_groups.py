"""What the rules for groups say together: consistent, invariant, monotone, and accepted."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from classes import Block, all_classes, members

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.rules import absorb, group_split
from cadlink.rules.pipeline import open_leaves, proof, reduce, taken, verdict
from cadlink.rules.table import GROUP_RULES


def group_of(blocks: tuple[Block, ...]) -> Group:
    return Group.of_blocks((members(rows), members(cols)) for rows, cols in blocks)


def sample(seed: int, count: int, size: int, neurons: int) -> Iterator[Group]:
    """Random groups, some with unobserved cells (what is left when a random neuron is absorbed)."""
    chance = random.Random(seed)
    for _ in range(count):
        n, m = chance.randint(2, size), chance.randint(2, size)
        density = chance.choice((0.4, 0.6, 0.8))
        graphs = [
            {
                (j, k)
                for j in range(n)
                if chance.random() < density or j == 0
                for k in range(m)
                if chance.random() < density or k == j
            }
            for _ in range(chance.randint(1, neurons))
        ]
        blocks = [({j for j, _ in g}, {k for _, k in g}) for g in graphs if g]
        group = Group.of_blocks(blocks)
        if chance.random() < 0.5 and len(group.neurons) > 1:
            hidden = set(chance.sample(sorted(group.cells), chance.randint(1, 2)))
            group = Group.of(graph - hidden for graph in group.neurons)
        if group.neurons:
            yield group


def accepted(group: Group) -> str | None:
    """The verdict, after the kernel has agreed to it."""
    tree = reduce(group)
    found = verdict(tree)
    if found is None:
        assert list(open_leaves(tree))
        return None
    cells = [sorted(map(list, graph)) for graph in group.neurons]
    checked = check_proof(cells, proof(tree).to_json())
    assert (checked.conclusion, checked.holes) == (found, ())
    return found


def closed(group: Group) -> bool | None:
    found = verdict(reduce(group))
    return None if found is None else found != "not_closed"


def said_at_once(group: Group) -> set[bool]:
    """What the single rules say when each is asked about the group itself."""
    said = set()
    for rule in GROUP_RULES:
        tree = taken(rule, group)
        found = None if tree is None else verdict(tree)
        if found is not None:
            said.add(found != "not_closed")
    return said


SMALL = [group_of(blocks) for blocks in all_classes(3, 3)]
RANDOM = list(sample(1, 400, 4, 4))


def test_classes_up_to_three_by_three() -> None:
    assert len(SMALL) == 600
    verdicts = [accepted(group) for group in SMALL]
    assert verdicts.count("not_closed") >= 159
    assert verdicts.count(None) <= 4


def test_kernel_accepts_random_groups() -> None:
    assert {accepted(group) for group in RANDOM} >= {"free", "closed", "not_closed"}


@pytest.mark.parametrize("groups", [SMALL, RANDOM], ids=["classes", "random"])
def test_rules_never_contradict(groups: list[Group]) -> None:
    for group in groups:
        said = said_at_once(group)
        assert len(said) < 2, group.picture()
        found = closed(group)
        if found is not None:
            assert said <= {found}, group.picture()


@pytest.mark.parametrize("groups", [SMALL[::3], RANDOM], ids=["classes", "random"])
def test_invariant_under_symmetry(groups: list[Group]) -> None:
    chance = random.Random(2)
    for group in groups:
        rows = dict(zip(group.rows, chance.sample(group.rows, len(group.rows)), strict=True))
        cols = dict(zip(group.cols, chance.sample(group.cols, len(group.cols)), strict=True))
        moved = group.relabel(rows, cols)
        answers = {closed(group), closed(moved), closed(moved.transpose())}
        assert len(answers - {None}) < 2, group.picture()


@pytest.mark.parametrize("groups", [SMALL, RANDOM], ids=["classes", "random"])
def test_restrictions_of_closed_groups_are_closed(groups: list[Group]) -> None:
    for group in groups:
        if not closed(group):
            continue
        for row in group.rows:
            rest = group.restrict([j for j in group.rows if j != row], group.cols)
            assert closed(rest) is not False, group.picture()
        for col in group.cols:
            rest = group.restrict(group.rows, [k for k in group.cols if k != col])
            assert closed(rest) is not False, group.picture()


def test_absorbing_and_splitting_by_hand_changes_nothing() -> None:
    for group in RANDOM[:200]:
        whole = closed(group)
        step = absorb.find(group)
        if step is not None and whole is not None:
            assert closed(step.parts[0]) in (whole, None), group.picture()
        step = group_split.find(group)
        if step is not None and whole is not None:
            answers = [closed(part) for part in step.parts]
            assert (whole is False) == (False in answers), group.picture()


def test_proof_of_an_open_tree_is_an_error() -> None:
    tree = next(tree for tree in map(reduce, SMALL) if verdict(tree) is None)
    with pytest.raises(ValueError, match="open leaf"):
        proof(tree)


def test_deadline_in_the_past_leaves_the_problem_open() -> None:
    group = Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])
    tree = reduce(group, Clock.of(0))
    assert verdict(tree) is None
    assert [leaf.problem for leaf in open_leaves(tree)] == [group]
