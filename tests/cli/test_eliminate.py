"""``cadlink eliminate``: the contract of every subcommand, and files of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def cadlink(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cadlink", "eliminate", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def one_line(done: subprocess.CompletedProcess[bytes], status: int, *words: str) -> None:
    """Nothing on stdout, one line on stderr with these words."""
    text = done.stderr.decode()
    assert (done.returncode, done.stdout) == (status, b""), text
    assert text.startswith("cadlink: ")
    assert text.count("\n") == 1, text
    for word in words:
        assert word in text


def test_an_answer_for_people_and_for_programs() -> None:
    question = "exists x. x^2 + b*x + c = 0"
    done = cadlink(question)
    assert done.returncode == 0
    assert done.stdout.decode().startswith("b^2 - 4*c >= 0\n\nproof  the word of ")
    assert done.stderr == b""
    done = cadlink(question, "--json", "--backend", "all")
    assert done.stdout.count(b"\n") == 1
    found = json.loads(done.stdout)
    assert (found["answer"], found["assurance"]) == ("b^2 - 4*c >= 0", "trusted")
    assert sorted(found["agreed"]) == ["qepcad", "redlog"]
    assert len(found["runs"]) == 2


def test_files_and_standard_input(tmp_path: Path) -> None:
    text = tmp_path / "question.txt"
    text.write_text("exists x:\n  x^2 = a\n")
    script = tmp_path / "question.smt2"
    script.write_text("(declare-const a Real)(assert (exists ((x Real)) (= (* x x) a)))")
    values = tmp_path / "question.json"
    values.write_text('["exists", ["x"], ["=", [[1, [["x", 2]]], [-1, [["a", 1]]]]]]')
    for source in (text, script, values):
        assert cadlink(str(source)).stdout.startswith(b"a >= 0\n"), source
    assert cadlink("-", stdin=script.read_bytes()).stdout.startswith(b"a >= 0\n")


def test_options() -> None:
    done = cadlink("exists x: a*x = b", "--assuming", "a != 0")
    assert done.stdout.startswith(b"true\n")
    done = cadlink("x*y = 6 and x = 2", "--point")
    assert done.stdout.startswith(b"x = 2\ny = 3\n\nproof  put into the formula, exactly\n")
    done = cadlink("exists x: x^2 = a", "--limit", "0.0001", "--no-cache")
    assert done.returncode == 3
    assert done.stdout.startswith(b"UNKNOWN: the time was over before any program was asked\n")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("qepcad", "(E v2)[v1 + v2^2 - 3 = 0].\nproj-operator (h)\nfinish\n"),
        ("redlog", "rlqe (ex(v2,(v1 + v2**2 - 3 = 0)));\n"),
        ("smt2", "(declare-const a Real)\n(assert (exists ((x Real)) "),
        ("latex", "\\exists x :\\ a + x^{2} - 3 = 0\n"),
        ("text", "exists x: a + x^2 - 3 = 0\n"),
        ("json", '["exists", ["x"], ["=", '),
    ],
)
def test_writing_runs_nothing(language: str, words: str) -> None:
    off = {f"CADLINK_{name}": "off" for name in ("QEPCAD", "REDLOG", "Z3", "CACHE")}
    done = cadlink("exists x: x^2 + a = 3", "--write", language, **off)
    assert done.returncode == 0
    assert words in done.stdout.decode()


def test_a_transcript_is_written(tmp_path: Path) -> None:
    target = tmp_path / "said"
    done = cadlink("exists x: x^2 = a", "--backend", "qepcad", "--transcript", str(target))
    assert done.returncode == 0
    said = target.read_text()
    assert "question: exists x: " in said
    assert "\nfinish\n" in said
    assert "An equivalent quantifier-free formula:" in said
    liar = Path(__file__).parents[1] / "misbehaving" / "liar_qepcad.py"
    done = cadlink(
        "exists x: x^2 = 2",
        *("--backend", "all", "--no-cache", "--transcript", str(target)),
        CADLINK_QEPCAD=str(liar),
    )
    one_line(done, 1, "a contradiction: ", "qepcad")
    assert target.read_text().count("--- ") == 2


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe")
    broken = tmp_path / "broken.json"
    broken.write_text('["and"')
    for arguments, words in (
        (["exists x: 2x = a"], ["line 1, column 12", "'*'"]),
        (["exists x: sin(x) = a"], ["sin(...)", "polynomials"]),
        (["exists x: x > 0.5"], ["5/2", "0.5"]),
        ([""], ["empty"]),
        ([str(tmp_path / "none.smt2")], ["none.smt2", "no such file"]),
        ([str(binary)], ["binary.txt"]),
        ([str(broken)], ["broken.json"]),
        (["exists x: x > a", "--backend", "maple"], ["'maple'", "qepcad, redlog, z3"]),
        (["exists x: x > a", "--assuming", "a >"], ["--assuming", "column 4"]),
        (["exists x: x > a", "--assuming", "x > 0"], ["speaks of x"]),
        (["exists x: x > a", "--write", "maple"], ["'maple'", "latex"]),
        (["exists x: x > a", "--write", "sympy"], ["no sympy form"]),
        (["exists x: x > a", "--limit", "-1"], ["expected a positive number of seconds"]),
        (["exists x: x > a", "--transcript", f"{tmp_path}/none/x"], ["no such folder"]),
        (["exists x: x > 0", "--point"], ["no variable is free"]),
    ):
        one_line(cadlink(*arguments), 1, *words)
    one_line(cadlink("exists x: x > a", CADLINK_QEPCAD="off", CADLINK_REDLOG="off"), 4, "backends")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("QEPCAD", "/etc/passwd"), ("JAVA", "/bin/false"), ("REDLOG", "/tmp")],
)
def test_a_wrong_variable_is_named_and_the_others_answer(variable: str, value: str) -> None:
    done = cadlink("exists x: x^2 = a", "--no-cache", **{f"CADLINK_{variable}": value})
    assert done.returncode == 0
    errors = done.stderr.decode()
    assert errors.startswith(f"cadlink: warning: CADLINK_{variable}={value}: ")
    assert errors.count("\n") == 1
