"""Matchings on bit sets against brute force."""

from __future__ import annotations

import random
from itertools import permutations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, crowded, mask, matching, representatives


def largest(sets: list[int]) -> int:
    """Size of a maximum matching, by trying all assignments."""
    if not sets:
        return 0
    first, *rest = sets
    best = largest(rest)
    for position in bits(first):
        best = max(best, 1 + largest([s & ~(1 << position) for s in rest]))
    return best


def test_matching_is_maximum_and_valid() -> None:
    chance = random.Random(0)
    for _ in range(300):
        sets = [chance.randrange(32) & chance.randrange(32) for _ in range(chance.randint(0, 5))]
        found = matching(sets)
        used = [p for p in found if p >= 0]
        assert len(used) == len(set(used)) == largest(sets)
        assert all(p < 0 or sets[i] >> p & 1 for i, p in enumerate(found))
        assert (representatives(sets) is not None) == (len(used) == len(sets))


def test_crowded_is_what_no_maximum_matching_can_spare() -> None:
    # A position is reached iff some maximum matching leaves out an item joined to it by an
    # alternating path; equivalently, one more copy of the position enlarges the matching.
    chance = random.Random(1)
    for _ in range(200):
        sets = [chance.randrange(16) for _ in range(chance.randint(1, 5))]
        size = largest(sets)
        expected = 0
        for position in range(4):
            doubled = [s | (16 if s >> position & 1 else 0) for s in sets]
            if largest(doubled) > size:
                expected |= 1 << position
        assert crowded(sets) == expected


def test_view_speaks_of_the_same_cells() -> None:
    group = Group.of([{(2, 5), (2, 7), (4, 5)}, {(4, 7), (9, 7)}])
    view = View.of(group)
    assert (view.rows, view.cols) == ((2, 4, 9), (5, 7))
    for i, graph in enumerate(group.neurons):
        seen = {
            (view.rows[p], view.cols[q])
            for p in bits(view.row_sets[i])
            for q in bits(view.col_sets[i] & view.observed[p])
        }
        assert seen == graph or seen > graph  # equal for groups that come from blocks
    assert view.transpose().transpose() == view
    assert view.row_numbers(mask([0, 2])) == [2, 9]
    assert view.col_numbers(mask([1])) == [7]


def test_known_cells_are_observed_or_untouched() -> None:
    group = Group.of([{(0, 0), (0, 1), (1, 0)}, {(2, 2)}])
    view = View.of(group)
    assert [sorted(bits(cols)) for cols in view.known] == [[0, 1, 2], [0, 2], [0, 1, 2]]
    assert not view.all_complete
    assert View.of(Group.of_blocks([({0, 1}, {0, 1}), ({2}, {2})])).all_complete


def test_permutations_do_not_matter() -> None:
    sets = [0b0011, 0b0110, 0b0001]
    for order in permutations(sets):
        assert representatives(list(order)) is not None
