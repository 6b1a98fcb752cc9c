"""Matchings in a whole two-mask pattern, without making a group of it.

*Theorem.*  Let L = 2.  For every input k join output j to hidden unit i when k -> i and i -> j are
edges. If for every k some matching saturates the outputs joined to anything, L_I is every matrix
on the support.
*Proof.*  Fix X_2.  Column k of the product is X_2[R, T] y, where T are the units fed by k and R
the outputs they reach.  The matching is a nonzero term of a maximal minor of X_2[R, T], whose
entries are distinct variables or 0, so generic X_2 has full row rank there, for all k at once;
then y solves column k for every right-hand side.

The same for the transposed pattern.  Inputs with the same T need one matching.  Two tests cost
next to nothing and usually end the matter: R must not be larger than T, nor larger than any of its
own parts.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import maximum_bipartite_matching

from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["MAX_EDGES", "apply", "saturated"]

MAX_EDGES = 20_000_000  # edges of all the bipartite graphs together


def saturated(pattern: Pattern) -> bool:
    """Whether every input of a two-mask pattern has a matching saturating its outputs.

    False also when looking would take too long.

    >>> saturated(Pattern.of(["11/01", "10/11"])), saturated(Pattern.of(["11/11", "11/11"]))
    (False, True)
    """
    by_unit = pattern.layers[1].T.tocsr()  # row i: the outputs of unit i
    sizes = np.diff(by_unit.indptr)
    by_input = pattern.layers[0].T.tocsr()  # row k: the units fed by input k
    different: dict[bytes, np.ndarray] = {}
    for k in range(pattern.widths[0]):
        fed = by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]
        fed = fed[sizes[fed] > 0]
        if fed.size:
            if int(sizes[fed].max()) > fed.size:
                return False
            different[fed.tobytes()] = fed
    if sum(int(sizes[fed].sum()) for fed in different.values()) > MAX_EDGES:
        return False
    tasks = []
    for fed in different.values():
        rows = by_unit[fed, :]
        outputs = np.unique(rows.indices)
        if outputs.size > fed.size:
            return False
        tasks.append((fed, outputs))
    for fed, outputs in tasks:
        graph = by_unit[fed, :][:, outputs].tocsr()
        if (maximum_bipartite_matching(graph, perm_type="row") < 0).any():
            return False
    return True


def apply(problem: Problem) -> Step | None:
    """A free leaf for a two-mask pattern with the matchings, or the step that transposes it to one.

    >>> apply(Pattern.of(["11/11/11", "111/111"])).rule
    'matching'
    >>> apply(Pattern.of(["11/11/11", "111/111/111"])).rule
    'matching'
    """
    if not isinstance(problem, Pattern) or problem.depth != 2:
        return None
    if saturated(problem):
        return Step("matching", Conclusion.FREE)
    transposed = problem.transpose()
    if saturated(transposed):
        return Step("transpose", Conclusion.SAME, {}, (transposed,))
    return None
