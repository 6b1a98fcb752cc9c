"""Star, lines, matching, full factor, absorption: known answers, brute force, no false alarms."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import absorb, empty, full_factor, lines, matching, star
from cadlink.rules.bits import View, bits
from cadlink.rules.step import Conclusion

SQUARE = frozenset((j, k) for j in range(2) for k in range(2))
CUBE = frozenset((j, k) for j in range(3) for k in range(3))


def test_star() -> None:
    stars = Group.of([{(0, 0), (0, 1)}, {(0, 1), (1, 1), (2, 1)}])
    step = star.apply(stars)
    assert step is not None
    assert step.conclusion is Conclusion.FREE
    assert star.apply(Group.of([SQUARE])) is None
    assert star.apply(Group.of([])) is None


def test_empty() -> None:
    assert empty.apply(Group.of([])) is not None
    assert empty.apply(Group.of([{(0, 0)}])) is None


@pytest.mark.parametrize(
    ("graph", "copies", "free"),
    [
        (SQUARE, 1, False),
        (SQUARE, 2, True),
        (CUBE, 2, False),
        (CUBE, 3, True),
        (frozenset({(0, 0), (0, 1), (1, 0)}), 1, False),
        (frozenset({(0, 0), (0, 1), (1, 0)}), 2, True),
        (CUBE - {(2, 2)}, 2, False),  # ###/###/##. twice is not closed
    ],
)
def test_lines(graph: frozenset[tuple[int, int]], copies: int, free: bool) -> None:
    assert (lines.find(graph, copies) is not None) == free


def test_lines_needs_equal_graphs() -> None:
    assert lines.apply(Group.of([SQUARE, {(0, 0), (0, 1)}])) is None


def saturating(group: Group, chosen: tuple[int, ...]) -> bool:
    """Hall's condition in every column for the chosen neurons, by brute force."""
    for k in group.cols:
        owners: dict[int, set[int]] = {}
        for i in chosen:
            for j, col in group.neurons[i]:
                if col == k:
                    owners.setdefault(j, set()).add(i)
        for size in range(1, len(owners) + 1):
            for rows in combinations(owners, size):
                if len(set().union(*(owners[j] for j in rows))) < size:
                    return False
    return True


def test_largest_is_the_union_of_all_good_sets() -> None:
    chance = random.Random(3)
    for _ in range(80):
        blocks = [
            (chance.sample(range(4), chance.randint(1, 3)), chance.sample(range(4), 2))
            for _ in range(chance.randint(1, 5))
        ]
        group = Group.of_blocks(blocks)
        numbers = range(len(group.neurons))
        good = [
            set(chosen)
            for size in range(len(numbers) + 1)
            for chosen in combinations(numbers, size)
            if saturating(group, chosen)
        ]
        assert set(bits(matching.largest(View.of(group)))) == set().union(*good)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_qr_is_a_full_factor(n: int) -> None:
    qr = Group.of_blocks([(range(n), range(i, n)) for i in range(n)])
    step = full_factor.apply(qr)
    assert step is not None
    assert step.rule == "full_factor"
    turned = full_factor.apply(qr.transpose())
    assert turned is not None
    assert turned.rule == "transpose"
    # Two neurons that lack everything but one column are too many.
    spoilt = Group.of_blocks([(range(n), range(i, n)) for i in range(n - 1)] + [(range(n), [0])])
    assert full_factor.holds(n, [0] * n)
    assert not full_factor.holds(n, [n] * n)
    assert n == 2 or full_factor.apply(spoilt) is not None


def test_full_factor_condition_by_definition() -> None:
    assert full_factor.holds(3, [0, 1, 2])
    assert not full_factor.holds(3, [0, 2, 2])
    assert not full_factor.holds(3, [0, 0])


def test_absorb_names_free_neurons_and_proves_it() -> None:
    chance = random.Random(4)
    absorbed = 0
    for _ in range(150):
        blocks = [
            (chance.sample(range(4), chance.randint(1, 3)), chance.sample(range(4), size))
            for size in (1, 2, 3, 3)
        ]
        group = Group.of_blocks(blocks)
        step = absorb.apply(group)
        if step is None:
            continue
        absorbed += 1
        chosen = group.subgroup(step.data["neurons"])
        cells = [sorted(map(list, graph)) for graph in chosen.neurons]
        assert check_proof(cells, step.data["proof"]).conclusion == "free"
        assert step.parts[0].cells == group.cells - chosen.cells
    assert absorbed > 20


def test_nothing_to_absorb_in_one_full_block() -> None:
    assert absorb.apply(Group.of([SQUARE])) is None
