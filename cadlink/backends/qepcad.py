r"""QEPCAD B: one process per question, a script on standard input, a transcript on standard output.

QEPCAD ends with exit status 0 after several things that are no sound answer: a failed command, a
projection that may be invalid, an assumption, `quit`.  So the recogniser is a whitelist: the whole
transcript must have the one shape of an undisturbed run.

The projection is always Hong's (``proj-operator (h,...)``): the default one, McCallum's, is valid
only for well-oriented polynomials, and QEPCAD merely prints a warning when they are not.

References: G. E. Collins and H. Hong, Partial cylindrical algebraic decomposition for quantifier
elimination, J. Symb. Comp. 12 (1991); C. W. Brown, QEPCAD B, SIGSAM Bulletin 37 (2003); H. Hong, An
improvement of the projection operator in cylindrical algebraic decomposition, ISSAC 1990.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path

from cadlink.backends.base import Answer, NoAnswer, Outcome, Output, Script
from cadlink.backends.grammar import Dialect, parse, render
from cadlink.backends.question import answer_names, checked, pose
from cadlink.clock import UNLIMITED, Clock
from cadlink.logic.formula import FALSE, TRUE, Formula, Quantifier, Rel

__all__ = ["DIALECT", "Qepcad"]

DIALECT = Dialect(
    backend="qepcad",
    conjunction="/\\",
    disjunction="\\/",
    negation="",
    opening="[",
    closing="]",
    times="",
    power="^",
    relations={
        "=": Rel.EQ,
        "/=": Rel.NE,
        "<=": Rel.LE,
        ">=": Rel.GE,
        "<": Rel.LT,
        ">": Rel.GT,
    },
    constants={"TRUE": TRUE, "FALSE": FALSE},
    mixing=False,
)

_MARKER = "An equivalent quantifier-free formula:"

# The transcript of an undisturbed run, from the first byte to the last.
_TRANSCRIPT = re.compile(
    r"={40,}\n"
    r"(?:[^\n=][^\n]*\n){5,40}"  # the banner
    r"={40,}\n"
    r"Enter an informal description  between '\[' and '\]':\n"
    r"Enter a variable list:\n"
    r"Enter the number of free variables:\n"
    r"Enter a prenex formula:\n"
    r"\n\n={40,}\n"
    r"(?:\n|Before Normalization >\n|\*\* \d+ cells, \d+ arrays in \d+ milliseconds\.\n)+"
    r"An equivalent quantifier-free formula:\n\n"
    r"(?P<answer>(?:[^\n]+\n)+)"
    r"\n\n=====================  The End  =======================\n"
    r"\n-{40,}\n"
    r"\d+ Garbage collections, \d+ Cells and \d+ Arrays reclaimed, in \d+ milliseconds\.\n"
    r"\d+ Cells in AVAIL, \d+ Cells in SPACE\.\n"
    r"\n(?:System time[a-z ]*: \d+ milliseconds\.\n)+"
    r"(?:-{40,}\n)?",
    re.ASCII,
)
_ERROR = re.compile(r"^(?:Error|ERROR)\b.*$", re.MULTILINE)
_DOUBT = re.compile(r"^.*(?:WARNING|Warning|may not be valid).*$", re.MULTILINE)
_FAILURE = re.compile(r"^Failure occurred in:\s*(?P<place>.*)$", re.MULTILINE)
_REASON = re.compile(r"^Reason for the failure:\s*(?P<reason>.*)$", re.MULTILINE)

_NO_CELLS = "Too few cells"
_NO_PRIMES = re.compile(r"Prime list exh?austed")  # saclib spells it both ways

_LONGEST_S = 10**6
_MOST_PRIMES = 100_000  # for modular arithmetic; 2000 by default, 0.1 s to make these
_FIRST_CELLS = 20_000_000
_MOST_CELLS = 200_000_000  # 3 to 4 seconds merely to start
_FEWEST_CELLS = 1_000_000
_BYTES_PER_CELL = 4


class Qepcad:
    """The language of QEPCAD B."""

    name = "qepcad"
    eliminates = True
    finds_points = False
    most_variables = 18

    def argv(
        self, executable: Path, wall_s: float, memory_mib: int, cells: int = _FIRST_CELLS
    ) -> Sequence[str]:
        """The command line; ``cells`` is the size of the cell memory, if there is room for it.

        QEPCAD counts whole seconds of time, at least one; the outer limit remains the true one.
        """
        seconds = max(1, ceil(min(wall_s, _LONGEST_S)))
        size = _cells(memory_mib, cells)
        return [str(executable), "-noecho", f"+N{size}", "-t", str(seconds)]

    def retry_argv(
        self, executable: Path, wall_s: float, memory_mib: int, output: Output
    ) -> Sequence[str] | None:
        """More cells, or a longer list of primes, where this output says that these ran out."""
        if _NO_PRIMES.search(output.stdout):
            return [*self.argv(executable, wall_s, memory_mib), f"+L{_MOST_PRIMES}"]
        small, large = _cells(memory_mib, _FIRST_CELLS), _cells(memory_mib, _MOST_CELLS)
        if _NO_CELLS not in output.stdout or large <= small:
            return None
        return self.argv(executable, wall_s, memory_mib, cells=large)

    def environment(self, executable: Path) -> Mapping[str, str | None]:
        """``qe``: the prefix where ``share/qepcad/qepcad.help`` lies near the program, else unset.

        The wheel's binary needs the variable; Debian's has its own place, and a wrong value of
        ``qe`` (even an empty one) breaks it.
        """
        for parent in executable.resolve().parents:
            if (parent / "share" / "qepcad" / "qepcad.help").is_file():
                return {"qe": str(parent)}
        return {"qe": None}

    def write(self, formula: Formula, clock: Clock = UNLIMITED) -> Script:
        """The script: description, variables, number of free ones, formula, projection, finish."""
        question = pose(formula, clock)
        variables = [*question.free, *(name for _, name in question.prefix)]
        letter = {Quantifier.EXISTS: "E", Quantifier.FORALL: "A"}
        prefix = "".join(f"({letter[quantifier]} {name})" for quantifier, name in question.prefix)
        lines = [
            "[]",
            f"({','.join(variables)})",
            str(len(question.free)),
            f"{prefix}[{render(question.matrix, DIALECT, clock)}].",
        ]
        if len(variables) > 1:
            lines.append(f"proj-operator ({','.join('h' * (len(variables) - 1))})")
        lines.append("finish")
        return Script("\n".join(lines) + "\n", question.names, formula)

    def read(self, script: Script, output: Output) -> Answer:
        """The answer; NoAnswer says why there is none, AnswerError where the formula is garbled."""
        text = output.stdout
        _refuse_failures(output)
        match = _TRANSCRIPT.fullmatch(text)
        if match is None or text.count(_MARKER) != 1:
            raise NoAnswer(Outcome.GARBLED, "not the transcript of one undisturbed run")
        # One prompt for each command: finish, and proj-operator where the script has it.
        commands = 1 + ("\nproj-operator " in script.text)
        if text.count("Before Normalization >") != commands:
            raise NoAnswer(Outcome.GARBLED, f"expected {commands} prompts before the answer")
        start, end = match.span("answer")
        return checked(script, parse(text, start, end, DIALECT, answer_names(script)))


def _cells(memory_mib: int, wanted: int) -> int:
    """The cell memory: as wanted if it fills no more than half of the memory allowed."""
    room = memory_mib * 2**20 // (2 * _BYTES_PER_CELL)
    return max(_FEWEST_CELLS, min(wanted, room))


def _refuse_failures(output: Output) -> None:
    """Raise NoAnswer if the output or the exit status tells of anything but success."""
    both = f"{output.stdout}\n{output.stderr}"
    failure, reason = _FAILURE.search(both), _REASON.search(both)
    if failure or reason:
        why = reason["reason"].strip() if reason else ""
        detail = f"{failure['place'].strip()}: {why}" if failure else why
        if "TIMEOUT" in detail or "due to timeout" in detail:
            raise NoAnswer(Outcome.TIMEOUT, detail)
        if _NO_CELLS in detail:
            raise NoAnswer(Outcome.MEMORY, detail)
        raise NoAnswer(Outcome.CRASHED, detail)
    error = _ERROR.search(both)
    if error:  # what follows an error message (re-prompts, a segmentation fault) is only its echo
        raise NoAnswer(Outcome.CRASHED, error.group().strip())
    if output.returncode is not None and output.returncode < 0:
        raise NoAnswer(Outcome.CRASHED, f"ended by signal {-output.returncode}")
    if output.returncode != 0:
        said = output.stderr.strip().partition("\n")[0]
        raise NoAnswer(
            Outcome.CRASHED, f"exit status {output.returncode}, expected 0 {said}".strip()
        )
    doubt = _DOUBT.search(both)
    if doubt:
        raise NoAnswer(Outcome.UNSURE, doubt.group().strip())
