from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import flint
import pytest
from search.test_vanishing import product_of

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.errors import CertificateError
from cadlink.patterns.group import Cell
from cadlink.search.curves import curve_through
from cadlink.search.membership import seems_member
from cadlink.search.model import Model, Problem
from cadlink.search.propagation import contradictory
from cadlink.search.refutation import Outcome, Refuted, refute

Accept = Callable[[Problem, Proof | Mapping[str, Any]], None]

# (problem, a limit that is missed, by hand)
MISSED = [
    ("##/#.", {(0, 1): Fraction(1), (1, 0): Fraction(2, 3)}),
    ("11/01;10/11", {(0, 1): Fraction(1), (1, 0): Fraction(1)}),
    ("11/01;10/01;10/11", {(0, 1): Fraction(1), (1, 0): Fraction(1), (1, 1): Fraction(-5, 2)}),
    (
        "###/###/##. + ###/###/##.",
        {(0, 2): 1, (1, 0): 1, (1, 2): 1, (2, 0): 1, (2, 1): 1},
    ),
]


def member_of(model: Model, rng: random.Random) -> dict[Cell, Fraction]:
    """A member of the set, from random small factors."""
    values = [rng.choice((0, 0, 1, 1, -1, 2)) for _ in model.unknowns]
    return {cell: Fraction(v) for cell, v in product_of(model, values).items()}


@pytest.mark.parametrize(("text", "limit"), MISSED)
def test_missed_limits_are_refuted_and_the_kernel_agrees(
    text: str, limit: dict[Cell, Fraction], problem: Callable[[str], Problem], accept: Accept
) -> None:
    where = problem(text)
    answer = refute(where, limit)
    assert isinstance(answer, Refuted)
    curve = curve_through(where, limit)
    assert curve is not None
    accept(where, {**curve.data(), "refutation": answer.tree})
    model = Model.of(where)
    assert model is not None
    assert not seems_member(model, limit)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize(
    "text",
    [
        "##./##. + .##/.##",
        "###/###/##. + ###/###/##.",
        "####/###./##.. + .###/.###/.###",
        "111/011/001;100/110/111",
        "11/01;11/10;10/11",
    ],
)
def test_members_are_never_refuted(text: str, seed: int, problem: Callable[[str], Problem]) -> None:
    model = Model.of(problem(text))
    assert model is not None
    limit = member_of(model, random.Random(seed))
    assert refute(model, limit, Clock.of(5), seed) in (Outcome.MEMBER, Outcome.STUCK)


def test_generic_members_are_recognised(problem: Callable[[str], Problem]) -> None:
    model = Model.of(problem("##./##. + .##/.##"))
    assert model is not None
    limit = {cell: Fraction(n + 2) for n, cell in enumerate(model.cells)}
    assert refute(model, limit) is Outcome.MEMBER
    assert seems_member(model, limit)


def test_the_order_of_elimination_does_not_change_the_answer(
    problem: Callable[[str], Problem],
) -> None:
    where, limit = problem(MISSED[3][0]), MISSED[3][1]
    for seed in range(8):
        assert isinstance(refute(where, limit, seed=seed), Refuted)


def test_a_value_outside_the_support_is_an_error(problem: Callable[[str], Problem]) -> None:
    with pytest.raises(ValueError, match=r"outside the support, found a value at \(1, 1\)"):
        refute(problem("##/#."), {(1, 1): Fraction(1)})


def test_the_deadline_is_kept(problem: Callable[[str], Problem]) -> None:
    where, limit = problem(MISSED[3][0]), MISSED[3][1]
    assert refute(where, limit, clock=Clock.of(-1)) is Outcome.TIME


def nodes(tree: Any) -> Iterator[Any]:
    yield tree
    if "case" in tree:
        yield from nodes(tree["zero"])
        yield from nodes(tree["nonzero"])


def test_a_damaged_refutation_is_rejected(
    problem: Callable[[str], Problem], accept: Accept
) -> None:
    """Change every coefficient and every index in turn; nothing may still pass by accident."""
    where, limit = problem(MISSED[3][0]), MISSED[3][1]
    answer, curve = refute(where, limit), curve_through(where, limit)
    assert isinstance(answer, Refuted)
    assert curve is not None
    tree = copy.deepcopy(dict(answer.tree))
    leaves = [node for node in nodes(tree) if node.get("multipliers")]
    assert leaves
    accept(where, {**curve.data(), "refutation": tree})
    for leaf in leaves:
        for pair in leaf["multipliers"]:
            term = pair[1][0]
            term[0] = str(Fraction(term[0]) + 1)
            with pytest.raises(CertificateError):
                accept(where, {**curve.data(), "refutation": tree})
            term[0] = str(Fraction(term[0]) - 1)
            pair[0] += 1
            with pytest.raises(CertificateError):
                accept(where, {**curve.data(), "refutation": tree})
            pair[0] -= 1
    accept(where, {**curve.data(), "refutation": tree})


def test_propagation_rules_one_by_one() -> None:
    context = flint.fmpz_mpoly_ctx.get(["x", "y", "z"], "lex")
    x, y, z = context.gens()
    one = context.constant(1)
    assert contradictory([one], [])  # (2)
    assert contradictory([x * y - 2, x], [])  # (3) then (1)
    assert contradictory([x * y**2], [x, y])  # (1)
    assert contradictory([x], [x * y])  # (4)
    assert contradictory([x, x * y + z], [z])  # zero everywhere
    assert not contradictory([x * y], [])
    assert not contradictory([x + y], [x])
    assert not contradictory([], [])
