"""Two factors: a pattern with two masks is a group.

*Theorem.*  For L = 2 the product X_2 X_1 is the sum over the hidden units i of (column i of X_2)
times (row i of X_1), supported on R_i x C_i, the outputs and the inputs joined to i.  So L_I, on
the cells covered by some block R_i x C_i, is the set of the group of these blocks; elsewhere it is
0. *Proof.*  Write out the product.
"""

from __future__ import annotations

import numpy as np

from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["MAX_AREA", "apply"]

MAX_AREA = 2_000_000  # cells of all blocks together; a group is made of Python sets


def apply(problem: Problem) -> Step | None:
    """The group of the hidden units' blocks; None when it would be too large to write down.

    >>> apply(Pattern.of(["11/01", "10/11"])).parts[0].picture()
    '##/## + ../.#'
    """
    if not isinstance(problem, Pattern) or problem.depth != 2:
        return None
    into, out = problem.layers[0], problem.layers[1].tocsc()
    if int(np.dot(np.diff(into.indptr).astype(np.int64), np.diff(out.indptr))) > MAX_AREA:
        return None
    blocks = []
    for unit in range(problem.widths[1]):
        cols = into.indices[into.indptr[unit] : into.indptr[unit + 1]].tolist()
        rows = out.indices[out.indptr[unit] : out.indptr[unit + 1]].tolist()
        if rows and cols:
            blocks.append(frozenset((j, k) for j in rows for k in cols))
    # Blocks are connected, so Group.of would only look for components in vain.
    group = Group(tuple(sorted(blocks, key=sorted)))
    return Step("two_factors", Conclusion.SAME, {}, (group,))
