"""Merged cross: a block of ones shared between three neurons, also when there are as many as rows.

*Theorem.*  (Notation and lemmas: ``merged.py``.)  Let a, b, c be distinct neurons, J a set of
rows with j0 in J, K a set of columns with k0 in K, such that no neuron covers J x {k0} and none
covers {j0} x K; J is inside R_a | R_b, k0 is in C_a & C_b, and c covers J x (K - k0).  Let {R_a &
R_b, R_i (i != a, b, c)} have distinct representatives outside J, and {C_a | C_b, C_i} outside K.
Then the set is not closed.

*Proof.*  A = 1_J 1_K^T + e_j* e_k*^T + sum over i != a, b, c of e_(j_i) e_(k_i)^T is a limit: by
the uncrossing lemma a and b give the ones on J x {k0} and at (j*, k*), c gives the other columns
of K.  Its rank is r - 1.  If A = XY, Sylvester's inequality gives rank X + rank Y - r <= r - 1,
so rank X or rank Y is r - 1 = rank A.  In the first case, by the merge lemma, only a neuron
covering J x {k0} can be nonzero on a cell of J x {k0}, where A is 1; in the second only one
covering {j0} x K on {j0} x K.  There is none.

Searched with |J| = |K| = 2, all of them, by bit operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits
from cadlink.rules.merged import Budget, room
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["Cross", "apply", "find"]

_ROOMS = 250  # pairs of matchings per orientation


@dataclass(frozen=True)
class Cross:
    """By position: neurons a, b, c; rows j0, j1 and columns k0, k1 of J and K."""

    a: int
    b: int
    c: int
    j0: int
    j1: int
    k0: int
    k1: int


def find(view: View) -> Cross | None:
    """Such a cross with |J| = |K| = 2, or None."""
    if not view.all_complete or view.neurons < 3:
        return None
    if view.neurons > min(len(view.rows), len(view.cols)):
        return None
    rooms = Budget(_ROOMS)
    for cross in _candidates(view):
        if not rooms.spend():
            return None
        rows, cols = 1 << cross.j0 | 1 << cross.j1, 1 << cross.k0 | 1 << cross.k1
        if room(view, cross.a, cross.b, (cross.c,), rows, cols):
            return cross
    return None


def _candidates(view: View) -> Iterator[Cross]:
    in_row, in_col = view.in_row, view.in_col
    for j0, with_j0 in enumerate(in_row):
        # For every k0 the columns k1 such that no neuron sees (j0, k0) and (j0, k1).
        apart = [0] * len(in_col)
        for k0, with_k0 in enumerate(in_col):
            seen = 0
            for i in bits(with_j0 & with_k0):
                seen |= view.col_sets[i]
            apart[k0] = ((1 << len(in_col)) - 1) & ~seen & ~(1 << k0)
        for j1, with_j1 in enumerate(in_row):
            both = with_j0 & with_j1
            if j1 == j0 or not both:
                continue
            for k0, with_k0 in enumerate(in_col):
                if both & with_k0 or not with_j0 & with_k0 or not with_j1 & with_k0:
                    continue
                k1 = next((k for k in bits(apart[k0]) if both & in_col[k]), None)
                if k1 is None:
                    continue
                for a in bits(with_j0 & with_k0):
                    for b in bits(with_j1 & with_k0):
                        if view.row_sets[a] & view.row_sets[b]:
                            c = (both & in_col[k1]).bit_length() - 1
                            yield Cross(a, b, c, j0, j1, k0, k1)


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when such a cross is found, in the group or its transpose.

    >>> blocks = [({0, 2}, {0, 2}), ({1, 2}, {0, 2}), ({0, 1}, {1})]
    >>> apply(Group.of_blocks(blocks)).rule
    'merged_cross'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is None:
        return transposed(problem) if find(view.transpose()) is not None else None
    data = {
        "a": found.a,
        "b": found.b,
        "i1": found.c,
        "J": sorted((view.rows[found.j0], view.rows[found.j1])),
        "K": sorted((view.cols[found.k0], view.cols[found.k1])),
        "j0": view.rows[found.j0],
        "k0": view.cols[found.k0],
    }
    return Step("merged_cross", Conclusion.NOT_CLOSED, data)
