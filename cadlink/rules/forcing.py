"""Forcing: a cell that must vanish although the limit is 1 there.

*Theorem.*  Let (j*, k*) be an observed cell and S the neurons covering it.  Let every i in S have
a witness (j_i, k_i), j_i != j*, k_i != k*, such that the cells (j*, k_i) and (j_i, k_i) are
observed by i alone.  Let some s in S (the *start*) be such that the cell (j_s, k*) is not
observed, or is observed by another neuron h (the *helper*) that is not in S, or is in S and has
j_h = j_s.  Then the set is not closed.

*Missed.*  Let A be 1 at (j*, k*) and at every (j_i, k_i), 0 at every (j*, k_i).  If A = XY, then
x_i(j_i) y_i(k_i) = 1 and x_i(j*) y_i(k_i) = 0, so x_i(j*) = 0 for every i in S and A(j*, k*) = 0.
*Approached.*  As t -> 0: x_s = t at j*, 1 at j_s; y_s = 1 at k_s, 1/t at k*; the helper has x_h =
1 at j_s and y_h = -1/t at k*, and +1 at k_h if it is in S; every other i in S has x_i = 1 at j_i,
y_i = 1 at k_i; all other entries are 0.  The product is 1 at (j*, k*) and at the witnesses, t at
(j*, k_s), and 0 at (j_s, k*), where 1/t - 1/t cancel (or nothing is observed).  A cell (j*, k_i)
is observed by i alone, whose x is 0 or t at j*. Cells not named are 0, so the limit is one of the
A above.

With S = {s} this is the *unique owner* obstruction: a neuron alone on three of the four cells of
{j*, j_s} x {k*, k_s}.  In particular a connected graph alone in its group that is not complete is
not closed, and LU patterns of any size are not.  Transpose likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["Forced", "apply", "find"]


@dataclass(frozen=True)
class Forced:
    """By position: the target cell, (neuron, row, column) per witness, start, helper."""

    row: int
    col: int
    witnesses: tuple[tuple[int, int, int], ...]
    start: int
    helper: int | None


def find(view: View) -> Forced | None:
    """A target with its witnesses, or None."""
    alone = _alone(view)
    for p in range(len(view.rows)):
        # shared[i][row]: columns in which neuron i alone observes both p and that row.
        shared: dict[int, dict[int, int]] = {}
        for i in bits(view.in_row[p]):
            own = view.col_sets[i] & alone[p]
            if own:
                rows = bits(view.row_sets[i] & ~(1 << p))
                shared[i] = {row: cols for row in rows if (cols := own & alone[row])}
        if not shared:
            continue
        for q in bits(view.observed[p]):
            found = _at(view, p, q, shared)
            if found is not None:
                return found
    return None


def _alone(view: View) -> list[int]:
    """For every row the columns observed by exactly one neuron."""
    found = []
    for p, observed in enumerate(view.observed):
        once = twice = 0
        for i in bits(view.in_row[p]):
            cols = view.col_sets[i] & observed
            twice |= once & cols
            once |= cols
        found.append(once & ~twice)
    return found


def _at(view: View, p: int, q: int, shared: dict[int, dict[int, int]]) -> Forced | None:
    owners = view.covers(p, q)
    rest = ~(1 << q)
    usable: dict[int, dict[int, int]] = {}
    for i in bits(owners):
        rows = {row: cols & rest for row, cols in shared.get(i, {}).items() if cols & rest}
        if not rows:
            return None
        usable[i] = rows
    for start in bits(owners):
        for row, cols in usable[start].items():
            helper = _helper(view, q, owners, start, row, usable)
            if helper == start:
                continue
            witnesses = []
            for i in bits(owners):
                if i == start:
                    witnesses.append((i, row, lowest(cols)))
                elif i == helper:
                    witnesses.append((i, row, lowest(usable[i][row])))
                else:
                    its_row, its_cols = next(iter(usable[i].items()))
                    witnesses.append((i, its_row, lowest(its_cols)))
            return Forced(p, q, tuple(witnesses), start, helper)
    return None


def _helper(
    view: View, q: int, owners: int, start: int, row: int, usable: dict[int, dict[int, int]]
) -> int | None:
    """The helper for this start and row; None if none is needed, ``start`` if there is none."""
    if not view.observed[row] >> q & 1:
        return None
    others = view.covers(row, q) & ~(1 << start)
    if others & ~owners:
        return lowest(others & ~owners)
    return next((h for h in bits(others) if row in usable[h]), start)


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when a cell is forced, in the group or its transpose.

    >>> apply(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])).data["helper"]
    1
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is not None:
        return Step("forcing", Conclusion.NOT_CLOSED, _data(view, found))
    return transposed(problem) if find(view.transpose()) is not None else None


def _data(view: View, found: Forced) -> dict[str, object]:
    def cell(p: int, q: int) -> Sequence[int]:
        return [view.rows[p], view.cols[q]]

    return {
        "cell": cell(found.row, found.col),
        "witnesses": [[i, *cell(p, q)] for i, p, q in found.witnesses],
        "start": found.start,
        "helper": found.helper,
    }
