"""What helps and what does not is said only where a theorem says it of this network."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cadlink import Pattern
from cadlink.clock import Clock
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.deciding import case_of
from cadlink.networks.remedies import answered, remedies

LU2 = "11/01;10/11"
DECAY, ALL = "weight decay on all weight matrices", "a penalty on all weights and biases"
SPLIT, FULL = "one such network for each output", "filling up the masks"
WITHOUT_LAST = "weight decay on all layers but the last"


@pytest.mark.parametrize(
    ("source", "given", "helps", "not_helps"),
    [
        (LU2, {}, {DECAY, SPLIT}, {FULL, WITHOUT_LAST}),
        ("11/11;11/11", {}, {DECAY, SPLIT}, {WITHOUT_LAST}),  # full as it is
        ("11/01;10/11;11/11", {}, {DECAY}, {FULL, WITHOUT_LAST}),  # two hidden layers
        ("10/01;10/01;11", {}, {DECAY}, {FULL, WITHOUT_LAST}),  # one output
        ("1/0;10/11", {}, {DECAY, SPLIT}, {FULL, WITHOUT_LAST}),
        (LU2, {"bias": [True, False]}, {ALL, SPLIT}, {FULL}),  # R24 needs output biases
        (LU2, {"bias": False}, {DECAY, SPLIT}, {FULL}),  # R24c needs biases
        (LU2, {"loss": "cross_entropy"}, {ALL}, {FULL}),
        (LU2, {"loss": "absolute"}, {DECAY, SPLIT}, {FULL}),  # R24c is about averages
        (LU2, {"penalty": "weights"}, set(), set()),
    ],
)
def test_each_needs_what_its_theorem_needs(
    source: str, given: dict[str, Any], helps: set[str], not_helps: set[str]
) -> None:
    found = remedies(case_of(source, **given)[0])
    assert {one.text for one in found if one.helps} == helps
    assert {one.text for one in found if not one.helps} == not_helps


def test_of_these_data() -> None:
    """What is best among constants is an optimum with decay on all layers but the last."""
    xs = [[0, 0], [1, 2], [3, 1]]
    for ys, bad in (([[1, 1], [0, 2], [5, 0]], True), ([[1, 1]] * 3, False)):
        case, _ = case_of(LU2, "c", xs, ys)
        found = {one.text for one in remedies(case) if not one.helps}
        assert found == ({WITHOUT_LAST} if bad else set())
    case, _ = case_of(LU2, "b", xs)
    assert not [one for one in remedies(case) if not one.helps]


def test_random_networks_against_deciding() -> None:
    chance = np.random.default_rng(3)
    seen = 0
    for _ in range(30):
        widths = chance.integers(1, 4, size=int(chance.integers(3, 5)))
        pattern = Pattern.of([chance.random((b, a)) < 0.6 for a, b in pairwise(widths)])
        for one in remedies(case_of(pattern)[0]):
            if one.text == FULL:
                full = Pattern.of([np.ones(mask.shape) for mask in pattern.layers])
                assert decide_network(full).answer is NetworkAnswer.NO_OPTIMUM
                seen += 1
            if one.text == DECAY:
                decayed = decide_network(pattern, penalty="weights")
                assert decayed.answer is NetworkAnswer.OPTIMUM_GUARANTEED
    assert seen > 3


def test_outputs_are_not_gone_through_when_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(*arguments: Any) -> Any:
        asked.append(arguments)
        return answered(*arguments)

    monkeypatch.setattr("cadlink.networks.remedies.answered", counted)
    case = case_of("dense:3-3-50")[0]
    remedies(replace(case, clock=Clock.of(1e-9)))
    assert 0 < len(asked) < 10
