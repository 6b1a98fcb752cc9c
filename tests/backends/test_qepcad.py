"""QEPCAD's script, command line and transcripts; real ones, mutilated ones, and live runs."""

from __future__ import annotations

import math
import os
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
from cadlink.backends.qepcad import Qepcad
from cadlink.errors import AnswerError
from cadlink.logic.formula import FALSE, TRUE, And, Formula, Or, evaluate, exists, forall

ADAPTER = Qepcad()

ANSWERS = {
    "image_three_cells": "a_0_1 = 0 or a_0_0 <> 0 or a_1_0 = 0",
    "image_rank_one": "a_0_0*a_1_1 - a_0_1*a_1_0 = 0",
    "image_lu2": "a_0_1 = 0 or a_0_0 <> 0 or a_1_0 = 0",
    "member_lu2_false": "false",
    "member_lu2_true": "true",
    "closure_lu2_point": "true",
    "one_variable": "true",
    "no_quantifier": "a = 0 and b >= 0",
    "quadratic": "4*q - p**2 <= 0 and (p < 0 or q < 0)",
    "quartic": "256*q**3 - 27*p**4 <= 0",
    "cubic": """
        q <= 0 and q + 2*p + 3 >= 0 and 27*r**2 - 18*p*q*r + 4*p**3*r + 4*q**3 - p**2*q**2 <= 0
            and r >= 0
        or p < 0 and 2*p + 3 >= 0 and q > 0
            and 27*r**2 - 18*p*q*r + 4*p**3*r + 4*q**3 - p**2*q**2 <= 0
        or p + 3 > 0 and 2*p + 3 < 0 and q + 2*p + 3 >= 0
            and 27*r**2 - 18*p*q*r + 4*p**3*r + 4*q**3 - p**2*q**2 <= 0
        or r <= 0 and r + q + p + 1 >= 0
        or q > 0 and q + 2*p + 3 < 0
            and 27*r**2 - 18*p*q*r + 4*p**3*r + 4*q**3 - p**2*q**2 <= 0 and r <= 0
        or r >= 0 and r + q + p + 1 <= 0""",
    "common_root": "4*q - p**2 <= 0 and p**2 - p*q*r - p*r + q**2 + q*r**2 - 2*q + 1 = 0",
    "free_true": "true",
    "big_integer": "a + 123456789012345678901234567890 < 0",
    "universal_true": "true",
    "universal_false": "false",
    "negative_leading": "2*a - 1 < 0 and 9*a**2 - 8 >= 0",
}

# transcript -> (the question it belongs to, how it ended, words of the detail)
FAILURES = {
    "timeout": ("sentence_rank_one", Outcome.TIMEOUT, "timeout"),
    "cells": ("sentence_rank_one", Outcome.MEMORY, "Too few cells"),
    "warning_rank_one": ("image_rank_one", Outcome.UNSURE, "WARNING"),
    "warning_lu2": ("image_lu2", Outcome.UNSURE, "WARNING"),
    "syntax_star": ("image_three_cells", Outcome.CRASHED, "Error RLOPRDR"),
    "syntax_name": ("image_three_cells", Outcome.CRASHED, "Unknown variable"),
    "syntax_dot": ("image_three_cells", Outcome.CRASHED, "Error FREADR"),
    "quantifier_order": ("image_three_cells", Outcome.CRASHED, "'v4' was expected"),
    "free_count": ("image_three_cells", Outcome.CRASHED, "Error INPUTRD"),
    "projection_length": ("image_three_cells", Outcome.CRASHED, "Error PRPROJOP"),
    "unknown_command": ("image_three_cells", Outcome.CRASHED, "no such command"),
    "end_of_input": ("image_three_cells", Outcome.CRASHED, "signal 11"),
    "bad_cells": ("image_three_cells", Outcome.CRASHED, "outside range"),
    "unknown_option": ("image_three_cells", Outcome.CRASHED, "Unknown option"),
    "wrong_qe": ("image_three_cells", Outcome.CRASHED, "Could not open"),
    "two_answers": ("image_three_cells", Outcome.GARBLED, "undisturbed"),
    "quit": ("image_three_cells", Outcome.GARBLED, "undisturbed"),
    "measure_zero": ("image_three_cells", Outcome.GARBLED, "prompts"),
    "assumption": ("image_three_cells", Outcome.GARBLED, "prompts"),
}

