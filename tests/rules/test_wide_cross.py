"""The merged cross of two masks: the rule about groups in other clothes, quick on large masks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.errors import CertificateError
from cadlink.patterns.families import build
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import merged_cross, pipeline, two_factors, wide_cross
from cadlink.rules.paths import on_paths


def group_of(pattern: Pattern) -> Group:
    step = two_factors.find(pattern)
    assert step is not None
    group = step.parts[0]
    assert isinstance(group, Group)
    return group


def accepted(pattern: Pattern, rule: dict[str, Any]) -> bool:
    try:
        return check_proof(pattern, rule).conclusion == "not_closed"
    except CertificateError:
        return False


def changed(data: dict[str, Any], size: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """The data, and what comes of it by other numbers in some places."""
    yield data
    for _ in range(60):
        other = data | {key: chance.randrange(size) for key in chance.sample(sorted(data), 1)}
        for key, one in (("J", "j0"), ("K", "k0")):
            if isinstance(other[key], int):
                other[key] = sorted({data[one], other[key]})
        yield other


def places(pattern: Pattern, group: Group) -> dict[int, int]:
    """Which neuron of the group every hidden unit is: its block in another order."""
    lower, upper = (mask.toarray() for mask in pattern.layers)
    found: dict[int, int] = {}
    for unit in range(pattern.widths[1]):
        block = {
            (j, k) for j in np.flatnonzero(upper[:, unit]) for k in np.flatnonzero(lower[unit])
        }
        alike = (n for n, neuron in enumerate(group.neurons) if set(neuron) == block)
        found[unit] = next(n for n in alike if n not in found.values())
    return found


def test_the_kernel_says_what_it_says_about_the_group() -> None:
    chance = random.Random(0)
    agreed = [0, 0]
    for seed in range(60):
        pattern = build(f"random:5-5-5,0.5,{seed}")
        pattern = pattern.select(on_paths(pattern))
        if min(pattern.widths) < 5:
            continue
        lower, upper = (mask.toarray() for mask in pattern.layers)
        data = wide_cross.search(upper, lower)
        place = places(pattern, group_of(pattern))
        for one in changed(data, 5, chance) if data is not None else ():
            alike = one | {key: place[one[key]] for key in ("a", "b", "i1")}
            inner = {"rule": "merged_cross", "data": alike, "parts": []}
            said = accepted(pattern, {"rule": "merged_cross", "data": one, "parts": []})
            assert said == accepted(pattern, {"rule": "two_factors", "data": {}, "parts": [inner]})
            agreed[said] += 1
    assert min(agreed) > 100


def test_what_is_found_in_small_masks_is_accepted_and_as_much_as_by_the_group() -> None:
    fired = missed = 0
    for seed in range(150):
        pattern = build(f"random:6-6-6,0.55,{seed}")
        lower, upper = (mask.toarray() for mask in pattern.layers)
        data = wide_cross.search(upper, lower, Clock())
        if data is not None:
            fired += 1
            assert accepted(pattern, {"rule": "merged_cross", "data": data, "parts": []})
        elif min(pattern.select(on_paths(pattern)).widths) == 6:
            missed += merged_cross.find(group_of(pattern)) is not None
    assert fired > 30
    assert missed < fired / 10


@pytest.mark.parametrize("source", ["300-300-300,0.25,0", "600-500-600,0.12,1"])
def test_large_masks(source: str) -> None:
    pattern = build(f"random:{source}")
    for one in (pattern, pattern.transpose()):
        tree = pipeline.taken(wide_cross.RULE, one, Clock.of(30))
        assert tree is not None
        assert check_proof(one, pipeline.proof(tree)).conclusion == "not_closed"


def test_nothing_is_found_among_many_units_and_at_once_in_dense_masks() -> None:
    assert wide_cross.find(build("random:60-200-60,0.3,0")) is None
    assert wide_cross.find(build("random:400-400-400,0.7,0"), Clock.of(20)) is None
    assert wide_cross.find(build("random:40-40-40-40,0.7,0")) is None
