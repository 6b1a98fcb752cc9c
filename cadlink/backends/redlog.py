"""Redlog, the logic package of REDUCE: MPReduce in a jar, or a native redcsl or redpsl.

One warm session answers many questions.  After each question the session prints a *sentinel* whose
number it must compute, so that an echo of the input cannot be taken for it, and whose number tells
the answers apart.  What stands between two sentinels must be prompts and exactly one formula.

``rlqe`` eliminates by virtual substitution and turns to CAD for what is left (its default); where
quantifiers remain, the output still looks like a formula, and is PARTIAL here.  The services whose
results hold only under assumptions (``rlgqe`` and the like) are never used.

References: A. Dolzmann and T. Sturm, REDLOG: computer algebra meets computer logic, SIGSAM Bulletin
31 (1997); V. Weispfenning, Quantifier elimination for real algebra, AAECC 8 (1997).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cadlink.backends.base import Answer, NoAnswer, Outcome, Output, Script
from cadlink.backends.grammar import Dialect, parse, render
from cadlink.backends.question import answer_names, checked, pose
from cadlink.clock import UNLIMITED, Clock
from cadlink.logic.formula import FALSE, TRUE, Formula, Quantifier, Rel

__all__ = ["DIALECT", "Redlog"]

DIALECT = Dialect(
    backend="redlog",
    conjunction="and",
    disjunction="or",
    negation="not",
    opening="(",
    closing=")",
    times="*",
    power="**",
    relations={
        "=": Rel.EQ,
        "<>": Rel.NE,
        "<=": Rel.LE,
        ">=": Rel.GE,
        "<": Rel.LT,
        ">": Rel.GT,
    },
    constants={"true": TRUE, "false": FALSE},
    mixing=True,
)

# off int, on errcont: report an error and go on, instead of asking or of refusing all that follows.
# off nat: formulas on one line, ended by a dollar sign.  linelength: not broken at 80 columns.
_PREAMBLE = """\
off int;
on errcont;
load_package redlog;
rlset ofsf;
off nat;
linelength 1000000;
"""

_FIRST_SENTINEL = 1000
_PROMPTS = r"(?:\s|[0-9]+: )*"
_ANSWER = re.compile(rf"{_PROMPTS}(?P<answer>[^\s$][^$]*)\$\s(?:\s|[0-9]+:(?=\s))*", re.ASCII)
_QUANTIFIER = re.compile(r"\b(?:b?ex|b?all)\s*\(", re.ASCII)
_TROUBLE = re.compile(r"^.*(?:\*\*\*|\+\+\+).*$", re.MULTILINE)
_NO_MEMORY = re.compile(r"OutOfMemoryError|heap space|[Hh]eap exhausted|[Ss]tore exhausted")


class Redlog:
    """The language of Redlog in a warm REDUCE session."""

    name = "redlog"
    eliminates = True
    finds_points = False
    most_variables = 34

    def argv(self, executable: Path, wall_s: float, memory_mib: int) -> Sequence[str]:
        """The command line of a session: the jar under Java, or a native REDUCE as it is."""
        if executable.suffix == ".jar":
            heap = f"-Xmx{max(64, memory_mib)}m"
            main = "org.mathpiper.mpreduce.Jlisp"
            # The deep stack is for deeply nested formulas; it is used only as far as needed.
            return ["java", "-Xss256m", heap, "-cp", str(executable), main]
        if executable.name.startswith("redcsl"):
            return [str(executable), "-w"]  # a console, no window
        return [str(executable)]

    def environment(self, executable: Path) -> Mapping[str, str | None]:
        """Nothing to set."""
        return {}

    def preamble(self) -> str:
        """Sent once after the start; it ends by printing ``sentinel(0)``.

        What comes before that sentinel (the banner) is no answer; questions count from 1.
        """
        return _PREAMBLE + self._print_sentinel(0)

    def question(self, script: Script, number: int) -> str:
        """The script and the command that prints ``sentinel(number)``."""
        return script.text + self._print_sentinel(number)

    def sentinel(self, number: int) -> str:
        """The text that ends the answer to question ``number``; a prompt may precede it."""
        return f"<<<END{_FIRST_SENTINEL + number}>>>$"

    def _print_sentinel(self, number: int) -> str:
        return f'write "<<<END",{number}+{_FIRST_SENTINEL},">>>";\n'

    def write(self, formula: Formula, clock: Clock = UNLIMITED) -> Script:
        """One ``rlqe`` command on one line."""
        question = pose(formula, clock)
        word = {Quantifier.EXISTS: "ex", Quantifier.FORALL: "all"}
        opening = "".join(f"{word[quantifier]}({name}," for quantifier, name in question.prefix)
        matrix = f"({render(question.matrix, DIALECT, clock)})"
        text = f"rlqe ({opening}{matrix}{')' * len(question.prefix)});\n"
        return Script(text, question.names, formula)

    def read(self, script: Script, output: Output) -> Answer:
        """The answer in what was printed between two sentinels (neither included)."""
        text = output.stdout
        both = f"{text}\n{output.stderr}"
        if _NO_MEMORY.search(both):
            raise NoAnswer(Outcome.MEMORY, "the session ran out of memory")
        if output.returncode is not None:
            raise NoAnswer(Outcome.CRASHED, f"the session ended with status {output.returncode}")
        trouble = _TROUBLE.search(both)
        if trouble:
            line = trouble.group().strip()
            crashed = "*****" in line or "++++" in line or "Trouble" in line
            raise NoAnswer(Outcome.CRASHED if crashed else Outcome.GARBLED, line)
        match = _ANSWER.fullmatch(text)
        if match is None:
            raise NoAnswer(Outcome.GARBLED, "expected prompts and one formula ended by '$'")
        start, end = match.span("answer")
        if _QUANTIFIER.search(text, start, end):
            raise NoAnswer(Outcome.PARTIAL, "quantifiers are left")
        return checked(script, parse(text, start, end, DIALECT, answer_names(script)))
