"""Labels, penalties in part, many units: R23 and R24 (b), (c), each hypothesis missed once."""

from __future__ import annotations

import copy
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from stating import accepted, stated

from cadlink import read
from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.errors import CertificateError, InputError
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.kernel.doubles import Doubles, Parameters, array_json, exactly
from cadlink.networks.kernel.witness import Network
from cadlink.networks.theorems.theorem import parameters_json

NET = read("dense:1-2-2")
# Output 0 is 1, output 1 is 2 relu(x - 1): apart by 1 at least at 0, 1, 2, 3.
STEP = Parameters(
    (np.array([[1.0], [0.0]]), np.array([[0.0, 0.0], [2.0, 0.0]])),
    (np.array([-1.0, 0.0]), np.array([1.0, 0.0])),
)
XS = tuple((Fraction(t),) for t in range(4))
HARD = tuple((Fraction(1 - c), Fraction(c)) for c in (0, 0, 1, 1))
SIGNS = tuple((Fraction(1), Fraction(c)) for c in (0, 0, 1, 1))
SOFT = ((Fraction(1, 3), Fraction(2, 3)),) * 4
ONE = ((Fraction(1), Fraction(0)),) * 4
DATA = {"question": "c", "inputs": XS, "targets": HARD}


def shifted(**change: tuple[int, Any, float]) -> dict[str, Any]:
    """The parameters with one entry of the weights or biases changed."""
    weights, biases = copy.deepcopy(STEP.weights), copy.deepcopy(STEP.biases)
    for name, (layer, place, value) in change.items():
        {"weights": weights, "biases": biases}[name][layer][place] = value
    return parameters_json(Parameters(weights, biases))


def separated(**fields: Any) -> dict[str, Any]:
    return {
        "theorem": "R23i",
        "claim": "not_attained",
        "parameters": parameters_json(STEP),
    } | fields


@pytest.mark.parametrize(
    ("witness", "fields", "words"),
    [
        ({}, {}, ""),
        ({}, {"inputs": Doubles(np.arange(4.0)[:, None])}, ""),
        ({}, {"targets": Doubles(np.array([[2.0, 0], [1, 0], [0, 3], [0, 1]]))}, ""),
        ({}, {"loss": "squared"}, "softmax"),
        ({}, {"loss": "labels"}, "a loss of labels"),
        ({}, {"loss": "soft_cross_entropy", "targets": SOFT}, "a loss of labels"),
        ({}, {"targets": (*HARD[:3], SOFT[0])}, "hard labels"),
        ({}, {"targets": (*HARD[:3], HARD[0])}, "point 3"),
        ({}, {"targets": (HARD[3], *HARD[1:])}, "point 0"),
        ({}, {"penalty": "weights"}, "no penalty"),
        ({}, {"activation": "leaky_relu"}, "activation"),
        ({}, {"answer": "optimum_guaranteed"}, "answer"),
        ({}, {"biases": (False, True)}, "no bias in layer 0"),
        ({"parameters": shifted(biases=(1, 0, 2.0))}, {}, "point 2"),  # a tie
        ({"parameters": shifted(biases=(1, 0, 2.0 - 2.0**-52))}, {}, ""),
        ({"parameters": shifted(weights=(1, (1, 0), 1.0))}, {}, "point 2"),
        ({"parameters": None}, {}, "parameters"),
        ({"parameters": shifted(biases=(0, 0, np.inf))}, {}, "finite"),
        ({"parameters": shifted(weights=(0, (0, 0), 1e300))}, {}, "point 1"),
        ({"parameters": shifted(weights=(1, (1, 0), 1e308))}, {}, "double precision"),
    ],
)
def test_separated(witness: dict[str, Any], fields: dict[str, Any], words: str) -> None:
    fields = {"loss": "cross_entropy", **DATA, **fields}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(NET, separated(**witness), **fields)
    else:
        accepted(NET, separated(**witness), **fields)


def test_outside_the_mask() -> None:
    with pytest.raises(CertificateError, match="on the mask of layer 1"):
        accepted(read("1/1;11/01"), separated(), loss="cross_entropy", **DATA)


