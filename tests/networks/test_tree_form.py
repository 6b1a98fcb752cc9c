"""Tree forms: an optimum is guaranteed, and no edge that was taken away can come back."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from stating import guarantee

from cadlink import Pattern, Verdict
from cadlink.networks.deciding import case_of
from cadlink.networks.obstacles import obstacles
from cadlink.networks.repair import repair
from cadlink.networks.tree_form import one_last_unit, refilled, tree_form
from cadlink.rules.paths import live_units, on_paths


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


def test_one_unit_is_left_in_the_last_hidden_layer() -> None:
    several = 0
    for seed in range(60):
        pattern = random_pattern(seed)
        if pattern.depth < 3:
            continue
        for biased in (True, False):
            left = one_last_unit(pattern, not biased)
            assert not removed(pattern, left) or len(on_paths(left)[-2]) <= 1
            assert len(np.unique(left.layers[-1].nonzero()[1])) <= 1
            assert guarantee(left, (biased,) * pattern.depth) in ("R1", "R13", "R20")
        several += len(on_paths(pattern)[-2]) > 1
    assert several > 10


@pytest.mark.parametrize(("density", "keep"), [(0.05, False), (0.2, True)])
def test_a_pruned_lenet_in_seconds(density: float, keep: bool) -> None:
    chance = np.random.default_rng(0)
    widths = (784, 300, 100, 10)
    pattern = Pattern.of([chance.random((b, a)) < density for a, b in pairwise(widths)])
    start = time.process_time()
    found = repair(case_of(pattern)[0], keep_density=keep)
    assert time.process_time() - start < 30
    first, second = found.suggestions
    for one in (first, second):
        assert one.verdict is not None
        assert (one.theorem, one.verdict.holes) == ("R13", ())
        assert one.decision is not None
        assert one.decision.verdict is Verdict.CLOSED
    edges = sum(obstacle.edges for obstacle in found.obstacles)
    assert first.added == (0 if keep else -edges)
    assert len(second.changes) < len(first.changes)
    assert second.live < first.live
    assert [obstacle.layer for obstacle in found.obstacles] == [1, 2]


def test_repair_keeps_the_larger_of_trained_weights() -> None:
    chance = np.random.default_rng(7)
    pattern = Pattern.of([np.ones((8, 9)), np.ones((7, 8)), np.ones((3, 7))])
    weights = [chance.normal(size=mask.shape) for mask in pattern.layers]
    numbers = [array for weight in weights for array in (weight, np.zeros(len(weight)))]
    case = case_of(pattern, weights=numbers)[0]
    one, other = repair(case, keep_density=True).suggestions
    for layer in (1, 2):
        for suggested, form in ((one, tree_form), (other, one_last_unit)):
            kept = form(pattern, weights=weights).layers[layer]
            assert (suggested.pattern.layers[layer] != kept).nnz == 0
    (unit,) = np.unique(one_last_unit(pattern, weights=weights).layers[-1].nonzero()[1])
    assert np.abs(weights[2]).sum(axis=0).argmax() == unit
    whole = sum(float((weight**2).sum()) for weight in weights)
    stay = sum(
        float((weight[mask.toarray()] ** 2).sum())
        for weight, mask in zip(weights, one.pattern.layers, strict=True)
    )
    assert one.kept == pytest.approx(stay / whole)
