"""``cadlink formula``: what it writes is the question, in every language, and nothing is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cadlink import qe
from cadlink.cli.main import main
from cadlink.logic.formula import FALSE

SWAP = "[[0, 1], [1, 0]]"


def written(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["formula", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize(
    ("arguments", "truth"),
    [
        (("dense:1-1-1",), False),
        (("dense:1-1-1", "--norm", "max"), False),
        (("lu:2", "--what", "free"), False),
        (("11;1", "--what", "free"), True),
        (("lu:2", "--what", "member", "--at", SWAP), False),
        (("lu:2", "--what", "member", "--at", "[[1, 1/2], [0.5, 0]]"), True),
        (("lu:2", "--what", "closure", "--at", SWAP, "--norm", "max"), True),
        (("dense:2-1-2", "--what", "closure", "--at", SWAP, "--norm", "max"), False),
    ],
)
def test_what_is_written_is_the_question(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], truth: bool
) -> None:
    assert qe.decide_sentence(written(capsys, *arguments)).truth is truth


def test_every_language(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    question = qe.formula_of_pattern("dense:1-1-1", "free")
    for language in qe.FORMATS:
        if language != "sympy":  # which has no quantifiers
            text = written(capsys, "dense:1-1-1", "--what", "free", "--write", language)
            assert text == qe.script(question, language)
    (tmp_path / "a.txt").write_text("0 1\n1 0\n")
    at = ("--what", "member", "--at")
    text = written(capsys, "lu:2", *at, str(tmp_path / "a.txt"))
    assert text == written(capsys, "lu:2", *at, SWAP)


def test_a_matrix_off_the_support_is_no_member() -> None:
    assert qe.formula_of_pattern("10/01", "member", SWAP) == FALSE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lu:2", "--what", "members"), "question 'members': expected one of sentence, image"),
        (("lu:2", "--what", "member"), "member: expected a matrix"),
        (("lu:2", "--what", "image", "--at", SWAP), "image is not about one matrix"),
        (("lu:3", "--what", "member", "--at", SWAP), "expected 3 x 3 .* found 2 x 2"),
        (("lu:2", "--what", "member", "--at", "[[0.1.2]]"), "matrix, row 0, column 0"),
        (("lu:2", "--write", "maple"), "format 'maple'"),
        (("lu:2", "--what", "image", "--write", "sympy"), "no sympy form"),
        (("lu:100",), "a formula of 338350 terms: expected at most"),
    ],
)
def test_what_is_wrong_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(["formula", *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert re.search(words, err), err
