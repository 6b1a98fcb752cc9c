"""The network kernel accepts the witnesses found and rejects damaged ones."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest
from stating import accepted

from cadlink import Limits, Pattern, decide, read
from cadlink.clock import Clock
from cadlink.errors import CertificateError
from cadlink.networks.theorems import (
    cube,
    depth,
    hall,
    linear_part,
    one_hidden_layer,
    trees,
)
from cadlink.networks.theorems.theorem import Case

SMALL, LU, DEEP = read("dense:2-2-2"), read("lu:2"), read("11;1/1;11")
FORCED = read("011/110;11/10/00;111/111")


def searched() -> dict[str, Any]:
    found = linear_part.by_search(FORCED, decide(FORCED, Limits(20)), Clock.of(20))
    assert found is not None
    return found


WITNESSES: list[tuple[Pattern, dict[str, Any]]] = [
    (SMALL, one_hidden_layer.some_data(Case.of(SMALL))),
    (SMALL, one_hidden_layer.some_data(Case.of(SMALL), four=True)),
    (read("dense:3-4-3"), one_hidden_layer.some_data(Case.of(read("dense:3-4-3")))),
    (LU, linear_part.by_cut(LU)),
    (FORCED, searched()),
    (DEEP, depth.some_data(Case.of(DEEP))),
    (DEEP, hall.some_data(Case.of(DEEP))),
]  # type: ignore[list-item]


@pytest.mark.parametrize(("pattern", "witness"), WITNESSES)
def test_accepted_and_every_single_damage_rejected(
    pattern: Pattern, witness: dict[str, Any]
) -> None:
    assert accepted(pattern, witness).claim == "not_closed"
    damaged = 0
    for change in damages(witness):
        with pytest.raises(CertificateError):
            accepted(pattern, change)
        damaged += 1
    assert damaged >= 8


def damages(witness: dict[str, Any]) -> list[dict[str, Any]]:
    found = []

    def changed(edit: Any) -> None:
        copied = copy.deepcopy(witness)
        edit(copied)
        found.append(copied)

    rows = len(witness["Y"])
    for row in {0, 1, rows // 2, rows - 1}:
        changed(lambda w, row=row: w["Y"][row].__setitem__(0, "7/3"))
        changed(lambda w, row=row: w["X"][row].__setitem__(0, "7/3"))
    changed(lambda w: (w["X"].pop(), w["Y"].pop()))
    changed(lambda w: w["X"].pop())
    changed(lambda w: w["Y"].pop())
    changed(lambda w: w["curve"]["weights"][0].pop())
    changed(lambda w: w["curve"]["weights"][-1].append([0, 10**6, [[0, 1]]]))
    changed(lambda w: w["curve"]["weights"][-1][0].__setitem__(2, [[-1, 1000]]))
    changed(lambda w: w.__setitem__("theorem", "R16"))
    changed(lambda w: w.__setitem__("X", [[0.5] * len(x) for x in w["X"]]))
    changed(lambda w: w.__setitem__("inputs", [10**6] * len(w["inputs"])))
    return found


def test_targets_that_are_realised_are_rejected() -> None:
    """The curve tends to its targets, but with more units these targets are not missed."""
    witness = one_hidden_layer.some_data(Case.of(SMALL))
    assert witness is not None
    wider = read("dense:2-3-2")
    with pytest.raises(CertificateError, match="at most 2 units"):
        accepted(wider, witness)
    nine = linear_part.by_cut(LU)
    assert nine is not None
    with pytest.raises(CertificateError):
        accepted(SMALL, nine)  # the products of dense masks reach that matrix
    with pytest.raises(CertificateError, match="more than"):
        accepted(LU, {**nine, "X": nine["X"][:8], "Y": nine["Y"][:8]})


def test_biases_that_are_not_there() -> None:
    witness = one_hidden_layer.some_data(Case.of(SMALL))
    assert witness is not None
    with pytest.raises(CertificateError, match="no bias in layer 0"):
        accepted(SMALL, witness, biases=(False, True))
    assert accepted(SMALL, witness, biases=(True, False)).theorem == "R1"
    without = one_hidden_layer.some_data(Case.of(SMALL, (False, True)))
    assert without is not None
    assert accepted(SMALL, without, biases=(False, False)).theorem == "R1"


def test_points_not_on_the_moment_curve() -> None:
    """Nine points of which three are collinear are not enough."""
    witness = linear_part.by_cut(LU)
    assert witness is not None
    moved = copy.deepcopy(witness)
    moved["X"][8], moved["Y"][8] = [20, 20], [20, 20]
    with pytest.raises(CertificateError, match="moment curve"):
        accepted(LU, moved)


@pytest.mark.parametrize(
    ("source", "safe"),
    [
        ("dense:3-4-1", True),
        ("11/11;10/01", True),
        ("11/11;10/11", False),
        ("dense:2-2-2", False),
        ("1/1/1;100/100/011", True),
        ("1/1/1;100/110/011", False),
    ],
)
def test_closed_side_of_r1(source: str, safe: bool) -> None:
    pattern = read(source)
    assert (one_hidden_layer.guaranteed(pattern) is not None) == safe
    claim = {"theorem": "R1", "claim": "closed"}
    if safe:
        assert accepted(pattern, claim).claim == "closed"
        assert one_hidden_layer.some_data(Case.of(pattern)) is None
    else:
        with pytest.raises(CertificateError):
            accepted(pattern, claim)
        witness = one_hidden_layer.some_data(Case.of(pattern))
        assert witness is not None
        assert accepted(pattern, witness).claim == "not_closed"


@pytest.mark.parametrize(
    ("source", "safe"),
    [("1100/0011;11;1", True), ("11;1;1", True), ("11;1/1;11", False), ("11/11;11/11;11", False)],
)
def test_r13(source: str, safe: bool) -> None:
    pattern = read(source)
    assert (trees.guaranteed(pattern) is not None) == safe
    if not safe:
        with pytest.raises(CertificateError):
            accepted(pattern, {"theorem": "R13", "claim": "closed"})
    else:
        assert accepted(pattern, {"theorem": "R13", "claim": "closed"}).theorem == "R13"


def test_cube() -> None:
    for source, closed in [
        ("dense:2-3-2", True),
        ("11/11/01;110/111", False),  # R11: the matrices are closed, the functions are not
        ("11/10;11/11", True),
        ("110/011;11/11", False),
        ("1/1;11/01", True),
    ]:
        found = cube.closed(read(source))
        assert (found is not None) == closed, source
        witness = {"theorem": "R8", "claim": "cube_closed"}
        if closed:
            accepted(read(source), witness)
        else:
            with pytest.raises(CertificateError, match="compatible"):
                accepted(read(source), witness)


def test_finder_and_kernel_agree_on_random_masks() -> None:
    """R1 is an equivalence: on every random mask exactly one side has an accepted witness."""
    import numpy as np

    rng = np.random.default_rng(7)
    sides = set()
    for _ in range(60):
        d, r, m = rng.integers(1, 5, size=3)
        pattern = Pattern.of([rng.random((r, d)) < 0.6, rng.random((m, r)) < 0.5])
        safe = one_hidden_layer.guaranteed(pattern)
        bad = one_hidden_layer.some_data(Case.of(pattern))
        assert (safe is None) != (bad is None), pattern
        witness = safe or bad
        assert witness is not None
        sides.add(accepted(pattern, witness).claim)
        if all(Fraction(v) == 0 for y in witness.get("Y", []) for v in y):
            assert safe is not None
    assert sides == {"closed", "not_closed"}
