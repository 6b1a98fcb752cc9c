"""Pins: what the search believes about them is so, and it finds deep ones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock, OutOfTime
from cadlink.modular import PRIME, rank
from cadlink.patterns.families import build
from cadlink.patterns.pattern import Pattern
from cadlink.rules import cut, deep_matching
from cadlink.rules.cut import enough
from cadlink.rules.net import Net, Pins
from cadlink.rules.paths import is_connected, on_paths
from cadlink.rules.pin_search import serving
from cadlink.rules.sketch import MOST_RELATIONS, Sketch
from cadlink.rules.split import find as split


def trimmed(source: str) -> Pattern:
    pattern = build(f"random:{source}")
    return pattern.select(on_paths(pattern))


@pytest.mark.parametrize("seed", [0, 1])
def test_pins_are_found_in_deep_layers(seed: int) -> None:
    pattern = trimmed(f"20-30-30-30-30-6,0.15,{seed}")
    net, clock = Net(pattern), Clock.of(60)
    assert net.missing(net.no_pins(), clock)
    found = serving(net, clock)
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


def _some_nets() -> Iterator[tuple[Net, Pins]]:
    """Nets with random pins."""
    chance = np.random.default_rng(1)
    sources = [f"{widths},0.4,{seed}" for widths in ("9-8-7-5", "6-9-4") for seed in range(8)]
    for source in sources:
        net = Net(trimmed(source))
        for share in (0.0, 0.2, 0.4):
            yield net, tuple(chance.random(mark.size) < share for mark in net.no_pins())


def test_floating_point_sees_what_ranks_modulo_a_prime_do() -> None:
    seen = []
    for net, pins in _some_nets():
        look = Sketch(net).look(pins, Clock())
        assert look.missing == net.missing(pins, Clock())
        assert look.relations.shape == (look.missing, len(look.demands))
        seen.append(look.missing)
    assert len(set(seen)) > 4


def test_a_unit_is_lost_by_the_columns_that_need_it_and_by_the_pins_that_feed_it() -> None:
    for net, pins in _some_nets():
        sketch = Sketch(net)
        first, *deeper = sketch.losses(pins, sketch.look(pins, Clock()))
        up = net.upwards(pins)[0]
        needed = np.zeros(net.pattern.widths[1], dtype=int)
        for rows, fed in zip(net.outputs, net.fed, strict=True):
            heads = fed[~pins[0][fed]]
            for u in heads:
                fewer = up[np.ix_(rows, heads[heads != u])]
                needed[u] += rank(up[np.ix_(rows, heads)]) > rank(fewer)
        assert first.tolist() == needed.tolist()
        if deeper:
            used = pins[0] & net.masks[0].any(axis=1)
            assert deeper[0].tolist() == net.masks[1][:, used].sum(axis=1).tolist()


def test_one_pin_breaks_no_more_relations_than_it_was_said_to() -> None:
    broken = 0
    for net, pins in _some_nets():
        sketch = Sketch(net)
        look = sketch.look(pins, Clock())
        if not 0 < look.missing <= MOST_RELATIONS:
            continue
        gains = sketch.gains(pins, look)[-1]  # below, a pin may bring others into play
        for u in np.flatnonzero(~pins[-1]):
            more = tuple(one.copy() for one in pins)
            more[-1][u] = True
            gone = look.missing - sketch.look(more, Clock()).missing
            assert gone <= gains[u]
            broken += gone > 0
    assert broken > 5


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
                assert net.missing((np.array(marks),), Clock())
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
