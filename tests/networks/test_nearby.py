"""R23 (iv): weights so near to an exact fit that there is one."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_mat
from stating import stated

from cadlink import Pattern, read
from cadlink.errors import CertificateError, CheckOverdue
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.kernel import Statement, check_witness
from cadlink.networks.kernel.doubles import Parameters, array_json
from cadlink.networks.theorems.nearby import fit_nearby
from cadlink.networks.theorems.theorem import Case, parameters_json
from cadlink.networks.verdict import Question

Array = Any


def rows(array: Array) -> tuple[tuple[Fraction, ...], ...]:
    listed = array.tolist() if isinstance(array, np.ndarray) else array
    return tuple(tuple(map(Fraction, row)) for row in listed)


def about(pattern: Pattern, xs: Array, ys: Array, **fields: Any) -> Statement:
    data = {"question": "c", "inputs": rows(xs), "targets": rows(ys)}
    return stated(pattern, "attained", **{**data, **fields})


def witness(parameters: Parameters, layer: int) -> dict[str, Any]:
    return {
        "theorem": "R23iv",
        "claim": "attained",
        "layer": layer,
        "parameters": parameters_json(parameters),
    }


def drawn(pattern: Pattern, chance: np.random.Generator, biased: bool = True) -> Parameters:
    weights = [chance.normal(size=mask.shape) * mask.toarray() for mask in pattern.layers]
    return Parameters(
        tuple(weights), tuple(biased * chance.normal(size=len(weight)) for weight in weights)
    )


def predicted(parameters: Parameters, xs: Array) -> Array:
    values = np.asarray(xs, dtype=float)
    for weight, bias in zip(parameters.weights[:-1], parameters.biases[:-1], strict=True):
        values = np.maximum(values @ weight.T + bias, 0)
    return values @ parameters.weights[-1].T + parameters.biases[-1]


# -- an exact fit is there -------------------------------------------------------------------------


def exact_fit(pattern: Pattern, given: Parameters, layer: int, xs: Array, ys: Array) -> bool:
    """Whether the least change of one layer that fits, while no unit changes its side, does fit:
    in rational numbers, forwards at each parameter and point."""
    weights = [[list(map(Fraction, row)) for row in weight.tolist()] for weight in given.weights]
    biases = [list(map(Fraction, bias.tolist())) for bias in given.biases]

    def run(x: tuple[Fraction, ...], moved: list[list[Fraction]]) -> Any:
        values, signs = list(x), []
        for number, bias in enumerate(biases):
            table = (
                moved
                if number == layer
                else [[*r, b] for r, b in zip(weights[number], bias, strict=True)]
            )
            values = [
                sum((w * v for w, v in zip(r, [*values, Fraction(1)], strict=True)), Fraction(0))
                for r in table
            ]
            if number + 1 < len(biases):
                signs += [value > 0 for value in values]
                values = [max(value, Fraction(0)) for value in values]
        return values, signs

    own = [[*r, b] for r, b in zip(weights[layer], biases[layer], strict=True)]
    mask = pattern.layers[layer].toarray()
    places = [
        (i, j)
        for i in range(len(own))
        for j in range(len(own[0]))
        if j == mask.shape[1] or mask[i, j]
    ]
    points = list(rows(xs))
    before = [run(x, own) for x in points]
    lacking = [
        t - p
        for (said, _), y in zip(before, rows(ys), strict=True)
        for t, p in zip(y, said, strict=True)
    ]
    step = Fraction(
        1, 10**30
    )  # no unit changes its side for so little, so differences are derivatives
    columns = []
    for i, j in places:
        moved = [list(r) for r in own]
        moved[i][j] += step
        columns.append(
            [
                (a - b) / step
                for x, (said, _) in zip(points, before, strict=True)
                for a, b in zip(run(x, moved)[0], said, strict=True)
            ]
        )

    def matrix(table: list[list[Fraction]]) -> Any:
        return fmpq_mat(
            len(table), len(table[0]), [fmpq(v.numerator, v.denominator) for r in table for v in r]
        )

    across = matrix(columns)  # parameters x predictions
    change = across * (across.transpose() * across).solve(matrix([[v] for v in lacking]))
    moved = [list(r) for r in own]
    for n, (i, j) in enumerate(places):
        moved[i][j] += Fraction(int(change[n, 0].p), int(change[n, 0].q))
    after = [run(x, moved) for x in points]
    same = all(a == b for (_, a), (_, b) in zip(before, after, strict=True))
    return same and [said for said, _ in after] == [list(y) for y in rows(ys)]


@pytest.mark.parametrize(
    "source", ["dense:2-4-1", "dense:2-4-2", "dense:2-3-4-2", "101/011/110;111/110"]
)
def test_where_the_kernel_accepts_there_is_an_exact_fit(source: str) -> None:
    pattern, chance, accepted, refused = read(source), np.random.default_rng(4), 0, 0
    for trial in range(24):
        layer = trial % (pattern.depth - 1)
        given = drawn(pattern, chance)
        xs = chance.normal(size=(3, pattern.widths[0]))
        size = 10.0 ** -chance.integers(0, 7)
        ys = predicted(given, xs) + size * chance.normal(size=(3, pattern.widths[-1]))
        try:
            check_witness(about(pattern, xs, ys), witness(given, layer))
        except CertificateError:
            refused += 1
        else:
            accepted += 1
            assert exact_fit(pattern, given, layer, xs, ys)
    assert accepted >= 4
    assert refused >= 4


# -- every hypothesis ------------------------------------------------------------------------------

NET, PAIR, ONE = read("dense:2-3-1"), read("dense:2-3-2"), [[0, 0]]
MANY, APART = read("dense:200-300-1"), np.eye(500, 200) + np.arange(500.0)[:, None]
GIVEN = Parameters(
    (np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 2.0, -1.0]])),
    (np.array([1.0, 1.0, -1.5]), np.array([0.5])),
)
XS = [[0, 0], [1, 0], [0, 1], [2, 1]]
YS = predicted(GIVEN, XS) + np.array([[0.01], [0.0], [-0.01], [0.0]])


def test_a_small_lack_is_made_good() -> None:
    assert check_witness(about(NET, XS, YS), witness(GIVEN, 0)).claim == "attained"
    twice = [[*XS, XS[1]], [*YS.tolist(), YS[1].tolist()]]
    assert check_witness(about(NET, *twice), witness(GIVEN, 0)).claim == "attained"


def changed(**arrays: Array) -> Parameters:
    weights, biases = list(GIVEN.weights), list(GIVEN.biases)
    for name, array in arrays.items():
        (weights if name[0] == "w" else biases)[int(name[1])] = np.array(array, dtype=float)
    return Parameters(tuple(weights), tuple(biases))


@pytest.mark.parametrize(
    ("words", "statement", "given", "layer"),
    [
        ("a hidden layer", about(read("dense:2-1"), XS, YS), GIVEN, 0),
        ("a layer before the last", about(NET, XS, YS), GIVEN, 1),
        ("a layer before the last", about(NET, XS, YS), GIVEN, -1),
        ("at most 2000 points", about(NET, [[t, 1] for t in range(2001)], [[0]] * 2001), GIVEN, 0),
        ("at most 2000 targets", about(PAIR, [[t, 1] for t in range(1001)], ONE * 1001), GIVEN, 0),
        ("10 free parameters", about(NET, [[t, t * t] for t in range(10)], [[0]] * 10), GIVEN, 0),
        ("dependent", about(NET, [*XS, XS[0]], [*YS.tolist(), [0]]), GIVEN, 0),
        ("at most 30000000 deriv", about(MANY, APART, [[0]] * 500), GIVEN, 0),
        ("dependent", about(NET, XS, YS), changed(w1=[[1, 0, 0]]), 0),
        ("dependent", about(NET, XS, YS), changed(w1=[[0, 0, 0]]), 0),
        ("stay on their side", about(NET, XS, YS + 5), GIVEN, 0),
        ("stay on their side", about(NET, XS, YS), changed(b0=[1, 1, -1]), 0),
        ("double precision", about(NET, XS, [[Fraction(10**400)]] * 4), GIVEN, 0),
        ("no bias in layer 0", about(NET, XS, YS, biases=(False, True)), GIVEN, 0),
        ("activation relu", about(NET, XS, YS, activation="leaky_relu"), GIVEN, 0),
        ("theorem about question", about(NET, XS, YS, question="b", targets=None), GIVEN, 0),
        ("no penalty", about(NET, XS, YS, penalty="all"), GIVEN, 0),
        ("0 exactly for perfect", about(NET, XS, YS, loss="growing"), GIVEN, 0),
        ("on the mask of layer 0", about(read("11/11/01;111"), XS, YS), GIVEN, 0),
    ],
)
def test_each_hypothesis(words: str, statement: Statement, given: Parameters, layer: int) -> None:
    with pytest.raises(CertificateError, match=words):
        check_witness(statement, witness(given, layer))


def test_derivatives_that_may_be_lost_to_underflow_are_none() -> None:
    small = changed(b0=[1e6] * 3, b1=[0, 0], w1=np.ldexp([[1.0, 0, 0], [0, 1, 0]], -1022))
    targets = predicted(small, ONE)
    with pytest.raises(CertificateError, match="dependent"):
        check_witness(about(PAIR, ONE, targets), witness(small, 0))


def test_the_deadline_may_come_in_the_middle() -> None:
    with pytest.raises(CheckOverdue):
        check_witness(
            about(NET, XS, YS),
            witness(GIVEN, 0),
            tick=lambda text, share: time.sleep(0.6),
            deadline=time.monotonic() + 0.5,
        )


def test_the_layers_above_must_stay_as_well() -> None:
    """The first layer moves by little, but the second sees it through a weight of a thousand."""
    pattern = read("dense:1-2-2-1")
    given = Parameters(
        (np.array([[1.0], [1.0]]), np.array([[1000.0, 0.0], [0.0, 1.0]]), np.array([[0.001, 1.0]])),
        (np.array([1.0, 2.0]), np.array([-1999.0, 1.0]), np.array([0.0])),
    )
    xs = [[1.0], [2.0]]
    near, far = predicted(given, xs) + 1e-7, predicted(given, xs) - np.array([[0.005], [0.0]])
    assert check_witness(about(pattern, xs, near), witness(given, 0)).claim == "attained"
    with pytest.raises(CertificateError, match="units of layer 1 that stay"):
        check_witness(about(pattern, xs, far), witness(given, 0))


# -- the finder ------------------------------------------------------------------------------------


def test_without_weights_some_are_found() -> None:
    chance = np.random.default_rng(2)
    xs, ys = chance.normal(size=(30, 8)), chance.normal(size=(30, 3))
    verdict = decide_network("dense:8-24-3", "c", xs, ys)
    assert (verdict.answer, verdict.theorem) == (NetworkAnswer.OPTIMUM_GUARANTEED, "R23iv")
    assert verdict.witness is not None
    assert verdict.witness["layer"] == 0


def test_weights_at_hand_are_improved() -> None:
    pattern, chance = read("dense:3-12-12-2"), np.random.default_rng(5)
    given = drawn(pattern, chance)
    xs = chance.normal(size=(12, 3))
    ys = predicted(given, xs) + 0.01 * chance.normal(size=(12, 2))
    case = replace(Case.of(pattern), question=Question.THIS_DATA, parameters=given)
    found = fit_nearby(replace(case, inputs=[*map(list, rows(xs))], targets=[*map(list, rows(ys))]))
    assert found is not None
    assert found.witness is not None
    assert found.witness["parameters"]["weights"][2] == array_json(given.weights[2])
    check_witness(about(pattern, xs, ys), found.witness)


def test_too_few_parameters_are_none() -> None:
    chance = np.random.default_rng(3)
    xs, ys = chance.normal(size=(40, 2)), chance.normal(size=(40, 2))
    case = replace(Case.of(read("dense:2-5-2")), question=Question.THIS_DATA)
    assert (
        fit_nearby(replace(case, inputs=[*map(list, rows(xs))], targets=[*map(list, rows(ys))]))
        is None
    )


def test_so_many_derivatives_are_not_made() -> None:
    """They would take gigabytes."""
    case = replace(Case.of(MANY), question=Question.THIS_DATA)
    inputs, targets = rows(APART), rows([[0]] * 500)
    assert fit_nearby(replace(case, inputs=inputs, targets=targets)) is None
