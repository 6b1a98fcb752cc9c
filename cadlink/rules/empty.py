"""Nothing left: a group without neurons observes no cell, its set is R^0, hence free."""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply"]


def apply(problem: Problem) -> Step | None:
    """A free leaf when no neuron is left.

    >>> apply(Group.of([])).conclusion.value
    'free'
    """
    if isinstance(problem, Group) and not problem.neurons:
        return Step("empty", Conclusion.FREE)
    return None
