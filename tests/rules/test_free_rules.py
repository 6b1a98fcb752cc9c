"""Star, matching, QR, absorption: known answers, brute force, no false alarms."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import absorb, empty, matching, rank_peeling, star
from cadlink.rules.bits import View, bits
from cadlink.rules.step import Conclusion

SQUARE = frozenset((j, k) for j in range(2) for k in range(2))


def test_star() -> None:
    stars = Group.of([{(0, 0), (0, 1)}, {(0, 1), (1, 1), (2, 1)}])
    step = star.find(stars)
    assert step is not None
    assert step.conclusion is Conclusion.FREE
    assert star.find(Group.of([SQUARE])) is None
    assert star.find(Group.of([])) is None


def test_empty() -> None:
    assert empty.find(Group.of([])) is not None
    assert empty.find(Group.of([{(0, 0)}])) is None


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
def test_qr_is_peeled(n: int) -> None:
    qr = Group.of_blocks([(range(n), range(i, n)) for i in range(n)])
    for group in (qr, qr.transpose()):
        step = rank_peeling.find(group)
        assert step is not None
        assert step.conclusion is Conclusion.FREE
        # Old certificates call it so.
        old = {"rule": "full_factor", "data": {}, "parts": []}
        assert check_proof(group.to_json(), old).conclusion == "free"
    # Two neurons that lack everything but one column are too many.
    spoilt = [(range(n), [0]), (range(n), [1]), *((range(n), range(n)) for _ in range(n - 2))]
    assert rank_peeling.find(Group.of_blocks(spoilt)) is None


def test_absorb_names_free_neurons_and_proves_it() -> None:
    chance = random.Random(4)
    absorbed = 0
    for _ in range(150):
        blocks = [
            (chance.sample(range(4), chance.randint(1, 3)), chance.sample(range(4), size))
            for size in (1, 2, 3, 3)
        ]
        group = Group.of_blocks(blocks)
        step = absorb.find(group)
        if step is None:
            continue
        absorbed += 1
        chosen = group.subgroup(step.data["neurons"])
        cells = [sorted(map(list, graph)) for graph in chosen.neurons]
        assert check_proof(cells, step.data["proof"]).conclusion == "free"
        assert step.parts[0].cells == group.cells - chosen.cells
    assert absorbed > 20


def test_nothing_to_absorb_in_one_full_block() -> None:
    assert absorb.find(Group.of([SQUARE])) is None
