"""Tree forms: an optimum is guaranteed, and no edge that was taken away can come back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cadlink import Limits, Pattern, Verdict
from cadlink.networks.repair import guarantee, repair
from cadlink.networks.tree_form import obstacles, refilled, tree_form
from cadlink.rules.paths import live_units


def random_pattern(seed: int) -> Pattern:
    chance = np.random.default_rng(seed)
    widths = chance.integers(1, 6, size=int(chance.integers(3, 6)))
    density = chance.choice([0.3, 0.5, 0.8, 1.0])
    return Pattern.of([chance.random((b, a)) < density for a, b in pairwise(widths)])


def removed(pattern: Pattern, changed: Pattern) -> list[tuple[int, int, int]]:
    cells = []
    for layer, (old, new) in enumerate(zip(pattern.layers, changed.layers, strict=True)):
        old, new = old.toarray(), new.toarray()
        assert not (new & ~old).any()
        cells += [(layer, int(i), int(j)) for i, j in np.argwhere(old & ~new)]
    return cells


def put_back(pattern: Pattern, cell: tuple[int, int, int]) -> Pattern:
    masks = [mask.toarray() for mask in pattern.layers]
    layer, row, column = cell
    masks[layer][row, column] = True
    return Pattern.of(masks)


@pytest.mark.parametrize("biased", [True, False])
def test_random_networks(biased: bool) -> None:
    """R20 is another guarantee, for one input and one output; the tree form is about R1 and R13."""
    came_back, edges = 0, 0
    for seed in range(40):
        pattern = random_pattern(seed)
        biases = (biased,) * pattern.depth
        safe = tree_form(pattern, not biased)
        assert guarantee(safe, biases) in ("R1", "R13", "R20")
        assert obstacles(safe, not biased) == ()
        gone = removed(pattern, safe)
        assert not gone or gone[0][0] > 0  # the first layer stays
        for cell in gone:
            edges += 1
            theorem = guarantee(put_back(safe, cell), biases)
            came_back += theorem in ("R1", "R13")
        if guarantee(pattern, biases) in ("R1", "R13"):
            assert not gone
        assert (obstacles(pattern, not biased) == ()) == (
            guarantee(pattern, biases) in ("R1", "R13")
        )
    assert edges > 100
    # without biases, units that no input reaches count; some could be left with more
    assert came_back == 0


def test_units_keep_their_largest_weights() -> None:
    chance = np.random.default_rng(2)
    pattern = Pattern.of([np.ones((6, 5)), np.ones((4, 6)), np.ones((3, 4))])
    weights = [chance.normal(size=mask.shape) for mask in pattern.layers]
    safe = tree_form(pattern, weights=weights)
    for layer in (1, 2):
        kept = safe.layers[layer].toarray()
        for unit in range(kept.shape[1]):
            largest = int(np.argmax(np.abs(weights[layer][:, unit])))
            if safe.layers[layer - 1].toarray()[unit].any():
                assert kept[largest, unit]
                assert layer == 2 or kept[:, unit].sum() == 1  # outputs of its own are no matter
            else:
                assert kept[:, unit].all()  # nothing reaches it


def test_the_number_of_edges_can_stay() -> None:
    for seed in range(60):
        pattern = random_pattern(seed)
        safe = tree_form(pattern)
        gone = pattern.nnz - safe.nnz
        full, left = refilled(safe, gone)
        assert full.nnz == pattern.nnz - left
        assert guarantee(full) in ("R1", "R13", "R20")
        rows = live_units(safe)[1]
        if left:
            assert full.layers[0][rows, :].toarray().all()
        for layer in range(1, pattern.depth):
            assert (full.layers[layer] != safe.layers[layer]).nnz == 0


def test_a_pruned_lenet_in_seconds() -> None:
    import time

    chance = np.random.default_rng(0)
    widths = (784, 300, 100, 10)
    pattern = Pattern.of([chance.random((b, a)) < 0.05 for a, b in pairwise(widths)])
    start = time.process_time()
    for keep in (False, True):
        found = repair(pattern, keep_density=keep, limits=Limits(20))
        (one,) = found.suggestions
        assert one.theorem == "R13"
        assert one.decision.verdict is Verdict.CLOSED
        assert one.added == (0 if keep else -sum(obstacle.edges for obstacle in found.obstacles))
        assert [obstacle.layer for obstacle in found.obstacles] == [1, 2]
        assert found.decay == "R24"
    assert time.process_time() - start < 20


def test_repair_keeps_the_larger_of_trained_weights() -> None:
    chance = np.random.default_rng(7)
    pattern = Pattern.of([np.ones((8, 9)), np.ones((7, 8)), np.ones((3, 7))])
    weights = [chance.normal(size=mask.shape) for mask in pattern.layers]
    (one,) = repair(pattern, weights=weights, keep_density=True).suggestions
    for layer in (1, 2):
        kept = tree_form(pattern, weights=weights).layers[layer]
        assert (one.pattern.layers[layer] != kept).nnz == 0