Questions = Mapping[str, Formula]
Read = Callable[[str], Formula]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_real_transcript_gives_exactly_its_answer(
    name: str, questions: Questions, transcript: Callable, read_formula: Read
) -> None:
    saved = transcript("qepcad", name)
    script = ADAPTER.write(questions[name])
    assert script.text == saved.given  # so the transcript answers this very script
    answer = ADAPTER.read(script, saved.output)
    assert answer.formula == read_formula(ANSWERS[name])
    assert answer.model is None


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_run_is_no_answer(name: str, questions: Questions, transcript: Callable) -> None:
    question, outcome, words = FAILURES[name]
    with pytest.raises(NoAnswer) as caught:
        ADAPTER.read(ADAPTER.write(questions[question]), transcript("qepcad", name).output)
    assert caught.value.outcome is outcome
    assert words in caught.value.detail
    assert "\n" not in caught.value.detail


def test_garbage_collections_do_not_disturb(questions: Questions, transcript: Callable) -> None:
    script = ADAPTER.write(questions["image_rank_one"])
    small = ADAPTER.read(script, transcript("qepcad", "collections").output)
    assert small == ADAPTER.read(script, transcript("qepcad", "image_rank_one").output)


@pytest.mark.parametrize("returncode", [1, 2, -9, -13, None])
def test_a_whole_answer_with_another_exit_status_is_refused(
    returncode: int | None, questions: Questions, transcript: Callable
) -> None:
    output = replace(transcript("qepcad", "image_lu2").output, returncode=returncode)
    with pytest.raises(NoAnswer) as caught:
        ADAPTER.read(ADAPTER.write(questions["image_lu2"]), output)
    assert caught.value.outcome is Outcome.CRASHED


def test_a_formula_is_no_answer_to_a_sentence(questions: Questions, transcript: Callable) -> None:
    """Even one without variables: QEPCAD says TRUE or FALSE."""
    output = transcript("qepcad", "member_lu2_true").output
    script = ADAPTER.write(questions["member_lu2_true"])
    with pytest.raises(NoAnswer):
        ADAPTER.read(script, Output(output.stdout.replace("\nTRUE\n", "\n0 = 0\n"), "", 0))


def test_a_bound_variable_in_the_answer_is_refused(
    questions: Questions, transcript: Callable
) -> None:
    output = transcript("qepcad", "image_three_cells").output
    assert "v2 = 0 \\/ v1 /= 0" in output.stdout
    changed = replace(output, stdout=output.stdout.replace("v2 = 0 \\/", "v7 = 0 \\/"))
    with pytest.raises(AnswerError) as caught:
        ADAPTER.read(ADAPTER.write(questions["image_three_cells"]), changed)
    line = changed.stdout.split("\n")[caught.value.line - 1]
    assert line[caught.value.column - 1 :].startswith("v7 = 0")


def _read_or_none(script: object, output: Output) -> Formula | None:
    try:
        return ADAPTER.read(script, output).formula  # type: ignore[arg-type]
    except (NoAnswer, AnswerError):
        return None


def _split(stdout: str) -> tuple[str, str, str]:
    """Before the answer's text, the text, after it."""
    before, marker, rest = stdout.partition("quantifier-free formula:\n\n")
    answer, newline, after = rest.partition("\n")
    return before + marker, answer, newline + after


MUTATED = ["image_three_cells", "member_lu2_true", "quadratic"]


@pytest.mark.parametrize("name", MUTATED)
def test_no_truncation_gives_another_answer(
    name: str, questions: Questions, transcript: Callable
) -> None:
    script = ADAPTER.write(questions[name])
    output = transcript("qepcad", name).output
    whole = ADAPTER.read(script, output).formula
    *_, after = _split(output.stdout)
    end = len(output.stdout) - len(after) + after.index("System time")
    for cut in range(len(output.stdout)):
        found = _read_or_none(script, replace(output, stdout=output.stdout[:cut]))
        assert found is None if cut <= end else found in (None, whole)