def test_one_output_is_no_softmax() -> None:
    """Its loss is 0 always, and so attained."""
    soft = {"theorem": "R24b", "claim": "attained"}
    with pytest.raises(CertificateError, match="two classes"):
        accepted(read("1;1"), soft, loss="soft_cross_entropy", penalty="weights")
    one = Parameters((np.ones((1, 1)),), (np.zeros(1),))
    data = {"question": "c", "inputs": XS[1:], "targets": ((Fraction(1),),) * 3}
    witness = separated(parameters=parameters_json(one))
    accepted(read("1"), witness, loss="logistic", **data)
    with pytest.raises(CertificateError, match="two classes"):
        accepted(read("1"), witness, loss="cross_entropy", **data)
    with pytest.raises(InputError, match="logistic"):
        decide_network("dense:1-1-1", "c", [[0]], [0], loss="cross_entropy")


def test_logistic_needs_every_output_on_its_side() -> None:
    moved = parameters_json(
        Parameters(STEP.weights, (STEP.biases[0], np.array([1.0, -1.0])))
    )  # output 1 is 2 relu(x - 1) - 1
    fields = {**DATA, "loss": "logistic", "targets": SIGNS}
    accepted(NET, separated(parameters=moved), **fields)
    with pytest.raises(CertificateError, match="point 0"):
        accepted(NET, separated(), **fields)  # at 0, which is on no side
    for targets, words in (
        ((*SIGNS[:3], SIGNS[0]), "point 3"),
        ((*SIGNS[:3], (Fraction(1), Fraction(1, 2))), "hard labels"),
        ((*SIGNS[:3], (Fraction(1), Fraction(2))), "labels from 0 to 1"),
    ):
        with pytest.raises(CertificateError, match=words):
            accepted(NET, separated(parameters=moved), **{**fields, "targets": targets})


def test_a_margin_smaller_than_the_roundings_is_computed_exactly() -> None:
    """a and b differ in the last place, and the dot products are rounded alike."""
    wide = read("dense:3-2")
    weight = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]])
    weight[0, 2] = np.nextafter(0.3, 1)
    big = ((Fraction(10**8), Fraction(-(10**8)), Fraction(1)),)
    fields = {"question": "c", "inputs": big, "targets": ((Fraction(1), Fraction(0)),)}
    for rows, right in ((weight, True), (weight[::-1], False), (weight[[1, 1]], False)):
        witness = separated(parameters=parameters_json(Parameters((rows,), (np.zeros(2),))))
        if right:
            accepted(wide, witness, loss="cross_entropy", activation="linear", **fields)
        else:
            with pytest.raises(CertificateError, match="point 0"):
                accepted(wide, witness, loss="cross_entropy", activation="linear", **fields)


def test_exact_values_agree_with_fractions() -> None:
    chance = np.random.default_rng(1)
    for _ in range(30):
        sizes = [(3, 4), (2, 3)]
        weights = tuple(
            chance.standard_normal(size) * 10.0 ** chance.integers(-40, 40, size) for size in sizes
        )
        biases = tuple(chance.standard_normal(rows) for rows, _ in sizes)
        x = [Fraction(int(v), int(d)) for v, d in chance.integers(1, 50, (4, 2))]
        values, expected = x, []
        for weight, bias in zip(weights, biases, strict=True):
            values = [
                sum((Fraction(w) * v for w, v in zip(row, values, strict=True)), Fraction(b))
                for row, b in zip(weight.tolist(), bias.tolist(), strict=True)
            ]
            expected.append(values)
            values = [max(value, Fraction(0)) for value in values]
        net = Network(stated(read("dense:4-3-2"), "attained"), Reader({}, "", Budget()))
        (layers,) = exactly(net, Parameters(weights, biases), [x])
        for found, wanted in zip(layers, expected, strict=True):
            scales = {Fraction(n) / v for n, v in zip(found, wanted, strict=True)}
            assert len(scales) == 1
            assert min(scales) > 0


@pytest.mark.parametrize(
    ("x", "label", "words"),
    [
        (Fraction(1, 10**390), 1, ""),  # exactly
        (Fraction(-1, 10**390), 1, "point 0"),
        (1, 1 - Fraction(1, 10**30), "hard labels"),  # 1.0 in double precision
        (-1, Fraction(1, 10**390), "hard labels"),  # 0.0
        (10**390, 1, "double precision"),
    ],
)
def test_what_is_no_double(x: Fraction, label: Fraction, words: str) -> None:
    witness = separated(parameters=parameters_json(Parameters((np.ones((1, 1)),), (np.zeros(1),))))
    data = {"question": "c", "inputs": ((Fraction(x),),), "targets": ((Fraction(label),),)}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(read("1"), witness, loss="logistic", **data)
    else:
        accepted(read("1"), witness, loss="logistic", **data)


# -- labels of our choice, and decay ---------------------------------------------------------------


