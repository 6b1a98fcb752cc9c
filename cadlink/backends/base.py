"""What an adapter is: pure text in, pure text out.

An adapter knows one program's language.  It never starts anything: ``process.py`` runs programs,
``engine.py`` puts the two together.  So every adapter is tested on saved transcripts alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from cadlink.clock import UNLIMITED, Clock
from cadlink.logic.algebraic import Root
from cadlink.logic.formula import Formula

__all__ = [
    "Adapter",
    "Answer",
    "NoAnswer",
    "Outcome",
    "Output",
    "RetryingAdapter",
    "Script",
    "SessionAdapter",
]


class Outcome(Enum):
    """How one question to one backend ended.  Only ANSWERED is an answer."""

    ANSWERED = "answered"
    TIMEOUT = "timeout"  # the wall limit, the program's own or ours
    MEMORY = "memory"  # the memory limit, the program's own or ours
    UNSURE = "unsure"  # the program warned that its answer may be wrong
    PARTIAL = "partial"  # quantifiers are left, or the program says "unknown"
    GARBLED = "garbled"  # output that is not an answer in the documented grammar
    CRASHED = "crashed"  # ended by a signal, an error exit or an error message
    OVERFLOW = "overflow"  # more output than we are willing to read
    MISSING = "missing"  # not installed, not executable
    UNSUITED = "unsuited"  # the adapter cannot express this kind of question


class NoAnswer(Exception):
    """Raised by an adapter's ``read`` when the output is not an answer; carries the outcome."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail


@dataclass(frozen=True)
class Script:
    """Text for the program and the two-way table of names (the program's name -> ours)."""

    text: str
    names: Mapping[str, str]
    formula: Formula


@dataclass(frozen=True)
class Output:
    """What a program printed for one question; ``returncode`` is None inside a warm session."""

    stdout: str
    stderr: str = ""
    returncode: int | None = None


@dataclass(frozen=True)
class Answer:
    """An equivalent quantifier-free formula (TRUE or FALSE for a sentence), perhaps a model.

    ``model`` names rational values of the outermost existential variables of a true sentence,
    ``roots`` irrational ones; they are a hint to be checked, never a proof.
    """

    formula: Formula
    model: Mapping[str, Fraction] | None = None
    roots: Mapping[str, Root] | None = None


class Adapter(Protocol):
    """One program's language.

    ``name`` is its key in the registry and in third_party; ``eliminates`` whether it answers
    questions with free variables by a formula (else it takes sentences only); ``finds_points``
    whether its answers carry models; ``most_variables`` the number of variables, free and bound,
    beyond which it never answered in our measurements.
    """

    name: str
    eliminates: bool
    finds_points: bool
    most_variables: int

    def argv(self, executable: Path, wall_s: float, memory_mib: int) -> Sequence[str]:
        """The command line; limits are passed on to programs that take them."""

    def environment(self, executable: Path) -> Mapping[str, str | None]:
        """Environment variables to set (or, with None, to unset) for the program."""

    def write(self, formula: Formula, clock: Clock = UNLIMITED) -> Script:
        """The question as the program's input.

        Raises NoAnswer(UNSUITED) if it cannot be asked, OutOfTime if the writing takes too long.
        """

    def read(self, script: Script, output: Output) -> Answer:
        """The answer, if the whole output is one; raises NoAnswer or AnswerError otherwise."""


class RetryingAdapter(Adapter, Protocol):
    """A program whose own tables may be too small, and may be asked to be larger."""

    def retry_argv(
        self, executable: Path, wall_s: float, memory_mib: int, output: Output
    ) -> Sequence[str] | None:
        """The command line for one more attempt after this output; None: it would not help."""


class SessionAdapter(Adapter, Protocol):
    """A program that answers many questions in one warm session."""

    def preamble(self) -> str:
        """Text sent once after the start."""

    def question(self, script: Script, number: int) -> str:
        """The script followed by the command that prints the sentinel of this number."""

    def sentinel(self, number: int) -> str:
        """The line that ends the answer to question ``number``; no echo of the input holds it."""
