"""Zero submersions: exact zeros, full rank, and the kernel's word."""

from __future__ import annotations

import random

import numpy as np

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import matching, zero_submersion
from cadlink.rules.bits import View, bits
from cadlink.rules.pipeline import taken


def jacobian_rank(view: View, zero: zero_submersion.Zero) -> int:
    """The rank of the whole Jacobian in floating point."""
    x, y = zero
    names: dict[tuple[str, int, int], int] = {}
    entries = []
    cells = [(p, q) for p, cols in enumerate(view.observed) for q in bits(cols)]
    for row, (p, q) in enumerate(cells):
        for i in bits(view.covers(p, q)):
            entries.append((row, names.setdefault(("x", i, p), len(names)), y[i].get(q, 0)))
            entries.append((row, names.setdefault(("y", i, q), len(names)), x[i].get(p, 0)))
    table = np.zeros((len(cells), len(names)))
    for row, col, value in entries:
        table[row, col] = value
    return int(np.linalg.matrix_rank(table))


def test_agrees_with_the_whole_jacobian() -> None:
    chance = random.Random(0)
    yes = 0
    for _ in range(200):
        blocks = [
            (chance.sample(range(3), chance.randint(1, 3)), chance.sample(range(3), 2))
            for _ in range(3)
        ]
        view = View.of(Group.of_blocks(blocks))
        # One side of every neuron is 0: the product is, too.
        zero: zero_submersion.Zero = ([], [])
        for i in range(view.neurons):
            side = chance.random() < 0.5
            zero[0].append({p: chance.randint(1, 9) for p in bits(view.row_sets[i]) if side})
            zero[1].append({q: chance.randint(1, 9) for q in bits(view.col_sets[i]) if not side})
        size = sum(cols.bit_count() for cols in view.observed)
        expected = jacobian_rank(view, zero) == size
        assert zero_submersion.is_submersion(view, zero) == expected
        yes += expected
    assert 10 < yes < 190


def test_a_nonzero_product_is_no_zero() -> None:
    view = View.of(Group.of([{(0, 0)}]))
    assert zero_submersion.is_submersion(view, ([{0: 1}], [{}]))
    assert not zero_submersion.is_submersion(view, ([{0: 1}], [{0: 1}]))
    assert not zero_submersion.is_submersion(view, ([{}], [{}]))


def test_contains_the_matchings() -> None:
    triangle = [({1, 2}, {1, 2}), ({0, 2}, {0, 2}), ({0, 1}, {0, 1})]
    for blocks in ([({0, 1}, {0, 1, 2})] * 2, [*triangle, *triangle]):
        group = Group.of_blocks(blocks)
        assert matching.find(group) is not None
        assert zero_submersion.find(group) is not None


def test_structured_zeros_reach_masks_that_matchings_do_not() -> None:
    chance = random.Random(7)
    found = 0
    for _ in range(8):
        blocks = [
            (
                [j for j in range(10) if chance.random() < 0.5],
                [k for k in range(10) if chance.random() < 0.5],
            )
            for _ in range(20)
        ]
        group = Group.of_blocks(blocks)
        if taken(matching.RULE, group) is not None:
            continue
        step = zero_submersion.find(group)
        if step is not None:
            found += 1
            cells = [sorted(map(list, graph)) for graph in group.neurons]
            proof = {"rule": step.rule, "data": step.data, "parts": []}
            assert check_proof(cells, proof).conclusion == "free"
    assert found >= 2


def test_silent_where_the_set_is_not_everything() -> None:
    for blocks in ([(range(3), range(3))] * 2, [({0, 1}, {0, 1}), ({1}, {1})]):
        assert zero_submersion.find(Group.of_blocks(blocks)) is None


def test_silent_on_a_free_group_without_a_zero_submersion() -> None:
    first = {(0, 0), (0, 1), (1, 0)}
    second = {(0, 0), (0, 2), (1, 0), (1, 2)}
    assert zero_submersion.find(Group.of([first, second])) is None