@pytest.mark.parametrize("theorem", ["R23i", "R24b"])
def test_one_label(theorem: str) -> None:
    witness = {"theorem": theorem, "claim": "some_labels"}
    penalty = {"R23i": "none", "R24b": "weights"}[theorem]
    for fields in ({}, {"question": "b", "inputs": XS}, {"loss": "logistic"}):
        accepted(NET, witness, **{"loss": "cross_entropy", "penalty": penalty, **fields})
    for fields, words in (
        ({"biases": (True, False)}, "last layer"),
        ({"loss": "soft_logistic"}, "a loss of labels"),
        ({"loss": "squared"}, "softmax"),
        (DATA, "answer"),
        ({"penalty": "all"}, "no penalty|none on the biases"),
    ):
        with pytest.raises(CertificateError, match=words):
            accepted(NET, witness, **{"loss": "cross_entropy", "penalty": penalty, **fields})


@pytest.mark.parametrize(
    ("claim", "fields", "words"),
    [
        ("attained", {}, ""),
        ("attained", {"biases": (False, True)}, ""),
        ("attained", {"biases": (False, False)}, "free biases in the last layer"),
        ("attained", {"biases": (True, False)}, "free biases in the last layer"),
        ("attained", {"targets": SOFT, "loss": "soft_cross_entropy"}, ""),
        ("attained", {"targets": ONE}, "labels of every class"),
        ("attained", {"targets": SIGNS, "loss": "logistic"}, "labels of every class"),
        ("attained", {"loss": "squared"}, "softmax"),
        ("attained", {"penalty": "none"}, "weight decay"),
        ("attained", {"penalty": "all-but-last"}, "weight decay"),
        ("attained", {"question": "a", "inputs": None, "targets": None}, "soft labels"),
        ("not_attained", {"targets": ONE}, ""),
        ("not_attained", {"targets": SIGNS, "loss": "logistic"}, ""),
        ("not_attained", {"targets": Doubles(np.array([[1.0, 0]] * 4))}, ""),
        ("not_attained", {"targets": ONE, "biases": (True, False)}, "last layer"),
        ("not_attained", {}, "a class without labels"),
        ("not_attained", {"targets": ONE, "penalty": "all"}, "none on the biases"),
    ],
)
def test_every_label(claim: str, fields: dict[str, Any], words: str) -> None:
    fields = {"loss": "cross_entropy", "penalty": "weights", **DATA, **fields}
    witness = {"theorem": "R24b", "claim": claim}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(NET, witness, **fields)
    else:
        accepted(NET, witness, **fields)


@pytest.mark.parametrize(
    ("step", "fields", "words"),
    [
        ({}, {}, ""),
        ({}, {"loss": "squared"}, ""),
        ({}, {"loss": "logistic", "targets": SIGNS}, ""),
        ({"place": "5/2"}, {}, ""),
        ({"place": 3}, {}, "vary with this input"),
        ({"output": 0}, {"loss": "logistic", "targets": SIGNS}, "vary with this input"),
        ({}, {"targets": ONE}, "vary with this input"),
        ({"input": 1}, {}, "an input"),
        ({}, {"biases": (False, True)}, "free biases in every layer"),
        ({}, {"penalty": "weights"}, "all layers but the last"),
        ({}, {"penalty": "none"}, "all layers but the last"),
        ({}, {"loss": "coercive"}, "the squared error, softmax"),
        ({}, {"activation": "leaky_relu"}, "activation"),
    ],
)
def test_penalised_in_part(step: dict[str, Any], fields: dict[str, Any], words: str) -> None:
    step = {"input": 0, "place": 0, "output": 1, **step}
    fields = {"loss": "cross_entropy", "penalty": "all-but-last", **DATA, **fields}
    witness = {"theorem": "R24c", "claim": "not_attained", "step": step}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(NET, witness, **fields)
    else:
        accepted(NET, witness, **fields)


def test_a_step_among_rational_numbers_is_checked_quickly() -> None:
    """Their sums have denominators of 24,000 digits."""
    xs = tuple((Fraction(7 * i * i, 10**60 + i),) for i in range(400))
    ys = tuple((Fraction(i, 10**60 + 3 * i + 1),) for i in range(400))
    step = {"input": 0, "place": 0, "output": 0}
    witness = {"theorem": "R24c", "claim": "not_attained", "step": step}
    fields = {"penalty": "all-but-last", "question": "c", "inputs": xs}
    start = time.process_time()
    accepted(read("1;1"), witness, targets=ys, **fields)
    assert time.process_time() - start < 1
    prime = ((Fraction(1, 2**31 - 1),), *ys[1:])
    with pytest.raises(CertificateError, match="no multiple of 2147483647"):
        accepted(read("1;1"), witness, targets=prime, **fields)


