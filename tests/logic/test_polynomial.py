"""Polynomials against sympy and against their own values."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from cadlink.errors import FormulaError
from cadlink.logic.polynomial import Polynomial, check_name

NAMES = ("x", "y_2", "y_10")

monomials = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 3)), max_size=3, unique_by=lambda p: p[0]
).map(tuple)
polynomials = st.lists(st.tuples(monomials, st.integers(-6, 6)), max_size=5).map(Polynomial.of)
points = st.fixed_dictionaries(dict.fromkeys(NAMES, st.fractions(-4, 4, max_denominator=5)))


def expression(poly: Polynomial) -> sympy.Expr:
    return sympy.sympify(str(poly).replace("^", "**"))


@settings(max_examples=60, deadline=None)
@given(polynomials, polynomials, points)
def test_arithmetic_agrees_with_sympy_and_with_values(
    p: Polynomial, q: Polynomial, point: dict[str, Fraction]
) -> None:
    for ours, theirs in (
        (p + q, expression(p) + expression(q)),
        (p - q, expression(p) - expression(q)),
        (p * q, expression(p) * expression(q)),
        (-p, -expression(p)),
        (p**2, expression(p) ** 2),
        (3 - p, 3 - expression(p)),
        (2 * p + 1, 2 * expression(p) + 1),
    ):
        assert sympy.expand(expression(ours) - theirs) == 0
    assert (p * q).evaluate(point) == p.evaluate(point) * q.evaluate(point)


@settings(max_examples=150, deadline=None)
@given(polynomials, polynomials)
def test_equal_polynomials_are_equal_objects(p: Polynomial, q: Polynomial) -> None:
    back = (p + q) - q
    assert back == p
    assert hash(back) == hash(p)
    assert back.variables == p.variables  # variables that cancel are gone
    assert pickle.loads(pickle.dumps(p)) == p
    assert (p == q) == ((p - q) == Polynomial.constant(0))


@settings(max_examples=150, deadline=None)
@given(polynomials, polynomials)
def test_factors_multiply_back_and_are_normalised(p: Polynomial, q: Polynomial) -> None:
    c, parts = (p * p * q).factors()
    product = Polynomial.constant(c)
    for factor, exponent in parts:
        assert factor.content == 1
        assert factor.leading_coefficient > 0
        product = product * factor**exponent
    assert product == p * p * q


@settings(max_examples=150, deadline=None)
@given(polynomials, points, st.sets(st.sampled_from(NAMES)))
def test_assigning_keeps_the_sign(
    p: Polynomial, point: dict[str, Fraction], chosen: set[str]
) -> None:
    part = p.assign({name: point[name] for name in chosen})
    assert not set(part.variables) & chosen
    exact, scaled = p.evaluate(point), part.evaluate(point)
    assert (exact > 0, exact < 0) == (scaled > 0, scaled < 0)
    assert exact == 0 or (scaled / exact).denominator == 1  # a positive integer multiple


def test_renaming_is_simultaneous_and_may_merge() -> None:
    x, y = Polynomial.variable("x"), Polynomial.variable("y")
    assert (x - 2 * y).rename({"x": "y", "y": "x"}) == y - 2 * x
    assert (x - y).rename({"x": "y"}) == Polynomial.constant(0)


def test_text_lists_variables_in_natural_order() -> None:
    assert str(Polynomial.of([((("a_0_10", 1), ("a_0_2", 2)), -1), ((), 5)])) == (
        "-a_0_2^2*a_0_10 + 5"
    )


@pytest.mark.parametrize("name", ["", "1x", "x y", "x;", "x)", "é", "x" * 65, 3, None, "_x", "x\n"])
def test_names_cannot_carry_syntax(name: object) -> None:
    with pytest.raises(FormulaError, match="variable name"):
        check_name(name)


def test_errors_say_what_is_missing() -> None:
    x = Polynomial.variable("x")
    with pytest.raises(FormulaError, match="variable x"):
        x.evaluate({"y": 1})
    with pytest.raises(FormulaError, match="constant"):
        _ = x.constant_value
    with pytest.raises(FormulaError, match="zero polynomial"):
        (x - x).primitive()
    with pytest.raises(FormulaError, match="negative exponent"):
        Polynomial.of([((("x", -1),), 1)])
