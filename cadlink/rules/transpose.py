"""Transposed versions of group rules.

The set of a group and that of its transpose are carried into each other by A -> A^T, so one is
free or closed iff the other is.  A rule whose theorem is not symmetric looks at both; when it
only fires on the transpose it returns the step below, and fires there (``pipeline.reduce`` lets the
same rule, and only it, answer that part, so two rules cannot turn a problem back and forth).
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.step import Conclusion, Step

__all__ = ["transposed"]


def transposed(group: Group) -> Step:
    """The step from a group to its transpose."""
    return Step("transpose", Conclusion.SAME, {}, (group.transpose(),))
