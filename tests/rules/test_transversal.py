"""Independent transversals found exactly in random and degenerate subspaces."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from flint import fmpq, fmpq_mat
from rules.test_rank_peeling import kernel_of

from cadlink.certificates.kernel import check_proof
from cadlink.patterns.group import Group
from cadlink.rules import transversal


def supported(basis: list[list[int]], rows: frozenset[int]) -> list[list[fmpq]]:
    """A basis of the combinations of ``basis`` that vanish outside the rows."""
    n = len(basis[0])
    outside = [[fmpq(vector[j]) for vector in basis] for j in range(n) if j not in rows]
    weights = kernel_of(outside, len(basis))
    return [
        [sum((w * v[j] for w, v in zip(weight, basis, strict=True)), fmpq(0)) for j in range(n)]
        for weight in weights
    ]


def rado(spaces: list[list[list[fmpq]]]) -> bool:
    """Rado's condition: independent vectors, one in each space, exist."""
    for size in range(1, len(spaces) + 1):
        for chosen in combinations(spaces, size):
            rows = [vector for space in chosen for vector in space]
            if not rows or fmpq_mat(rows).rank() < size:
                return False
    return True


def test_every_space_has_a_transversal() -> None:
    rng = random.Random(5)
    found = 0
    for _ in range(1500):
        n = rng.randint(2, 5)
        r = rng.randint(1, n)
        blocks = [({j for j in range(n) if rng.random() < 0.75}, range(n)) for _ in range(r)]
        if {j for rows, _ in blocks for j in rows} != set(range(n)) or not all(
            b for b, _ in blocks
        ):
            continue
        group = Group.of_blocks(blocks)
        step = transversal.find(group)
        if step is None:
            continue
        found += 1
        cells = group.to_json()
        proof = {"rule": "transversal", "data": {}, "parts": []}
        assert check_proof(cells, proof).conclusion == step.conclusion.value
        for trial in range(25):
            size = 1 + trial % 2
            basis = [[rng.randint(-size, size) for _ in range(n)] for _ in range(r)]
            if fmpq_mat(basis).rank() == r:
                assert rado([supported(basis, rows) for rows, _ in group.supports]), basis
    assert found >= 100


def test_crossing_pairs_are_refused() -> None:
    """Two neurons with crossing row sets and nothing else: not closed."""
    group = Group.of_blocks([({0, 1}, range(3)), ({1, 2}, range(3))])
    assert transversal.find(group) is None
    cells = group.to_json()
    with pytest.raises(ValueError, match="transversal"):
        check_proof(cells, {"rule": "transversal", "data": {}, "parts": []})
