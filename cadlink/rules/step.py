"""What a reduction returns: the rule's name, its data, what remains to be decided, and how.

Rules know nothing of each other; ``table.py`` puts them in order.  What follows from the answers to
the parts of a step is said here, and nowhere else outside the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from cadlink.certificates.data import Proof
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern

__all__ = ["Conclusion", "Problem", "Step", "follows", "step_proof"]

Problem: TypeAlias = Pattern | Group


class Conclusion(Enum):
    """How a step settles its problem, alone (a leaf) or from the answers to its parts."""

    FREE = "free"  # leaf: the set is every matrix on the observed cells, hence closed
    CLOSED = "closed"  # leaf
    NOT_CLOSED = "not_closed"  # leaf
    SAME = "same"  # one part, with the same answer
    ALL = "all"  # closed (free) iff every part is
    CLOSED_IF_ALL = "closed_if_all"  # closed iff every part is, and then not known to be free
    OBSTRUCTION = "obstruction"  # one part; if it is not closed, neither is the problem


@dataclass(frozen=True)
class Step:
    """One application of a rule to a problem; ``data`` is what the kernel needs to re-check it."""

    rule: str
    conclusion: Conclusion
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Problem, ...] = ()


def follows(conclusion: Conclusion, answers: Sequence[str | None]) -> str | None:
    """'free', 'closed', 'not_closed', or None if the answers to the parts do not decide.

    One part that is not closed decides a step to independent parts, whatever the others are.

    >>> follows(Conclusion.ALL, ["free", None]), follows(Conclusion.ALL, ["not_closed", None])
    (None, 'not_closed')
    """
    if conclusion is Conclusion.SAME:
        return answers[0]
    if conclusion is Conclusion.OBSTRUCTION:
        return answers[0] if answers[0] == "not_closed" else None
    if conclusion in (Conclusion.ALL, Conclusion.CLOSED_IF_ALL):
        if "not_closed" in answers:
            return "not_closed"
        if None in answers:
            return None
        if conclusion is Conclusion.CLOSED_IF_ALL:
            return "closed"
        return "free" if all(answer == "free" for answer in answers) else "closed"
    return str(conclusion.value)


def step_proof(step: Step, answers: Sequence[str | None], proofs: Sequence[Proof | None]) -> Proof:
    """The proof that consists of a step and the proofs of its parts.

    Beside an independent part that is not closed, the others need no proof: the first such part is
    kept, and no other.
    """
    kept = tuple(proofs)
    shared = step.conclusion in (Conclusion.ALL, Conclusion.CLOSED_IF_ALL)
    if shared and "not_closed" in answers:
        decisive = list(answers).index("not_closed")
        kept = tuple(one if i == decisive else None for i, one in enumerate(proofs))
    return Proof(step.rule, dict(step.data), kept)
