"""Quantifiers, renaming and prenex form, checked by brute force over a finite domain.

Moving quantifiers, renaming bound variables and pushing negation inside are valid in every nonempty
structure; so they must not change a truth value when the variables range over a few numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

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
    Quantifier,
    Rel,
    Truth,
    assign,
    conj,
    disj,
    evaluate,
    exists,
    forall,
    free_variables,
    implies,
    is_quantifier_free,
    negate,
    prenex,
    quantify,
    rename,
)
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import simplify

NAMES = ("x", "y", "z")
DOMAIN = (-1, 0, 2)

linear = st.builds(
    lambda a, p, b, q, c: a * Polynomial.variable(p) + b * Polynomial.variable(q) + c,
    st.sampled_from((1, 2, -1)),
    st.sampled_from(NAMES),
    st.sampled_from((0, 1, -1)),
    st.sampled_from(NAMES),
    st.sampled_from((0, 0, 1, -2)),
)
formulas = st.recursive(
    st.builds(Atom, linear, st.sampled_from(Rel)),
    lambda inner: (
        st.builds(
            lambda kind, args: kind(tuple(args)),
            st.sampled_from((And, Or)),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(
            lambda kind, names, body: kind(tuple(names), body),
            st.sampled_from((Exists, ForAll)),
            st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True),
            inner,
        )
    ),
    max_leaves=6,
)


def holds(f: Formula, point: Mapping[str, int]) -> bool:
    """The truth value when bound variables range over DOMAIN."""
    if isinstance(f, Truth | Atom):
        return evaluate(f, point)
    if isinstance(f, And):
        return all(holds(g, point) for g in f.args)
    if isinstance(f, Or):
        return any(holds(g, point) for g in f.args)
    values = (
        holds(f.body, {**point, **dict(zip(f.names, choice, strict=True))})
        for choice in product(DOMAIN, repeat=len(f.names))
    )
    return any(values) if isinstance(f, Exists) else all(values)


def everywhere(f: Formula) -> list[bool]:
    return [holds(f, dict(zip(NAMES, choice, strict=True))) for choice in product(DOMAIN, repeat=3)]


@settings(max_examples=150, deadline=None)
@given(formulas)
def test_prenex_form_is_equivalent(f: Formula) -> None:
    prefix, matrix = prenex(f)
    names = [name for _, name in prefix]
    assert is_quantifier_free(matrix)
    assert len(set(names)) == len(names)
    assert not set(names) & set(free_variables(f))
    whole = matrix
    for quantifier, name in reversed(prefix):
        whole = quantify(quantifier, [name], whole)
    assert set(free_variables(whole)) <= set(free_variables(f))
    if len(prefix) <= 5:
        assert everywhere(whole) == everywhere(f)


@settings(max_examples=150, deadline=None)
@given(formulas)
def test_negation_is_the_complement(f: Formula) -> None:
    assert everywhere(negate(f)) == [not value for value in everywhere(f)]


@settings(max_examples=150, deadline=None)
@given(formulas)
def test_simplify_respects_quantifiers(f: Formula) -> None:
    assert everywhere(simplify(f)) == everywhere(f)


@settings(max_examples=150, deadline=None)
@given(formulas, st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES)))
def test_renaming_reads_the_new_variables(f: Formula, table: dict[str, str]) -> None:
    renamed = rename(f, table)
    for choice in product(DOMAIN, repeat=3):
        point = dict(zip(NAMES, choice, strict=True))
        moved = {name: point[table.get(name, name)] for name in NAMES}
        assert holds(renamed, point) == holds(f, moved)


@settings(max_examples=100, deadline=None)
@given(formulas, st.dictionaries(st.sampled_from(NAMES), st.sampled_from(DOMAIN)))
def test_assigning_touches_free_variables_only(f: Formula, values: dict[str, int]) -> None:
    fixed = assign(f, values)
    assert not set(free_variables(fixed)) & set(values)
    for choice in product(DOMAIN, repeat=3):
        point = {**dict(zip(NAMES, choice, strict=True)), **values}
        assert holds(fixed, point) == holds(f, point)


@settings(max_examples=20, deadline=None)
@given(st.lists(formulas | st.sampled_from((TRUE, FALSE)), max_size=4))
def test_constructors_mean_what_they_say(parts: list[Formula]) -> None:
    values = [everywhere(f) for f in parts]
    assert everywhere(conj(*parts)) == [all(v[i] for v in values) for i in range(27)]
    assert everywhere(disj(*parts)) == [any(v[i] for v in values) for i in range(27)]
    for f in parts:
        assert everywhere(exists(NAMES, f)) == everywhere(Exists(NAMES, f))
        assert everywhere(forall(NAMES, f)) == everywhere(ForAll(NAMES, f))
        assert everywhere(implies(f, f)) == [True] * 27


X, Y = Polynomial.variable("x"), Polynomial.variable("y")


def test_constructors_are_tidy() -> None:
    a, b = Atom(X, Rel.EQ), Atom(Y, Rel.GT)
    assert conj(a, conj(b, a), TRUE) == And((a, b))
    assert disj(a) == a
    assert disj(TRUE, a) == TRUE
    assert exists(["z", "y", "y"], b) == Exists(("y",), b)
    assert exists(["x"], exists(["y"], conj(a, b))) == Exists(("x", "y"), And((a, b)))
    assert exists(["x"], forall(["y"], disj(a, b))) == Exists(("x",), ForAll(("y",), Or((a, b))))


def test_prenex_keeps_alternations_few() -> None:
    """Independent quantifiers are put into common blocks, starting with the better one."""
    z = Polynomial.variable("z")
    f = conj(
        exists(["x"], Atom(X, Rel.GT)),
        forall(["y"], exists(["z"], Atom(Y - z, Rel.EQ))),
        forall(["x"], Atom(X * X, Rel.GE)),
    )
    assert [(q.value, name) for q, name in prenex(f)[0]] == [
        ("forall", "y"),
        ("forall", "x_r1"),
        ("exists", "x"),
        ("exists", "z"),
    ]


def test_prenex_renames_what_meets_a_free_variable() -> None:
    f = conj(Atom(X, Rel.GT), exists(["x"], Atom(X + Y, Rel.LT)))
    prefix, matrix = prenex(f)
    assert prefix == [(Quantifier.EXISTS, "x_r1")]
    assert matrix == conj(Atom(X, Rel.GT), Atom(Polynomial.variable("x_r1") + Y, Rel.LT))


def test_relations() -> None:
    for rel, value in product(Rel, (-2, 0, 3)):
        expected = {
            "=": value == 0,
            "!=": value != 0,
            "<": value < 0,
            "<=": value <= 0,
            ">": value > 0,
            ">=": value >= 0,
        }[rel.value]
        assert rel.holds(value) is expected
        assert rel.negated.holds(value) is not expected
        assert Rel.of_signs(rel.signs) is rel


def test_errors() -> None:
    with pytest.raises(FormulaError, match="different names"):
        Exists(("x", "x"), TRUE)
    with pytest.raises(FormulaError, match="at least one"):
        ForAll((), TRUE)
    with pytest.raises(FormulaError, match="variable name"):
        Exists(("x) or (1",), TRUE)
    with pytest.raises(FormulaError, match="quantifier"):
        evaluate(exists(["x"], Atom(X, Rel.EQ)), {})
    with pytest.raises(FormulaError, match="variable y"):  # not hidden by the false first part
        evaluate(And((Atom(X, Rel.GT), Atom(Y, Rel.GT))), {"x": 0})
