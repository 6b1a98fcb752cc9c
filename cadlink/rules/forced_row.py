"""Forced row: p neurons alone on p + 1 rows and p columns, and on one cell that must then vanish.

Theorem and proof: kernel, forced_row.  p = 1 is the unique owner of ``forcing``.

In small groups all choices of the neurons T and the rows R are tried.  In a complete group T is
also every neuron but h: then the columns avoid C_h, R avoids R_s - R_h, j is in R_s - R_h, k in C_s
and C_h, and two matchings decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, mask, matching, representatives
from cadlink.rules.merged import Budget
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MINUS, MISSED, ONE, UNDER, Curve, T
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import a, cell, math, setof

__all__ = ["RULE", "Forced", "find", "search"]

_TRIES = 4000  # sets of rows looked at for sets T of two or more neurons


@dataclass(frozen=True)
class Forced:
    """R1 and K1 as bit sets, j*, k* and s; all by position."""

    rows: int
    cols: int
    row: int
    col: int
    neuron: int


def search(view: View, clock: Clock = UNLIMITED) -> Forced | None:
    """Such rows and columns, or None."""
    return next(_all_but_one(view, clock), None) or next(_small(view, clock), None)


def _small(view: View, clock: Clock) -> Iterator[Forced]:
    """All teams T of two neurons or more and all rows R1, while the budget lasts."""
    budget = Budget(_TRIES)
    for size in range(2, min(view.neurons, len(view.rows) - 1, len(view.cols) - 1) + 1):
        for members in combinations(range(view.neurons), size):
            team = mask(members)
            alone = [_alone(view, p, team) for p in range(len(view.rows))]
            for chosen in combinations(range(len(view.rows)), size):
                if not budget.spend():
                    return
                clock.check()
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


def _all_but_one(view: View, clock: Clock) -> Iterator[Forced]:
    """T = every neuron but h, in a complete group."""
    all_rows, all_cols = (1 << len(view.rows)) - 1, (1 << len(view.cols)) - 1
    if not view.all_complete or view.neurons > min(len(view.rows), len(view.cols)):
        return
    for h in range(view.neurons):
        others = [i for i in range(view.neurons) if i != h]
        free_cols = all_cols & ~view.col_sets[h]
        cols = representatives([view.col_sets[i] & free_cols for i in others], clock)
        if cols is None:
            continue
        for s in others:
            corner = view.row_sets[s] & ~view.row_sets[h]
            shared = view.col_sets[s] & view.col_sets[h]
            if not corner or not shared:
                continue
            rows = representatives([view.row_sets[i] & all_rows & ~corner for i in others], clock)
            if rows is not None:
                yield Forced(mask(rows), mask(cols), lowest(corner), lowest(shared), s)


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when a row is forced.

    >>> first = {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)}
    >>> find(Group.of([first, {(1, 1), (1, 2), (2, 1), (2, 2)}])).data
    {'rows': [1, 2], 'cols': [1, 2], 'row': 0, 'col': 0, 'neuron': 0}
    """
    view = View.of(group)
    found = search(view, clock)
    if found is None:
        return None
    data = {
        "rows": view.row_numbers(found.rows),
        "cols": view.col_numbers(found.cols),
        "row": view.rows[found.row],
        "col": view.cols[found.col],
        "neuron": found.neuron,
    }
    return Step("forced_row", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """p neurons alone on p + 1 rows and p columns."""
    rows, cols, j, k, s = (
        told.data["rows"],
        told.data["cols"],
        told.data["row"],
        told.data["col"],
        told.data["neuron"],
    )
    row_of, col_of = told.facts["row"], told.facts["column"]
    team = list(row_of)
    curve = Curve()
    for i in team:
        curve.x(i, [row_of[i]], ONE)
        curve.y(i, [col_of[i]], ONE)
    curve.x(s, [j], T)
    curve.y(s, [k], UNDER)
    top = row_of[s]
    words = "Let all entries be 0 except as shown."
    if (top, k) in group.neurons[s]:
        helper = next(i for i in group.owners[top, k] if i not in team)
        curve.x(helper, [top], MINUS)
        curve.y(helper, [k], ONE)
        words += f" Neuron {helper} cancels the 1/t of neuron {s} in the cell {cell(top, k)}."
    else:
        words += f" Neuron {s} does not observe the cell {cell(top, k)}."
    p = len(rows)
    return (
        Paragraph(
            f"Let R = {setof(rows)}, C = {setof(cols)}, j = {j} and k = {k}. In the cells of"
            f" {math('(R + j) x C')} and in {cell(j, k)} only the"
            f" {'neuron' if p == 1 else f'{p} neurons'} of T = {setof(team)} can contribute."
        ),
        Paragraph(
            f"So if A is in the set, {math('A[R, C] = X[R, T] Y[T, C]')}"
            f" and {math('A[j, C] = X[j, T] Y[T, C]')} (zeros put in"
            f" for unobserved entries). If {math('A[R, C]')} is invertible,"
            f" {math('Y[T, C]')} is; if moreover"
            f" {math('A[j, C] = 0')}, then {math('X[j, T] = 0')}, and"
            f" {a(j, k) + ' = 0'}.",
            MISSED,
        ),
        *curve.shown(group, words),
        Paragraph(
            f"In the limit {math('A[R, C]')} is invertible,"
            f" {math('A[j, C] = 0')} and {a(j, k) + ' = 1'}: it is missed."
        ),
    )


RULE = Rule(
    name="forced_row",
    about=Group,
    both_ways=True,
    find=find,
    account="a few hidden units alone carry some rows and columns of entries, and one row cannot"
    " vanish beside a certain nonzero entry, though it does in the limit",
    title="a forced row",
    explain=explain,
    cost="a matching for every two neurons; 4000 sets of rows in small groups",
)
