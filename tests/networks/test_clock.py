"""The limit is a total for networks, too: theorems that take too long lose their turn, the others
get theirs, and the check of the witness keeps the limit as well."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from stating import stated

from cadlink import Limits, read
from cadlink.clock import Clock, OutOfTime
from cadlink.errors import CertificateError, CheckOverdue
from cadlink.networks import NetworkAnswer, Question, decide_network, deciding
from cadlink.networks.kernel import check_witness
from cadlink.networks.kernel.doubles import Parameters
from cadlink.networks.theorems import hall
from cadlink.networks.theorems.table import THEOREMS, named
from cadlink.networks.theorems.theorem import Case, Found, Theorem, parameters_json

R1 = named("R1", NetworkAnswer.NO_OPTIMUM)


def for_ever(case: Case) -> Found | None:
    while True:
        case.clock.check()


SLOW = replace(R1, name="slow", find=for_ever)


@pytest.mark.parametrize("theorems", [(SLOW,), (SLOW, SLOW, SLOW)])
def test_a_slow_theorem_does_not_overrun_the_limit(
    monkeypatch: pytest.MonkeyPatch, theorems: tuple[Theorem, ...]
) -> None:
    monkeypatch.setattr(deciding, "THEOREMS", theorems)
    start = time.monotonic()
    verdict = decide_network("dense:2-2-2", limits=Limits(1))
    assert time.monotonic() - start < 1 + 1 + 0.1
    assert verdict.answer is NetworkAnswer.UNKNOWN
    assert "slow was not examined to the end" in verdict.reason


def test_the_theorems_after_a_slow_one_get_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "THEOREMS", (SLOW, R1))
    verdict = decide_network("dense:2-2-2", limits=Limits(1))
    assert (verdict.answer, verdict.theorem) == (NetworkAnswer.NO_OPTIMUM, "R1")


def test_a_witness_that_cannot_be_checked_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(case: Case) -> Found | None:
        found = R1.find(case)
        while not case.clock.share(1 / 0.9).expired():
            pass
        return found

    monkeypatch.setattr(deciding, "THEOREMS", (replace(R1, find=late),))
    monkeypatch.setattr(deciding, "LAST_SHARE", 1.0)
    verdict = decide_network("dense:2-2-2", limits=Limits(0.3))
    assert verdict.answer is NetworkAnswer.UNKNOWN
    assert "was reached while R1 was checked" in verdict.reason


def test_a_check_ends_at_its_deadline() -> None:
    pattern = read("11;1/1;11")
    witness = hall.some_data(Case.of(pattern))
    assert witness is not None
    with pytest.raises(CheckOverdue):
        check_witness(stated(pattern, "not_closed"), witness, deadline=time.monotonic())


@pytest.mark.parametrize(
    "source", ["random:3000-1500-1000-10,0.1,0", "random:3000-2000-300,0.1,0", "dense:500-600-9"]
)
def test_every_finder_looks_at_its_clock(source: str) -> None:
    """In processor time, which is what a loaded machine leaves comparable."""
    pattern = read(source)
    points = np.random.default_rng(1).integers(-9, 9, size=(40, pattern.widths[0]))
    rows = [list(map(Fraction, row)) for row in points.tolist()]
    targets = [[Fraction(i % 2)] * pattern.widths[-1] for i in range(len(rows))]
    for asked in Question:
        for theorem in THEOREMS:
            case = replace(Case.of(pattern), question=asked, clock=Clock.of(1e-9))
            if asked in (Question.THESE_INPUTS, Question.THIS_DATA):
                case = replace(case, inputs=rows)
            if asked is Question.THIS_DATA:
                case = replace(case, targets=targets)
            if not theorem.about(case) or theorem.missing(case):
                continue
            start = time.process_time()
            with suppress(OutOfTime):
                theorem.find(case)
            assert time.process_time() - start < 1, (asked, theorem.name)


@pytest.mark.parametrize(
    ("points", "terms"), [(2500, 1), (1200, 20), (300, 150), (5, 40), (1000, 2)]
)
def test_a_deep_curve_is_refused_in_time(points: int, terms: int) -> None:
    """Sixty layers, 10 to 50 KB; everything is right but the target of the last point."""
    pattern = read(";".join(["1"] * 60))
    first = [[e, 1] for e in range(terms)]
    long = [[0, 0, first]] if terms in (20, 150) else [[0, 0, [[0, 1]]]]
    other = [[0, 0, first]] if terms in (2, 40) else [[0, 0, [[0, 1]]]]
    witness = {
        "theorem": "N1",
        "claim": "not_closed",
        "inputs": [0],
        "outputs": [0],
        "X": [[t] for t in range(points)],
        "Y": [[t] for t in range(points - 1)] + [[-1]],
        "curve": {"weights": [long] + [other] * 59, "biases": [[]] * 60},
    }
    assert len(json.dumps(witness)) < 50_000
    start = time.process_time()
    with pytest.raises(CertificateError, match=r"tend to -1|too much work"):
        check_witness(stated(pattern, "not_closed"), witness)
    assert time.process_time() - start < 2


PARALLEL = read(";".join(["1"] * 8 + ["1/1", "11"]))
ALIKE = Parameters(
    (*[np.ones((1, 1))] * 8, np.ones((2, 1)), np.array([[1.0, -1.0]])),
    (*[np.zeros(1)] * 8, np.zeros(2), np.array([2.0**-70])),
)


def test_numbers_that_are_computed_exactly_are_paid_for() -> None:
    """A kilobyte; nothing but 2^-70 is left of the output, so that no rounding tells its sign."""
    witness = {
        "theorem": "R23i",
        "claim": "not_attained",
        "parameters": parameters_json(ALIKE),
    }
    points = tuple((Fraction(t),) for t in range(1, 1001))
    labels = ((Fraction(1),),) * 999 + ((Fraction(0),),)
    about = {"question": "c", "inputs": points, "targets": labels, "loss": "logistic"}
    start = time.process_time()
    with pytest.raises(CertificateError, match="point 999"):
        check_witness(stated(PARALLEL, "not_attained", **about), witness)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("case", ["outputs that vanish in the limit", "denominators"])
def test_what_a_curve_makes_is_paid_for(case: str) -> None:
    first: list[Any] = [[0, 0, [[0, 1]]]]
    if case == "denominators":
        points, weights, source = 2400, [[[0, 0, [[0, f"1/{'9' * 390}"]]]]] * 60, ";".join("1" * 60)
    else:
        points, source = 2200, "dense:1-1-1000"
        weights = [first, [[j, 0, [[1, 1]]] for j in range(1, 1000)]]
    witness = {
        "theorem": "N1",
        "claim": "not_closed",
        "inputs": [0],
        "outputs": [0],
        "X": [[0 if case == "denominators" else t] for t in range(points)],
        "Y": [[0]] * (points - 1) + [[1]],
        "curve": {"weights": weights, "biases": [[]] * len(weights)},
    }
    assert len(json.dumps(witness)) < 50_000
    start = time.process_time()
    with pytest.raises(CertificateError, match=r"tend to 1|too much work"):
        check_witness(stated(read(source), "not_closed"), witness)
    assert time.process_time() - start < 2


def test_a_prediction_too_long_to_be_written_is_refused() -> None:
    small = [[0, 0, [[0, f"1/{'9' * 390}"]]]]
    witness = {
        "theorem": "N1",
        "claim": "not_closed",
        "inputs": [0],
        "outputs": [0],
        "X": [[1]],
        "Y": [[0]],
        "curve": {"weights": [small] * 20, "biases": [[]] * 20},
    }
    with pytest.raises(CertificateError, match="a fraction of 25912 bits"):
        check_witness(stated(read(";".join("1" * 20)), "not_closed"), witness)
