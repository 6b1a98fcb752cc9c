"""Formulas from text and from SMT-LIB: the inverse of writing, one clear line for what is bad."""

from __future__ import annotations

import json
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
    Exists,
    ForAll,
    Formula,
    Or,
    Rel,
    evaluate,
)
from cadlink.logic.notation import from_json, normal_form, to_json, to_text
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.reader import from_text
from cadlink.logic.smtlib import from_smtlib, to_smtlib

X, Y, A = (Polynomial.variable(name) for name in ("x", "y", "a_0_1"))

polynomials = st.builds(
    lambda a, b, c, d: a * X * X * A - b * X * Y + c * Y**3 - d, *(st.integers(-9, 9),) * 4
)
atoms = st.builds(Atom, polynomials, st.sampled_from(Rel)) | st.sampled_from((TRUE, FALSE))
names = st.lists(st.sampled_from(("x", "y", "a_0_1", "z12")), min_size=1, max_size=3, unique=True)


def compound(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        st.builds(And, parts)
        | st.builds(Or, parts)
        | st.builds(Exists, names.map(tuple), inner)
        | st.builds(ForAll, names.map(tuple), inner)
    )


formulas = st.recursive(atoms, compound, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(formulas)
def test_reading_is_the_inverse_of_writing(f: Formula) -> None:
    assert from_text(to_text(f)) == f


@settings(max_examples=200, deadline=None)
@given(formulas)
def test_json_there_and_back(f: Formula) -> None:
    back = from_json(json.loads(json.dumps(to_json(f))))
    assert normal_form(back) == normal_form(from_json(to_json(back)))
    assert to_json(from_json(to_json(back))) == to_json(back)


@settings(max_examples=200, deadline=None)
@given(st.recursive(atoms, lambda inner: st.builds(And, st.lists(inner, min_size=2).map(tuple))))
def test_smtlib_there_and_back_means_the_same(f: Formula) -> None:
    back = from_smtlib(to_smtlib(f))
    for x, y, a in ((0, 0, 0), (1, -1, 2), (Fraction(1, 2), 3, -2), (-2, 1, 1)):
        point = {"x": x, "y": y, "a_0_1": a}
        assert evaluate(back, point) is evaluate(f, point)


@settings(max_examples=200, deadline=None)
@given(formulas)
def test_smtlib_keeps_quantifiers(f: Formula) -> None:
    assert to_text(from_smtlib(to_smtlib(f))).count("exists") == to_text(f).count("exists") or (
        "true" in to_text(f) or "false" in to_text(f)
    )


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("x = 1", "x - 1 = 0"),
        ("x == y/2 + 1/3", "6*x - 3*y - 2 = 0"),
        ("-x^2 < 0", "-x^2 < 0"),
        ("(x + 1)^2 >= (x - 1)*(x + 1)", "2*x + 2 >= 0"),
        ("(((x))) <> - -y", "x - y != 0"),
        ("x**2 * 3 > 2 * -y", "3*x^2 + 2*y > 0"),
        ("0 < x <= y != 3", "-x < 0 and x - y <= 0 and y - 3 != 0"),
        ("x > 0 and y > 0 or y < 0", "(x > 0 and y > 0) or y < 0"),
        ("not x > 0 and y > 0", "x <= 0 and y > 0"),
        ("not (x > 0 or not y > 0)", "x <= 0 and y > 0"),
        ("x > 0 implies y > 0 implies x > y", "x <= 0 or y <= 0 or x - y > 0"),
        ("x > 0 => y > 0", "x <= 0 or y > 0"),
        ("x > 0 iff y > 0", "(x > 0 and y > 0) or (x <= 0 and y <= 0)"),
        ("x > 0 <=> true", "x > 0"),
        ("exists x. x > y and exists y: y > x", None),
        ("forall x y, z: x + y = z", "for all x, y, z: x + y - z = 0"),
        ("for all x: (exists y: y > x)", "for all x: (exists y: -x + y > 0)"),
        ("not exists x: x > 0", "for all x: x <= 0"),
        ("not true", "false"),
        ("((x > 0) and (y) > (0))", "x > 0 and y > 0"),
        ("x\n  > \t 0", "x > 0"),
        ("12345678901234567890123 = x", "-x + 12345678901234567890123 = 0"),
    ],
)
def test_what_people_write(text: str, meaning: str | None) -> None:
    found = from_text(text)
    if meaning is None:
        assert found == Exists(
            ("x",), And((Atom(X - Y, Rel.GT), Exists(("y",), Atom(Y - X, Rel.GT))))
        )
    else:
        assert to_text(found) == meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, column 1: an empty text: expected a formula"),
        ("x", "line 1, column 2: expected a relation, found the end"),
        ("x > ", "line 1, column 5: expected a number, a variable or '(', found the end"),
        ("x > 0 y", "line 1, column 7: expected 'and', 'or', a relation or the end, found 'y'"),
        ("2x > 0", "line 1, column 2: expected a relation, found 'x'; a product is written with"),
        ("x > 0.5", "line 1, column 5: expected an exact number such as 5/2, found 0.5"),
        ("x > 1e5", "line 1, column 5: expected an exact number such as 5/2, found 1e5"),
        ("sin(x) > 0", "line 1, column 1: sin(...): expected polynomials, which have no functions"),
        ("x/y > 0", "line 1, column 2: division by a variable"),
        ("x/0 > 0", "line 1, column 2: division by zero"),
        ("x/(1-1) > 0", "line 1, column 2: division by zero"),
        ("x^y > 0", "line 1, column 3: expected an exponent such as 2, found 'y'"),
        ("x^-2 > 0", "line 1, column 3: expected an exponent such as 2, found '-'"),
        ("x^2^2 > 0", "line 1, column 4: expected a relation, found '^'"),
        ("x^99999 > 0", "line 1, column 2: an exponent beyond 1000"),
        ("(x+y+z+w)^999 > 0", "line 1, column 10: a power of more than 200000 terms"),
        ("7^1000^2 > 0", "line 1, column 7: expected a relation, found '^'"),
        ("(9^1000)^1000 > 0", "a number of more than 4000 digits"),
        ("exists x", "line 1, column 9: expected ',', ':' or '.' after the variables"),
        ("exists : x > 0", "line 1, column 8: expected a variable, found ':'"),
        ("exists x, x: x > 0", "line 1, column 8: a variable twice in one quantifier"),
        ("exists and: x > 0", "line 1, column 8: expected a variable, found 'and'"),
        ("for x: x > 0", "line 1, column 5: expected 'all' after 'for', found 'x'"),
        ("(x > 0", "line 1, column 7: expected ')', found the end"),
        ("(x > 0))", "line 1, column 8: expected 'and', 'or', a relation or the end, found ')'"),
        ("(x + 1 > 0", "line 1, column 11: expected ')', found the end"),
        ("x > 0 and\n\n  or y > 0", "line 3, column 3: expected a number, a variable or '('"),
        ("x > 0 \u2227 y > 0", "line 1, column 7: unexpected character"),
        ("x! > 0", "line 1, column 2: unexpected character '!'"),
        ("_x > 0", "line 1, column 1: unexpected character '_'"),
        ("x" * 70 + " > 0", "line 1, column 1: variable name"),
        ("(" * 300 + "x" + ")" * 300 + " > 0", "nested deeper than 100 levels"),
        ("(" * 300 + "x > 0" + ")" * 300, "nested deeper than 100 levels"),
        ("exists x: " * 300 + "x > 0", "nested deeper than 100 levels"),
        ("x > 0 implies " * 300 + "x > 0", "nested deeper than 100 levels"),
        ("x > " + "-(" * 300 + "x" + ")" * 300, "nested deeper than 100 levels"),
        ("x > " + "9" * 5000, "a number of more than 4000 digits"),
        ("x + (y > 0) > 0", "line 1, column 8: expected ')', found '>'"),
        ("(x > 0) + 1 > 0", "line 1, column 9: expected 'and', 'or', a relation or the end"),
    ],
)
def test_bad_text_is_one_line_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        from_text(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_long_sum_takes_linear_time() -> None:
    text = " + ".join(f"{n}*x_{n % 50}*y" for n in range(1, 40_000)) + " = 0"
    found = from_text(text)
    assert isinstance(found, Atom)
    assert len(found.poly.terms) == 50


@pytest.mark.parametrize(
    ("script", "meaning"),
    [
        ("(assert (forall ((x Real)) (>= (* x x) 0)))", "for all x: x^2 >= 0"),
        (
            "(set-logic NRA)\n; a comment\n(declare-fun a () Real)\n(assert (< (- a) 2.50))",
            "-2*a - 5 < 0",
        ),
        (
            "(declare-const a Real)(declare-const b Real)(assert (distinct a b (/ 1 2)))",
            "a - b != 0 and 2*a - 1 != 0 and 2*b - 1 != 0",
        ),
        ("(declare-const a Real)(assert (=> (> a 0) (> a 1) false))", "a <= 0 or a - 1 <= 0"),
        ("(declare-const a Real)(assert (xor (> a 0) true))", "a <= 0"),
        ("(declare-const a Real)(assert (let ((b (+ a 1))) (= b a 0)))", "1 = 0 and a = 0"),
        ("(declare-const a Real)(assert (ite (> a 0) (< a 2) true))", None),
        ("(declare-const a Real)(assert (>= (- a 1 1) (* 2 a a) 0))(check-sat)(exit)", None),
    ],
)
def test_smtlib_people_write(script: str, meaning: str | None) -> None:
    found = from_smtlib(script)
    if meaning is not None:
        assert to_text(found) == meaning


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("(assert (> a 0))", "line 1, column 12: 'a' is not declared"),
        ("(declare-const a Int)", "line 1, column 1: expected a constant of sort Real"),
        ("(declare-fun f (Real) Real)", "line 1, column 1: expected a constant of sort Real"),
        ("(assert (exists ((x Int)) (> x 0)))", "sort 'Int': expected Real"),
        ("(assert (exists () true))", "expected a list of variables and a body"),
        ("(assert (exists ((x Real) (x Real)) true))", "x is bound twice"),
        ("(assert (> (sin 0) 0))", "'sin': expected an operation of real arithmetic"),
        ("(assert (+ 1 2))", "expected a formula, found a term"),
        ("(assert (> true 0))", "> between terms and formulas"),
        ("(declare-const a Real)(assert (> (/ 1 a) 0))", "division by a variable"),
        ("(push 1)", "expected declare-const, declare-fun or assert"),
        ("(assert (> 1 0)", "it breaks off"),
        ("(assert true))", "a ')' too many"),
        ("(declare-const |a b| Real)", "line 1, column"),
        ("(check-sat)", "an SMT-LIB script without an assert"),
        ("(assert (not true false))", "the wrong number of arguments of not"),
        ("(assert " + "(not " * 300 + "true" + ")" * 301, "more than 200 nested parentheses"),
    ],
)
def test_bad_smtlib_is_one_line(script: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        from_smtlib(script)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
