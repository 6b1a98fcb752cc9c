"""Statements for witnesses, and guarantees, as tests need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cadlink import Pattern
from cadlink.networks.kernel import CheckedWitness, Statement, check_witness
from cadlink.networks.remedies import answered
from cadlink.networks.theorems.theorem import Case
from cadlink.networks.verdict import GOOD, Question

ANSWERS = {
    "closed": "optimum_guaranteed",
    "attained": "optimum_guaranteed",
    "cube_closed": "closed_on_cube",
    "cube_not_closed": "not_closed_on_cube",
}


def stated(pattern: Pattern, claim: str, **fields: Any) -> Statement:
    """The plain statement of a witness with this claim: question (a), or (d) about functions."""
    cube = claim.startswith("cube")
    plain = Statement(
        pattern,
        (True,) * pattern.depth,
        "relu",
        None if cube else "squared",
        "none",
        "d" if cube else "a",
        ANSWERS.get(claim, "no_optimum"),
    )
    return replace(plain, **fields)


def accepted(pattern: Pattern, witness: Mapping[str, Any], **fields: Any) -> CheckedWitness:
    """What the kernel says to the witness of that statement."""
    return check_witness(stated(pattern, witness["claim"], **fields), witness)


def guarantee(
    pattern: Pattern, biases: Sequence[bool] | None = None, question: str = "a", **fields: Any
) -> str:
    """The theorem behind the good answer to the question, accepted by the kernel, or ""."""
    free = (True,) * pattern.depth if biases is None else tuple(biases)
    verdict = answered(Case(Question(question), pattern, free, **fields), GOOD)
    return "" if verdict is None else verdict.theorem
