"""Pins: what the search believes about them is so, and it finds deep ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock, OutOfTime
from cadlink.patterns.families import build
from cadlink.patterns.pattern import Pattern
from cadlink.rules import cut, deep_matching
from cadlink.rules.modular import PRIME, dependent, left_kernel, product, rank
from cadlink.rules.net import Net
from cadlink.rules.paths import is_connected, on_path
from cadlink.rules.pin_flow import enough, proposals
from cadlink.rules.pin_search import improved
from cadlink.rules.split import find as split


def trimmed(source: str) -> Pattern:
    pattern = build(f"random:{source}")
    return pattern.select(on_path(pattern))


@pytest.mark.parametrize("seed", [0, 1])
def test_deep_pins_are_found_where_no_pins_of_the_first_layer_are(seed: int) -> None:
    pattern = trimmed(f"20-30-30-30-30-6,0.15,{seed}")
    net, clock = Net(pattern), Clock.of(60)
    assert all(net.missing(pins, clock).dimensions for pins in proposals(net, clock))
    pins = net.no_pins()
    found = improved(net, pins, net.missing(pins, clock), clock)
    assert found is not None
    units = [np.flatnonzero(mark).tolist() for mark in found]
    assert any(units[1:])
    proof = {"rule": "cut", "data": {"pins": units, "seed": 0, "prime": PRIME}, "parts": []}
    assert check_proof(pattern, proof).conclusion == "free"


def test_large_chains_are_cut_first_and_small_ones_last() -> None:
    large, small = trimmed("30-40-40-10,0.5,0"), trimmed("6-9-9-3,0.7,0")
    first, last = cut.IN_LARGE.find, cut.RULE.find
    assert first is not None
    assert last is not None
    assert last(large, Clock()) is None
    assert first(small, Clock()) is None
    assert first(large, Clock()) == cut.find(large) is not None
    assert last(small, Clock()) == cut.find(small) is not None


def test_rows_in_relations() -> None:
    chance = np.random.default_rng(0)
    for rows, cols, inner in itertools.product((1, 4, 9), (1, 5), (1, 3)):
        left = chance.integers(0, PRIME, (rows, inner)) * (chance.random((rows, inner)) < 0.6)
        matrix = product(left, chance.integers(0, PRIME, (inner, cols)))
        relations = left_kernel(matrix)
        nullity, involved = dependent(matrix)
        assert nullity == len(relations)
        assert involved.tolist() == relations.any(axis=0).tolist()


def test_the_columns_that_need_a_unit_lose_a_dimension_without_it() -> None:
    chance = np.random.default_rng(1)
    for source in ("9-8-7-5,0.4,0", "9-8-7-5,0.6,1", "6-9-4,0.5,2"):
        net = Net(trimmed(source))
        pins = tuple(chance.random(mark.size) < 0.3 for mark in net.no_pins())
        up = net.upwards(pins)[0]
        needed = np.zeros(net.pattern.widths[1], dtype=int)
        for rows, fed in zip(net.outputs, net.fed, strict=True):
            heads = fed[~pins[0][fed]]
            for u in heads:
                fewer = up[np.ix_(rows, heads[heads != u])]
                needed[u] += rank(up[np.ix_(rows, heads)]) > rank(fewer)
        assert net.needed(pins, Clock()).tolist() == needed.tolist()


def test_pins_of_one_layer_that_counting_excludes_do_not_exist() -> None:
    excluded = 0
    for seed in range(120):
        pattern = trimmed(f"4-4-4,0.6,{seed}")
        if 0 in pattern.widths:
            continue
        support = pattern.support()
        lower, upper = pattern.layers
        need = np.bincount(support.indices, minlength=pattern.widths[0])
        have = np.bincount(lower.indices, minlength=pattern.widths[0])
        gain = np.bincount(upper.indices, minlength=pattern.widths[1])
        if not enough(lower, need - have, gain):
            excluded += 1
            net = Net(pattern)
            for marks in itertools.product((False, True), repeat=pattern.widths[1]):
                assert net.missing((np.array(marks),), Clock()).dimensions
    assert excluded > 20


def test_connected_masks_have_one_component() -> None:
    seen = [0, 0]
    for seed in range(60):
        pattern = trimmed(f"9-9-9,0.15,{seed}")
        if 0 in pattern.widths:
            continue
        step = split(pattern)
        seen[step is None] += 1
        assert not (is_connected(pattern) and step is not None)
    assert min(seen) > 5


def test_a_product_that_cannot_be_afforded_is_not_begun() -> None:
    pattern = build("random:700-700-700-700,0.3,0")
    for find in (cut.find, deep_matching.find):
        with pytest.raises(OutOfTime):
            find(pattern, Clock.of(0.02))
