"""The grammar of the answers: round trips, places of errors, bounds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadlink.backends import qepcad, redlog
from cadlink.backends.grammar import Dialect, parse, render
from cadlink.errors import AnswerError, FormulaError
from cadlink.logic.formula import FALSE, TRUE, And, Atom, Formula, Or, Rel, conj, disj, exists
from cadlink.logic.polynomial import Polynomial

NAMES = {"v1": "a_0_0", "v2": "a_0_1", "v3": "x_1"}
BACK = {old: new for new, old in NAMES.items()}

monomials = st.lists(
    st.tuples(st.sampled_from(sorted(NAMES)), st.integers(1, 12)),
    max_size=3,
    unique_by=lambda p: p[0],
).map(tuple)
polynomials = st.lists(
    st.tuples(monomials, st.integers(-(10**30), 10**30)), min_size=1, max_size=4
).map(Polynomial.of)
atoms = st.builds(Atom, polynomials, st.sampled_from(Rel))
formulas = st.recursive(
    atoms,
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=4).map(lambda fs: conj(*fs)),
        st.lists(parts, min_size=2, max_size=4).map(lambda fs: disj(*fs)),
    ),
    max_leaves=12,
)

IDENTITY = {name: name for name in NAMES}
DIALECTS = pytest.mark.parametrize(
    "dialect", [qepcad.DIALECT, redlog.DIALECT], ids=lambda d: d.backend
)


def read(text: str, dialect: Dialect) -> Formula:
    return parse(text, 0, len(text), dialect, NAMES)


@DIALECTS
@given(formula=formulas)
def test_what_is_written_is_read_back(dialect: Dialect, formula: Formula) -> None:
    text = render(formula, dialect)
    assert parse(text, 0, len(text), dialect, IDENTITY) == formula


@DIALECTS
@given(formula=formulas, data=st.data())
def test_a_truncated_formula_is_never_another_formula(
    dialect: Dialect, formula: Formula, data: st.DataObject
) -> None:
    """Cut inside a bracket, a prefix of a formula cannot be complete."""
    text = dialect.opening + render(formula, dialect) + dialect.closing
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(AnswerError):
        parse(text, 0, cut, dialect, IDENTITY)


def a(name: str) -> Polynomial:
    return Polynomial.variable(name)


def test_names_are_mapped_back_and_precedence_is_respected() -> None:
    text = "v1**2*v2 - 3*v1 + 1 <> 0 and v2 < 0 or not(v1 = 0 and v2 >= 0)"
    p = a("a_0_0") ** 2 * a("a_0_1") - 3 * a("a_0_0") + 1
    assert read(text, redlog.DIALECT) == Or(
        (
            And((Atom(p, Rel.NE), Atom(a("a_0_1"), Rel.LT))),
            Atom(a("a_0_0"), Rel.NE),
            Atom(a("a_0_1"), Rel.LT),
        )
    )


def test_lines_may_be_broken_between_tokens_and_inside_integers() -> None:
    text = "12\\\n34 v1\n+ v2 >=\n 0"
    assert read(text, qepcad.DIALECT) == Atom(1234 * a("a_0_0") + a("a_0_1"), Rel.GE)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("v1", 1, 3),
        ("v1 = 1", 1, 6),
        ("v1 = 0 0", 1, 8),
        ("v1 = v2", 1, 6),
        ("v1 = 0 /\\", 1, 10),
        ("v1 = 0 /\\\n[ v2 = 0", 2, 9),
        ("v1 = 0 ] /\\ v2 = 0", 1, 8),
        ("v1 = 0 /\\ v2 = 0 \\/ v3 = 0", 1, 27),
        ("v1 = 0 \\/ v2 = 0 /\\ v3 = 0", 1, 27),
        ("v4 = 0", 1, 1),
        ("a_0_0 = 0", 1, 1),
        ("v1 3 = 0", 1, 4),
        ("v1^ = 0", 1, 5),
        ("v1^0 = 0", 1, 4),
        ("v1^99999999999 = 0", 1, 4),
        ("v1*v2 = 0", 1, 3),
        ("v1 + - v2 = 0", 1, 6),
        ("+ v1 = 0", 1, 1),
        ("(v1 + v2) v1 = 0", 1, 1),
        ("1/2 v1 = 0", 1, 2),
        ("2.5 v1 = 0", 1, 2),
        ("v1 == 0", 1, 5),
        ("0 < v1 < 0", 1, 5),
        ("v1 > _root_1 v2", 1, 6),
        ("~[ v1 = 0 ]", 1, 1),
        ("TRUE FALSE", 1, 6),
        ("true", 1, 1),
        ("v1 TRUE = 0", 1, 4),
        ("TRUE = 0", 1, 6),
        ("v1 = 0\x00", 1, 7),
        ("v1 ≥ 0", 1, 4),
        ("v٣ = 0", 1, 2),
        ("[" * 101 + "v1 = 0" + "]" * 101, 1, 101),
        ("9" * 4001 + " v1 = 0", 1, 1),
    ],
)
def test_what_is_not_in_the_grammar_is_refused_with_its_place(
    text: str, line: int, column: int
) -> None:
    with pytest.raises(AnswerError) as caught:
        read(text, qepcad.DIALECT)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.transcript == text
    assert caught.value.backend == "qepcad"


@pytest.mark.parametrize(
    "text",
    [
        "ex(v1,v1 = 0)",
        "v1 = 0 impl v2 = 0",
        "v1 != 0",
        "v1 v2 = 0",
        "v1^2 = 0",
        "sqrt(2) - v1 < 0",
        "not v1 = 0",
        "v1 = 0 or",
        "v1*2 = 0",
        "V1 = 0",
        "v1 = 0 and not",
        "{v1 = 0}",
    ],
)
def test_redlog_text_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(AnswerError):
        read(text, redlog.DIALECT)


@given(st.text(alphabet="v12 /\\[]=<>^-+0TRUEFALS~()\n", max_size=40))
def test_random_text_is_a_formula_or_an_answer_error(text: str) -> None:
    try:
        formula = read(text, qepcad.DIALECT)
    except AnswerError:
        return
    again = render(formula, qepcad.DIALECT)  # accepted: then it means what it says
    words = {"0 = 0": TRUE, "0 /= 0": FALSE}
    back = {old: old for old in BACK}
    assert (
        words.get(again) == formula or parse(again, 0, len(again), qepcad.DIALECT, back) == formula
    )


def test_constants_and_empty_connectives_are_written_as_constant_atoms() -> None:
    assert [render(f, qepcad.DIALECT) for f in (TRUE, FALSE, And(()), Or(()))] == [
        "0 = 0",
        "0 /= 0",
        "0 = 0",
        "0 /= 0",
    ]


def test_a_quantifier_is_not_written(read_formula: Callable[[str], Formula]) -> None:
    with pytest.raises(FormulaError):
        render(exists(["x"], read_formula("x = 0")), redlog.DIALECT)
