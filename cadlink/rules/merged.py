"""Merged points: what three rules have in common, searches and words.

All graphs are complete, r is the number of neurons, 1_J the indicator vector of a set of rows,
and a neuron i *covers* J x K when J is inside R_i and K inside C_i.  Two neurons that share a cell
and become parallel fill a block J x K with ones in the limit (*uncrossing*); and if rows J of
A = XY are equal and X has the rank of A, rows J of X are equal (*merging*), so only neurons that
cover J x K can be nonzero on it.  Proofs of both: kernel, merged_block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import reduce as fold
from operator import and_

from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, representatives
from cadlink.writing.curves import MINUS, ONE, UNDER, Curve, T
from cadlink.writing.formulas import setof, these

__all__ = ["COLLIDE", "Budget", "collision", "covering", "crossing", "merging", "room", "shrink"]


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


def crossing(view: View, clock: Clock) -> list[tuple[int, int]]:
    """Pairs that share a cell, neither having all rows of the other; few neurons over J first."""
    found = []
    for a in range(view.neurons):
        clock.check()
        for b in range(a):
            rows_a, rows_b = view.row_sets[a], view.row_sets[b]
            if not rows_a & ~rows_b or not rows_b & ~rows_a or not rows_a & rows_b:
                continue
            if view.col_sets[a] & view.col_sets[b]:
                found.append((a, b))
    return found


def room(
    view: View,
    a: int,
    b: int,
    without: Sequence[int],
    rows_used: int,
    cols_used: int,
    clock: Clock,
) -> bool:
    """Whether {R_a & R_b, R_i} have distinct representatives outside ``rows_used``, and
    {C_a | C_b, C_i} outside ``cols_used``; i runs over the neurons but a, b and ``without``."""
    others = [i for i in range(view.neurons) if i not in (a, b) and i not in without]
    if len(others) + 1 > min(
        len(view.rows) - rows_used.bit_count(), len(view.cols) - cols_used.bit_count()
    ):
        return False
    rows = [view.row_sets[a] & view.row_sets[b], *(view.row_sets[i] for i in others)]
    if representatives([s & ~rows_used for s in rows], clock) is None:
        return False
    cols = [view.col_sets[a] | view.col_sets[b], *(view.col_sets[i] for i in others)]
    return representatives([s & ~cols_used for s in cols], clock) is not None


def shrink(
    view: View,
    rows: int,
    cols: int,
    more_rows: int,
    more_cols: int,
    left: Callable[[int, int], int],
    clock: Clock,
) -> tuple[int, int] | None:
    """Add rows and columns greedily until ``left(rows, cols)``, a set of neurons, is empty.

    Elements of ``more_rows`` and ``more_cols`` may be added; each time the one that leaves the
    fewest neurons.  None when nothing helps any more.
    """
    remaining = left(rows, cols)
    while remaining:
        clock.check()
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


COLLIDE = "Let the neurons {a} and {b} collide: with all entries 0 except as shown,"


def collision(
    group: Group,
    pair: tuple[int, int],
    but: tuple[int, ...],
    found: Mapping[str, list[int]],
    target: tuple[list[int], list[int]],
) -> Curve:
    """The uncrossing of a and b to 1_J 1_K^T, with the representatives ``found`` by the kernel."""
    one, two = pair
    J, K = target
    rows = [r for r, _ in group.supports]
    cols = [c for _, c in group.supports]
    others = [i for i in range(len(rows)) if i not in (*pair, *but)]
    found_rows, found_cols = found["rows"], found["cols"]
    curve = Curve()
    for i in pair:
        curve.x(i, [found_rows[0]], ONE)
    curve.x(one, [j for j in J if j in rows[one]], T)
    curve.x(two, [j for j in J if j not in rows[one]], {1: Fraction(-1)})
    curve.y(one, K, UNDER)
    curve.y(two, K, MINUS)
    curve.y(one if found_cols[0] in cols[one] else two, [found_cols[0]], ONE)
    for place, i in enumerate(others, start=1):
        curve.x(i, [found_rows[place]], ONE)
        curve.y(i, [found_cols[place]], ONE)
    return curve


def merging(J: Collection[int], K: Collection[int]) -> str:
    """Why only neurons covering the block are nonzero on it."""
    return (
        f"The {these('row', J)} of A {'are equal' if len(J) > 1 else 'is one row'}, and Y has"
        " independent rows; so these rows of X are equal as well, and a neuron that is nonzero in"
        f" one of them is nonzero in all, hence has all rows {setof(J)}. In the same way it has"
        f" all columns {setof(K)} if it is nonzero in one of them."
    )
