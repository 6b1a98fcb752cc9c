"""Dense top: all masks full but the first, whose rows are nested or disjoint: closed.

*Theorem.*  Let L >= 2, let I_2, ..., I_L be all ones, and let the rows C_1, ..., C_n of I_1 (the
inputs of each first-layer unit) be laminar: every two nested or disjoint.  Then L_I is closed.

*Proof.*  Put r = min(N_1, ..., N_L).  The products B = X_L ... X_2 of full factors are all
matrices of rank at most r, so A is in L_I iff A = B X_1 for such a B: column k of A lies in the
span of the columns b_i of B with k in C_i.  The different nonempty sets among the C_i form a
forest under inclusion; a node C has multiplicity m_C, and d_C = min(r, m_C + d_parent) (d_parent =
0 at a root).  Claim: A is in L_I iff there are a subspace V of R^{N_L} of dimension r and
subspaces V_C of V of dimension d_C, one for each node, with V_parent inside V_C, such that column
k of A lies in V_C for the smallest C containing k, and is 0 when there is none.

If A = B X_1, extend the column space of B to V of dimension r.  From the roots down let V_C
contain V_parent and the b_i with C_i = C: these span at most d_parent + m_C dimensions, inside V,
so V_C of dimension d_C exists. By induction V_C contains b_i for every C_i containing C.
Conversely, given the spaces, choose the b_i with C_i = C to span V_C together with V_parent (d_C -
d_parent <= m_C vectors are needed), and b_i = 0 for empty C_i: then V_C is the span of the b_i
with C_i containing C, B has its columns in V, hence rank at most r.

The pairs (A, spaces) form a closed set, since "column k lies in V_C" and the inclusions are closed
conditions, and Grassmannians are compact: the projection to A is closed.

The same for the transpose: all masks full but the last, whose columns are laminar.  (Laminar
families for L = 2 and flags: see also good_pairs; low-rank matrices: all masks full.)
"""

from __future__ import annotations

import numpy as np

from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "has_dense_top"]


def has_dense_top(pattern: Pattern) -> bool:
    """Whether the theorem speaks about the pattern as it stands.

    >>> has_dense_top(Pattern.of(["110/100/001", "111/111"]))
    True
    """
    if pattern.depth < 2:
        return False
    if any(mask.nnz != mask.shape[0] * mask.shape[1] for mask in pattern.layers[1:]):
        return False
    rows = pattern.layers[0]
    # Larger sets first; smallest[k] is the last set seen that contains k.  While the sets seen are
    # laminar, that is the smallest one, and a further set fits iff all its elements agree on it.
    smallest = np.full(pattern.widths[0], -1, dtype=np.int64)
    for row in np.argsort(-np.diff(rows.indptr), kind="stable"):
        members = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
        if members.size:
            if (smallest[members] != smallest[members[0]]).any():
                return False
            smallest[members] = row
    return True


def apply(problem: Problem) -> Step | None:
    """A closed leaf, or the step that transposes the pattern to one; None otherwise.

    >>> apply(Pattern.of(["11/11", "11/11", "11/11"])).rule
    'dense_top'
    >>> apply(Pattern.of(["11/11", "10/11"])).rule
    'transpose'
    """
    if not isinstance(problem, Pattern):
        return None
    if has_dense_top(problem):
        return Step("dense_top", Conclusion.CLOSED)
    transposed = problem.transpose()
    if has_dense_top(transposed):
        return Step("transpose", Conclusion.SAME, {}, (transposed,))
    return None
