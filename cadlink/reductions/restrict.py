"""Restriction to fewer rows and columns: the search for obstructions.

*Theorem.*  If the set is closed, so is that of every restriction to rows R and columns C.
*Proof.*  The restricted set, padded with zeros, is the intersection of the set with the closed
subspace of the matrices supported on R x C: if A = XY vanishes outside R x C, so does the product
with the rows of X outside R and the columns of Y outside C set to 0, and it has the same entries
on R x C.

So a restriction that is not closed proves that the whole is not.  Deleting neurons is no such
rule.  A small group is searched completely, smallest restrictions first, one per class of
isomorphic ones.  In a larger one the restrictions are looked at that make some neuron vanish
(theorems that count neurons gain from that) or delete one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, combinations

from cadlink.problem import Group
from cadlink.reductions.bits import View, bits
from cadlink.reductions.step import Conclusion, Problem, Step

__all__ = ["apply", "restrictions"]

_COMPLETE = 1000  # number of restrictions up to which all are looked at
_SECONDS = 2.0  # time for the restrictions of a larger group


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
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    if _size(problem) > _COMPLETE:
        end = time.monotonic() + _SECONDS
        deadline = end if deadline is None else min(end, deadline)
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
    """The proper restrictions (rows, columns) to look at, ascending numbers, in order."""
    rows, cols = group.rows, group.cols
    if _size(group) <= _COMPLETE:
        for total in range(4, len(rows) + len(cols)):
            for size in range(2, min(len(rows), total - 2) + 1):
                for chosen in combinations(rows, size):
                    for others in combinations(cols, total - size):
                        yield chosen, others
        return
    view = View.of(group)
    without = chain(_killing(view), _one_less(view))
    for gone_rows, gone_cols in without:
        kept_rows = tuple(j for p, j in enumerate(rows) if not gone_rows >> p & 1)
        kept_cols = tuple(k for q, k in enumerate(cols) if not gone_cols >> q & 1)
        if len(kept_rows) >= 2 and len(kept_cols) >= 2:
            yield kept_rows, kept_cols


def _size(group: Group) -> int:
    exponent = len(group.rows) + len(group.cols)
    return 1 << exponent if exponent < 60 else 1 << 60


def _killing(view: View) -> Iterator[tuple[int, int]]:
    """Rows or columns whose deletion makes a neuron vanish, fewest first."""
    found = [(rows, 0) for rows in view.row_sets] + [(0, cols) for cols in view.col_sets]
    yield from sorted(set(found), key=lambda pair: sum(s.bit_count() for s in pair))


def _one_less(view: View) -> Iterator[tuple[int, int]]:
    for p in bits((1 << len(view.rows)) - 1):
        yield 1 << p, 0
    for q in bits((1 << len(view.cols)) - 1):
        yield 0, 1 << q
