"""Z3's script, command line and transcripts; real ones, mutilated ones, and live runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadlink.backends import locate
from cadlink.backends.base import Answer, NoAnswer, Outcome, Output
from cadlink.backends.smt import Z3
from cadlink.errors import AnswerError
from cadlink.logic.formula import FALSE, TRUE, Exists, Formula, evaluate, exists, forall

ADAPTER = Z3()

Model = Mapping[str, Fraction | int] | None
ANSWERS: Mapping[str, tuple[Formula, Model]] = {
    "member_lu2_false": (FALSE, None),
    "member_lu2_true": (TRUE, {"x0": -1, "x1": -1, "y0": -1, "y1": -1, "z": 0, "w": 1}),
    "member_lu2_rational": (
        TRUE,
        {"x0": -2, "x1": -5, "y0": -1, "y1": Fraction(-3, 2), "z": Fraction(-1, 2), "w": 1},
    ),
    "member_root": (TRUE, {"y": Fraction(-2, 3)}),  # the other two are algebraic
    "one_variable": (TRUE, None),  # the square root of 2
    "closure_lu2_point": (TRUE, None),  # "for all e": no model
    "sentence_three_cells": (TRUE, {"a_0_0": 0, "a_0_1": -1, "a_1_0": 1}),
    "universal_true": (TRUE, None),
    "universal_false": (FALSE, None),  # asked as its negation, which has a model
}

# transcript -> (the question it is read for, how it ended)
FAILURES = {
    "timeout": ("sentence_rank_one", Outcome.TIMEOUT),
    "memory": ("sentence_rank_one", Outcome.MEMORY),
    "unknown": ("sentence_rank_one", Outcome.PARTIAL),
    "unknown_constant": ("member_lu2_true", Outcome.CRASHED),
    "syntax": ("member_lu2_true", Outcome.CRASHED),
    "model_of_unsat": ("member_lu2_false", Outcome.CRASHED),
    "no_check": ("member_lu2_true", Outcome.GARBLED),
    "unknown_logic": ("member_lu2_false", Outcome.GARBLED),
}

Questions = Mapping[str, Formula]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_real_transcript_gives_exactly_its_answer(
    name: str, questions: Questions, transcript: Callable
) -> None:
    saved = transcript("z3", name)
    script = ADAPTER.write(questions[name])
    assert script.text == saved.given  # so the transcript answers this very script
    formula, model = ANSWERS[name]
    answer = ADAPTER.read(script, saved.output)
    assert (answer.formula, answer.model) == (formula, model)
    assert sorted(answer.roots or {}) == {"member_root": ["x", "z"], "one_variable": ["x"]}.get(
        name, []
    )


@pytest.mark.parametrize("name", ["member_lu2_true", "member_lu2_rational"])
def test_a_full_model_satisfies_the_question(
    name: str, questions: Questions, transcript: Callable
) -> None:
    question = questions[name]
    answer = ADAPTER.read(ADAPTER.write(question), transcript("z3", name).output)
    assert isinstance(question, Exists)
    assert answer.model is not None
    assert evaluate(question.body, answer.model)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_run_is_no_answer(name: str, questions: Questions, transcript: Callable) -> None:
    question, outcome = FAILURES[name]
    with pytest.raises(NoAnswer) as caught:
        ADAPTER.read(ADAPTER.write(questions[question]), transcript("z3", name).output)
    assert caught.value.outcome is outcome
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(("name", "line"), [("two_checks", 16), ("no_model_asked", 2)])
def test_too_much_and_too_little_is_refused(
    name: str, line: int, questions: Questions, transcript: Callable
) -> None:
    with pytest.raises(AnswerError) as caught:
        ADAPTER.read(ADAPTER.write(questions["member_lu2_true"]), transcript("z3", name).output)
    assert caught.value.line == line


MODEL = "sat\n(\n  (define-fun v1 () Real\n    {})\n)\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.0", 0),
        ("7", 7),
        ("2.5", Fraction(5, 2)),
        ("(- 3.0)", -3),
        ("(/ 1.0 3.0)", Fraction(1, 3)),
        ("(- (/ 10.0 4.0))", Fraction(-5, 2)),
        ("(/ (- 1.0) 3.0)", Fraction(-1, 3)),
        ("(root-obj (+ (^ x 2) (- 2)) 1)", None),
        ("(/ 1.0 0.0)", None),
        ("(+ 1.0 2.0)", None),
        ("1e5", None),
        ("(- (root-obj (+ (^ x 2) (- 2)) 1))", None),
    ],
)
def test_only_plain_rational_values_are_taken(
    value: str, expected: Fraction | int | None, questions: Questions
) -> None:
    script = ADAPTER.write(questions["one_variable"])
    answer = ADAPTER.read(script, Output(MODEL.format(value), "", 0))
    assert answer.formula == TRUE
    assert answer.model == (None if expected is None else {"x": expected})


@pytest.mark.parametrize(
    ("value", "coefficients", "near"),
    [
        ("(root-obj (+ (^ x 2) (- 2)) 1)", (-2, 0, 1), -1.41),
        ("(root-obj (+ (^ x 2) (- 2)) 2)", (-2, 0, 1), 1.41),
        ("(root-obj (+ (* 2 (^ x 3)) (* (- 1) x) (- 5)) 1)", (-5, -1, 0, 2), 1.48),
        ("(root-obj (+ (^ x 2) (- 2)) 3)", None, 0),
        ("(root-obj (+ (^ x 2) 2) 1)", None, 0),
        ("(root-obj (+ (^ y 2) (- 2)) 1)", None, 0),
        ("(root-obj (+ (^ x 9999) (- 2)) 1)", None, 0),
        ("(root-obj 3 1)", None, 0),
        ("(root-obj)", None, 0),
    ],
)
def test_roots_are_taken_if_there_are_such(
    value: str, coefficients: tuple[int, ...] | None, near: float, questions: Questions
) -> None:
    script = ADAPTER.write(questions["one_variable"])
    roots = ADAPTER.read(script, Output(MODEL.format(value), "", 0)).roots
    if coefficients is None:
        assert roots is None
        return
    assert roots is not None
    assert roots["x"].coefficients == coefficients
    assert roots["x"].low < near < roots["x"].high


def test_division_by_zero_in_a_model_is_passed_over(questions: Questions) -> None:
    divides = "(define-fun /0 ((x!0 Real) (x!1 Real)) Real\n    (ite (= x!0 1.0) 2.0 0.0)"
    text = MODEL.format(f"3.0)\n  {divides}")
    answer = ADAPTER.read(ADAPTER.write(questions["one_variable"]), Output(text, "", 0))
    assert answer == Answer(TRUE, {"x": Fraction(3)})


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        "sat",
        "sat\n",
        "sat\nunsat\n",
        "unsat\nsat\n",
        "unsat\n(\n)\n",
        "satisfiable\n",
        " unsat\n",
        "sat\n(\n",
        "sat\n(\n))\n",
        "sat\n()\n()\n",
        "sat\nmodel\n",
        MODEL.format("0.0").replace("v1", "v2"),
        MODEL.format("0.0").replace("()", "((x Real))"),
        MODEL.format("0.0").replace("Real", "Int"),
        MODEL.format("0.0").replace("define-fun", "declare-fun"),
        MODEL.format("0.0)\n  (define-fun v1 () Real\n    1.0"),
        MODEL.format("0.0 1.0"),
        MODEL.format('"0.0"'),
        MODEL.format("0.0)\n  (define-fun /0 ((x!0 Real)) Real\n    0.0"),
        MODEL.format("0.0)\n  (define-fun /0 ((x!0 Real) (x!1 Real)) Int\n    0.0"),
        MODEL.format("0.0)\n  (define-fun /1 ((x!0 Real) (x!1 Real)) Real\n    0.0"),
        MODEL.format("0.0" + 2 * ")\n  (define-fun /0 ((x!0 Real) (x!1 Real)) Real\n    0.0"),
        "sat\n" + "(" * 200 + ")" * 200,
    ],
)
def test_other_output_is_no_answer(stdout: str, questions: Questions) -> None:
    with pytest.raises((NoAnswer, AnswerError)):
        ADAPTER.read(ADAPTER.write(questions["one_variable"]), Output(stdout, "", 0))


def _read_or_none(script: object, output: Output) -> Formula | None:
    try:
        return ADAPTER.read(script, output).formula  # type: ignore[arg-type]
    except (NoAnswer, AnswerError):
        return None


@pytest.mark.parametrize("name", ANSWERS)
def test_no_truncation_and_no_error_line_gives_another_answer(
    name: str, questions: Questions, transcript: Callable
) -> None:
    script = ADAPTER.write(questions[name])
    output = transcript("z3", name).output
    whole = ADAPTER.read(script, output).formula
    last = len(output.stdout.rstrip())
    for cut in range(len(output.stdout)):
        found = _read_or_none(script, replace(output, stdout=output.stdout[:cut]))
        assert found is None if cut < last else found in (None, whole)
    lines = output.stdout.split("\n")
    for place in range(len(lines) + 1):
        for line in (
            '(error "line 3 column 5: unknown constant")',
            "timeout",
            "sat",
            "unsat",
            "unknown",
        ):
            changed = "\n".join([*lines[:place], line, *lines[place:]])
            assert _read_or_none(script, replace(output, stdout=changed)) is None, (place, line)
    for returncode in (1, 101, -9, None):
        assert _read_or_none(script, replace(output, returncode=returncode)) is None


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_a_damaged_model_never_changes_the_verdict(
    questions: Questions, transcript: Callable, data: st.DataObject
) -> None:
    script = ADAPTER.write(questions["member_lu2_rational"])
    text = transcript("z3", "member_lu2_rational").output.stdout
    i = data.draw(st.integers(4, len(text)))
    j = data.draw(st.integers(i, len(text)))
    noise = data.draw(st.text(alphabet="() \nv123/-.unsat", max_size=8))
    assert _read_or_none(script, Output(text[:i] + noise + text[j:], "", 0)) in (None, TRUE)


# ----------------------------------------------------------------------------- the script


def test_free_variables_are_not_for_an_smt_solver(questions: Questions) -> None:
    for name in ("image_lu2", "no_quantifier", "quadratic"):
        with pytest.raises(NoAnswer) as caught:
            ADAPTER.write(questions[name])
        assert caught.value.outcome is Outcome.UNSUITED


def test_a_universal_sentence_is_asked_as_its_negation(questions: Questions) -> None:
    assert ADAPTER.write(questions["universal_true"]).text.split("\n")[1:5] == [
        "(set-logic NRA)",
        "(declare-const v1 Real)",
        "(assert (forall ((v2 Real)) (<= (+ (* (- 1) v1 v1) v2) 0)))",
        "(check-sat)",
    ]
    assert "(set-logic QF_NRA)" in ADAPTER.write(questions["universal_false"]).text


def test_every_form_of_the_writer(read_formula: Callable[[str], Formula]) -> None:
    f = exists(["x"], read_formula("-12*x**3 + x - 5 <> 0 and (x >= 0 or -x < 0)"))
    text = ADAPTER.write(f).text
    assert (
        "(assert (and (not (= (+ (* (- 12) v1 v1 v1) v1 (- 5)) 0)) "
        "(or (>= v1 0) (< (* (- 1) v1) 0))))" in text
    )


def test_limits_are_passed_on() -> None:
    argv = ADAPTER.argv(Path("/opt/z3"), 2.5, 512)
    assert argv == ["/opt/z3", "-in", "-smt2", "-T:3", "-memory:512"]
    assert ADAPTER.environment(Path("/opt/z3")) == {}


# --------------------------------------------------------------------------------- live


def _run(formula: Formula) -> Answer:
    found = locate.find("z3")
    assert isinstance(found, locate.Found), found.message()
    script = ADAPTER.write(formula)
    ended = subprocess.run(
        ADAPTER.argv(found.path, 20, 1024),
        input=script.text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ADAPTER.read(script, Output(ended.stdout, ended.stderr, ended.returncode))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_installed_program_agrees_with_the_saved_verdict(
    name: str, questions: Questions
) -> None:
    assert _run(questions[name]).formula == ANSWERS[name][0]


def test_quantifier_order_matters_to_the_program(read_formula: Callable[[str], Formula]) -> None:
    less = read_formula("x - y < 0")
    assert _run(forall(["x"], exists(["y"], less))).formula == TRUE
    assert _run(exists(["y"], forall(["x"], less))).formula == FALSE
