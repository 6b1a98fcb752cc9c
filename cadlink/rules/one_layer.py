"""One layer: nothing to factor.

*Theorem.*  L_I for a single mask is every matrix supported on it, a linear space.  *Proof.*  By
definition.
"""

from __future__ import annotations

from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply"]


def apply(problem: Problem) -> Step | None:
    """A free leaf for a chain of one mask.

    >>> apply(Pattern.of(["110/011"])).conclusion.value
    'free'
    """
    if isinstance(problem, Pattern) and problem.depth == 1:
        return Step("one_layer", Conclusion.FREE)
    return None
