"""Owners: p neurons alone on a (p+1) x (p+1) square but for one corner, which they share.

*Theorem.*  Let |R1| = |C1| = p, j a row outside R1, k a column outside C1, and let T be the
neurons covering some cell of R1 x (C1 + k) or (R1 + j) x C1, all of which are observed or covered
by no neuron.  If |T| = p, the rows R1 have distinct representatives among the neurons T (each one
seeing its row), so have the columns C1, and some i in T and some h outside T both cover (j, k)
(or (j, k) is not observed, and no h is needed), then the set is not closed.

*Missed.*  Let A11 = A[R1, C1], a12 = A[R1, k], a21 = A[j, C1].  Only neurons of T act on these
cells, so if A = XY then [A11 | a12] = X[R1, T] Y[T, C1 + k] and [A11; a21] = X[R1 + j, T] Y[T,
C1].  If both have rank p, X[R1, T] and Y[T, C1] are invertible p x p matrices, and det A11 != 0.
*Approached.*  Take the other neurons of T generic on these rows and columns, x_i = t u on R1 and
1 at j, y_i = v on C1 and 1/t at k, u and v generic, x_h = 1 at j, y_h = -1/t at k.  On R1 x C1
the limit is the sum of the p - 1 others, hence det A11 = 0.  [A11 | a12] = X'[Y' | *; 0 | 1] with
X' = (the other x, u) invertible by the first matching, Y' = the other y on C1, of rank p - 1 by
the second: rank p.  Likewise [A11; a21].  At (j, k) the 1/t cancel, elsewhere everything is 0.

p = 1 is the unique owner of ``forcing``.  Here: p = 2 by trying all pairs of neurons and rows in
small groups, and T = all neurons but one of any number, where R1, C1 must avoid the rows and
columns of that one and everything is a matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, mask, representatives
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["Owned", "apply", "find"]

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


def find(view: View) -> Owned | None:
    """Such a square, or None."""
    return next(_all_but_one(view), None) or next(_pairs(view), None)


def _all_but_one(view: View) -> Iterator[Owned]:
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
        rows = representatives([view.row_sets[i] & free_rows for i in others])
        if rows is None:
            continue
        cols = representatives([view.col_sets[i] & free_cols for i in others])
        if cols is None:
            continue
        i = shared[0]
        p = lowest(view.row_sets[i] & view.row_sets[h])
        q = lowest(view.col_sets[i] & view.col_sets[h])
        yield Owned(mask(rows), mask(cols), p, q, i, h)


def _pairs(view: View) -> Iterator[Owned]:
    """p = 2: for two neurons and two rows the columns where nobody else acts."""
    n, r = len(view.rows), view.neurons
    if r * (r - 1) * n * (n - 1) // 4 > _PAIR_TRIES:
        return
    for a, b in combinations(range(r), 2):
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


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when such a square is found (the theorem is its own transpose).

    >>> apply(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])).data["neuron"]
    0
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
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
