"""Whom to ask first, for every kind of question: the one place where backends are ranked.

Measured on the questions cadlink asks.  A backend that a row does not name is asked after those it
names, so a new adapter is asked without an entry here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

__all__ = ["Kind", "preferred"]


class Kind(Enum):
    """What is asked, as far as it matters for who answers best."""

    FORMULA = "a formula without quantifiers"
    COLUMNS = "whether hard columns can be served"
    CASES = "many small sentences"
    FREE = "whether every matrix is a product"
    VARIETY = "whether every common zero is a product"
    SENTENCE = "whether a set is not closed"
    MEMBER = "whether a matrix of numbers is a product"
    CLOSURE = "whether a matrix of numbers is a limit of products"
    POINT = "whether some point satisfies inequalities"
    ALTERNATING = "whether a sentence with both quantifiers holds"


_ORDER: Mapping[Kind, tuple[str, ...]] = {
    Kind.FORMULA: ("qepcad", "redlog"),  # the shortest formulas first
    Kind.COLUMNS: ("z3", "qepcad", "redlog"),
    Kind.CASES: ("z3", "redlog", "qepcad"),  # who starts fastest, or is warm
    Kind.FREE: ("z3", "redlog", "qepcad"),
    Kind.VARIETY: ("redlog", "qepcad", "z3"),
    Kind.SENTENCE: ("z3", "redlog", "qepcad"),
    Kind.MEMBER: ("z3", "redlog", "qepcad"),
    Kind.CLOSURE: ("z3", "qepcad", "redlog"),
    Kind.POINT: ("z3", "qepcad", "redlog"),
    Kind.ALTERNATING: ("qepcad", "redlog", "z3"),
}


def preferred(kind: Kind, names: Iterable[str]) -> list[str]:
    """The names, best first; those without a rank last, in the order given.

    >>> preferred(Kind.FORMULA, ["redlog", "other", "qepcad"])
    ['qepcad', 'redlog', 'other']
    """
    rank = {name: place for place, name in enumerate(_ORDER[kind])}
    return sorted(names, key=lambda name: rank.get(name, len(rank)))
