"""Rigid collision: two neurons that must share a direction which one alone can carry.

*Theorem.*  Let all graphs be complete, r the number of neurons, and a, b two of them sharing a
cell.  If
(i) the column sets C_a | C_b, C_a & C_b, C_i (i != a, b) have distinct representatives, (ii) so
have the row sets R_b - R_a, R_i - R_a (i != a, b), and (iii) so have R_a - R_b, R_i - R_b, the
set is not closed.

*Approached.*  Uncrossing: the closure contains every sum in which the blocks of a and b are
replaced by (R_a & R_b) x (C_a | C_b) and (R_a | R_b) x (C_a & C_b).  For let x live on R_a & R_b,
y on C_a | C_b, z on R_a | R_b, w on C_a & C_b; write y = y_a + y_b and z = z_a - z_b with parts
on C_a, C_b, R_a, R_b.  Then x_a = x + t z_a, x_b = x + t z_b, Y_a = y_a + w/t, Y_b = y_b - w/t
give x y^T + z w^T + O(t).
*Missed.*  Let A be a generic such sum.  By (i) its right factor has rank r, by (ii) (with a row
of R_a & R_b for x) so has the left one: A has rank r and column space V, the span of x, z and the
x_i.  By (ii) the vectors of V that vanish outside R_a are the multiples of x: the entries of z
and the x_i outside R_a are independent.  By
(iii) the same holds outside R_b.  If A = XY with the original supports, the r columns of X are a
basis of V, but x_a and x_b are both multiples of x.
"""

from __future__ import annotations

from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, representatives
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "find"]


def find(view: View) -> tuple[int, int] | None:
    """Neurons a, b to which the theorem applies, or None."""
    r = view.neurons
    if not view.all_complete or r < 2 or r > min(len(view.rows), len(view.cols)):
        return None
    # rigid[a]: the row sets without R_a have representatives, whichever partner b is (those of R_b
    # and of the other neurons: all but a).
    rigid = [
        representatives([view.row_sets[i] & ~view.row_sets[a] for i in range(r) if i != a])
        is not None
        for a in range(r)
    ]
    for a, b in combinations([a for a in range(r) if rigid[a]], 2):
        if not view.row_sets[a] & view.row_sets[b] or not view.col_sets[a] & view.col_sets[b]:
            continue
        cols = [view.col_sets[i] for i in range(r) if i not in (a, b)]
        cols.append(view.col_sets[a] & view.col_sets[b])
        cols.append(view.col_sets[a] | view.col_sets[b])
        if representatives(cols) is not None:
            return a, b
    return None


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when two neurons collide, in the group or its transpose.

    >>> blocks = [({0, 1, 2}, {0, 1, 2}), ({0, 1, 3}, {0, 1, 3})]
    >>> apply(Group.of_blocks(blocks)).data
    {'a': 0, 'b': 1}
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is not None:
        return Step("rigid_collision", Conclusion.NOT_CLOSED, {"a": found[0], "b": found[1]})
    return transposed(problem) if find(view.transpose()) is not None else None
