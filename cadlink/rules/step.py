"""What a reduction returns: the rule's name, its data, what remains to be decided, and how.

Rules know nothing of each other; ``pipeline.py`` puts them in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern

__all__ = ["Conclusion", "Problem", "Step"]

Problem: TypeAlias = Pattern | Group


class Conclusion(Enum):
    """How a step settles its problem, alone (a leaf) or from the answers to its parts."""

    FREE = "free"  # leaf: the set is every matrix on the observed cells, hence closed
    CLOSED = "closed"  # leaf
    NOT_CLOSED = "not_closed"  # leaf
    SAME = "same"  # one part, with the same answer
    ALL = "all"  # closed (free) iff every part is
    OBSTRUCTION = "obstruction"  # one part; if it is not closed, neither is the problem


@dataclass(frozen=True)
class Step:
    """One application of a rule to a problem; ``data`` is what the kernel needs to re-check it."""

    rule: str
    conclusion: Conclusion
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Problem, ...] = ()
