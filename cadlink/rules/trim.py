"""Trim: units on no path from an input to an output do not matter.

*Theorem.*  Leave out every unit that lies on no path.  The new set is closed (is everything on its
support) iff the old one is.
*Proof.*  An entry of X_L ... X_1 is the sum over the paths from its input to its output.  An edge
at a left-out unit is on no path, so its value does not matter, and a left-out input or output has a
column or row of zeros.  The old set is the new one with these zero rows and columns put in.

When nothing is on a path the set is {0}; the trimmed chain has no units at all, and block_tiling
(or one_layer, or two_factors) says that it is closed.
"""

from __future__ import annotations

from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_path
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply"]


def apply(problem: Problem) -> Step | None:
    """The pattern of the units on paths, unless all of them are.

    >>> apply(Pattern.of(["110/001", "10/10"])).parts[0].inline()
    '11;1/1'
    """
    if not isinstance(problem, Pattern):
        return None
    units = on_path(problem)
    if all(len(kept) == width for kept, width in zip(units, problem.widths, strict=True)):
        return None
    return Step("trim", Conclusion.SAME, {}, (problem.select(units),))
