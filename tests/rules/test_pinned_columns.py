"""The theorem's construction carried out: every matrix, degenerate ones above all, is a product."""

from __future__ import annotations

import random

import pytest
from flint import fmpq_mat

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import matching, pinned_columns
from cadlink.rules.bits import View
from cadlink.rules.pipeline import taken


def random_group(rng: random.Random) -> Group:
    """A group with some unobserved cells, every graph (R_i x C_i) meet E."""
    n, m, r = rng.randint(2, 4), rng.randint(2, 4), rng.randint(2, 4)
    observed = {(j, k) for j in range(n) for k in range(m) if rng.random() < 0.85}
    blocks = [
        ([j for j in range(n) if rng.random() < 0.75], [k for k in range(m) if rng.random() < 0.75])
        for _ in range(r)
    ]
    return Group.of({(j, k) for j in rows for k in cols} & observed for rows, cols in blocks)


def solvable(group: Group, pins: dict[int, list[int]], values: dict[tuple[int, int], int]) -> bool:
    """Whether X chosen as in the proof makes every column a solvable linear system."""
    rng = random.Random(0)
    rows_of = {k: [j for j in group.rows if (j, k) in group.cells] for k in group.cols}
    x = {
        (j, i): rng.randint(-(10**6), 10**6) for i in range(len(group.neurons)) for j in group.rows
    }
    for a, cols in pins.items():
        for p in cols:
            if any(values[j, p] for j in rows_of[p]):
                for j in rows_of[p]:
                    x[j, a] = values[j, p]
                break
    for k, rows in rows_of.items():
        matrix = [
            [x[j, i] if (j, k) in graph else 0 for i, graph in enumerate(group.neurons)]
            for j in rows
        ]
        wider = [[*line, values[j, k]] for line, j in zip(matrix, rows, strict=True)]
        if fmpq_mat(matrix).rank() != fmpq_mat(wider).rank():
            return False
    return True


def test_the_construction_reaches_every_matrix() -> None:
    rng = random.Random(7)
    found = {"free": 0, "closed": 0}
    for _ in range(6000):
        group = random_group(rng)
        step = pinned_columns.find(group)
        if step is None or taken(matching.RULE, group) is not None:
            continue
        cells = group.to_json()
        proof = {"rule": step.rule, "data": dict(step.data), "parts": []}
        conclusion = check_proof(cells, proof).conclusion
        assert conclusion == step.conclusion.value
        found[conclusion] += 1
        pins = dict(step.data["pins"])
        for trial in range(30):
            # Few different values: zero columns, equal columns and low ranks are frequent.
            size = trial % 3
            values = {cell: rng.randint(-size, size) for cell in group.cells}
            for cols in pins.values():  # rank at most one where several columns are pinned
                factor = {p: 1 if p == cols[0] else rng.randint(-1, 1) for p in cols}
                first = rng.choice(cols)
                for (j, k), value in list(values.items()):
                    if k == first:
                        for p in cols:
                            values[j, p] = factor[p] * value
            assert solvable(group, pins, values), (group.picture(), pins, values)
    assert min(found.values()) >= 20


def test_a_pin_must_see_its_whole_column() -> None:
    group = Group.of([{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}])
    cells = group.to_json()
    wrong = ([[0, [0]]], [[1, [1]]], [[0, [1]], [0, [2]]], [[0, [1]], [1, [1]]], [[0, [1, 2]]], [])
    for pins in wrong:
        with pytest.raises(ValueError, match="pinned_columns"):
            check_proof(cells, {"rule": "pinned_columns", "data": {"pins": pins}, "parts": []})


def test_sets_that_are_not_everything_are_not_called_free() -> None:
    """Rank at most one, and the LU set."""
    one = pinned_columns.find(Group.of_blocks([(range(2), range(2))]))
    assert one is not None
    assert one.conclusion.value == "closed"
    for group in (
        Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})]),
        Group.of_blocks([(range(3), range(3)), (range(3), range(3))]),
    ):
        for oriented in (group, group.transpose()):
            view = View.of(oriented)
            assert pinned_columns.search(view) is None
