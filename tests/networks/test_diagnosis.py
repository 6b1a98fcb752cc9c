"""Runs that go to infinity, and runs that do not; real ones."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from cadlink import read
from cadlink.cli.main import main
from cadlink.errors import InputError
from cadlink.networks import decide_network, model_of, training_set
from cadlink.networks.diagnosis import diagnose
from cadlink.networks.experiments.training import Task, train
from cadlink.networks.kernel.doubles import Parameters
from cadlink.networks.signs import pairs

Arrays = list[np.ndarray]


@pytest.fixture(scope="module")
def lu() -> tuple[np.ndarray, np.ndarray, Arrays]:
    """lu:2 trained on its data without an optimum until the loss is 4e-8."""
    data = training_set(decide_network("lu:2"), "N1")
    xs, ys = data.to_numpy()
    run = train(Task(data.pattern, xs, ys), "lbfgs", 600, seed=2, engine="scipy")
    assert run.loss[-1] < 1e-6
    return xs, ys, list(run.parameters)


def test_a_diverging_run(lu: tuple[np.ndarray, np.ndarray, Arrays]) -> None:
    xs, ys, weights = lu
    found = diagnose("lu:2", xs, ys, weights=weights)
    assert found.diverging
    assert found.verdict.theorem == "N1"
    assert found.pairs[0].units == (0, 1)
    assert found.loss is not None
    assert found.limit is not None
    assert 0 <= found.limit < found.loss
    assert "going to infinity, for this reason" in found.conclusion
    # the same on data for which nothing is proved
    moved = ys + 1e-4 * np.arange(ys.size).reshape(ys.shape)
    other = diagnose("lu:2", xs, moved, weights=weights)
    assert "looks as if" in other.conclusion


def test_the_limit_is_reached_along_the_pair(lu: tuple[np.ndarray, np.ndarray, Arrays]) -> None:
    """The loss of the limit is that of units brought nearer and nearer, best outputs each time."""
    xs, ys, weights = lu
    found = diagnose("lu:2", xs, ys, weights=weights)
    rows = np.hstack((weights[0], weights[1][:, None]))
    a, b = (row / np.linalg.norm(row) for row in rows)
    points = np.hstack((xs, np.ones((len(xs), 1))))
    losses = []
    for eps in (1.0, 0.1, 0.01):
        near = [(a + b) / 2 + eps * (a - b) / 2, (a + b) / 2 - eps * (a - b) / 2]
        units = np.maximum(points @ np.array(near).T, 0)
        error = 0.0
        for output, feeding in enumerate(np.abs(weights[2]) > 0):
            features = np.hstack((units[:, feeding], np.ones((len(xs), 1))))
            fit = np.linalg.lstsq(features, ys[:, output], rcond=None)[0]
            error += float(((features @ fit - ys[:, output]) ** 2).sum())
        losses.append(error / len(xs))
    assert found.limit == pytest.approx(losses[-1], rel=0.1, abs=1e-12)


def test_a_healthy_run() -> None:
    chance = np.random.default_rng(0)
    xs = chance.uniform(-1, 1, (60, 2))
    ys = np.sin(2 * xs[:, :1]) + xs[:, 1:]
    run = train(Task(read("dense:2-8-1"), xs, ys), "adam", 300, seed=1, engine="scipy")
    found = diagnose("dense:2-8-1", xs, ys, weights=list(run.parameters))
    assert not found.diverging
    assert found.conclusion.startswith("Nothing of the kind seen")
    assert found.loss == pytest.approx(run.loss[-1])


def classifier(seed: int = 0) -> tuple[Any, np.ndarray, np.ndarray]:
    xs, labels = load_digits(return_X_y=True)
    xs, labels = xs[:400] / 16, labels[:400]
    net = MLPClassifier((30,), alpha=0.0, max_iter=60, learning_rate_init=0.02, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fit(xs, labels)
    assert net.score(xs, labels) == 1
    return net, xs, labels


def test_a_classifier_trained_to_100_percent() -> None:
    net, xs, labels = classifier()
    found = diagnose(net, xs, labels, loss="cross_entropy")
    assert found.verdict.theorem == "R23i"
    assert found.diverging
    assert found.right == 400
    assert found.margin is not None
    assert found.margin > 0
    assert "all 400 points are classified right" in found.conclusion
    for penalty, theorem, answer in (
        ("weights", "R24b", "optimum_guaranteed"),
        ("all", "R16", "optimum_guaranteed"),
        ("all-but-last", "R24c", "no_optimum"),
    ):
        verdict = decide_network(net, "c", xs, labels, penalty=penalty, loss="cross_entropy")
        assert (verdict.theorem, verdict.answer.value) == (theorem, answer)
    labels[7] = (labels[7] + 1) % 10
    wrong = diagnose(net, xs, labels, loss="cross_entropy")
    assert not wrong.diverging
    assert wrong.right == 399
    assert "miss 1 of 400 points (the first is point 7)" in wrong.verdict.reason


def test_signs_do_not_depend_on_how_a_unit_is_scaled() -> None:
    weights = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]])
    above = np.array([[50.0, -49.9, 1.0]])
    for factor in (1.0, 1e-3, 1e4):
        scale = np.array([factor, 1, 1])
        found = pairs(
            Parameters((weights * scale[:, None], above / scale), (np.zeros(3), np.zeros(1)))
        )
        assert [pair.units for pair in found] == [(0, 1)]
        assert found[0].outputs[0] == pytest.approx(50)
        assert found[0].together == pytest.approx(0.1, abs=0.01)
    same = np.array([[50.0, 49.9, 1.0]])
    assert not pairs(Parameters((weights, same), (np.zeros(3), np.zeros(1))))


def test_the_command(
    lu: tuple[np.ndarray, np.ndarray, Arrays], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xs, ys, weights = lu
    np.savez(tmp_path / "run.npz", *weights)
    np.savez(tmp_path / "data.npz", X=xs, y=ys)
    data = ["--inputs", str(tmp_path / "data.npz"), "--targets", str(tmp_path / "data.npz")]
    assert main(["diagnose", str(tmp_path / "run.npz"), *data]) == 0
    shown = capsys.readouterr().out
    assert "going to infinity" in shown
    assert "NO OPTIMUM" in shown
    assert main(["diagnose", "lu:2", *data]) == 1
    assert "--weights" in capsys.readouterr().err


def test_masks_have_nothing_to_diagnose() -> None:
    with pytest.raises(InputError, match="masks only"):
        diagnose("lu:2", [[0, 0]], [[0, 0]])
    tanh = [np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)]
    with pytest.raises(InputError, match="ReLU, found tanh"):
        diagnose(model_of(tanh, activation="tanh"), [[0, 0]], [[0, 0]])
