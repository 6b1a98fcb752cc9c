"""Matchings in all columns at once, against maximum matchings column by column."""

from __future__ import annotations

import time

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import maximum_bipartite_matching

from cadlink.certificates.kernel import check_proof
from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.certificates.kernel.sweep import swept
from cadlink.patterns.families import build
from cadlink.patterns.pattern import Pattern
from cadlink.rules import large_matching

MATCHING = {"rule": "matching", "data": {}, "parts": []}


def matched(above: np.ndarray, fed: np.ndarray) -> bool:
    """Whether the rows that meet the neurons ``fed`` can be matched to them."""
    joined = above[:, fed]
    joined = joined[joined.any(axis=1)]
    if not joined.size:
        return True
    partner = maximum_bipartite_matching(sp.csr_array(joined), perm_type="column")
    return bool((partner >= 0).all())


def test_a_served_column_has_a_matching_and_few_others_go_unserved() -> None:
    chance = np.random.default_rng(4)
    served = right = possible = 0
    for _ in range(150):
        rows, neurons, columns = chance.integers(2, 12, size=3)
        density = chance.choice([0.2, 0.4, 0.6, 0.9])
        above = chance.random((rows, neurons)) < density
        below = chance.random((columns, neurons)) < density
        found = swept(sp.csr_array(above), sp.csr_array(below), Reader({}, "proof", Budget()))
        for k in range(columns):
            exists = matched(above, below[k])
            assert exists or not found[k]
            possible += exists
            served += bool(found[k])
        right += found.all() == all(matched(above, below[k]) for k in range(columns))
    assert 0.85 * possible < served <= possible
    assert right > 100


def upper_staircase() -> np.ndarray:
    """256 outputs, 300 units: output j sees the units from j to j + 60."""
    unit, output = np.arange(300), np.arange(256)[:, None]
    return (unit >= output) & (unit <= output + 60)


def test_large_dense_layers_take_seconds() -> None:
    wide = build("random:256-1024-256,0.5,0")
    start = time.process_time()
    step = large_matching.find(wide)
    assert step is not None
    assert step.rule == "matching"
    assert check_proof(wide, MATCHING).conclusion == "free"
    # Here every unit but the last few serves one output only: a greedy matching goes astray.
    tight = Pattern.of([np.random.default_rng(0).random((300, 256)) < 0.97, upper_staircase()])
    assert large_matching.find(tight) is not None
    assert check_proof(tight, MATCHING).conclusion == "free"
    assert time.process_time() - start < 20
