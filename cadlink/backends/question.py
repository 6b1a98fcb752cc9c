"""What every adapter does to a formula before writing it: prenex form, and names no program minds.

The programs disagree about names: QEPCAD knows no underscore, REDUCE folds case and reserves words.
So every variable is called v1, v2, ... in a question, free variables first, then the bound ones in
the order of the quantifiers, and a table leads back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cadlink.backends.base import Answer, NoAnswer, Outcome, Script
from cadlink.clock import UNLIMITED, Clock
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Formula,
    Or,
    Quantifier,
    free_variables,
    prenex,
)

__all__ = ["Question", "answer_names", "checked", "is_sentence", "pose"]

MOST_DIGITS = 4000  # of a coefficient: beyond that nobody reads the answer either
_TOO_LARGE = 10**MOST_DIGITS


@dataclass(frozen=True)
class Question:
    """A prenex formula in the names v1, v2, ...; every variable of it occurs in the matrix."""

    free: tuple[str, ...]
    prefix: tuple[tuple[Quantifier, str], ...]
    matrix: Formula
    names: Mapping[str, str]


def pose(formula: Formula, clock: Clock = UNLIMITED) -> Question:
    """The formula as a question.

    NoAnswer(UNSUITED) if no variable occurs (nothing to ask) or a coefficient is far too long;
    OutOfTime if there is no time to write it.

    Quantified variables that do not occur are dropped: the reals are not empty, so they change
    nothing, and QEPCAD would pay a projection for each.

    >>> from cadlink.logic.formula import Atom, Rel, exists
    >>> from cadlink.logic.polynomial import Polynomial
    >>> a, x = Polynomial.variable("a_0_0"), Polynomial.variable("x")
    >>> dict(pose(exists(["x"], Atom(x * x - a, Rel.EQ))).names)
    {'v1': 'a_0_0', 'v2': 'x'}
    """
    prefix, matrix = prenex(formula)
    occurring = free_variables(matrix)
    if not occurring:
        raise NoAnswer(Outcome.UNSUITED, "no variable occurs in the formula: nothing to eliminate")
    prefix = [(quantifier, name) for quantifier, name in prefix if name in set(occurring)]
    bound = [name for _, name in prefix]
    free = [name for name in occurring if name not in set(bound)]
    table = {name: f"v{number}" for number, name in enumerate([*free, *bound], 1)}
    return Question(
        tuple(table[name] for name in free),
        tuple((quantifier, table[name]) for quantifier, name in prefix),
        _renamed(matrix, table, clock),
        {new: old for old, new in table.items()},
    )


def _renamed(f: Formula, table: Mapping[str, str], clock: Clock) -> Formula:
    """A quantifier-free formula in other names."""
    if isinstance(f, Atom):
        clock.check()
        if f.poly.height >= _TOO_LARGE:
            raise NoAnswer(Outcome.UNSUITED, f"a coefficient of more than {MOST_DIGITS} digits")
        return Atom(f.poly.rename(table), f.rel)
    if isinstance(f, And | Or):
        return type(f)(tuple(_renamed(g, table, clock) for g in f.args))
    return f


def is_sentence(script: Script) -> bool:
    """Whether the script's formula has no free variable, so that its answer is true or false."""
    return not free_variables(script.formula)


def answer_names(script: Script) -> Mapping[str, str]:
    """The names an answer may contain (the program's name -> ours): the free variables."""
    free = set(free_variables(script.formula))
    return {new: old for new, old in script.names.items() if old in free}


def checked(script: Script, formula: Formula) -> Answer:
    """The parsed formula as an answer; for a sentence nothing but true or false is one."""
    if is_sentence(script) and formula not in (TRUE, FALSE):
        raise NoAnswer(Outcome.GARBLED, "the answer to a sentence is neither true nor false")
    return Answer(formula)
