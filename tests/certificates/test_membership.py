"""Certificates about one matrix: every rule of the checker, every hypothesis missed once."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from cadlink import Pattern, read
from cadlink.certificates.membership import CHAIN_RULES, GROUP_RULES, check_membership
from cadlink.errors import CertificateError

Step = dict[str, Any]

SWAP = [[0, 1, 1], [1, 0, 1]]
ONE = [[0, 0, 1], [1, 1, 1]]
ANSWER = {"backend": "z3", "version": "1", "answer": "false", "transcript": "0" * 64}


def step(rule: str, *parts: Step, **data: Any) -> Step:
    return {"rule": rule, "data": data, "parts": list(parts)}


def document(source: str, entries: list[Any], answer: str, proof: Step, of: str) -> Step:
    pattern = read(source)
    return {
        "format": "cadlink-membership",
        "version": 1,
        "pattern": pattern.to_json(),
        "matrix": {"shape": [pattern.widths[-1], pattern.widths[0]], "entries": entries},
        "set": of,
        "answer": answer,
        "proof": proof,
    }


RANK = step("rank", outputs=[0, 1], inputs=[0, 1], cut=[[], [0], []])
SYLVESTER = step(
    "sylvester",
    outputs=[0],
    inputs=[0],
    more_outputs=[0, 1],
    more_inputs=[0, 1],
    cut=[[], [0], []],
)
OUTSIDE = step("outside", cell=[0, 1])
ZERO = step("zero", OUTSIDE, step("outside", cell=[1, 0]), cell=[0, 0])
TRUE = {"statement": "member", "answers": [{**ANSWER, "answer": "true"}]}
LU = ("lu:2", SWAP)
THIN = ("dense:2-1-2", ONE)
FACTORS = [[[0, 0, 1], [0, 1, 1]], [[0, 0, 2], [1, 0, "1/2"]]]
SUM = [[0, 0, 2], [0, 1, 2], [1, 0, "1/2"], [1, 1, "1/2"]]
CURVE = [
    [[0, 0, [[1, 1]]], [0, 1, [[0, 1]]], [1, 1, [[0, 1]]]],
    [[0, 0, [[0, 1]]], [1, 0, [[-1, 1]]], [1, 1, [[-1, -1]]]],
]

# Every rule: pattern, matrix, answer, proof, whether it holds for limits.
GOOD: dict[str, tuple[str, list[Any], str, Step, bool]] = {
    "factors": ("dense:2-1-2", SUM, "yes", step("factors", factors=FACTORS), True),
    "free": ("11;1", [[0, 0, 3]], "yes", step("free", proof=step("matching")), True),
    "member": (*LU, "yes", step("claim", claim=TRUE), False),
    "curve": (*LU, "yes", step("curve", factors=CURVE), True),
    "outside": ("10/01", [[0, 1, 1]], "no", OUTSIDE, True),
    "restrict": (
        "lu:3",
        SWAP,
        "no",
        step("restrict", SYLVESTER, outputs=[0, 1], inputs=[0, 1]),
        False,
    ),
    "join": ("dense:2-1-2-2", ONE, "no", step("join", RANK, layer=1), True),
    "rank": (*THIN, "no", RANK, True),
    "sylvester": (*LU, "no", SYLVESTER, False),
    "peel above": (
        "dense:2-2-1-2",
        ONE,
        "no",
        step("peel", RANK, layer=1, side="above", lines=[[0, 1]]),
        True,
    ),
    "peel below": (
        "dense:2-1-2-2",
        ONE,
        "no",
        step("peel", RANK, layer=2, side="below", lines=[[0, 1]]),
        True,
    ),
    "zero": (*LU, "no", step("two_factors", step("absorb", ZERO, neurons=[1])), False),
    "rank_one": (
        *THIN,
        "no",
        step("two_factors", step("rank_one", step("outside", cell=[1, 1]), neuron=0, cell=[0, 0])),
        True,
    ),
    "rank of cells": (
        *THIN,
        "no",
        step("two_factors", step("rank", rows=[0, 1], cols=[0, 1])),
        True,
    ),
    "rows and columns": (
        "lu:3",
        SWAP,
        "no",
        step(
            "two_factors",
            step("restrict", step("absorb", ZERO, neurons=[1]), rows=[0, 1], cols=[0, 1]),
        ),
        False,
    ),
    "equations": (*LU, "no", step("equations", refutation={"propagation": True}), False),
    "equations of a group": (
        *LU,
        "no",
        step("two_factors", step("equations", refutation={"propagation": True})),
        False,
    ),
    "closed": (*THIN, "no", step("closed", RANK, proof=step("block_tiling")), True),
    "not in closure": (
        *THIN,
        "no",
        step("claim", claim={"statement": "not_in_closure", "answers": [ANSWER]}),
        True,
    ),
}
ONLY_LIMITS = ("curve", "closed", "not in closure")


def put(document: Step, path: str, value: Any) -> Step:
    """The document with another value at a path such as 'proof.data.cell.0'."""
    changed = copy.deepcopy(document)
    *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place: Any = changed
    for key in way:
        place = place[key]
    if value is DELETE:
        del place[last]
    else:
        place[last] = value
    return changed


DELETE = object()


def good(name: str, of: str = "") -> Step:
    source, entries, answer, proof, limits = GOOD[name]
    return document(source, entries, answer, proof, of or ("closure" if limits else "products"))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_accepted(name: str) -> None:
    checked = check_membership(json.dumps(good(name)))
    assert checked.member is (GOOD[name][2] == "yes")
    assert checked.assurance == ("trusted" if name in ("member", "not in closure") else "checked")
    if name not in ONLY_LIMITS and name != "member":
        assert check_membership(good(name, "products")).of == "products"


@pytest.mark.parametrize("name", [n for n in GOOD if not GOOD[n][4] and n != "member"])
def test_what_holds_for_products_only_is_refused_for_limits(name: str) -> None:
    with pytest.raises(CertificateError, match="expected one of"):
        check_membership(good(name, "closure"))


@pytest.mark.parametrize("name", ONLY_LIMITS)
def test_what_is_about_limits_is_refused_for_products(name: str) -> None:
    with pytest.raises(CertificateError):
        check_membership(good(name, "products"))


def test_every_rule_is_here() -> None:
    def rules(proof: Step, group: bool) -> set[tuple[str, bool]]:
        below = group or proof["rule"] == "two_factors"
        return {(proof["rule"], group)}.union(*(rules(part, below) for part in proof["parts"]))

    seen = set().union(*(rules(proof, False) for _, _, _, proof, _ in GOOD.values()))
    wanted = {(name, False) for name in CHAIN_RULES} | {(name, True) for name in GROUP_RULES}
    assert wanted <= seen


INNER = "proof.parts.0"
PEEL = {"layer": 1, "side": "above", "lines": [[0]]}


@pytest.mark.parametrize(
    ("name", "path", "value", "words"),
    [
        ("factors", "format", "cadlink-certificate", "'cadlink-membership'"),
        ("factors", "version", 2, "version 1"),
        ("factors", "version", True, "version 1"),
        ("factors", "set", "hull", "a set, one of"),
        ("factors", "answer", "maybe", "the answer yes or no"),
        ("factors", "answer", "no", "one of outside"),
        ("rank", "answer", "yes", "factors"),
        ("factors", "more", 1, "the keys"),
        ("factors", "matrix.shape", [1, 2], r"shape \[2, 2\]"),
        ("factors", "matrix.entries.0", [0, 0, 3], "factors whose product is the matrix"),
        ("factors", "matrix.entries.1", [0, 0, 2], "every entry once"),
        ("factors", "matrix.entries.1", [0, 2, 2], "a column: an integer from 0 to 1"),
        ("factors", "matrix.entries.1", [0, 1, 2.0], "integers and strings"),
        ("factors", "matrix.entries.1", DELETE, "factors whose product is the matrix"),
        ("factors", "proof.parts", [RANK], "no parts"),
        ("factors", "proof.data.factors.0", DELETE, "factors: a list of 2"),
        ("factors", "proof.data.factors.0.0", [0, 0, 0], "factors whose product is the matrix"),
        ("factors", "pattern.layers.0", ["10"], "entries of factor 0 on its mask"),
        ("free", "pattern.layers.0", ["01"], "0 outside the support"),
        ("free", "proof.data.proof", step("block_tiling"), "every matrix is a product"),
        ("member", "proof.data.claim.statement", "not_member", "a claim with statement 'member'"),
        ("member", "proof.data.claim.answers.0.answer", "false", "the answer true"),
        ("curve", "matrix.entries", [[0, 1, 1], [1, 0, 2]], "the product tends to the limit"),
        ("curve", "pattern.layers.0", ["10", "01"], "0 outside the support"),
        ("curve", "proof.data.factors.1.1.2.0", [-2, 1], "the product tends to the limit"),
        ("outside", "matrix.entries", [], "a cell where the matrix is not 0"),
        ("outside", "pattern.layers.0", ["11", "01"], "a cell where every product is 0"),
        ("outside", "proof.parts", [OUTSIDE], "0 parts"),
        ("restrict", "proof.data.outputs", [1, 0], "in ascending order"),
        ("restrict", "proof.data.inputs", [0, 3], "input of the problem"),
        ("restrict", "proof.parts", [], "1 parts"),
        ("restrict", "proof.parts", [None], "a refutation"),
        ("join", "proof.data.layer", 3, "hidden layer: an integer from 1 to 2"),
        ("join", "proof.data.layer", 2, "a cut of all paths"),
        ("join", "pattern", read("dense:2-1-2").to_json(), "three masks or more"),
        ("rank", "matrix.entries", SUM, "a block of rank more than 1"),
        ("rank", "proof.data.cut.1", [], "a cut of all paths"),
        ("rank", "proof.data.cut.1", [1], "unit of the problem"),
        ("rank", "proof.data.cut.0", [0], "a block of rank more than 2"),
        ("rank", "proof.data.cut", [[], [0]], "cut: a list of 3"),
        ("sylvester", "matrix.entries", [[0, 0, 1], *SWAP], "a block of rank less than 1"),
        ("sylvester", "proof.data.outputs", [1], "a cut of all paths"),
        ("sylvester", "proof.data.inputs", [1], "a cut of all paths"),
        ("sylvester", "proof.data.more_outputs", [1], "outputs among more_outputs"),
        ("sylvester", "proof.data.more_inputs", [1], "inputs among more_inputs"),
        ("sylvester", "proof.data.cut.1", [0, 1], "a block of rank less than 0"),
        ("peel above", "proof.data.side", "left", "the side above or below"),
        ("peel above", "proof.data.lines", [[0, 1, 1]], "at most 2 lines"),
        ("peel above", "proof.data.lines", [[0, 2]], "a line of the block"),
        ("peel above", "proof.data.lines", [[0]], "a block of rank more than 1"),
        ("peel above", "proof.data.layer", 0, "hidden layer"),
        ("peel above", "proof.data.lines", [], "lines: a list of 1"),
        ("zero", f"{INNER}.data.neurons", [0], "rule|cell|neuron"),
        ("zero", f"{INNER}.data.neurons", [], "at least one neuron"),
        ("zero", f"{INNER}.parts.0.data.cell", [0, 1], "a cell where the matrix is 0"),
        ("zero", f"{INNER}.parts.0.data.cell", [1, 1], "a cell of one neuron"),
        ("zero", f"{INNER}.parts.0.parts.0.data.cell", [0, 0], "where the matrix is not 0"),
        ("zero", f"{INNER}.parts.0.parts.0.data.cell", [1, 0], "a cell where every product is 0"),
        ("rank_one", f"{INNER}.data.cell", [0, 1], "a cell where the matrix is not 0"),
        ("rank_one", f"{INNER}.data.cell", [0, 2], "a row and a column"),
        ("rank_one", f"{INNER}.data.neuron", 1, "neuron: an integer from 0 to 0"),
        ("rank_one", "pattern", read("dense:2-2-2").to_json(), "a row and a column"),
        ("rank_one", "matrix.entries", SUM, "a cell where the matrix is not 0"),
        ("rank of cells", "matrix.entries", SUM, "a block of rank more than 1"),
        ("rank of cells", "pattern", read("dense:2-2-2").to_json(), "of rank more than 2"),
        ("rank of cells", "pattern", read("10/01;10/01").to_json(), "observed cells"),
        ("rank of cells", f"{INNER}.data.rows", [0, 2], "row of the problem"),
        ("rows and columns", f"{INNER}.data.rows", [0, 3], "row of the problem"),
        ("equations", "matrix.entries", [[0, 0, 1], *SWAP], "a contradiction by propagation"),
        ("closed", "proof.data.proof", step("matching"), "saturat|match|column|sets"),
        ("closed", "pattern", read("lu:2").to_json(), "at most one path"),
        ("not in closure", "proof.data.claim.answers", [], "at least one answer"),
        ("not in closure", "proof.data.claim.answers.0.answer", "true", "the answer false"),
    ],
)
def test_refused(name: str, path: str, value: Any, words: str) -> None:
    with pytest.raises(CertificateError, match=words):
        check_membership(put(good(name), path, value))


def test_disjoint_blocks_and_observed_cells_are_demanded() -> None:
    # Two classes with a common cell: no peeling.  (1,1) is in both blocks of lu:2.
    proof = step("peel", RANK, layer=1, side="above", lines=[[0], [1]])
    with pytest.raises(CertificateError, match="classes with disjoint blocks"):
        check_membership(document(*LU, "no", proof, "products"))
    # What is left of a unit of 2 x 2 without the cell of a star is no whole block.
    star = step("absorb", step("rank", rows=[0, 1], cols=[0, 1]), neurons=[1])
    with pytest.raises(CertificateError, match="observed cells"):
        check_membership(document(*LU, "no", step("two_factors", star), "products"))


def test_another_pattern_and_no_time() -> None:
    assert check_membership(good("rank"), read("dense:2-1-2")).member is False
    with pytest.raises(CertificateError, match="the pattern in question"):
        check_membership(good("rank"), Pattern.of(["11/11"]))
    with pytest.raises(CertificateError, match="a check before the deadline"):
        check_membership(good("rank"), deadline=0.0)
