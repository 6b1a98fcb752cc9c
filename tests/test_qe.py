"""The public interface: the same question in every language, on every program that can answer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy

from cadlink import Limits, qe
from cadlink.backends.base import Outcome
from cadlink.backends.engine import Engine
from cadlink.deciding.decision import Assurance
from cadlink.errors import BackendMissing, FormulaError, InputError
from cadlink.logic.algebraic import Root
from cadlink.logic.formula import FALSE, TRUE, Formula, conj, disj, evaluate, free_variables, negate
from cadlink.logic.formula import exists as exists_
from cadlink.qe import eliminate, exists, find_point, forall, formula

MISBEHAVING = Path(__file__).parent / "misbehaving"
a, b, c, x, y, z, u, v, p, q, r, s = sympy.symbols("a b c x y z u v p q r s")
Eq, Or, And, Not, Ne = sympy.Eq, sympy.Or, sympy.And, sympy.Not, sympy.Ne


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(cache=None) as made:
        yield made


# name -> (text, the same in sympy, the answer as text).  The first ten are the smallest forms of
# what went wrong in wrappers of these programs: names, case, unused and repeated variables, strict
# and weak, signs, big numbers, "true" in the output, empty connectives, order of quantifiers.
QUESTIONS: Mapping[str, tuple[str, Any, str]] = {
    "underscore": (
        "exists x_1: x_1^2 = y_1",
        exists("x_1", Eq(sympy.Symbol("x_1") ** 2, sympy.Symbol("y_1"))),
        "y_1 >= 0",
    ),
    "case": ("exists X: X > 3 and x < 2", exists("X", And(sympy.Symbol("X") > 3, x < 2)), "x < 2"),
    "reserved": (
        "exists e, pi: e*pi = nil and e > 0",
        exists(
            "e pi",
            And(
                Eq(sympy.Symbol("e") * sympy.Symbol("pi"), sympy.Symbol("nil")),
                sympy.Symbol("e") > 0,
            ),
        ),
        "true",
    ),
    "unused": ("exists x, y: x^2 = a", exists([x, y], Eq(x**2, a)), "a >= 0"),
    "shadowed": ("x > 0 and (exists x: x < a)", conj(formula(x > 0), exists(x, x < a)), "x > 0"),
    "strict": ("exists x: x^2 < a", exists(x, x**2 < a), "a > 0"),
    "sign": (
        "exists x: -x - -a*x > -1 and x = -1/2",
        exists(x, And(-x + a * x > -1, Eq(x, -sympy.Rational(1, 2)))),
        "a < 3",
    ),
    "digits": (
        "exists x: x > a and x + 123456789012345678901234567890 = 0",
        exists(x, And(x > a, Eq(x + 123456789012345678901234567890, 0))),
        "a < -123456789012345678901234567890",
    ),
    "order": ("forall x: exists y: y > x + a", forall(x, exists(y, y > x + a)), "true"),
    "order turned": ("exists y: forall x: y > x + a", exists(y, forall(x, y > x + a)), "false"),
    "quadratic": (
        "exists x: x^2 + b*x + c = 0",
        exists(x, Eq(x**2 + b * x + c, 0)),
        "b^2 - 4*c >= 0",
    ),
    "positive quadratic": (
        "forall x: x^2 + b*x + c > 0",
        forall(x, x**2 + b * x + c > 0),
        "b^2 - 4*c < 0",
    ),
    "linear": ("exists x: a*x = b", exists(x, Eq(a * x, b)), "a != 0 or b = 0"),
    "cubic": ("exists x: x^3 + p*x + q = 0", exists(x, Eq(x**3 + p * x + q, 0)), "true"),
    "common root": (
        "exists x: x^2 = p and x = q",
        exists(x, And(Eq(x**2, p), Eq(x, q))),
        "p = q^2",
    ),
    "ellipse in disc": (
        "forall x, y: x^2 + 4*y^2 = 4 implies x^2 + y^2 <= r",
        forall("x y", sympy.Implies(Eq(x**2 + 4 * y**2, 4), x**2 + y**2 <= r)),
        "r >= 4",
    ),
    "whitney umbrella": (
        "exists u, v: x = u*v and y = v and z = u^2",
        exists("u v", And(Eq(x, u * v), Eq(y, v), Eq(z, u**2))),
        "x^2 = y^2*z and z >= 0",
    ),
    "interval": (
        "forall x: 0 <= x <= 1 implies x^2 + a*x <= 0",
        forall(x, sympy.Implies(And(x >= 0, x <= 1), x**2 + a * x <= 0)),
        "a <= -1",
    ),
    "density": (
        "forall x, y: x < y implies (exists z: x < z < y)",
        forall("x y", disj(negate(formula(x < y)), exists(z, And(x < z, z < y)))),
        "true",
    ),
    "square root": (
        "exists x: x^2 = 2 and x > a and a > 1",
        exists(x, And(Eq(x**2, 2), x > a, a > 1)),
        "a > 1 and a^2 < 2",
    ),
}


def same(engine: Engine, one: Formula, other: Formula) -> bool:
    """Whether two formulas without quantifiers are equivalent, by z3."""
    apart = disj(conj(one, negate(other)), conj(other, negate(one)))
    names = free_variables(apart)
    run = engine.ask(exists_(names, apart), "z3", 20, 1500)
    assert run.answer is not None
    return run.answer.formula == FALSE


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_language_on_every_program(engine: Engine, name: str) -> None:
    text, symbolic, expected = QUESTIONS[name]
    wanted = formula(expected)
    written = formula(text)
    for source in (text, symbolic, qe.to_smtlib(written), qe.to_json(written)):
        question = formula(source)
        sentence = not free_variables(question)
        for backend in ("qepcad", "redlog", "z3") if sentence else ("qepcad", "redlog"):
            found = eliminate(question, backend, Limits(30, 1500), engine=engine)
            assert found.formula is not None, (backend, found.detail)
            assert same(engine, found.formula, wanted), (backend, found.text)


def test_what_an_elimination_tells(engine: Engine) -> None:
    found = eliminate("exists x: x^2 = a", "redlog", Limits(30, 1500), engine=engine)
    assert (found.text, found.truth, found.assurance) == ("a >= 0", None, Assurance.TRUSTED)
    (run,) = found.runs
    assert (run.backend, run.outcome, found.agreed) == ("redlog", Outcome.ANSWERED, ("redlog",))
    assert "rlqe" in run.script
    assert "v1 >= 0$" in run.transcript
    assert len(run.transcript_sha256) == 64
    told = found.to_json()
    assert told["answer"] == "a >= 0"
    assert formula(told["formula"]) == found.formula
    with pytest.raises(TypeError, match="no truth value"):
        bool(found)


def test_all_are_asked_and_agree(engine: Engine) -> None:
    found = eliminate("exists x: a*x^2 + b*x + c = 0", "all", Limits(60, 1500), engine=engine)
    assert set(found.agreed) == {"qepcad", "redlog"}
    found = eliminate("forall x: exists y: y > x", "all", Limits(60, 1500), engine=engine)
    assert set(found.agreed) == {"qepcad", "redlog", "z3"}
    assert found.truth is True


def test_a_contradiction_is_an_error_with_both_transcripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADLINK_QEPCAD", str(MISBEHAVING / "liar_qepcad.py"))
    wrong = pytest.raises(qe.Disagreement, match=r"a contradiction: .* says")
    with Engine(cache=None) as misled, wrong as caught:
        eliminate("exists x: x^2 = 2", "all", Limits(60, 1500), engine=misled)
    error = caught.value
    assert "qepcad" in {run.backend for run in error.runs}
    assert "--- qepcad\n" in error.transcript
    assert "FALSE" in error.transcript


def test_what_needs_no_program() -> None:
    with Engine(cache=None) as idle:
        found = eliminate("x > 0 and x > 0 or x = 0", engine=idle)
        assert (found.text, found.assurance, found.runs) == ("x >= 0", Assurance.CHECKED, ())
        found = eliminate("exists x: 1 > 0", engine=idle)
        assert (found.truth, found.assurance) == (True, Assurance.CHECKED)
        assert idle._warm == {}


@pytest.mark.parametrize(
    ("question", "assuming", "expected"),
    [
        ("exists x: a*x^2 + b*x + 1 = 0", "a > 0", "b^2 - 4*a >= 0"),
        ("exists x: a*x = b", "a != 0", "true"),
        ("forall x: x^2 + a > 0", "a >= 1", "true"),
        ("exists x: x^2 + a*x + b = 0", "b < 0 or b = 0", "true"),
        ("exists x: x > a and x < b", "a < c and c < b", "true"),
        ("a > 0 and b > 0", "a > 0", "b > 0"),
        ("(a > 0 or b > 0) and c > 0", "a > 0 or b > 0", "c > 0"),
    ],
)
def test_an_assumption_shortens_the_answer(
    engine: Engine, question: str, assuming: str, expected: str
) -> None:
    found = eliminate(question, "auto", Limits(30, 1500), assuming, engine)
    assert found.formula is not None
    condition = formula(assuming)
    # Equivalent where the assumption holds, and no longer than what is expected.
    assert same(engine, conj(condition, found.formula), conj(condition, formula(expected)))
    if "<" not in assuming:
        assert same(engine, found.formula, formula(expected)), found.text


def test_the_limit_is_kept(engine: Engine) -> None:
    hard = (
        "forall eps: eps > 0 implies exists x, y, z, u, v, w: (a - x*u)^2 + (b - x*v - y*w)^2"
        " + (c - z*u - w*v)^2 + (d - z*v - y*u)^2 < eps and x^5 + y^7 = z*w + u^3"
    )
    start = time.monotonic()
    found = eliminate(hard, "auto", Limits(3, 1500), engine=engine)
    assert time.monotonic() - start < 3 + 1.3
    assert found.formula is None
    assert "timeout" in found.detail


@pytest.mark.parametrize(
    "question",
    [
        "x*y = 1 and x + y > 2",
        "2*x = 1 and y > x and y < 1 and 3*y = 2",
        "x^2 + y^2 = 1 and x = 3/5",
        "exists z: z^2 = x and x > 2",
        "a*x - b = 0 and a != 0",
        "x < -1000000000000",
    ],
)
def test_a_point_satisfies_the_formula(engine: Engine, question: str) -> None:
    found = find_point(question, Limits(30, 1500), engine=engine)
    assert found.point is not None, found.detail
    assert set(found.point) == set(free_variables(formula(question)))
    assert found.truth is True
    if "exists" not in question:
        assert evaluate(formula(question), found.point)
        assert found.assurance is Assurance.CHECKED


def test_algebraic_points(engine: Engine) -> None:
    found = find_point("x^2 = 2 and x < 0 and y = 3", engine=engine)
    assert (found.truth, found.assurance) == (True, Assurance.CHECKED)
    root, three = (found.point or {})["x"], (found.point or {})["y"]
    assert isinstance(root, Root)
    assert (root.coefficients, three) == ((-2, 0, 1), 3)
    assert -2 <= root.low < root.high <= -1
    assert found.to_json()["point"]["x"] == "the root of x^2 - 2 between -2 and -1"
    # two irrational numbers in one atom: what is left is decided, and so trusted
    found = find_point("x^2 = 2 and x*y = 1", engine=engine)
    assert (found.truth, found.assurance) == (True, Assurance.TRUSTED)
    assert set(found.point or {}) == {"x", "y"}


def test_no_point(engine: Engine) -> None:
    assert find_point("x^2 + 1 = 0", engine=engine).truth is False
    assert find_point("x > 0", assuming="x > 5", engine=engine).point["x"] > 5  # type: ignore[index]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (sympy.sin(x) > 0, "not a polynomial"),
        (x > 0.5, "expected rational coefficients"),
        (sympy.Gt(1 / x, 0), "not a polynomial"),
        (x + 1, "expected conditions on polynomials"),
        ([">", "x"], "formula"),
        (["exists", [], True], "expected different names, at least one"),
        (None, "expected conditions on polynomials"),
        ("exists x: y > ", "line 1, column 15"),
        ("(declare-const x Int)", "expected a constant of sort Real"),
    ],
)
def test_what_is_no_formula(source: Any, message: str) -> None:
    with pytest.raises(FormulaError, match=message.replace("(", r"\(")) as caught:
        eliminate(source)
    assert "\n" not in str(caught.value)


def test_other_mistakes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormulaError, match="without variables"):
        exists([], x > 0)
    with pytest.raises(FormulaError, match="the variable a is free"):
        qe.decide_sentence("exists x: x > a", engine=engine)
    with pytest.raises(FormulaError, match="no variable is free"):
        find_point("exists x: x > 0", engine=engine)
    with pytest.raises(InputError, match="'maple': expected one of"):
        eliminate("exists x: x > a", "maple", engine=engine)
    for condition, message in (
        ("exists y: y > a", "has no quantifiers"),
        ("x > 0", "speaks of x, which the formula quantifies"),
        ("a > 0 and a < 0", "never holds"),
    ):
        with pytest.raises(InputError, match=message):
            eliminate("exists x: x > a", assuming=condition, engine=engine)
    for name in ("QEPCAD", "REDLOG"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    with Engine(cache=None) as poor, pytest.raises(BackendMissing, match="cadlink backends"):
        eliminate("exists x: x > a", engine=poor)


def test_scripts_of_other_programs() -> None:
    question = "exists x: x^2 = a_1 or x < a_1"
    assert qe.script(question, "qepcad").startswith("[]\n(v1,v2)\n1\n(E v2)[[")
    assert "rlqe (ex(v2," in qe.script(question, "redlog")
    assert "load_package redlog;" in qe.script(question, "redlog")
    assert "(declare-const a_1 Real)" in qe.script(question, "smt2")
    assert qe.script(question, "latex").startswith("\\exists x")
    assert formula(qe.script(question, "text")) == formula(question)
    assert qe.script("x > 1 or y = 0", "sympy") == "Eq(y, 0) | (x - 1 > 0)\n"
    for wrong, message in (("sympy", "no sympy form"), ("z3", "z3 takes sentences")):
        with pytest.raises(FormulaError, match=message):
            qe.script(question, wrong)
    with pytest.raises(InputError, match="format 'maple': expected one of text, json"):
        qe.script(question, "maple")


def test_two_megabytes_are_read_and_refused_or_answered_in_time(engine: Engine) -> None:
    text = " and ".join(f"x + {n}*y > {n * n}" for n in range(100_000))
    assert len(text) > 2_000_000
    start = time.process_time()
    question = formula(f"exists x, y: {text}")
    assert time.process_time() - start < 30
    start = time.process_time()
    found = eliminate(question, "redlog", Limits(2, 1500), engine=engine)
    assert found.formula is None
    assert time.process_time() - start < 8


def test_sympy_is_loaded_only_for_its_users() -> None:
    code = "import sys; from cadlink import qe; print('sympy' in sys.modules, 'z3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_fractions_survive() -> None:
    assert formula("x = 1/3") == formula(Eq(x, sympy.Rational(1, 3)))
    assert formula(True) == TRUE
    assert evaluate(formula("x/3 + 1/7 > 0"), {"x": Fraction(-3, 7) + Fraction(1, 1000)})
