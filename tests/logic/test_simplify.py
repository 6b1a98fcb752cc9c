"""Every simplification is an equivalence over the reals; relaxing only ever adds points."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadlink.errors import FormulaError
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Formula,
    Or,
    Rel,
    conj,
    disj,
    evaluate,
    exists,
    forall,
    negate,
)
from cadlink.logic.notation import to_text
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import relax, simplify

NAMES = ("a_0_0", "a_0_1", "a_1_0")
X, Y, Z = (Polynomial.variable(name) for name in NAMES)

# A small stock of related factors, so that equal polynomials, common factors, squares, opposite
# signs and contents meet; integer points make them vanish.
FACTORS = (X, Y, Z, X - Y, X + Y, X * Y - Z, X - 1, X * X + Y * Y, X * X + 1, Y * Y - 2)

polynomials = st.builds(
    lambda c, factors, shift: _product(c, factors) + shift,
    st.sampled_from((1, -1, 2, -3, 6)),
    st.lists(st.sampled_from(FACTORS), max_size=3),
    st.sampled_from((0, 0, 0, 0, 1, -4)),
)
atoms = st.builds(Atom, polynomials, st.sampled_from(Rel))
formulas = st.recursive(
    atoms | st.sampled_from((TRUE, FALSE)),
    lambda inner: st.builds(
        lambda kind, args: kind(tuple(args)),
        st.sampled_from((And, Or)),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)
coordinates = st.integers(-2, 2) | st.fractions(-3, 3, max_denominator=4)
points = st.fixed_dictionaries(dict.fromkeys(NAMES, coordinates))
GRID = [
    {NAMES[0]: x, NAMES[1]: y, NAMES[2]: z}
    for x in (-1, 0, 1, Fraction(1, 2))
    for y in (-2, 0, 1)
    for z in (-1, 0, Fraction(1, 2), 1)
]


def _product(c: int, factors: list[Polynomial]) -> Polynomial:
    product = Polynomial.constant(c)
    for factor in factors:
        product = product * factor
    return product


@settings(max_examples=200, deadline=None)
@given(formulas, st.lists(points, min_size=1, max_size=4))
def test_simplify_is_an_equivalence(f: Formula, some: list[dict[str, Fraction]]) -> None:
    shorter = simplify(f)
    for point in some + GRID:
        assert evaluate(shorter, point) == evaluate(f, point), (to_text(f), to_text(shorter), point)


@settings(max_examples=300, deadline=None)
@given(formulas, formulas, st.lists(points, min_size=1, max_size=4))
def test_under_an_assumption_nothing_changes_where_it_holds(
    f: Formula, condition: Formula, some: list[dict[str, Fraction]]
) -> None:
    for g in (f, And((f, condition)), Or((f, negate(condition)))):
        shorter = simplify(g, condition)
        for point in some + GRID:
            if evaluate(condition, point):
                assert evaluate(shorter, point) is evaluate(g, point)


@settings(max_examples=80, deadline=None)
@given(formulas)
def test_simplify_has_nothing_left_to_do(f: Formula) -> None:
    shorter = simplify(f)
    again = simplify(shorter)
    assert len(to_text(again)) <= len(to_text(shorter))


@settings(max_examples=80, deadline=None)
@given(formulas, points)
def test_negation_is_the_complement_and_an_involution(
    f: Formula, point: dict[str, Fraction]
) -> None:
    assert evaluate(negate(f), point) is not evaluate(f, point)
    assert negate(negate(f)) == f


@settings(max_examples=200, deadline=None)
@given(formulas, st.lists(points, max_size=4))
def test_the_relaxed_set_contains_the_set(f: Formula, some: list[dict[str, Fraction]]) -> None:
    wide = relax(f)
    assert "<" not in to_text(wide).replace("<=", "")
    assert ">" not in to_text(wide).replace(">=", "")
    assert "!=" not in to_text(wide)
    for point in some + GRID:
        assert not evaluate(f, point) or evaluate(wide, point)


@settings(max_examples=60, deadline=None)
@given(formulas)
def test_the_relaxed_set_is_closed_along_rational_sequences(f: Formula) -> None:
    """If the relaxed formula holds at points tending to one of the grid, it holds there."""
    wide = relax(f)
    for point in GRID[::5]:
        near = [
            {name: value + Fraction(step, 10**12) for name, value in point.items()}
            for step in (-1, 1)
        ]
        if evaluate(negate(wide), point):  # an open condition
            assert not any(evaluate(wide, other) for other in near)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (disj(Atom(X, Rel.LT), Atom(X, Rel.EQ)), "a_0_0 <= 0"),
        (conj(Atom(X, Rel.LE), Atom(-2 * X, Rel.LE)), "a_0_0 = 0"),
        (conj(Atom(X, Rel.LT), Atom(X, Rel.GT)), "false"),
        (disj(Atom(X, Rel.LE), Atom(X, Rel.GT)), "true"),
        (disj(Atom(X - Y, Rel.LT), Atom(Y - X, Rel.LT)), "a_0_0 - a_0_1 != 0"),
        (Atom(6 * X - 4 * Y, Rel.NE), "3*a_0_0 - 2*a_0_1 != 0"),
        (Atom((X - Y) ** 3, Rel.GE), "a_0_0 - a_0_1 >= 0"),
        (Atom((X - Y) ** 2, Rel.LE), "a_0_0 - a_0_1 = 0"),
        (Atom(-X * X - 1, Rel.GE), "false"),
        (Atom(X * X + Y * Y, Rel.GE), "true"),
        (disj(Atom(X, Rel.EQ), conj(Atom(X, Rel.EQ), Atom(Y, Rel.GT))), "a_0_0 = 0"),
        (conj(Atom(X, Rel.NE), Atom(X * Y, Rel.EQ)), "a_0_0 != 0 and a_0_1 = 0"),
        (conj(Atom(X * Y, Rel.GE), Atom(X, Rel.LT)), "a_0_0 < 0 and a_0_1 <= 0"),
        (conj(Atom(X * X * Y, Rel.GT), Atom(X, Rel.LT)), "a_0_0 < 0 and a_0_1 > 0"),
        (
            disj(
                conj(Atom(X, Rel.LT), Atom(Y, Rel.EQ)),
                conj(Atom(X, Rel.EQ), Atom(Y, Rel.EQ)),
            ),
            "a_0_0 <= 0 and a_0_1 = 0",
        ),
        (Atom(X * Y, Rel.EQ), "a_0_0*a_0_1 = 0"),
        (disj(Atom(X * Y, Rel.EQ), Atom(X, Rel.NE)), "true"),
        (exists(["a_1_0"], conj(Atom(Z - X, Rel.EQ), Atom(Y * Y, Rel.GE))), None),
    ],
)
def test_answers_are_readable(f: Formula, expected: str | None) -> None:
    if expected is None:
        expected = "exists a_1_0: a_0_0 - a_1_0 = 0"
    assert to_text(simplify(f)) == expected


def test_context_does_not_cross_a_quantifier_of_the_same_name() -> None:
    f = conj(Atom(X, Rel.GT), forall([NAMES[0]], Atom(X, Rel.GT)))
    assert to_text(simplify(f)) == "a_0_0 > 0 and (for all a_0_0: a_0_0 > 0)"


def test_relax_refuses_what_it_is_not_sound_for() -> None:
    with pytest.raises(FormulaError, match="quantifiers"):
        relax(exists([NAMES[0]], Atom(X, Rel.EQ)))
    with pytest.raises(FormulaError, match="x_0_0"):
        relax(Atom(Polynomial.variable("x_0_0"), Rel.EQ))
