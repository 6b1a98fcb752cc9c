"""A new backend is one adapter, one line in the registry, one entry of third_party: here a small
program that tries the points of a grid is added and then asked wherever it can help."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from cadlink import Decider, Limits
from cadlink.backends import REGISTRY, locate
from cadlink.backends.base import Answer, NoAnswer, Outcome, Output, Script
from cadlink.backends.engine import Engine
from cadlink.backends.grammar import Dialect, render
from cadlink.backends.preferences import Kind, preferred
from cadlink.backends.question import pose
from cadlink.clock import UNLIMITED, Clock
from cadlink.deciding.oracle import Desk
from cadlink.logic.formula import FALSE, TRUE, Formula, Quantifier, Rel, exists, forall
from cadlink.networks import Question, exact
from cadlink.networks.theorems.theorem import Case
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern

CELLS = [(0, 0), (0, 1), (1, 0), (1, 1)]
Read = Callable[[str], Formula]
PROGRAM = Path(__file__).parents[1] / "programs" / "grid.py"
PYTHON = Dialect(
    backend="grid",
    conjunction="and",
    disjunction="or",
    negation="not",
    opening="(",
    closing=")",
    times="*",
    power="**",
    relations={
        "==": Rel.EQ,
        "!=": Rel.NE,
        "<=": Rel.LE,
        ">=": Rel.GE,
        "<": Rel.LT,
        ">": Rel.GT,
    },
    constants={"True": TRUE, "False": FALSE},
    mixing=True,
)


class Grid:
    """The language of the program."""

    name = "grid"
    eliminates = False
    finds_points = True
    most_variables = 6

    def argv(self, executable: Path, wall_s: float, memory_mib: int) -> Sequence[str]:
        return [str(executable)]

    def environment(self, executable: Path) -> Mapping[str, str | None]:
        return {}

    def write(self, formula: Formula, clock: Clock = UNLIMITED) -> Script:
        question = pose(formula, clock)
        kinds = {quantifier for quantifier, _ in question.prefix}
        if question.free or len(kinds) != 1:
            raise NoAnswer(Outcome.UNSUITED, "grid takes sentences without alternation")
        names = " ".join(name for _, name in question.prefix)
        word = kinds.pop().value
        text = f"{word}\n{names}\n{render(question.matrix, PYTHON, clock)}\n"
        return Script(text, question.names, formula)

    def read(self, script: Script, output: Output) -> Answer:
        word, *values = output.stdout.split() or [""]
        if word not in ("true", "false") or output.returncode != 0:
            raise NoAnswer(Outcome.PARTIAL, "no point of the grid settles it")
        names = script.text.split("\n")[1].split()
        point = {script.names[n]: Fraction(v) for n, v in zip(names, values, strict=True)}
        existential = script.text.startswith(Quantifier.EXISTS.value)
        return Answer(TRUE if word == "true" else FALSE, point if existential else None)


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    """The backend added, and no other installed."""
    program = tmp_path / "grid"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PROGRAM}" "$@"\n')
    program.chmod(0o755)
    entry = {
        "name": "grid",
        "title": "the grid program",
        "variable": "CADLINK_GRID",
        "look": [{"file": str(program)}],
        "install": [],
        "without_root": [],
        "version": {"arguments": ["--version"], "input": "", "pattern": "grid ([0-9.]+)"},
    }
    known = locate.entries()
    monkeypatch.setattr(locate, "entries", lambda: {**known, "grid": entry})
    monkeypatch.setitem(REGISTRY, "grid", Grid())  # type: ignore[call-overload]
    for name in ("qepcad", "redlog", "z3"):
        monkeypatch.setenv(f"CADLINK_{name.upper()}", "off")
    with Engine(cache=None) as engine:
        yield engine


def test_it_is_found_and_asked(grid: Engine, read_formula: Read) -> None:
    assert grid.available() == ["grid"]
    run = grid.ask(exists(["x", "y"], read_formula("x*y - 2 = 0 and x < 0")), "grid", 10, 500)
    assert run.answer == Answer(TRUE, {"x": Fraction(-1), "y": Fraction(-2)})
    assert (run.backend, run.version) == ("grid", "1.0")
    run = grid.ask(exists(["x"], read_formula("x**2 - 2 = 0")), "grid", 10, 500)
    assert run.outcome is Outcome.PARTIAL


@pytest.mark.parametrize("kind", list(Kind))
def test_it_is_asked_after_those_with_a_rank(kind: Kind) -> None:
    assert preferred(kind, ["grid", "redlog", "qepcad"])[-1] == "grid"


def test_the_oracle_asks_it(grid: Engine, read_formula: Read) -> None:
    desk = Desk(grid, Clock.of(20), 500)
    question = forall(["x"], read_formula("x - 1 < 0"))
    found = desk.truth("everything is small", question, 10, Kind.FREE)
    assert found is not None
    holds, runs = found
    assert (holds, [run.backend for run in runs]) == (False, ["grid"])
    cases = desk.truth_by_cases("cases", read_formula("a_0_0*a_0_1*a_1_0*a_1_1 + 3 > 0"), CELLS, 10)
    assert cases is None  # the grid knows no universal truth
    assert {run.backend for run in desk.runs} == {"grid", "cadlink"}


def test_exact_training_sets_ask_it_and_do_not_raise(grid: Engine) -> None:
    pattern = read("dense:1-2-2")
    inputs = [[Fraction(t)] for t in range(4)]
    rows = [("0", "1/10"), ("1", "-3/20"), ("3", "11/10"), ("3", "39/20")]
    targets = [[Fraction(v) for v in row] for row in rows]
    with Decider(engine=grid) as decider:
        found = exact.not_attained(
            Case(
                Question.THIS_DATA,
                pattern,
                (True, True),
                inputs=inputs,
                targets=targets,
                limits=Limits(20, 500),
                decider=decider,
            )
        )
    assert found.witness is None
    assert found.why_not.startswith("gave no answer: no backend could show that loss > ")


def test_deciding_with_it_alone(grid: Engine) -> None:
    with Decider(engine=grid) as decider:
        decision = decider.decide(Pattern.of(["110/011/101", "110/011/101"]), Limits(5, 500))
    assert {run.backend for run in decision.runs} <= {"grid", "cadlink"}
