"""The answers about training a sparse network: which question, which answer, why, and the data.

Four questions, never mixed:

a. is there *some* finite training set on which the loss has no optimum;
b. the same with the given inputs and some targets;
c. the given inputs and targets;
d. is the set of functions the network realises on a cube closed in the uniform norm.

Which losses, penalties, biases and activation an answer is about is said in its statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink.deciding.decision import Decision
from cadlink.errors import InputError
from cadlink.networks.kernel import Statement
from cadlink.networks.obstacles import Obstacle
from cadlink.patterns.pattern import Pattern

__all__ = [
    "BAD",
    "GOOD",
    "NetworkAnswer",
    "NetworkVerdict",
    "Question",
    "answer_of",
    "data_in",
    "training_data",
]

Points: TypeAlias = tuple[tuple[Fraction, ...], ...]


class Question(Enum):
    """What is asked."""

    SOME_DATA = "a"
    THESE_INPUTS = "b"
    THIS_DATA = "c"
    CUBE = "d"

    @classmethod
    def of(cls, value: Question | str) -> Question:
        """The question named by its letter; InputError for anything else.

        >>> Question.of("b")
        <Question.THESE_INPUTS: 'b'>
        """
        try:
            return cls(value)
        except ValueError:
            raise InputError(
                f"question {value!r}: expected 'a' (some training set), 'b' (these inputs),"
                " 'c' (this training set) or 'd' (functions on a cube)"
            ) from None


class NetworkAnswer(Enum):
    """What is known."""

    NO_OPTIMUM = "no_optimum"  # the infimum of the loss is not attained, on the data of the witness
    OPTIMUM_GUARANTEED = "optimum_guaranteed"  # attained, for all data the question speaks about
    CLOSED_ON_CUBE = "closed_on_cube"
    NOT_CLOSED_ON_CUBE = "not_closed_on_cube"
    NOT_EXCLUDED = "not_excluded"  # no theorem applies: data without an optimum may exist or not
    UNKNOWN = "unknown"  # a limit was reached, or the question was not within the theorems

    def __bool__(self) -> bool:
        raise TypeError("an answer has several values; compare with NetworkAnswer.NO_OPTIMUM, ...")


GOOD = frozenset({NetworkAnswer.OPTIMUM_GUARANTEED, NetworkAnswer.CLOSED_ON_CUBE})
BAD = frozenset({NetworkAnswer.NO_OPTIMUM, NetworkAnswer.NOT_CLOSED_ON_CUBE})


def answer_of(question: Question, claim: str) -> NetworkAnswer:
    """The answer that a witness with this claim gives.

    >>> answer_of(Question.SOME_DATA, "closed")
    <NetworkAnswer.OPTIMUM_GUARANTEED: 'optimum_guaranteed'>
    """
    if question is Question.CUBE:
        closed = claim == "cube_closed"
        return NetworkAnswer.CLOSED_ON_CUBE if closed else NetworkAnswer.NOT_CLOSED_ON_CUBE
    good = claim in ("closed", "attained")
    return NetworkAnswer.OPTIMUM_GUARANTEED if good else NetworkAnswer.NO_OPTIMUM


@dataclass(frozen=True)
class NetworkVerdict:
    """The answer to one question about one network.

    ``theorem`` names the theorem (THEOREMS.md), ``statement`` says all the answer depends on, and
    ``witness`` is plain JSON data from which ``cadlink.networks.kernel.check_witness`` proves it;
    both are None when there is no answer.  ``holes`` are statements of backends the answer
    rests on (none: all of it was checked).  ``decision`` is the decision about the matrix products
    where one was used.  ``reason`` says why there is no answer.  ``obstacles``: the layers in the
    way of a guarantee by the masks, the worst first, where such a guarantee is possible.  A verdict
    has no truth value: ``bool(verdict)`` raises TypeError.
    """

    question: Question
    answer: NetworkAnswer
    pattern: Pattern
    theorem: str = ""
    statement: Statement | None = None
    witness: Mapping[str, Any] | None = None
    explanation: str = ""
    assumptions: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    reason: str = ""
    holes: tuple[str, ...] = ()
    decision: Decision | None = field(default=None, repr=False)
    obstacles: tuple[Obstacle, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("a verdict has no truth value; look at verdict.answer")

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink network --json`` prints."""
        return {
            "question": self.question.value,
            "answer": self.answer.value,
            "theorem": self.theorem,
            "loss": None if self.statement is None else self.statement.loss,
            "penalty": None if self.statement is None else self.statement.penalty,
            "explanation": self.explanation,
            "assumptions": list(self.assumptions),
            "advice": list(self.advice),
            "obstacles": [one.to_json() for one in self.obstacles],
            "reason": self.reason,
            "holes": list(self.holes),
            "pattern": self.pattern.to_json(),
            "witness": None if self.witness is None else dict(self.witness),
            "decision": None if self.decision is None else self.decision.to_json(),
        }


def training_data(verdict: NetworkVerdict) -> tuple[Points, Points] | None:
    """The inputs (points x inputs) and targets (points x outputs) of the witness; None without.

    A witness stores the coordinates in its "inputs" and "outputs" only; all others are 0.
    """
    return data_in(verdict.witness or {}, verdict.pattern)


def data_in(witness: Mapping[str, Any], pattern: Pattern) -> tuple[Points, Points] | None:
    """The same of a witness about such a network."""
    if witness.get("X") is None or witness.get("Y") is None:
        return None
    widths = pattern.widths
    xs = _spread(witness["X"], witness["inputs"], widths[0])
    ys = _spread(witness["Y"], witness["outputs"], widths[-1])
    return xs, ys


def _spread(rows: Any, places: Any, width: int) -> Points:
    """Rows of the full width with zeros where nothing is given."""
    full = []
    for row in rows:
        line = [Fraction(0)] * width
        for place, value in zip(places, row, strict=True):
            line[place] = Fraction(value)
        full.append(tuple(line))
    return tuple(full)
