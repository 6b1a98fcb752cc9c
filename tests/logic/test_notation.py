"""Text forms: faithful cache keys, JSON there and back, strict reading."""

from __future__ import annotations

import json
from typing import Any

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
    Truth,
)
from cadlink.logic.notation import (
    from_json,
    normal_form,
    polynomial_from_json,
    polynomial_to_json,
    to_json,
    to_latex,
    to_text,
)
from cadlink.logic.polynomial import Polynomial

X, Y = Polynomial.variable("x"), Polynomial.variable("y")

polynomials = st.builds(
    lambda a, b, c: a * X * X + b * X * Y + c, *(st.integers(-2, 2) for _ in range(3))
)
atoms = st.builds(Atom, polynomials, st.sampled_from(Rel)) | st.sampled_from((TRUE, FALSE))
lists = st.builds(
    lambda kind, args: kind(tuple(args)), st.sampled_from((And, Or)), st.lists(atoms, max_size=3)
)
quantified = st.builds(
    lambda kind, names, body: kind(tuple(names), body),
    st.sampled_from((Exists, ForAll)),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True),
    lists | atoms,
)
nested = st.builds(
    lambda kind, args: kind(tuple(args)),
    st.sampled_from((And, Or)),
    st.lists(lists | atoms | quantified, max_size=3),
)


def sorted_arguments(f: Formula) -> Formula:
    """Arguments of and/or in the order of their repr: what normal_form may forget, forgotten."""
    if isinstance(f, And | Or):
        return type(f)(tuple(sorted(map(sorted_arguments, f.args), key=repr)))
    if isinstance(f, Exists | ForAll):
        return type(f)(f.names, sorted_arguments(f.body))
    return f


@settings(max_examples=300, deadline=None)
@given(nested, nested, st.randoms(use_true_random=False))
def test_normal_form_forgets_the_order_of_arguments_and_nothing_else(
    f: Formula, g: Formula, random: Any
) -> None:
    same = sorted_arguments(f) == sorted_arguments(g)
    assert (normal_form(f) == normal_form(g)) is same
    if isinstance(f, And | Or):
        args = list(f.args)
        random.shuffle(args)
        assert normal_form(type(f)(tuple(args))) == normal_form(f)


def test_normal_form_keeps_quantifiers_apart() -> None:
    body = Atom(X - Y, Rel.GT)
    forms = [
        Exists(("x", "y"), body),
        Exists(("y", "x"), body),
        ForAll(("x", "y"), body),
        Exists(("x",), ForAll(("y",), body)),
        Exists(("x",), body),
        body,
    ]
    assert len(set(map(normal_form, forms))) == len(forms)


@settings(max_examples=200, deadline=None)
@given(lists | atoms)
def test_json_there_and_back(f: Formula) -> None:
    again = from_json(json.loads(json.dumps(to_json(f))))
    # Reading tidies and/or; the rest is the same.
    assert normal_form(again) == normal_form(from_json(to_json(again)))
    if isinstance(f, Atom | Truth):
        assert again == f


@settings(max_examples=100, deadline=None)
@given(polynomials)
def test_polynomials_there_and_back(p: Polynomial) -> None:
    assert polynomial_from_json(json.loads(json.dumps(polynomial_to_json(p)))) == p


def test_rational_coefficients_keep_the_sign() -> None:
    assert polynomial_from_json([["-1/2", [["x", 2]]], ["2/3", []]]) == -3 * X * X + 4
    assert polynomial_from_json([[1, [["x", 1]]], [-1, [["x", 1]]]]) == X - X
    assert from_json(["<", [["-1/2", [["x", 1]]]]]) == Atom(-X, Rel.LT)


def deep(levels: int) -> Any:
    value: Any = True
    for _ in range(levels):
        value = ["and", value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "true",
        [],
        {},
        ["not", True],
        ["and", 1],
        [["and"], True],
        ["==", []],
        ["="],
        ["=", [], []],
        ["=", {}],
        ["=", [[1]]],
        ["=", [[1, [], 2]]],
        ["=", [[1.0, []]]],
        ["=", [[True, []]]],
        ["=", [["1/0", []]]],
        ["=", [["1 ", []]]],
        ["=", [["1_0", []]]],
        ["=", [["9" * 5000, []]]],
        ["=", [[1, [["x", 0]]]]],
        ["=", [[1, [["x", -1]]]]],
        ["=", [[1, [["x", True]]]]],
        ["=", [[1, [["x", 10**9]]]]],
        ["=", [[1, [["x", 1], ["x", 1]]]]],
        ["=", [[1, [["x;quit", 1]]]]],
        ["=", [[1, [["x"]]]]],
        ["=", [[1, [["x", 1, 1]]]]],
        ["exists", [], True],
        ["exists", ["x", "x"], True],
        ["exists", "x", True],
        ["exists", ["x"]],
        ["forall", ["x y"], True],
        deep(101),
    ],
)
def test_reading_is_strict(value: Any) -> None:
    with pytest.raises(FormulaError):
        from_json(value)


def test_empty_connectives_and_depth() -> None:
    assert from_json(["and"]) == TRUE
    assert from_json(["or"]) == FALSE
    assert from_json(deep(99)) == TRUE


def test_quantified_formulas_in_json() -> None:
    f = ForAll(("x",), Exists(("y", "z"), Atom(X - Y, Rel.LT)))
    assert to_json(f)[:2] == ["forall", ["x"]]
    assert from_json(json.loads(json.dumps(to_json(f)))) == f


def test_text_brackets_what_it_joins() -> None:
    a, b, c = Atom(X, Rel.EQ), Atom(Y, Rel.LT), Atom(X - 1, Rel.GE)
    assert to_text(Or((And((a, b)), c))) == "(x = 0 and y < 0) or x - 1 >= 0"
    assert to_text(ForAll(("x", "y"), Or((a, Exists(("y",), b))))) == (
        "for all x, y: (x = 0 or (exists y: y < 0))"
    )
    assert (to_text(And(())), to_text(Or(())), to_text(TRUE)) == ("true", "false", "true")


def test_latex() -> None:
    a = Polynomial.variable("a_0_1")
    f = Or((And((Atom(-2 * a * X**2 + 1, Rel.NE), FALSE)), ForAll(("eps",), Atom(X, Rel.GE))))
    assert to_latex(f) == (
        r"\left(-2 a_{0,1} x^{2} + 1 \ne 0 \land \bot\right) \lor "
        r"\left(\forall \mathrm{eps} :\ x \ge 0\right)"
    )
