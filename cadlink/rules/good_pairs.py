"""GOOD pairs: closed because every two blocks fit together.

Blocks R_a x C_a and R_b x C_b are GOOD if they have no common row or no common column; or are
*anti-nested* (R_a inside R_b and C_a contains C_b, or the other way round); or R_a = R_b is one
row; or C_a = C_b is one column.

*Theorem.*  If every graph is complete and every pair is GOOD, the set is closed.

*Proof, first step: no block with one row or one column.*  The one-row neurons are stars, together
free: absorb them.  Let b have two rows or more and share a cell of row j with the one-row neuron
h.  The pair is GOOD, which leaves C_h containing C_b; so b loses all of row j, and stays
complete.  Let R_a be inside R_b and C_a contain C_b, and j a row of R_a.  If a loses j to h, C_h
contains C_a, hence C_b, and b loses j.  If b loses j to h, C_h meets C_a as well, and a loses j.
So anti-nested pairs stay anti-nested; pairs without a common row or column stay so, and so do
pairs with the same single column.  In the same way absorb the one-column neurons.  All pairs are
now disjoint (no common row or column) or anti-nested.

*Second step.*  Merge equal blocks into classes of multiplicity m_i, and write a <= b when R_a is
inside R_b and C_a contains C_b.  The classes seeing column k form a down-set T_k, and two
incomparable ones in it have disjoint rows.  Let V_i be the span of the x_a, a <= i, a subspace of
R^(R_i).  Column k of A is an arbitrary vector of the direct sum of the V_i, i maximal in T_k. The
maximal elements below i share the columns C_i, so their rows are disjoint and their V's add
directly.  Put d_i = min(|R_i|, m_i + sum of d over the maximal elements below i).  Then A is in
the set iff there are subspaces V_i of R^(R_i) of dimension exactly d_i, each containing those
below it, with A[R_i, k] in V_i for i maximal in T_k and A[j, k] = 0 for the other j: given x,
enlarge the spans upwards to those dimensions; given the V_i, m_i vectors complete the sum of the
lower spaces to V_i.  These pairs (A, V) form a closed set and Grassmannians are compact, so its
projection is closed.

Contained in it: one complete block (rank <= 1), p equal blocks (rank <= p), laminar families, the
cross, disjoint blocks.  A pair that is not GOOD makes the two neurons alone not closed, but other
neurons may repair that, so failing the test says nothing.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "good"]


def good(rows_a: int, cols_a: int, rows_b: int, cols_b: int) -> bool:
    """Whether two blocks, given as bit sets, are GOOD.

    >>> good(0b11, 0b11, 0b01, 0b11), good(0b11, 0b11, 0b11, 0b01), good(0b11, 0b11, 0b10, 0b10)
    (True, True, False)
    """
    rows, cols = rows_a & rows_b, cols_a & cols_b
    if not rows or not cols:
        return True
    if (rows == rows_a and cols == cols_b) or (rows == rows_b and cols == cols_a):
        return True
    if rows_a == rows_b and rows_a.bit_count() == 1:
        return True
    return cols_a == cols_b and cols_a.bit_count() == 1


def apply(problem: Problem) -> Step | None:
    """A closed leaf when every graph is complete and every pair GOOD.

    >>> apply(Group.of_blocks([(range(3), range(3)), (range(2), range(3))])).rule
    'good_pairs'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    if not view.all_complete:
        return None
    blocks = list(dict.fromkeys(zip(view.row_sets, view.col_sets, strict=True)))
    if all(good(*a, *b) for position, a in enumerate(blocks) for b in blocks[:position]):
        return Step("good_pairs", Conclusion.CLOSED)
    return None