BAD_LINES = [
    "Error RPFACTREAD: Unknown variable.",
    "Error! Delineating polynomial should be added over cell(1,2)!",
    "WARNING! Projection factor v1 v4 is everywhere zero in the cylinder",
    "Warning! Some 2-level projection factor is acting as a ",
    "may not be valid.",
    "Failure occurred in:    TIMEOUT",
    "Incorrect format:  No assumptions added!",
    "Quitting the QEPCAD system... Bye!",
    "An equivalent quantifier-free formula:",
    "Before Projection (v7) >",
    "Before Normalization >",
    "TRUE",
    "FALSE",
    "=====================  The End  =======================",
]


@pytest.mark.parametrize("name", MUTATED)
@pytest.mark.parametrize("line", BAD_LINES)
def test_a_foreign_line_anywhere_is_refused(
    line: str, name: str, questions: Questions, transcript: Callable
) -> None:
    """In the banner most lines are let through, as its text belongs to the version."""
    script = ADAPTER.write(questions[name])
    output = transcript("qepcad", name).output
    lines = output.stdout.split("\n")
    first = lines.index("Enter an informal description  between '[' and ']':")
    for place in range(first, len(lines)):
        changed = "\n".join([*lines[:place], line, *lines[place:]])
        assert _read_or_none(script, replace(output, stdout=changed)) is None, place
    if line.startswith(("Error", "WARNING", "Warning", "Failure")):
        changed = "\n".join([*lines[:5], line, *lines[5:]])
        assert _read_or_none(script, replace(output, stdout=changed)) is None
        assert _read_or_none(script, replace(output, stderr=line)) is None


@pytest.mark.parametrize("name", MUTATED)
@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_damage_outside_the_answer_never_changes_it(
    name: str, questions: Questions, transcript: Callable, data: st.DataObject
) -> None:
    """Pieces removed, repeated or moved outside the answer's own text: refused, or no effect."""
    script = ADAPTER.write(questions[name])
    output = transcript("qepcad", name).output
    whole = ADAPTER.read(script, output).formula
    before, answer, after = _split(output.stdout)
    for _ in range(data.draw(st.integers(1, 3))):
        i = data.draw(st.integers(0, len(before) - 1))
        j = data.draw(st.integers(i, len(before) - 1))
        k = data.draw(st.integers(1, len(after) - 1))
        m = data.draw(st.integers(k, len(after) - 1))
        match data.draw(st.sampled_from(["cut", "repeat", "move"])):
            case "cut":
                before, after = before[:i] + before[j:], after[:k] + after[m:]
            case "repeat":
                before, after = before[:j] + before[i:], after[:m] + after[k:]
            case "move":
                before, after = before[:i] + after[k:m] + before[i:], after[:k] + after[m:]
    found = _read_or_none(script, replace(output, stdout=before + answer + after))
    assert found in (None, whole)


@pytest.mark.parametrize("name", MUTATED)
def test_two_runs_in_one_transcript_are_refused(
    name: str, questions: Questions, transcript: Callable
) -> None:
    script = ADAPTER.write(questions[name])
    output = transcript("qepcad", name).output
    assert _read_or_none(script, replace(output, stdout=output.stdout * 2)) is None
    before, answer, after = _split(output.stdout)
    block = "An equivalent quantifier-free formula:\n\n" + answer + "\n\n\n"
    doubled = before.replace("An equivalent", block + "An equivalent") + answer + after
    assert _read_or_none(script, replace(output, stdout=doubled)) is None


# ----------------------------------------------------------------------------- the script


def test_every_variable_is_projected_with_hong(questions: Questions) -> None:
    lines = ADAPTER.write(questions["closure_lu2_point"]).text.split("\n")
    assert lines[1] == "(v1,v2,v3,v4,v5,v6,v7)"
    assert lines[2] == "0"
    assert lines[3].startswith("(A v1)(E v2)(E v3)(E v4)(E v5)(E v6)(E v7)[[v1 <= 0] \\/ [[")
    assert lines[3].endswith("].")
    assert lines[4:] == ["proj-operator (h,h,h,h,h,h)", "finish", ""]


def test_one_variable_has_no_projection(questions: Questions) -> None:
    assert (
        ADAPTER.write(questions["one_variable"]).text
        == "[]\n(v1)\n0\n(E v1)[v1^2 - 2 = 0].\nfinish\n"
    )


# ------------------------------------------------------------ command line and environment


