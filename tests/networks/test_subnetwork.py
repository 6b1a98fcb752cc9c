"""The part that matters predicts what the whole does; starts near the sequence get somewhere."""

from __future__ import annotations

import numpy as np
import pytest

from cadlink import Pattern
from cadlink.networks import decide_network
from cadlink.networks.data import TrainingSet, training_set
from cadlink.networks.experiments.training import Task, train
from cadlink.networks.subnetwork import subnetwork


def pruned(seed: int = 0) -> Pattern:
    chance = np.random.default_rng(seed)
    return Pattern.of([chance.random((300, 784)) < 0.05, chance.random((10, 300)) < 0.05])


def data_for(source: str, theorem: str | None = None) -> TrainingSet:
    pattern = pruned() if source == "pruned" else source
    return training_set(decide_network(pattern), theorem)


@pytest.mark.parametrize(
    ("source", "theorem"),
    [
        ("pruned", "R1"),
        ("pruned", "R3"),
        ("pruned", "N1"),
        ("lu:2", "N1"),
        ("dense:3-1-2-1", "R14"),
        ("dense:6-2-3-2", "R18"),
    ],
)
def test_the_sequence_on_the_part(source: str, theorem: str) -> None:
    data = data_for(source, theorem)
    part = subnetwork(data)
    assert max(part.pattern.widths) <= 3
    for k in (0, 1, 2, 5, 9):
        loss, _, _ = part.task.loss_and_gradient(part.parameters(k), 0.0)
        exact = float(data.parameters(k).loss(data.X, data.Y) / len(data))
        assert loss == pytest.approx(exact, rel=1e-6)
    run = train(part.task, "lbfgs", 300, start=part.near(0), engine="scipy")
    assert 0 < run.loss[-1] < 1e-3
    assert run.loss[-1] < run.loss[0] / 100
    decayed = train(part.task, "lbfgs", 300, decay=1e-3, start=part.near(0), engine="scipy")
    assert decayed.largest[-1] < 3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("last_bias", [True, False])
def test_the_whole_differs_by_constants(seed: int, last_bias: bool) -> None:
    """Any parameters, restricted to the part: the predictions change by the same at all points."""
    chance = np.random.default_rng(seed)
    pattern = Pattern.of([chance.random((9, 7)) < 0.3, chance.random((5, 9)) < 0.4])
    data = training_set(decide_network(pattern, bias=(True, last_bias)))
    part = subnetwork(data)
    assert part.pattern.nnz < pattern.nnz
    inputs, targets = data.to_numpy()
    whole = Task(pattern, inputs, targets, data.biases).start(seed)
    units = part.units
    some = [
        whole[0][np.ix_(units[1], units[0])],
        whole[1][units[1]],
        whole[2][np.ix_(units[2], units[1])],
        whole[3][units[2]],
    ]

    def predict(parameters: list[np.ndarray], xs: np.ndarray) -> np.ndarray:
        hidden = np.maximum(xs @ parameters[0].T + parameters[1], 0)
        return np.asarray(hidden @ parameters[2].T + parameters[3])

    change = predict(whole, inputs)[:, units[2]] - predict(some, part.X)
    assert np.ptp(change, axis=0) == pytest.approx(0, abs=1e-12)
    if not last_bias:  # constant units are kept: nothing else could do their work
        assert change == pytest.approx(0, abs=1e-12)
    rest = np.delete(targets, units[2], axis=1)
    assert not rest.any()


def test_early_is_before_the_growth() -> None:
    assert subnetwork(data_for("lu:2", "R3")).early() == 2
    assert subnetwork(data_for("lu:2", "N1")).early() == 0