def test_a_step_needs_a_path() -> None:
    witness = {
        "theorem": "R24c",
        "claim": "not_attained",
        "step": {"input": 0, "place": 0, "output": 1},
    }
    fields = {"loss": "cross_entropy", "penalty": "all-but-last", **DATA}
    with pytest.raises(CertificateError, match="a path from input 0 to output 1"):
        accepted(read("1/1;11/00"), witness, **fields)
    assert (
        decide_network(
            "1/1;00/11", "c", [[0], [1]], [[0, 5], [0, 5]], penalty="all-but-last"
        ).answer
        is NetworkAnswer.UNKNOWN
    )


def test_two_soft_classes() -> None:
    witness = {"theorem": "R23ii", "claim": "attained"}
    data = {**DATA, "targets": SOFT}
    accepted(NET, witness, loss="soft_cross_entropy", **data)
    accepted(read("dense:3-4-2"), witness, loss="soft_cross_entropy")
    for net, loss, words in (
        (read("dense:1-2-3"), "soft_cross_entropy", "two classes"),
        (read("dense:1-2-2-2"), "soft_cross_entropy", "feed one unit each"),
        (NET, "cross_entropy", "soft labels"),
        (NET, "squared", "soft labels"),
    ):
        with pytest.raises(CertificateError, match=words):
            accepted(net, witness, loss=loss)
    hard = decide_network(NET, "c", [[0], [1]], [[1, 0], [1, 2]], loss="cross_entropy")
    assert hard.answer is NetworkAnswer.UNKNOWN


# -- many units ------------------------------------------------------------------------------------


def features(*layers: tuple[Any, Any]) -> dict[str, Any]:
    return {
        "theorem": "R23iii",
        "claim": "attained",
        "parameters": {
            "weights": [array_json(np.array(weight, dtype=float)) for weight, _ in layers],
            "biases": [array_json(np.array(bias, dtype=float)) for _, bias in layers],
        },
    }


def test_full_features() -> None:
    """relu(x), relu(x - 1), relu(x - 2) and 1 at 0, 1, 2, 3."""
    good = features(([[1], [1], [1]], [0, -1, -2]))
    net = read("dense:1-3-2")
    given = {"question": "b", "inputs": XS}
    accepted(net, good, **given, loss="attaining")
    accepted(net, good, **{**given, "inputs": XS + XS})
    accepted(net, good, **{**given, "inputs": Doubles(np.arange(4.0)[:, None])})
    accepted(net, good, **DATA, loss="growing")
    for other, witness, fields, words in (
        (net, good, {"biases": (True, False)}, "3 units|independent"),
        (net, good, {"loss": "definite"}, "least at some prediction"),
        (net, good, {"loss": "cross_entropy"}, "least at some prediction"),
        (net, good, {"inputs": (*XS, (Fraction(4),))}, "4 units"),
        (net, good, {"inputs": (*XS[:3], (Fraction(7, 2),))}, ""),
        (net, features(([[1], [1], [1]], [0, -1, -1])), {}, "independent rows"),
        (net, features(([[1], [1], [1]], [0, -1, 5])), {}, "independent rows"),
        (read("1/1/1;111/110"), good, {}, "output 1"),
        (net, good, {"activation": "leaky_relu"}, "activation"),
        (net, good, {"penalty": "weights"}, "no penalty"),
    ):
        if words:
            with pytest.raises(CertificateError, match=words):
                accepted(other, witness, **{**given, **fields})
        else:
            accepted(other, witness, **{**given, **fields})


def test_collinear_points_with_all_units_active_have_rank_two() -> None:
    """Rounded features of 12 points on a line have full rank in doubles; the exact ones have 2."""
    chance = np.random.default_rng(3)
    direction = chance.standard_normal(5)
    points = np.outer(np.arange(12.0) / 7, direction)
    exact = tuple(
        tuple(Fraction(t, 7) * Fraction(d) for d in direction.tolist()) for t in range(12)
    )
    weight, bias = chance.standard_normal((40, 5)), np.full(40, 50.0)
    witness = features((weight, bias))
    net = read("dense:5-40-1")
    with pytest.raises(CertificateError, match="independent rows"):
        accepted(net, witness, question="b", inputs=exact)
    verdict = decide_network(net, "b", points)
    assert verdict.answer is NetworkAnswer.OPTIMUM_GUARANTEED


