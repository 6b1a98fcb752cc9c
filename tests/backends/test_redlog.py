"""Redlog's questions, command line and transcripts: real, mutilated, and from a live session."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadlink.backends import locate
from cadlink.backends.base import NoAnswer, Outcome, Output
from cadlink.backends.redlog import Redlog
from cadlink.errors import AnswerError
from cadlink.logic.formula import Formula, evaluate

ADAPTER = Redlog()
JAR = Path("/usr/share/java/mathpiper.jar")

COMMON_ROOT = """
    p**2 - 4*q >= 0 and (
        p**3 - 2*p**2*r - 2*p*q + p*r**2 + 2*p + 2*q*r - 2*r <= 0
            and p**2 - p*q*r - p*r + q**2 + q*r**2 - 2*q + 1 = 0
        or p**3 - 2*p**2*r - 2*p*q + p*r**2 + 2*p + 2*q*r - 2*r >= 0
            and p**2 - p*q*r - p*r + q**2 + q*r**2 - 2*q + 1 = 0)"""
RANK_ONE = """
    a_0_0 = 0 and a_0_1 = 0
    or a_0_0*a_1_1 - a_0_1*a_1_0 = 0 and a_0_1 <> 0 and a_1_1 <> 0
    or a_0_0*a_1_1 - a_0_1*a_1_0 = 0 and a_0_0 <> 0 and a_1_0 <> 0
    or a_0_0 = 0 and a_0_1 = 0 and a_1_0 = 0 and a_1_1 = 0
    or a_0_0*a_1_1 - a_0_1*a_1_0 = 0 and a_0_1 <> 0
    or a_0_0*a_1_1 - a_0_1*a_1_0 = 0 and a_0_0 <> 0"""

ANSWERS = {
    "image_three_cells": "a_0_0 <> 0 or a_0_1 = 0 or a_1_0 = 0",
    "image_rank_one": RANK_ONE,
    "image_lu2": "a_0_0*a_1_1 - a_0_1*a_1_0 = 0 or a_0_0 <> 0 or a_0_1 = 0 or a_1_0 = 0",
    "member_lu2_false": "false",
    "member_lu2_true": "true",
    "closure_lu2_point": "true",
    "one_variable": "true",
    "no_quantifier": "a = 0 and (a + b = 0 or b > 0)",
    "quadratic": "p**2 - 4*q >= 0 and (p < 0 or q < 0)",
    "quartic": "27*p**4 - 256*q**3 >= 0",
    "common_root": COMMON_ROOT,
    "free_true": "true",
    "big_integer": "a + 123456789012345678901234567890 < 0",
    "universal_true": "true",
    "universal_false": "false",
    "negative_leading": "9*a**2 - 8 >= 0 and 2*a - 1 <= 0",
}

# The same questions with other settings of the session: transcript -> (question, answer).
VARIANTS = {
    "wrapped": ("common_root", COMMON_ROOT),
    "wrapped_rank_one": ("image_rank_one", RANK_ONE),
    "wrapped_integer": ("big_integer", f"a + {'1234567890' * 12} < 0"),
    "alive": ("image_three_cells", ANSWERS["image_three_cells"]),
}

# transcript -> (the question it is read for, how it ended, words of the detail)
FAILURES = {
    "partial": ("quintic", Outcome.PARTIAL, "quantifiers are left"),
    "partial_universal": ("quartic", Outcome.PARTIAL, "quantifiers are left"),
    "redundant_operator": ("one_variable", Outcome.CRASHED, "Redundant operator"),
    "parenthesis": ("image_three_cells", Outcome.CRASHED, "Too few right parentheses"),
    "zero_divisor": ("one_variable", Outcome.CRASHED, "Zero divisor"),
    "not_a_formula": ("one_variable", Outcome.CRASHED, "invalid as logical"),
    "unbound": ("one_variable", Outcome.CRASHED, "unbound id"),
    "wrong_relation": ("one_variable", Outcome.GARBLED, "declared predicate"),
    "rational_function": ("quadratic", Outcome.CRASHED, "invalid as atomic formula"),
    "reserved_name": ("one_variable", Outcome.CRASHED, "invalid as quantified variable"),
    "undeclared": ("one_variable", Outcome.GARBLED, "declared operator"),
    "unknown_service": ("one_variable", Outcome.CRASHED, "not implemented"),
    "package": ("one_variable", Outcome.CRASHED, "Trouble"),
    "lisp_error": ("one_variable", Outcome.CRASHED, "Error 99"),
    "car": ("one_variable", Outcome.CRASHED, "car of an atom"),
    "recursion": ("one_variable", Outcome.CRASHED, "recursion too deep"),
    "assigned": ("quadratic", Outcome.CRASHED, "invalid as quantified variable"),
    "verbose": ("quadratic", Outcome.CRASHED, "Entering"),
    "silent": ("image_three_cells", Outcome.GARBLED, "one formula"),
    "two_answers": ("image_three_cells", Outcome.GARBLED, "one formula"),
    "two_dimensional": ("quadratic", Outcome.GARBLED, "one formula"),
}

# transcript -> (the question it is read for, the place where it stops being a formula)
GARBLED = {
    "generic": ("quadratic", 3, 1),
    "sine": ("quadratic", 3, 1),
    "root": ("quadratic", 3, 1),
    "undeclared_inside": ("quadratic", 3, 1),
    "preamble": ("quadratic", 1, 18),
}

Questions = Mapping[str, Formula]
Read = Callable[[str], Formula]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_real_transcript_gives_exactly_its_answer(
    name: str, questions: Questions, transcript: Callable, read_formula: Read
) -> None:
    saved = transcript("redlog", name)
    script = ADAPTER.write(questions[name])
    assert script.text == saved.given  # so the transcript answers this very script
    answer = ADAPTER.read(script, saved.output)
    assert answer.formula == read_formula(ANSWERS[name])
    assert answer.model is None


@pytest.mark.parametrize("name", VARIANTS)
def test_line_breaks_do_not_change_the_answer(
    name: str, questions: Questions, transcript: Callable, read_formula: Read
) -> None:
    question, expected = VARIANTS[name]
    output = transcript("redlog", name).output
    answer = ADAPTER.read(ADAPTER.write(questions[question]), output)
    assert answer.formula == read_formula(expected)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_question_is_no_answer(
    name: str, questions: Questions, transcript: Callable
) -> None:
    question, outcome, words = FAILURES[name]
    with pytest.raises(NoAnswer) as caught:
        ADAPTER.read(ADAPTER.write(questions[question]), transcript("redlog", name).output)
    assert caught.value.outcome is outcome
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("name", GARBLED)
def test_what_only_looks_like_a_formula_is_refused_with_its_place(
    name: str, questions: Questions, transcript: Callable
) -> None:
    question, line, column = GARBLED[name]
    with pytest.raises(AnswerError) as caught:
        ADAPTER.read(ADAPTER.write(questions[question]), transcript("redlog", name).output)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_negations_are_read_as_such(questions: Questions, transcript: Callable) -> None:
    """``rlhqe`` leaves "not(...)": the answer agrees with x^2 + p x + q having a root > 0."""
    script = ADAPTER.write(questions["quadratic"])
    output = transcript("redlog", "hermitian").output
    assert "not(" in output.stdout
    answer = ADAPTER.read(script, output).formula
    other = ADAPTER.read(script, transcript("redlog", "quadratic").output).formula
    random = Random(1)
    for _ in range(300):
        p, q = random.randint(-6, 6), random.randint(-9, 9)
        has_root = p * p >= 4 * q and (p < 0 or q < 0)
        assert evaluate(answer, {"p": p, "q": q}) is has_root
        assert evaluate(other, {"p": p, "q": q}) is has_root


@pytest.mark.parametrize(
    ("stdout", "returncode", "outcome"),
    [
        ("", None, Outcome.GARBLED),
        ("\n1: ", None, Outcome.GARBLED),
        ("\n1: \ntrue", None, Outcome.GARBLED),
        ("\n1: \ntrue$ false$\n1: \n", None, Outcome.GARBLED),
        ("\n1: \ntrue$\n1: \nGoodbye\n", None, Outcome.GARBLED),
        ("\n1: \n$\n1: \n", None, Outcome.GARBLED),
        ("\n1: \ntrue$\n1: \n", 0, Outcome.CRASHED),
        ("\n1: \ntrue$\n1: \n", -9, Outcome.CRASHED),
        ("java.lang.OutOfMemoryError: Java heap space\n", 1, Outcome.MEMORY),
        ("\n1: \nv1 = 0$\n1: \n", None, Outcome.GARBLED),
    ],
)
def test_other_output_is_no_answer_to_a_sentence(
    stdout: str, returncode: int | None, outcome: Outcome, questions: Questions
) -> None:
    script = ADAPTER.write(questions["one_variable"])
    with pytest.raises((NoAnswer, AnswerError)) as caught:
        ADAPTER.read(script, Output(stdout, "", returncode))
    assert getattr(caught.value, "outcome", Outcome.GARBLED) is outcome


def test_prompts_are_skipped_wherever_a_program_puts_them(
    questions: Questions, read_formula: Read
) -> None:
    """MPReduce repeats "1: "; a native REDUCE counts on and prints the sentinel behind a prompt."""
    script = ADAPTER.write(questions["quadratic"])
    expected = read_formula("4*p - 1 = 0")
    for stdout in ("\n1: 1: \n4*v1 - 1 = 0$\n1: \n", "\n12: 4*v1 - 1 = 0$\n\n13: "):
        assert ADAPTER.read(script, Output(stdout)).formula == expected


# ------------------------------------------------------------------------------ damage


def _read_or_none(script: object, output: Output) -> Formula | None:
    try:
        return ADAPTER.read(script, output).formula  # type: ignore[arg-type]
    except (NoAnswer, AnswerError):
        return None


MUTATED = ["image_three_cells", "member_lu2_true", "quadratic", "wrapped_rank_one"]
OF = {"wrapped_rank_one": "image_rank_one"}


@pytest.mark.parametrize("name", MUTATED)
def test_no_truncation_gives_another_answer(
    name: str, questions: Questions, transcript: Callable
) -> None:
    script = ADAPTER.write(questions[OF.get(name, name)])
    output = transcript("redlog", name).output
    whole = ADAPTER.read(script, output).formula
    dollar = output.stdout.index("$")
    for cut in range(len(output.stdout)):
        found = _read_or_none(script, replace(output, stdout=output.stdout[:cut]))
        assert found is None if cut <= dollar else found in (None, whole)


BAD_LINES = [
    "***** Zero divisor",
    "+++++ Error: Attempt to take car of an atom",
    "++++ undefined ofsf_simprel with 1 arg",
    '+++ Trouble with file "redlog.fasl": module not found',
    "*** v1 declared operator",
    "true$",
    "false$",
    "<<<END1001>>>$",
    "ex(v4,",
    "{}",
    "Within: begin",
]


@pytest.mark.parametrize("name", MUTATED)
@pytest.mark.parametrize("line", BAD_LINES)
def test_a_foreign_line_anywhere_is_refused(
    line: str, name: str, questions: Questions, transcript: Callable
) -> None:
    script = ADAPTER.write(questions[OF.get(name, name)])
    output = transcript("redlog", name).output
    lines = output.stdout.split("\n")
    for place in range(len(lines) + 1):
        changed = "\n".join([*lines[:place], line, *lines[place:]])
        assert _read_or_none(script, replace(output, stdout=changed)) is None, place
    if line.startswith(("*", "+")):
        assert _read_or_none(script, replace(output, stderr=line)) is None


@pytest.mark.parametrize("name", MUTATED)
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_damage_outside_the_answer_never_changes_it(
    name: str, questions: Questions, transcript: Callable, data: st.DataObject
) -> None:
    """Anything at all around the answer, but right before it: refused, or no effect."""
    script = ADAPTER.write(questions[OF.get(name, name)])
    output = transcript("redlog", name).output
    whole = ADAPTER.read(script, output).formula
    _, prompt, rest = output.stdout.partition("\n1: \n")
    answer, dollar, after = rest.partition("$")
    noise = st.text(alphabet="1: \n$*+truefalsv()=<>END", max_size=12)
    before = data.draw(noise) + prompt
    after = data.draw(noise) + after + data.draw(noise)
    found = _read_or_none(script, replace(output, stdout=before + answer + dollar + after))
    assert found in (None, whole)


# ------------------------------------------------------- the questions and the session


def test_the_question_is_one_command_and_the_computed_sentinel(questions: Questions) -> None:
    script = ADAPTER.write(questions["quadratic"])
    text = "rlqe (ex(v3,((v1*v3 + v2 + v3**2 = 0) and (v3 > 0))));\n"
    assert script.text == text
    assert ADAPTER.question(script, 17) == text + 'write "<<<END",17+1000,">>>";\n'
    assert ADAPTER.sentinel(17) == "<<<END1017>>>$"
    assert ADAPTER.sentinel(17) not in ADAPTER.question(script, 17)


def test_the_preamble_is_the_one_of_the_saved_session(transcript: Callable) -> None:
    saved = transcript("redlog", "preamble")
    assert ADAPTER.preamble() == saved.given
    assert ADAPTER.sentinel(0) not in ADAPTER.preamble()
    assert "***" not in saved.output.stdout


def test_nested_quantifiers_keep_their_order(questions: Questions) -> None:
    text = ADAPTER.write(questions["closure_lu2_point"]).text
    assert text.startswith("rlqe (all(v1,ex(v2,ex(v3,ex(v4,ex(v5,ex(v6,ex(v7,((v1 <= 0) or ((")


def test_the_command_line_fits_the_program() -> None:
    jar = ADAPTER.argv(Path("/opt/m.jar"), 10, 2048)
    assert jar == [
        "java",
        "-Xss256m",
        "-Xmx2048m",
        "-cp",
        "/opt/m.jar",
        "org.mathpiper.mpreduce.Jlisp",
    ]
    assert ADAPTER.argv(Path("/opt/redcsl"), 10, 2048) == ["/opt/redcsl", "-w"]
    assert ADAPTER.argv(Path("/opt/redpsl"), 10, 2048) == ["/opt/redpsl"]
    assert ADAPTER.environment(JAR) == {}


# --------------------------------------------------------------------------------- live


def test_a_live_session_answers_as_saved(questions: Questions, read_formula: Read) -> None:
    """All questions sent at once, an erroneous one among them; the answers told by sentinels."""
    program = locate.find("redlog")
    assert isinstance(program, locate.Found), program.message()
    command = list(ADAPTER.argv(program.path, 30, 512))
    if program.runtime is not None:
        command[0] = str(program.runtime)
    names = ["image_three_cells", "image_rank_one", "member_lu2_false", "member_lu2_true"]
    scripts = [ADAPTER.write(questions[name]) for name in names]
    broken = replace(scripts[0], text=scripts[0].text.replace(");\n", ";\n"))
    asked = [scripts[0], broken, *scripts[1:]]
    text = ADAPTER.preamble()
    text += "".join(ADAPTER.question(script, n) for n, script in enumerate(asked, 1))
    ended = subprocess.run(
        command,
        input=text + "bye;\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    rest = ended.stdout.partition(ADAPTER.sentinel(0))[2]
    found: list[Formula | None] = []
    for number, script in enumerate(asked, 1):
        answer, sentinel, rest = rest.partition(ADAPTER.sentinel(number))
        assert sentinel
        found.append(_read_or_none(script, Output(answer)))
    expected = [read_formula(ANSWERS[name]) for name in names]
    assert found == [expected[0], None, *expected[1:]]
