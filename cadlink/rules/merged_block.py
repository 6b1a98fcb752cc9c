"""Merged block: a block of ones that equal rows and columns leave to no neuron.

*Theorem.*  (Notation and lemmas: ``merged.py``.)  Let a != b, J inside R_a | R_b and K inside C_a
& C_b, not empty, such that no neuron covers all of J x K.  Let the row sets R_a & R_b and R_i (i
!= a, b) have distinct representatives j*, j_i outside J, the column sets C_a | C_b and C_i
distinct representatives k*, k_i outside K. Then the set is not closed.

*Proof.*  A = 1_J 1_K^T + e_j* e_k*^T + sum over i != a, b of e_(j_i) e_(k_i)^T is a limit by the
uncrossing lemma, of rank 1 + 1 + (r - 2) = r.  Suppose A = XY.  Rows J of A are equal and columns
K are, so by the merge lemma a neuron that is not 0 on J x K covers all of it.  There is none, but
A is 1 there.
"""

from __future__ import annotations

from collections.abc import Iterator

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits
from cadlink.rules.merged import Budget, covering, crossing, room, shrink
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "candidates", "find"]

_STARTS = 2000  # greedy searches per orientation
_ROOMS = 150  # pairs of matchings per orientation
_CHOICES = 3  # rows tried on either side of a pair


def find(view: View) -> tuple[int, int, int, int] | None:
    """a, b, J, K (bit sets) to which the theorem applies, or None."""
    # J has two rows or more, K a column or more, and r - 1 representatives lie outside.
    if not view.all_complete or view.neurons > min(len(view.rows) - 1, len(view.cols)):
        return None
    rooms = Budget(_ROOMS)
    for a, b, rows, cols in candidates(view, 0):
        if not rooms.spend():
            return None
        if room(view, a, b, (), rows, cols):
            return a, b, rows, cols
    return None


def candidates(view: View, exempt: int) -> Iterator[tuple[int, int, int, int]]:
    """a, b, J, K such that at most the neurons ``exempt`` cover all of J x K."""
    starts = Budget(_STARTS)
    for a, b in crossing(view):
        if exempt & (1 << a | 1 << b):
            continue
        rows_a, rows_b = view.row_sets[a], view.row_sets[b]
        shared = view.col_sets[a] & view.col_sets[b]
        for p in _rarest(view, rows_a & ~rows_b):
            for q in _rarest(view, rows_b & ~rows_a):
                if not starts.spend():
                    return
                found = shrink(
                    view,
                    1 << p | 1 << q,
                    0,
                    rows_a | rows_b,
                    shared,
                    lambda rows, cols: covering(view, rows, cols) & ~exempt,
                )
                if found is not None:
                    rows, cols = found
                    yield a, b, rows, cols or shared & -shared


def _rarest(view: View, rows: int) -> list[int]:
    return sorted(bits(rows), key=lambda p: view.in_row[p].bit_count())[:_CHOICES]


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when such a block is found, in the group or its transpose.

    >>> blocks = [({0, 1, 3}, {0, 1, 3}), ({0, 2, 4}, {0, 2, 3})]
    >>> apply(Group.of_blocks(blocks)).data
    {'a': 1, 'b': 0, 'J': [1, 2], 'K': [0]}
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is not None:
        a, b, rows, cols = found
        data = {"a": a, "b": b, "J": view.row_numbers(rows), "K": view.col_numbers(cols)}
        return Step("merged_block", Conclusion.NOT_CLOSED, data)
    return transposed(problem) if find(view.transpose()) is not None else None
