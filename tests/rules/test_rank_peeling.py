"""The theorem's construction carried out on random and degenerate matrices, exactly."""

from __future__ import annotations

import random

import pytest
from flint import fmpq, fmpq_mat

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import rank_peeling
from cadlink.rules.bits import View, bits


def kernel_of(rows: list[list[fmpq]], width: int) -> list[list[fmpq]]:
    """A basis of the vectors v with rows * v = 0."""
    if not rows:
        return [[fmpq(int(i == j)) for j in range(width)] for i in range(width)]
    reduced, rank = fmpq_mat(rows).rref()
    lead = [next(j for j in range(width) if reduced[i, j] != 0) for i in range(rank)]
    basis = []
    for free in (j for j in range(width) if j not in lead):
        vector = [fmpq(0)] * width
        vector[free] = fmpq(1)
        for i, j in enumerate(lead):
            vector[j] = -reduced[i, free]
        basis.append(vector)
    return basis


def peel(a: list[list[fmpq]], rows: set[int], cols: set[int]) -> list[list[fmpq]] | None:
    """A - x y of smaller rank, x and y in the column and row space with the given supports."""
    n, m = len(a), len(a[0])
    # v with (A v) vanishing off the rows; u likewise.
    vs = kernel_of([a[j] for j in range(n) if j not in rows], m)
    us = kernel_of([[a[j][k] for j in range(n)] for k in range(m) if k not in cols], n)
    for v in vs:
        x = [sum((a[j][k] * v[k] for k in range(m)), fmpq(0)) for j in range(n)]
        for u in us:
            y = [sum((u[j] * a[j][k] for j in range(n)), fmpq(0)) for k in range(m)]
            pairing = sum((y[k] * v[k] for k in range(m)), fmpq(0))
            if pairing != 0:
                assert all(x[j] == 0 for j in range(n) if j not in rows)
                assert all(y[k] == 0 for k in range(m) if k not in cols)
                return [[a[j][k] - x[j] * y[k] / pairing for k in range(m)] for j in range(n)]
    return None


def random_blocks(rng: random.Random, n: int, m: int) -> list[tuple[set[int], set[int]]]:
    blocks = [(set(range(n)), set(range(m)))]
    for _ in range(rng.randint(0, 4)):
        rows = {j for j in range(n) if rng.random() < 0.8}
        cols = {k for k in range(m) if rng.random() < 0.8}
        if rows and cols:
            blocks.append((rows, cols))
    return blocks


def test_every_matrix_of_that_rank_is_peeled_away() -> None:
    rng = random.Random(3)
    found = {"free": 0, "closed": 0}
    for _ in range(600):
        n, m = rng.randint(2, 4), rng.randint(2, 4)
        group = Group.of_blocks(random_blocks(rng, n, m))
        step = rank_peeling.find(group)
        if step is None:
            continue
        found[step.conclusion.value] += 1
        cells = group.to_json()
        proof = {"rule": step.rule, "data": {}, "parts": []}
        assert check_proof(cells, proof).conclusion == step.conclusion.value
        defects = sorted(
            (n - len(rows) + m - len(cols), i) for i, (rows, cols) in enumerate(group.supports)
        )
        order = [i for _, i in defects][: min(n, m)]
        for size in (1, 2, 3):
            rank = len(order)
            left = [[rng.randint(-size, size) for _ in range(rank)] for _ in range(n)]
            right = [[rng.randint(-size, size) for _ in range(m)] for _ in range(rank)]
            product = fmpq_mat(left) * fmpq_mat(right)
            a = [[product[j, k] for k in range(m)] for j in range(n)]
            for place in range(len(order), 0, -1):
                if fmpq_mat(a).rank() == place:  # otherwise this neuron is not needed
                    rows, cols = group.supports[order[place - 1]]
                    smaller = peel(a, set(rows), set(cols))
                    assert smaller is not None, (group.picture(), a)
                    a = smaller
            assert fmpq_mat(a).rank() == 0
    assert min(found.values()) >= 50


def test_the_bound_is_needed() -> None:
    """Two neurons with a defect of 1 each: the 2 x 2 LU-like set is not everything."""
    group = Group.of_blocks([({0, 1}, {0}), ({0}, {0, 1})])
    assert rank_peeling.find(group) is None
    cells = group.to_json()
    with pytest.raises(ValueError, match="rank_peeling"):
        check_proof(cells, {"rule": "rank_peeling", "data": {}, "parts": []})


def test_an_unobserved_cell_spoils_the_closed_case_only() -> None:
    full = {(j, k) for j in range(3) for k in range(3)}
    two = Group.of([full - {(2, 2)}, full - {(2, 2)}])
    assert rank_peeling.find(two) is None
    three = Group.of([full - {(2, 2)}] * 3)
    step = rank_peeling.find(three)
    assert step is not None
    assert step.conclusion.value == "free"


def test_free_families_inside_a_larger_group() -> None:
    group = Group.of_blocks(
        [({0, 1, 2}, {0, 1, 2}), ({1, 2}, {0, 1, 2}), ({0, 1}, {0, 1}), ({2, 3}, {2, 3})]
    )
    for chosen in rank_peeling.free_sets(View.of(group)):
        part = group.subgroup(list(bits(chosen)))
        step = rank_peeling.find(part)
        assert step is not None
        assert step.conclusion.value == "free"
