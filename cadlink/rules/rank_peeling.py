"""Rank peeling: blocks that are all but whole reach every matrix of rank at most their number.

Let a rectangle of n rows and m columns be given, and neurons inside it that observe all observed
cells of their R_i x C_i.  The *defect* of neuron i is c_i = (n - |R_i|) + (m - |C_i|).

*Theorem.*  Let the defects be c_1 <= c_2 <= ... and c_i <= i - 1 for i = 1..s.  Then every n x m
matrix A of rank at most s is a product of the first s neurons.  Consequences: if s = min(n, m),
these neurons are free on their cells, whichever cells are observed; if s is the number of all
neurons of a group and every cell of the rectangle is observed, the set is { A : rank A <= s },
closed.

*Proof.*  Induction on s; s = 0 is clear, and if rank A < s drop neuron s.  Let rank A = s, V its
column space, W its row space.  For x = A v in V and y = u^T A in W put <y, x> = u^T A v, which is
y v = u^T x and so depends on x and y only; this pairing of the s-dimensional spaces W and V is
perfect.  Let U be the x in V that vanish outside R_s, and U' the y in W that vanish outside C_s:
dim U + dim U' >= 2 s - c_s > s, so U' is not orthogonal to U.  Choose x = A v in U, y in U' with
<y, x> = 1 and let neuron s make x y.  Then A - x y has a smaller rank (Wedderburn): its kernel
contains that of A, since y is a row combination of A, and v, since (A - x y) v = x - x <y, x> = 0.
Neurons 1..s-1 make it by induction.  For the consequences, fill unobserved cells with zeros; and
a sum of s products has rank at most s.

Since c_1 = 0, the rectangle is the block of one of the neurons.  The case that all R_i are the
whole row set is ``full_factor.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "find"]


def find(view: View) -> Iterator[int]:
    """Sets of min(n, m) neurons (as bits) that are free on their cells, one per rectangle.

    >>> blocks = [(range(3), range(3)), (range(3), range(3)), ({1, 2}, {1, 2})]
    >>> [bin(chosen) for chosen in find(View.of(Group.of_blocks(blocks)))]
    ['0b111']
    """
    frames = dict.fromkeys(zip(view.row_sets, view.col_sets, strict=True))
    for rows, cols in frames:
        size = min(rows.bit_count(), cols.bit_count())
        chosen = _peelable(view, rows, cols)[:size]
        if len(chosen) == size >= 2:
            yield sum(1 << i for i in chosen)


def _peelable(view: View, rows: int, cols: int) -> list[int]:
    """The longest list of neurons inside the rectangle, by defect, with c_i <= i - 1."""
    inside = []
    for i, (its_rows, its_cols) in enumerate(zip(view.row_sets, view.col_sets, strict=True)):
        if not its_rows & ~rows and not its_cols & ~cols:
            defect = (rows & ~its_rows).bit_count() + (cols & ~its_cols).bit_count()
            inside.append((defect, i))
    chosen: list[int] = []
    for defect, i in sorted(inside):
        if defect > len(chosen):
            break
        chosen.append(i)
    return chosen


def apply(problem: Problem) -> Step | None:
    """A free or closed leaf when the theorem speaks about the whole group.

    >>> apply(Group.of_blocks([(range(3), range(3)), ({1, 2}, {0, 1, 2})])).conclusion.value
    'closed'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    n, m = len(view.rows), len(view.cols)
    chosen = _peelable(view, (1 << n) - 1, (1 << m) - 1)
    if len(chosen) >= min(n, m):
        return Step("rank_peeling", Conclusion.FREE)
    if len(chosen) == view.neurons and len(problem.cells) == n * m:
        return Step("rank_peeling", Conclusion.CLOSED)
    return None
