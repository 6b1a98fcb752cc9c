"""Merged points: the two lemmas behind three rules, and the searches they have in common.

All graphs are complete, r is the number of neurons, 1_J the indicator vector of a set of rows,
and a neuron i *covers* J x K when J is inside R_i and K inside C_i.

*Merge lemma.*  Let A = XY have equal rows J.  If rank X = rank A (in particular if rank A = r),
the rows J of X are equal; so column i of X is constant on J, and 0 there unless J is inside R_i.
Proof: A and X have the same column space, so a row vector that annihilates A annihilates X.
Likewise for columns and Y.

*Uncrossing lemma.*  Let J be inside R_a | R_b, K inside C_a & C_b, j* in R_a & R_b outside J, k*
in C_a | C_b outside K.  Then 1_J 1_K^T + e_j* e_k*^T is a limit of sums of the two neurons a and
b: x_a = e_j* + t 1_(J & R_a), x_b = e_j* - t 1_(J - R_a), y_a = 1_K/t (+ e_k* if k* is in C_a),
y_b = -1_K/t (+ e_k* if it is not).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce as fold
from operator import and_

from cadlink.rules.bits import View, bits, representatives

__all__ = ["Budget", "covering", "crossing", "room", "shrink"]


class Budget:
    """A number of tries; ``spend`` says whether there is one left."""

    def __init__(self, tries: int) -> None:
        self.left = tries

    def spend(self) -> bool:
        """Use one try up."""
        self.left -= 1
        return self.left >= 0


def covering(view: View, rows: int, cols: int) -> int:
    """The neurons that cover rows x cols."""
    everyone = (1 << view.neurons) - 1
    sets = [view.in_row[p] for p in bits(rows)] + [view.in_col[q] for q in bits(cols)]
    return fold(and_, sets, everyone)


def crossing(view: View) -> list[tuple[int, int]]:
    """Pairs that share a cell, neither having all rows of the other; few neurons over J first."""
    found = []
    for a in range(view.neurons):
        for b in range(a):
            rows_a, rows_b = view.row_sets[a], view.row_sets[b]
            if not rows_a & ~rows_b or not rows_b & ~rows_a or not rows_a & rows_b:
                continue
            if view.col_sets[a] & view.col_sets[b]:
                found.append((a, b))
    return found


def room(
    view: View, a: int, b: int, without: Sequence[int], rows_used: int, cols_used: int
) -> bool:
    """Whether {R_a & R_b, R_i} have distinct representatives outside ``rows_used``, and
    {C_a | C_b, C_i} outside ``cols_used``; i runs over the neurons but a, b and ``without``."""
    others = [i for i in range(view.neurons) if i not in (a, b) and i not in without]
    if len(others) + 1 > min(
        len(view.rows) - rows_used.bit_count(), len(view.cols) - cols_used.bit_count()
    ):
        return False
    rows = [view.row_sets[a] & view.row_sets[b], *(view.row_sets[i] for i in others)]
    if representatives([s & ~rows_used for s in rows]) is None:
        return False
    cols = [view.col_sets[a] | view.col_sets[b], *(view.col_sets[i] for i in others)]
    return representatives([s & ~cols_used for s in cols]) is not None


def shrink(
    view: View,
    rows: int,
    cols: int,
    more_rows: int,
    more_cols: int,
    left: Callable[[int, int], int],
) -> tuple[int, int] | None:
    """Add rows and columns greedily until ``left(rows, cols)``, a set of neurons, is empty.

    Elements of ``more_rows`` and ``more_cols`` may be added; each time the one that leaves the
    fewest neurons.  None when nothing helps any more.
    """
    remaining = left(rows, cols)
    while remaining:
        best = remaining.bit_count()
        step = None
        for p in bits(more_rows & ~rows):
            count = (remaining & view.in_row[p]).bit_count()
            if count < best:
                best, step = count, (rows | 1 << p, cols)
        for q in bits(more_cols & ~cols):
            count = (remaining & view.in_col[q]).bit_count()
            if count < best:
                best, step = count, (rows, cols | 1 << q)
        if step is None:
            return None
        rows, cols = step
        remaining = left(rows, cols)
    return rows, cols