def test_limits_are_passed_on() -> None:
    exe = Path("/opt/qepcad")
    assert ADAPTER.argv(exe, 29.2, 4096) == ["/opt/qepcad", "-noecho", "+N20000000", "-t", "30"]
    assert ADAPTER.argv(exe, 0.1, 64) == ["/opt/qepcad", "-noecho", "+N8388608", "-t", "1"]
    assert ADAPTER.argv(exe, 5, 1)[2] == "+N1000000"
    assert ADAPTER.argv(exe, math.inf, 4096)[4] == "1000000"


def test_what_ran_out_is_made_larger() -> None:
    exe = Path("/opt/qepcad")
    cells = Output("Reason for the failure: Too few cells reclaimed.", "", 2)
    assert ADAPTER.retry_argv(exe, 29.2, 4096, cells)[2] == "+N200000000"  # type: ignore[index]
    assert ADAPTER.retry_argv(exe, 29.2, 512, cells)[2] == "+N67108864"  # type: ignore[index]
    assert ADAPTER.retry_argv(exe, 29.2, 128, cells) is None
    for spelling in ("Prime list exhausted", "Prime list exausted"):
        primes = Output(f"Reason for the failure: {spelling}", "", -11)
        again = ADAPTER.retry_argv(exe, 29.2, 128, primes)
        assert again == [*ADAPTER.argv(exe, 29.2, 128), "+L100000"]
    assert ADAPTER.retry_argv(exe, 29.2, 4096, Output("TRUE", "", 0)) is None


def test_qe_is_set_for_an_installation_that_needs_it_and_unset_otherwise(tmp_path: Path) -> None:
    wheel, debian = tmp_path / "wheels", tmp_path / "usr"
    for prefix in (wheel, debian):
        (prefix / "bin").mkdir(parents=True)
        (prefix / "bin" / "qepcad").touch()
    (wheel / "share" / "qepcad").mkdir(parents=True)
    (wheel / "share" / "qepcad" / "qepcad.help").touch()
    (tmp_path / "qepcad").symlink_to(wheel / "bin" / "qepcad")
    assert ADAPTER.environment(wheel / "bin" / "qepcad") == {"qe": str(wheel)}
    assert ADAPTER.environment(tmp_path / "qepcad") == {"qe": str(wheel)}
    assert ADAPTER.environment(debian / "bin" / "qepcad") == {"qe": None}


# --------------------------------------------------------------------------------- live


def _run(formula: Formula) -> Formula:
    found = locate.find("qepcad")
    assert isinstance(found, locate.Found), found.message()
    executable = found.path
    environment = dict(os.environ)
    for name, value in ADAPTER.environment(executable).items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    script = ADAPTER.write(formula)
    ended = subprocess.run(
        ADAPTER.argv(executable, 20, 1024),
        input=script.text,
        capture_output=True,
        text=True,
        timeout=30,
        env=environment,
        check=False,
    )
    output = Output(ended.stdout, ended.stderr, ended.returncode)
    return ADAPTER.read(script, output).formula


@pytest.mark.parametrize("name", ["image_three_cells", "image_rank_one", "member_lu2_false"])
def test_the_installed_program_answers_as_saved(
    name: str, questions: Questions, read_formula: Read
) -> None:
    assert _run(questions[name]) == read_formula(ANSWERS[name])


def test_every_form_the_writer_has_is_understood_by_the_program(read_formula: Read) -> None:
    """All relations, signs, brackets, constants: the answer agrees at many points."""
    parts = [
        read_formula("-3*a**2 - a*b + 7 <> 0 or a < 0 and (b >= 0 or -a <= 0 and a - b > 0)"),
        Or((TRUE, read_formula("-b + a**3 = 0"))),
        Or((And((FALSE, read_formula("a = 0"))), read_formula("-1*a**2*b**2 - 2 <= 0"))),
        read_formula("-12345678901234567890123*a + 2 > 0 or -b - 1 < 0"),
    ]
    f = And(tuple(parts))
    answer = _run(f)
    random = Random(1)
    for _ in range(200):
        point = {"a": random.randint(-3, 3), "b": random.randint(-8, 8)}
        assert evaluate(answer, point) == evaluate(f, point), point


def test_quantifier_order_matters_to_the_program(read_formula: Read) -> None:
    less = read_formula("x - y < 0")
    assert _run(forall(["x"], exists(["y"], less))) == TRUE
    assert _run(exists(["y"], forall(["x"], less))) == FALSE
