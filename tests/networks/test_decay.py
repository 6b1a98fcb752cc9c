"""R24: weight decay on all weights, none on the biases."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from stating import accepted

from cadlink import read
from cadlink.errors import CertificateError
from cadlink.networks.deciding import decide_network
from cadlink.networks.verdict import NetworkAnswer

NET = read("dense:3-2-2-2")
DECAYED = {"theorem": "R24", "claim": "attained"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, ""),
        ({"biases": (False, False, False)}, ""),
        ({"biases": (False, True, True)}, ""),
        ({"activation": "leaky_relu"}, ""),
        ({"loss": "coercive"}, ""),
        ({"biases": (True, True, False)}, "free biases in all layers above"),
        ({"biases": (True, False, True)}, "free biases in all layers above"),
        ({"loss": "definite"}, "tends to infinity with the predictions"),
        ({"penalty": "none"}, "weight decay"),
        ({"penalty": "all"}, "none on the biases"),
        ({"answer": "no_optimum"}, "answer"),
    ],
)
def test_each_hypothesis(fields: dict[str, object], words: str) -> None:
    fields = {"penalty": "weights", **fields}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(NET, DECAYED, **fields)
    else:
        accepted(NET, DECAYED, **fields)


def test_without_an_output_bias_nothing_is_promised() -> None:
    """v relu(w x + b), target 1: the penalty on v and w tends to 0 as b grows."""
    verdict = decide_network("dense:1-1-1", bias=[True, False], penalty="weights")
    assert verdict.answer is NetworkAnswer.NOT_EXCLUDED
    assert "R24 needs free biases in all layers above" in verdict.reason
    for data in (("a",), ("b", [[1]]), ("c", [[1]], [[1]])):
        verdict = decide_network("dense:1-1-1", *data, penalty="weights")
        assert verdict.theorem == "R24"
        assert "on all weights that tends to infinity with them (weight decay)" in " ".join(
            verdict.assumptions
        )


@pytest.mark.parametrize("slope", [0, -1, 0.125])
def test_large_biases_can_be_exchanged_for_bounded_ones(slope: float) -> None:
    """The step of the proof, on random networks with integer weights and enormous biases."""
    chance = np.random.default_rng(4)
    for depth, trial in product((2, 3, 4), range(20)):
        widths = chance.integers(1, 4, size=depth + 1)
        weights = [
            chance.integers(-2, 3, size=(widths[p + 1], widths[p])).astype(float)
            for p in range(depth)
        ]
        biases = [
            (chance.integers(-9, 10, size=w) * 10.0 ** chance.integers(0, 7)) for w in widths[1:]
        ]
        biases[-1][:] = 0
        x = chance.integers(-2, 3, size=(5, widths[0])).astype(float)
        before = predictions(weights, biases, x, slope)
        bounded = exchanged(weights, biases, x, slope)
        assert np.array_equal(predictions(weights, bounded, x, slope), before), trial
        # |<w, h>| <= 6 |h| and |b| <= |<w, h>|, so values grow by a factor of 12 a layer at most
        assert max(np.abs(b).max() for b in bounded[:-1]) <= 2 * 12.0 ** (depth - 1)


def predictions(
    weights: list[np.ndarray], biases: list[np.ndarray], x: np.ndarray, slope: float
) -> np.ndarray:
    for place, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        x = x @ weight.T + bias
        if place + 1 < len(weights):
            x = np.where(x > 0, x, slope * x)
    return x


def exchanged(
    weights: list[np.ndarray], biases: list[np.ndarray], x: np.ndarray, slope: float
) -> list[np.ndarray]:
    found = [bias.copy() for bias in biases]
    for place, weight in enumerate(weights[:-1]):
        form = x @ weight.T
        bound = np.abs(form).max(axis=0)
        b = found[place]
        moved = np.where(b > bound, b - bound, np.where(b < -bound, slope * (b + bound), 0))
        found[place] = np.clip(b, -bound, bound)
        found[place + 1] = found[place + 1] + weights[place + 1] @ moved
        z = form + found[place]
        x = np.where(z > 0, z, slope * z)
    return found
