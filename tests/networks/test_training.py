"""Training: both engines agree, gradients are right, demos and scripts really run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cadlink import Pattern, read
from cadlink.clock import Clock
from cadlink.errors import InputError
from cadlink.networks import decide_network
from cadlink.networks.data import TrainingSet, training_set
from cadlink.networks.experiments.demo import demonstrate
from cadlink.networks.experiments.script import script
from cadlink.networks.experiments.training import Task, train
from cadlink.networks.subnetwork import subnetwork


def nine() -> TrainingSet:
    return training_set(decide_network("lu:2"), "N1")


def task() -> Task:
    data = nine()
    return Task(data.pattern, *data.to_numpy())


def test_gradient_by_differences() -> None:
    chance = np.random.default_rng(1)
    pattern = read("110/011/111;110/011;11/01")
    work = Task(pattern, chance.standard_normal((7, 3)), chance.standard_normal((7, 2)))
    point = work.start(3)
    _, total, gradient = work.loss_and_gradient(point, 0.1)
    free = [m.astype(float) for mask in work.masks() for m in (mask, np.ones(len(mask)))]
    direction = [chance.standard_normal(p.shape) * f for p, f in zip(point, free, strict=True)]
    slope = sum(float((g * d).sum()) for g, d in zip(gradient, direction, strict=True))
    h = 1e-6
    ahead = work.loss_and_gradient([p + h * d for p, d in zip(point, direction, strict=True)], 0.1)
    assert (ahead[1] - total) / h == pytest.approx(slope, rel=1e-4)


def test_engines_agree() -> None:
    runs = [train(task(), "adam", 60, seed=2, engine=engine) for engine in ("torch", "scipy")]
    assert runs[0].steps == runs[1].steps
    assert runs[0].loss == pytest.approx(runs[1].loss, rel=1e-6)
    assert runs[0].largest == pytest.approx(runs[1].largest, rel=1e-6)


@pytest.mark.parametrize("engine", ["torch", "scipy"])
@pytest.mark.parametrize("method", ["adam", "lbfgs"])
def test_weights_stay_on_the_masks_and_seeds_repeat(engine: str, method: str) -> None:
    runs = [train(task(), method, 30, seed=1, engine=engine) for _ in range(2)]
    assert runs[0].to_json() == runs[1].to_json()
    assert runs[0].loss[-1] < runs[0].loss[0]
    for mask, weight in zip(task().masks(), runs[0].parameters[::2], strict=True):
        assert not weight[~mask].any()
    assert len(runs[0].steps) == len(set(runs[0].steps))


@pytest.mark.parametrize("engine", ["torch", "scipy"])
@pytest.mark.parametrize("method", ["adam", "lbfgs"])
def test_a_run_ends_when_the_time_is_over(engine: str, method: str) -> None:
    run = train(task(), method, 10**6, engine=engine, clock=Clock.of(0.0))
    assert run.steps[-1] <= 1
    assert len(run.parameters) == 4


def test_layers_without_biases_keep_none() -> None:
    data = nine()
    work = Task(data.pattern, *data.to_numpy(), (False, True))
    for engine in ("torch", "scipy"):
        assert not train(work, "lbfgs", 20, engine=engine).parameters[1].any()


def test_refusals() -> None:
    with pytest.raises(InputError, match="expected one of adam, lbfgs"):
        train(task(), "sgd")
    with pytest.raises(InputError, match="expected one of torch, scipy"):
        train(task(), engine="jax")
    with pytest.raises(InputError, match="expected at least 1"):
        train(task(), steps=0)
    with pytest.raises(InputError, match="expected data with 2 inputs"):
        Task(read("lu:2"), np.zeros((3, 5)), np.zeros((3, 2)))


def test_demo_diverges_without_decay_and_not_with() -> None:
    heard: list[float] = []
    demo = demonstrate(
        nine(), steps=400, starts=3, engine="scipy", say=lambda text, share: heard.append(share)
    )
    assert heard == sorted(heard)
    assert heard[-1] <= 1
    assert 0 < demo.plain.loss[-1] < 1e-5
    assert demo.plain.largest[-1] > 20
    assert demo.decayed.largest[-1] < 5
    assert demo.decayed.loss[-1] > 1e-4
    assert demo.beaten_at is not None
    json.dumps(demo.to_json(), allow_nan=False)


def test_nobody_attains_zero_on_the_nine_points() -> None:
    """Twenty starts: what is seen with bounded parameters stays away from 0."""
    runs = [train(task(), "lbfgs", 150, seed=seed, engine="scipy") for seed in range(20)]
    for run in runs:
        assert min(run.loss) > 0
        # What is reached while all parameters are at most 5.
        seen = [loss for loss, size in zip(run.loss, run.largest, strict=True) if size <= 5]
        assert min(seen) > 1e-6
    demo_best = min(min(run.loss) for run in runs)
    data = nine()
    late = data.parameters(60)
    assert float(late.loss(data.X, data.Y) / len(data)) < demo_best


def test_the_script_runs(tmp_path: Path) -> None:
    """On its own: a network of 784-300-10 units pruned to 5 %."""
    chance = np.random.default_rng(0)
    masks = Pattern.of([chance.random((300, 784)) < 0.05, chance.random((10, 300)) < 0.05])
    data = training_set(decide_network(masks))
    text = script(data, starts=1).replace("steps=1000", "steps=200")
    assert len(text) < 8_000
    path = tmp_path / "no_optimum.py"
    path.write_text(text, encoding="utf-8")
    # Alone: no cadlink on the path.
    done = subprocess.run(
        [sys.executable, "-I", str(path)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert [len(units) for units in subnetwork(data).units] == [2, 2, 2]
    rows = re.findall(r"^ +(\d+) +(\S+e\S+) +(\S+e\S+)$", done.stdout, re.MULTILINE)
    plain, decayed = done.stdout.split("start near")[1].split("the same start")
    plain, decayed = (
        [float(v) for v in re.findall(r"^ +200 +(\S+) +(\S+)$", text, re.MULTILINE)[0]]
        for text in (plain, decayed)
    )
    assert 0 < plain[0] < 1e-5 < 1e-4 < decayed[0]
    assert decayed[1] < 4 < plain[1]
    theta = [(float(loss), float(size)) for _, loss, size in rows[-11:]]
    assert [int(k) for k, _, _ in rows[-11:]] == list(range(0, 21, 2))
    assert all(b[0] < a[0] and b[1] >= a[1] for a, b in pairwise(theta))
    exact = data.parameters(4).loss(data.X, data.Y) / len(data)
    assert theta[2][0] == pytest.approx(float(exact), rel=1e-3)
    assert "cadlink" not in done.stderr


def test_no_script_for_a_huge_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cadlink.networks.experiments.script.MOST_EDGES", 5)
    with pytest.raises(InputError, match=r"save the data as \.npz"):
        script(nine())
