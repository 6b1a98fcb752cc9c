"""Owners: p neurons alone on a (p+1) x (p+1) square but for one corner, which they share.

They must make the p x p block invertible, but in the limit it need not be.  Theorem and proof:
kernel, owners; the theorem is its own transpose.

p = 1 is the unique owner of ``forcing``.  Here: p = 2 by trying all pairs of neurons and rows in
small groups, and all neurons but one of any number, where the rows and columns must avoid those of
that one and everything is a matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, mask, representatives
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MINUS, MISSED, ONE, UNDER, Curve, T
from cadlink.writing.document import Block, Blocks, Paragraph
from cadlink.writing.formulas import cell, math, setof

__all__ = ["RULE", "Owned", "find", "search"]

_PAIR_TRIES = 20000  # pairs of neurons times pairs of rows looked at for p = 2


@dataclass(frozen=True)
class Owned:
    """R1 and C1 as bit sets, the corner (row, col), i and h; all by position."""

    rows: int
    cols: int
    row: int
    col: int
    neuron: int
    helper: int | None


def search(view: View, clock: Clock = UNLIMITED) -> Owned | None:
    """Such a square, or None."""
    return next(_all_but_one(view, clock), None) or next(_pairs(view, clock), None)


def _all_but_one(view: View, clock: Clock) -> Iterator[Owned]:
    """T = every neuron but h."""
    all_rows, all_cols = (1 << len(view.rows)) - 1, (1 << len(view.cols)) - 1
    if view.neurons < 2 or not view.all_complete:
        return
    for h in range(view.neurons):
        free_rows, free_cols = all_rows & ~view.row_sets[h], all_cols & ~view.col_sets[h]
        others = [i for i in range(view.neurons) if i != h]
        # The neurons that could be i: they share a cell with h.
        shared = [
            i
            for i in others
            if view.row_sets[i] & view.row_sets[h] and view.col_sets[i] & view.col_sets[h]
        ]
        if not shared:
            continue
        rows = representatives([view.row_sets[i] & free_rows for i in others], clock)
        if rows is None:
            continue
        cols = representatives([view.col_sets[i] & free_cols for i in others], clock)
        if cols is None:
            continue
        i = shared[0]
        p = lowest(view.row_sets[i] & view.row_sets[h])
        q = lowest(view.col_sets[i] & view.col_sets[h])
        yield Owned(mask(rows), mask(cols), p, q, i, h)


def _pairs(view: View, clock: Clock) -> Iterator[Owned]:
    """p = 2: for two neurons and two rows the columns where nobody else acts."""
    n, r = len(view.rows), view.neurons
    if r * (r - 1) * n * (n - 1) // 4 > _PAIR_TRIES:
        return
    for a, b in combinations(range(r), 2):
        clock.check()
        pair = 1 << a | 1 << b
        # own[p]: columns q with (p, q) known and covered by no neuron outside the pair.
        own = [_without(view, p, pair) for p in range(n)]
        rows_a, rows_b = view.row_sets[a], view.row_sets[b]
        for p1, p2 in combinations(bits(rows_a | rows_b), 2):
            pivots = mask((p1, p2))
            if representatives([rows_a & pivots, rows_b & pivots]) is None:
                continue
            both = own[p1] & own[p2]
            if both.bit_count() < 3:
                continue
            for p in bits((rows_a | rows_b) & ~pivots):
                yield from _columns(view, (a, b), pivots, both, p, own[p])


def _columns(
    view: View, pair: tuple[int, int], rows: int, both: int, p: int, own: int
) -> Iterator[Owned]:
    cols_a, cols_b = (view.col_sets[i] for i in pair)
    for chosen in combinations(bits(both & own), 2):
        cols = mask(chosen)
        if representatives([cols_a & cols, cols_b & cols]) is None:
            continue
        for q in bits(both & ~cols):
            covering = view.covers(p, q)
            inside = [i for i in pair if covering >> i & 1]
            if not inside:
                continue
            outside = covering & ~mask(pair)
            if not view.observed[p] >> q & 1:
                yield Owned(rows, cols, p, q, inside[0], None)
            elif outside:
                yield Owned(rows, cols, p, q, inside[0], lowest(outside))


def _without(view: View, p: int, pair: int) -> int:
    """Known cells of row p on which no neuron outside the pair acts."""
    others = 0
    for i in bits(view.in_row[p] & ~pair):
        others |= view.col_sets[i]
    return view.known[p] & ~others


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such a square is found.

    >>> find(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])).data["neuron"]
    0
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
        "helper": found.helper,
    }
    return Step("owners", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """p neurons alone on a square but for one corner."""
    rows, cols, j, k = told.data["rows"], told.data["cols"], told.data["row"], told.data["col"]
    first, helper = told.data["neuron"], told.data["helper"]
    row_of, col_of = told.facts["row"], told.facts["column"]
    team = list(row_of)
    curve = Curve()
    for i in team:
        curve.x(i, [row_of[i]], T if i == first else ONE)
        curve.y(i, [col_of[i]], ONE)
    curve.x(first, [j], ONE)
    curve.y(first, [k], UNDER)
    if helper is not None:
        curve.x(helper, [j], ONE)
        curve.y(helper, [k], MINUS)
    p = len(rows)
    corner = (
        f"nobody needs to look at the cell {cell(j, k)}, which neuron {first} does not observe"
        if helper is None
        else f"neuron {helper} cancels the 1/t of neuron {first} in the cell {cell(j, k)}"
    )
    R, C, its = setof(rows), setof(cols), setof(team)
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"Let R = {R}, C = {C}, j = {j} and k = {k}. In the cells of"
            f" {math('R x (C + k)')} and"
            f" {math('{j} x C')} only the"
            f" {'neuron' if p == 1 else f'{p} neurons'} of T = {its} can contribute."
        ),
        Paragraph(
            "So if A is in the set,"
            f" {math('A[R, C + k] = X[R, T] Y[T, C + k]')}"
            f" and {math('A[R + j, C] = X[R + j, T] Y[T, C]')}"
            f" (zeros put in for unobserved entries). If both have rank {p}, the"
            f" {math(f'{p} x {p}')} matrices"
            f" {math('X[R, T]')} and {math('Y[T, C]')} are invertible, and so"
            f" is {math('A[R, C]')}, their product.",
            MISSED,
        ),
        *curve.shown(group, f"Let all entries be 0 except as shown; {corner}."),
        Paragraph(
            f"In the limit {math('A[R, C + k]')} and"
            f" {math('A[R + j, C]')} have rank {p}, but"
            f" {math('A[R, C]')} has rank {p - 1}: it is missed."
        ),
    )
    return blocks


RULE = Rule(
    name="owners",
    about=Group,
    find=find,
    account="a few hidden units alone carry a block of entries, which must stay invertible, though"
    " in the limit it need not",
    title="a block that must stay invertible",
    explain=explain,
    cost="two matchings for every neuron; pairs of neurons and of rows in small groups",
)