def test_staircases_in_any_depth() -> None:
    chance = np.random.default_rng(5)
    for widths in ("3-5-20-2", "3-2-2-30-2", "4-1-25-1"):
        d = int(widths[0])
        xs = chance.standard_normal((20, d))
        ys = chance.standard_normal((20, int(widths[-1])))
        verdict = decide_network(f"dense:{widths}", "c", xs, ys)
        assert (verdict.theorem, verdict.answer.value) == ("R23iii", "optimum_guaranteed"), widths
        short = decide_network(f"dense:{widths}", "b", chance.standard_normal((40, d)))
        assert short.answer is not NetworkAnswer.OPTIMUM_GUARANTEED


def test_what_holds_for_all_targets_holds_for_these() -> None:
    chance = np.random.default_rng(6)
    simplex = [[0, 0], [1, 0], [0, 1]]
    for source in ("dense:2-2-2", "dense:2-3-2", "dense:2-2-3-2", "lu:2", "11/11;10/11"):
        for xs in (simplex, simplex * 2):
            if decide_network(source, "b", xs).answer is NetworkAnswer.OPTIMUM_GUARANTEED:
                ys = chance.integers(-3, 4, (len(xs), 2)).tolist()
                verdict = decide_network(source, "c", xs, ys)
                assert verdict.answer is NetworkAnswer.OPTIMUM_GUARANTEED, (source, ys)


# -- what people hand over -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "loss", "words"),
    [
        ([0, 1, 2], "cross_entropy", "row 2: expected a class from 0 to 1, found 2"),
        ([1, 2, 2], "cross_entropy", "classes count from 0"),
        ([0.5, 1, 0], "cross_entropy", "row 0: expected a class"),
        (["a", "b", "a"], "cross_entropy", "whole numbers"),
        ([[0, 0], [0, 1], [1, 0]], "cross_entropy", "row 0: expected labels"),
        ([[0, 2], [0, 1], [1, 0]], "logistic", "row 0: expected labels from 0 to 1"),
        ([0, 1, 1], "squared", "--loss cross_entropy"),
        ([0, 1], "cross_entropy", "as many targets as inputs"),
        ([[0, 1]] * 3, "crossentropy", "expected one of"),
    ],
)
def test_strange_labels(targets: Any, loss: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        decide_network("dense:1-2-2", "c", [[0], [1], [2]], targets, loss=loss)
    assert "\n" not in str(caught.value)


def test_weights_from_a_checkpoint() -> None:
    arrays = [STEP.weights[0], STEP.biases[0], STEP.weights[1], STEP.biases[1]]
    for model, more in ((arrays, {}), ("dense:1-2-2", {"weights": arrays})):
        verdict = decide_network(
            model, None, [[0], [1], [2], [3]], [0, 0, 1, 1], loss="cross_entropy", **more
        )
        assert (verdict.theorem, verdict.answer.value) == ("R23i", "no_optimum")
        assert verdict.witness is not None
        assert verdict.witness["margin"] == "1"
    missed = decide_network(arrays, "c", [[0], [1]], [0, 1], loss="cross_entropy")
    assert "these miss 1 of 2 points" in missed.reason
    for weights, words in (("dense:1-2-2", "masks only"), ("dense:1-3-2", "of the sizes")):
        with pytest.raises(InputError, match=words):
            decide_network("dense:1-2-2", weights=weights)
    with pytest.raises(InputError, match="outside the mask"):
        decide_network("1/1;11/01", weights=arrays)


def test_soft_logistic_has_perfect_predictions_but_not_as_targets() -> None:
    """Targets of data of our choice are logits then; given labels are no predictions."""
    assert decide_network("dense:2-2-2", loss="soft_logistic").answer is NetworkAnswer.NO_OPTIMUM
    soft = [[0.5, 0.5]] * 4
    line = [[t] for t in range(4)]
    verdict = decide_network("dense:1-2-2", "c", line, soft, loss="logistic")
    assert verdict.theorem not in ("R3", "realised", "exact")
    safe = decide_network("dense:1-2-1", "c", line, [0.25] * 4, loss="logistic")
    assert (safe.theorem, safe.answer.value) == ("R1", "optimum_guaranteed")
    assert safe.statement is not None
    assert safe.statement.loss == "soft_logistic"
    hard = decide_network("dense:1-2-1", "c", line, [0, 1, 0.25, 0.25], loss="logistic")
    assert hard.answer is NetworkAnswer.UNKNOWN
