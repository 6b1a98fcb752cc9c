"""Theorems about other activations (R1 for leaky ReLU, R16, R22), and R19."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.special import erf, expit
from stating import accepted

from cadlink import read
from cadlink.errors import CertificateError, InputError
from cadlink.networks.data import training_set
from cadlink.networks.deciding import decide_network
from cadlink.networks.readers.models import model_of
from cadlink.networks.theorems import smooth, two_outputs
from cadlink.networks.theorems.theorem import Case


def verdict_of(source: str, activation: str, question: str = "a", **more: Any) -> Any:
    return decide_network(model_of(source, activation=activation), question, **more)


@pytest.mark.parametrize(
    ("source", "activation", "bias", "answer", "theorem"),
    [
        ("dense:2-2-2", "leaky_relu:0.1", True, "no_optimum", "R1"),
        ("dense:2-2-2", "leaky_relu:0.1", False, "no_optimum", "R1"),
        ("dense:1-2-2", "leaky_relu:0.1", False, "not_excluded", ""),
        ("dense:2-9-1", "leaky_relu:0.1", True, "optimum_guaranteed", "R1"),
        ("dense:2-9-2-1", "leaky_relu:0.1", True, "not_excluded", ""),  # R17 is about ReLU
        ("dense:1-1-4-1", "leaky_relu:0.1", True, "not_excluded", ""),  # so is R20
        ("dense:1-1-1", "tanh", True, "no_optimum", "R22"),
        ("dense:5-4-3-2-1", "tanh", False, "no_optimum", "R22"),
        ("dense:5-4-3-2-1", "sigmoid", [False, False, False, True], "no_optimum", "R22"),
        ("dense:5-4-3-2-1", "sigmoid", [True, True, True, False], "not_excluded", ""),
        ("00/10;10", "tanh", True, "not_excluded", ""),
        ("dense:2-2-1", "gelu", True, "no_optimum", "R22"),
        ("dense:2-2-1", "silu", [True, False], "no_optimum", "R22"),
        ("dense:2-2-1", "softplus", [False, True], "not_excluded", ""),
        ("dense:2-1-1", "gelu", True, "not_excluded", ""),
        ("dense:2-2-2-1", "gelu", True, "not_excluded", ""),
        ("10/01;11", "silu", True, "not_excluded", ""),
        ("11/11;10/01", "silu", True, "not_excluded", ""),
        ("dense:2-2-2-3-2", "relu", True, "no_optimum", "R19"),
    ],
)
def test_question_a(source: str, activation: str, bias: Any, answer: str, theorem: str) -> None:
    verdict = verdict_of(source, activation, bias=bias)
    assert (verdict.answer.value, verdict.theorem) == (answer, theorem)
    if theorem == "R22":
        assert "how many are enough was not computed" in verdict.explanation
        with pytest.raises(InputError, match="no theorem gives explicit data"):
            training_set(verdict)


@pytest.mark.parametrize("activation", ["relu6", "elu", "mish"])
def test_an_activation_without_a_theorem_is_unknown(activation: str) -> None:
    import torch
    from torch import nn

    other = {"relu6": nn.ReLU6(), "elu": nn.ELU(), "mish": nn.Mish()}[activation]
    torch.manual_seed(0)
    verdict = decide_network(nn.Sequential(nn.Linear(2, 3), other, nn.Linear(3, 2)))
    assert verdict.answer.value == "unknown"
    assert f"no theorem covers {activation}" in verdict.reason


def test_questions_that_no_theorem_asks_of_an_activation_are_unknown() -> None:
    for data in (("b", [[0], [1]]), ("c", [[0], [1]], [[0], [1]]), ("d",)):
        verdict = verdict_of(
            "dense:1-2-1",
            "tanh",
            data[0],
            inputs=data[1] if data[1:] else None,
            targets=data[2] if data[2:] else None,
        )
        assert verdict.answer.value == "unknown"
        assert "no theorem about this question covers tanh" in verdict.reason
    verdict = verdict_of("dense:1-2-1", "gelu", penalty="weights")
    assert verdict.answer.value == "unknown"
    assert verdict_of("dense:1-2-1", "gelu", penalty="all").theorem == "R16"


PATH = {"theorem": "R22", "claim": "some_targets", "path": [0, 1, 0, 0]}
TWO = {"theorem": "R22", "claim": "some_targets", "units": [0, 1], "input": 1, "output": 0}
TOP = {"theorem": "R19", "claim": "some_targets", "outputs": [0, 1], "units": [0, 1]}


@pytest.mark.parametrize(
    ("source", "activation", "biases", "witness", "words"),
    [
        ("10/10;01;1", "tanh", (False, False, False), PATH, ""),
        ("10/10;01;1", "sigmoid", (False, False, True), PATH, ""),
        ("10/10;01;1", "sigmoid", (True, True, False), PATH, "free biases in the last layer"),
        ("10/10;01;1", "relu", (True, True, True), PATH, "activation"),
        ("10/10;10;1", "tanh", (True, True, True), PATH, "unit 0 seeing unit 1 in layer 1"),
        ("10/01;01;1", "tanh", (True, True, True), PATH, "unit 1 seeing unit 0 in layer 0"),
        ("10/10;01", "tanh", (True, True), PATH, "path"),
        ("11", "tanh", (True,), {**PATH, "path": [0, 0]}, "a hidden layer"),
        ("10/10;01;1", "tanh", (True, True, True), {**PATH, "path": [0, 2, 0, 0]}, "a unit"),
        ("10/10;01;1", "silu", (True, True, True), PATH, "one hidden layer"),
        ("01/11;11", "gelu", (True, False), TWO, ""),
        ("01/11;11", "softplus", (True, False), TWO, ""),
        ("01/11;11", "silu", (False, True), TWO, "free biases in the first layer"),
        ("01/11;11", "tanh", (True, True), TWO, "path"),
        ("01/11;11", "silu", (True, True), {**TWO, "units": [1, 1]}, "two units"),
        ("01/11;11", "silu", (True, True), {**TWO, "input": 0}, "unit 0 seeing input 0"),
        ("01/11;10", "silu", (True, True), TWO, "both units feeding output 0"),
        ("11;1/1/1;111/111", "relu", (False, True, False), TOP, ""),
        ("11;1/1/1;111/111", "relu", (True, False, True), TOP, "biases in the last hidden layer"),
        ("11;1/1/1;111/111", "leaky_relu", (True, True, True), TOP, "activation"),
        ("11;1/1;11/11", "relu", (True, True, True), TOP, "three last hidden units"),
        ("11;1/1/1;110/110", "relu", (True, True, True), TOP, "three last hidden units"),
        ("11;1/1/1;110/101", "relu", (True, True, True), TOP, ""),
        ("11;1/1/1;110/011", "relu", (True, True, True), TOP, "unit 0 feeding both"),
        ("11;1/1/1;101/111", "relu", (True, True, True), TOP, "unit 1 feeding output 0"),
        ("11/01;11/11/10;111/111", "relu", (True, True, True), TOP, "see the same units"),
        ("00/11;10/10/10;111/111", "relu", (True, True, True), TOP, "a path from an input"),
        ("11;1/1/1;111/111", "relu", (True, True, True), {**TOP, "outputs": [1, 1]}, "two outputs"),
        ("11;1/1/1;111/111", "relu", (True, True, True), {**TOP, "units": [1, 1]}, "two units"),
        ("1/1/1;111/111", "relu", (True, True), TOP, "three layers"),
    ],
)
def test_each_hypothesis(
    source: str, activation: str, biases: tuple[bool, ...], witness: dict[str, Any], words: str
) -> None:
    pattern = read(source)
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(pattern, witness, activation=activation, biases=biases)
    else:
        accepted(pattern, witness, activation=activation, biases=biases)


def test_found_whenever_some_certificate_is_accepted() -> None:
    rng = np.random.default_rng(4)
    from itertools import permutations, product

    from cadlink import Pattern

    seen = 0
    for _ in range(60):
        layers = [rng.random(shape) < 0.75 for shape in ((2, 2), (3, 2), (2, 3))]
        pattern = Pattern.of(layers)
        able = False
        for outputs, units in product(permutations(range(2)), permutations(range(3), 2)):
            try:
                accepted(pattern, {**TOP, "outputs": list(outputs), "units": list(units)})
            except CertificateError:
                continue
            able = True
        found = two_outputs.existence(Case.of(pattern))
        assert (found is not None) == able
        seen += able
    assert 5 < seen < 55


# -- attacks ---------------------------------------------------------------------------------------

FUNCTIONS: dict[str, Any] = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
}


@pytest.mark.parametrize("activation", sorted(FUNCTIONS))
def test_bounded_weights_do_not_reach_but_the_sequence_does(activation: str) -> None:
    """Two units; tanh and the sigmoid: 2^3 points with target t; else the derivative, 12 points."""
    r = FUNCTIONS[activation]
    flat = activation in ("tanh", "sigmoid")
    t = np.arange(1.0, 9.0) if flat else np.linspace(-6, 6, 13)
    derivative = (r(t + 1e-5) - r(t - 1e-5)) / 2e-5
    y = t if flat else derivative

    def f(p: Any) -> Any:
        return p[4] * r(p[0] * t + p[1]) + p[5] * r(p[2] * t + p[3]) + p[6]

    rng = np.random.default_rng(0)
    best = np.inf
    for _ in range(4):
        start = rng.normal(size=7)
        result = least_squares(lambda p: f(p) - y, start, bounds=(-30, 30), max_nfev=60)
        best = min(best, 2 * result.cost)
    floor = 1e-13
    assert best > floor, f"reached {best}"
    slope = (r(np.array(1e-6)) - r(np.array(-1e-6))) / 2e-6
    losses = []
    for n in (10.0, 100.0, 1000.0):
        if flat:
            last = n / slope * (r(t / n) - r(np.zeros(1)))
        else:
            last = n / 2 * (r(t + 1 / n) - r(t - 1 / n))
        losses.append(float(((last - y) ** 2).sum()))
    assert losses[0] > 10 * losses[1] > 100 * losses[2]
    realised = f(np.array([0.5, 0.2, -0.3, 0.1, 1.5, -2.0, 0.4]))  # a control
    best = min(
        2 * least_squares(lambda p: f(p) - realised, rng.normal(size=7), max_nfev=500).cost
        for _ in range(5)
    )
    assert best < floor


def test_r1_for_leaky_relu() -> None:
    """Dense 1-2-2, slope 1/4: the targets of the theorem, their limit and bounded fits."""
    s = Fraction(1, 4)
    x = np.arange(5.0)

    def leaky(z: Any) -> Any:
        return np.where(z > 0, z, float(s) * z)

    y = np.array([[2 * s, 0], [2 * s, 0], [1 + s, 0], [2, 1], [2, 2]], dtype=float)
    y[:, 1] = leaky(x - 2)

    def f(p: Any) -> Any:
        h = np.stack([leaky(p[0] * x + p[1]), leaky(p[2] * x + p[3])], axis=1)
        return h @ p[4:8].reshape(2, 2) + p[8:]

    eps = 1e-6
    limit = np.array([1, -2 + eps, 1, -2 - eps, 1 / eps, 1, -1 / eps, 0, 0, 0])
    assert ((f(limit) - y) ** 2).sum() < 1e-9
    rng = np.random.default_rng(0)
    best = np.inf
    for _ in range(8):
        start = rng.normal(size=10)
        result = least_squares(lambda p: (f(p) - y).ravel(), start, bounds=(-30, 30), max_nfev=60)
        best = min(best, 2 * result.cost)
    assert best > 1e-6
    control = f(rng.normal(size=10))
    best = min(
        2 * least_squares(lambda p: (f(p) - control).ravel(), rng.normal(size=10)).cost
        for _ in range(30)
    )
    assert best < 1e-10


def test_smooth_finders_take_only_what_they_need() -> None:
    pattern = read("dense:3-2-2")
    assert smooth.bounded(pattern, "sigmoid", (True, False)) is None
    assert smooth.bounded(read("10/10;01"), "tanh", (True, True)) is not None
    assert smooth.bounded(read("00/10;10"), "tanh", (True, True)) is None
    assert smooth.derivative(pattern, (False, True)) is None
