"""Restriction to fewer rows and columns: the search for obstructions.

*Theorem.*  If the set is closed, so is that of every restriction to rows R and columns C.
*Proof.*  The restricted set, padded with zeros, is the intersection of the set with the closed
subspace of the matrices supported on R x C: if A = XY vanishes outside R x C, so does the product
with the rows of X outside R and the columns of Y outside C set to 0, and it has the same entries
on R x C.

So a restriction that is not closed proves that the whole is not.  Deleting neurons is no such
rule.  Small groups are searched completely, smallest restrictions first, one per class of
isomorphic ones.  In larger groups nothing is tried: theorems that speak of a few rows and columns
look for them themselves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "restrictions"]

_LINES = 11  # rows and columns together of the groups that are searched


def apply(
    problem: Problem, refuted: Callable[[Group], bool], deadline: float | None = None
) -> Step | None:
    """A step to a restriction that ``refuted`` says is not closed, or None.

    ``refuted`` is the caller's set of rules; the search ends at ``deadline`` (a value of
    ``time.monotonic()``).

    >>> lu = Group.of_blocks([({0, 1, 2}, {0, 1, 2}), ({1, 2}, {1, 2})])
    >>> apply(lu, lambda group: len(group.cells) == 4 and len(group.neurons) == 2).data
    {'rows': [0, 1], 'cols': [0, 1]}
    """
    if not isinstance(problem, Group) or len(problem.rows) + len(problem.cols) > _LINES:
        return None
    seen: set[Group] = set()
    for rows, cols in restrictions(problem):
        if deadline is not None and time.monotonic() > deadline:
            return None
        part = problem.restrict(rows, cols)
        if len(part.neurons) < 2 and all(map(part.is_complete, range(len(part.neurons)))):
            continue
        shape = part.relabel(*part.canonical_maps())
        if shape in seen:
            continue
        seen.add(shape)
        if refuted(part):
            data = {"rows": list(rows), "cols": list(cols)}
            return Step("restrict", Conclusion.OBSTRUCTION, data, (part,))
    return None


def restrictions(group: Group) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The proper restrictions (rows, columns) with at least two of each, smallest first.

    >>> len(list(restrictions(Group.of_blocks([(range(3), range(2))]))))
    3
    """
    rows, cols = group.rows, group.cols
    for total in range(4, len(rows) + len(cols)):
        for size in range(2, min(len(rows), total - 2) + 1):
            for chosen in combinations(rows, size):
                for others in combinations(cols, total - size):
                    yield chosen, others
