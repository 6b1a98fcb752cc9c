"""The border to sympy."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from cadlink.errors import FormulaError
from cadlink.logic.formula import FALSE, TRUE, And, Atom, Formula, Or, Rel, evaluate, exists
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.symbolic import from_sympy, to_sympy

X, Y = Polynomial.variable("x"), Polynomial.variable("y")
x, y = sympy.symbols("x y")

polynomials = st.builds(
    lambda a, b, c: a * X * X + b * X * Y + c * Y, *(st.integers(-2, 2) for _ in range(3))
)
atoms = st.builds(Atom, polynomials, st.sampled_from(Rel)) | st.sampled_from((TRUE, FALSE))
formulas = st.recursive(
    atoms,
    lambda inner: st.builds(
        lambda kind, args: kind(tuple(args)),
        st.sampled_from((And, Or)),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)
coordinates = st.integers(-2, 2) | st.fractions(-2, 2, max_denominator=3)


@settings(max_examples=100, deadline=None)
@given(formulas, coordinates, coordinates)
def test_there_and_back_means_the_same(f: Formula, a: Fraction, b: Fraction) -> None:
    point = {"x": a, "y": b}
    assert evaluate(from_sympy(to_sympy(f)), point) is evaluate(f, point)


@pytest.mark.parametrize(
    ("condition", "true_at", "false_at"),
    [
        (sympy.Eq(x / 2 + y, sympy.Rational(1, 3)), (0, Fraction(1, 3)), (1, 1)),
        (sympy.Implies(x > 0, y > 0), (-1, -1), (1, -1)),
        (sympy.Not(sympy.Or(x > 0, sympy.Eq(y, 0))), (0, 1), (0, 0)),
        (sympy.Equivalent(x > 0, y > 0), (0, 0), (0, 1)),
        (sympy.Ne(x * (x + 1) ** 2, y, evaluate=False), (1, 0), (1, 4)),
        (sympy.Lt(-x, 0), (1, 0), (-1, 0)),
    ],
)
def test_conditions_users_write(
    condition: object, true_at: tuple[Fraction, Fraction], false_at: tuple[Fraction, Fraction]
) -> None:
    f = from_sympy(condition)
    assert evaluate(f, dict(zip("xy", true_at, strict=True)))
    assert not evaluate(f, dict(zip("xy", false_at, strict=True)))


def test_constants() -> None:
    assert from_sympy(sympy.true) == TRUE
    assert from_sympy(False) == FALSE
    assert from_sympy(sympy.Gt(1, 0, evaluate=False)) == Atom(Polynomial.constant(1), Rel.GT)


@pytest.mark.parametrize(
    "condition",
    [
        x > 0.5,
        sympy.sqrt(x) > 0,
        sympy.Gt(1 / x, y),
        sympy.sin(x) > 0,
        sympy.Gt(sympy.sqrt(2) * x, 0),
        sympy.Gt(sympy.pi * x, 1),
        x + 1,
        sympy.Gt(sympy.Symbol("x y"), 0),
        sympy.Gt(x, sympy.Symbol("x", real=True)),
        sympy.Lt(x, sympy.oo, evaluate=False),
        "x > 0",
        1.0,
    ],
)
def test_what_is_no_polynomial_condition_is_refused(condition: object) -> None:
    with pytest.raises(FormulaError):
        from_sympy(condition)


@pytest.mark.parametrize("said", ["positive", "integer", "nonzero", "imaginary"])
def test_symbols_that_are_more_than_real_are_refused(said: str) -> None:
    """Taken as real, a positive p would have lost what makes its formula true."""
    with pytest.raises(FormulaError, match=f"the symbol p is assumed .*{said}"):
        from_sympy(sympy.Symbol("p", **{said: True}) ** 3 + sympy.Symbol("y") > 0)
    assert from_sympy(sympy.Symbol("p", complex=True) > sympy.Symbol("y", real=True))


def test_quantifiers_are_refused() -> None:
    with pytest.raises(FormulaError, match="quantifier"):
        to_sympy(exists(["x"], Atom(X, Rel.EQ)))


def test_sympy_is_imported_late() -> None:
    code = "import sys, cadlink.logic.symbolic, cadlink.logic.encode; print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
