"""Forced row: p neurons alone on p + 1 rows and p columns, and on one cell that must then vanish.

*Theorem.*  Let R1 and K1 be p rows and p columns, j* a row outside R1, k* a column outside K1,
(j*, k*) observed.  Let T be the neurons observing some cell of Q = (R1 + j*) x K1 + (j*, k*),
every i in T observing all of (R_i x C_i) in Q.  Suppose |T| = p, the rows R1 have distinct
representatives among T (i in T for a row of R_i), so have the columns K1, and some s in T
observes (j*, k*) such that every cell (j, k*), j in R1 and R_s, is not observed or is observed by
a neuron outside T.  Then the set is not closed.

*Missed.*  On Q the product is X[., T] Y[T, .].  Let A[R1, K1] be invertible, A[j*, K1] = 0 and
A(j*, k*) = 1.  If A = XY, X[R1, T] and Y[T, K1] are invertible, so X[j*, T] Y[T, K1] = 0 gives
X[j*, T] = 0, and A(j*, k*) = 0.
*Approached.*  Take x_i on R1 and y_i on K1 generic with their supports, for i in T: by the
representatives X[R1, T] Y[T, K1] is invertible.  Add x_s(j*) = t and y_s(k*) = 1/t.  This gives t
y_s -> 0 on {j*} x K1, 1 at (j*, k*), and x_s(j)/t at (j, k*), j in R1 and R_s: where that is
observed, a neuron h outside T with y_h = 1 at k* and x_h(j) = -x_s(j)/t cancels it.  All other
entries are 0.

p = 1 is the unique owner of ``forcing``.  Transpose likewise.  In small groups all choices are
tried.  In a complete one T is also every neuron but h: then K1 avoids C_h, R1 avoids R_s - R_h,
j* is in R_s - R_h, k* in C_s and C_h, and two matchings decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, mask, matching, representatives
from cadlink.rules.merged import Budget
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["Forced", "apply", "find"]

_TRIES = 4000  # sets of rows looked at for sets T of two or more neurons


@dataclass(frozen=True)
class Forced:
    """R1 and K1 as bit sets, j*, k* and s; all by position."""

    rows: int
    cols: int
    row: int
    col: int
    neuron: int


def find(view: View) -> Forced | None:
    """Such rows and columns, or None."""
    return next(_all_but_one(view), None) or next(_small(view), None)


def _small(view: View) -> Iterator[Forced]:
    """All teams T of two neurons or more and all rows R1, while the budget lasts."""
    budget = Budget(_TRIES)
    for size in range(2, min(view.neurons, len(view.rows) - 1, len(view.cols) - 1) + 1):
        for members in combinations(range(view.neurons), size):
            team = mask(members)
            alone = [_alone(view, p, team) for p in range(len(view.rows))]
            for chosen in combinations(range(len(view.rows)), size):
                if not budget.spend():
                    return
                rows = mask(chosen)
                if representatives([view.row_sets[i] & rows for i in members]) is not None:
                    yield from _targets(view, members, alone, rows)


def _alone(view: View, p: int, team: int) -> int:
    """The columns in which only the team acts in row p, and observes all it could."""
    others = hidden = 0
    for i in bits(view.in_row[p]):
        if team >> i & 1:
            hidden |= view.col_sets[i] & ~view.observed[p]
        else:
            others |= view.col_sets[i] & view.observed[p]
    return ((1 << len(view.cols)) - 1) & ~hidden & ~others


def _targets(view: View, members: tuple[int, ...], alone: list[int], rows: int) -> Iterator[Forced]:
    team = mask(members)
    common = (1 << len(view.cols)) - 1
    for p in bits(rows):
        common &= alone[p]
    for row in range(len(view.rows)):
        if rows >> row & 1:
            continue
        for col in bits(alone[row] & view.observed[row]):
            cols = common & alone[row] & ~(1 << col)
            found = matching([view.col_sets[i] & cols for i in members])
            if -1 in found:
                continue
            for s in bits(view.covers(row, col)):
                if all(
                    not view.observed[p] >> col & 1 or view.covers(p, col) & ~team
                    for p in bits(rows & view.row_sets[s])
                ):
                    yield Forced(rows, mask(found), row, col, s)


def _all_but_one(view: View) -> Iterator[Forced]:
    """T = every neuron but h, in a complete group."""
    all_rows, all_cols = (1 << len(view.rows)) - 1, (1 << len(view.cols)) - 1
    if not view.all_complete or view.neurons > min(len(view.rows), len(view.cols)):
        return
    for h in range(view.neurons):
        others = [i for i in range(view.neurons) if i != h]
        cols = representatives([view.col_sets[i] & all_cols & ~view.col_sets[h] for i in others])
        if cols is None:
            continue
        for s in others:
            corner = view.row_sets[s] & ~view.row_sets[h]
            shared = view.col_sets[s] & view.col_sets[h]
            if not corner or not shared:
                continue
            rows = representatives([view.row_sets[i] & all_rows & ~corner for i in others])
            if rows is not None:
                yield Forced(mask(rows), mask(cols), lowest(corner), lowest(shared), s)


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when a row is forced, in the group or its transpose.

    >>> first = {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)}
    >>> apply(Group.of([first, {(1, 1), (1, 2), (2, 1), (2, 2)}])).data
    {'rows': [1, 2], 'cols': [1, 2], 'row': 0, 'col': 0, 'neuron': 0}
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is None:
        return transposed(problem) if find(view.transpose()) is not None else None
    data = {
        "rows": view.row_numbers(found.rows),
        "cols": view.col_numbers(found.cols),
        "row": view.rows[found.row],
        "col": view.cols[found.col],
        "neuron": found.neuron,
    }
    return Step("forced_row", Conclusion.NOT_CLOSED, data)
