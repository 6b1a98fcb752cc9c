from __future__ import annotations

from collections.abc import Callable

from cadlink.clock import Clock
from cadlink.logic.formula import TRUE, Atom, Rel, conj, disj, evaluate
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import relax
from cadlink.search.missed import points
from cadlink.search.model import Problem

A = {(j, k): Polynomial.variable(f"a_{j}_{k}") for j in range(2) for k in range(2)}
# the image of '##/#.': a_0_0 != 0, or a_0_1 a_1_0 = 0
CORNER = disj(Atom(A[0, 0], Rel.NE), Atom(A[0, 1] * A[1, 0], Rel.EQ))


def test_curves_lead_to_missed_points(problem: Callable[[str], Problem]) -> None:
    found = points(problem("##/#."), CORNER)
    assert found
    for point in found:
        assert point[0, 0] == 0
        assert point[0, 1] * point[1, 0] != 0


def test_points_of_the_relaxed_formula(problem: Callable[[str], Problem]) -> None:
    """A formula of another set: no curve of '##/##' contradicts it, the boundary search does."""
    det = A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]
    small = conj(Atom(det, Rel.EQ), disj(Atom(A[0, 0], Rel.GT), Atom(A[0, 1] - 2, Rel.LT)))
    phi = disj(small, Atom(det, Rel.EQ), Atom(det, Rel.GT))
    found = points(problem("##/##"), phi)
    assert found == []  # relaxing changes nothing here
    found = points(problem("##/##"), disj(Atom(det, Rel.EQ), Atom(A[0, 0] - 1, Rel.LT)))
    assert found
    for point in found:
        named = {f"a_{j}_{k}": v for (j, k), v in point.items()}
        wide = relax(disj(Atom(det, Rel.EQ), Atom(A[0, 0] - 1, Rel.LT)))
        assert evaluate(wide, named)
        assert point[0, 0] == 1


def test_nothing_is_missed_by_everything(problem: Callable[[str], Problem]) -> None:
    assert points(problem("##/#."), TRUE) == []


def test_the_deadline_is_kept(problem: Callable[[str], Problem]) -> None:
    assert points(problem("##/#."), CORNER, clock=Clock.of(-1)) == []
