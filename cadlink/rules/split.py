"""Split: connected components of the layered graph are independent.

*Theorem.*  Let the trimmed pattern's layered graph have the components I^1, ..., I^s.  L_I is
closed (is everything on its support) iff every L_{I^c} is.
*Proof.*  A path stays in one component, so the entries of a product between an input and an output
of one component depend on the parameters of that component only, and all others are 0.  After
reordering rows and columns L_I is the set of block-diagonal matrices with blocks chosen freely from
the L_{I^c}: a product of nonempty sets, closed iff every factor is.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import is_trimmed
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply"]


def apply(problem: Problem) -> Step | None:
    """One part per component, ordered by smallest input, when the trimmed pattern has several.

    >>> [part.inline() for part in apply(Pattern.of(["101/010", "10/01"])).parts]
    ['11;1', '1;1']
    """
    if not isinstance(problem, Pattern) or not is_trimmed(problem):
        return None
    first = np.concatenate(([0], np.cumsum(problem.widths)))
    heads, tails = [], []
    for layer, mask in enumerate(problem.layers):
        edges = mask.tocoo()
        tails.append(edges.col.astype(np.int64) + first[layer])
        heads.append(edges.row.astype(np.int64) + first[layer + 1])
    ends = (np.concatenate(heads), np.concatenate(tails))
    total = int(first[-1])
    graph = sp.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(total, total))
    count, labels = connected_components(graph.tocsr(), directed=False)
    if count < 2:
        return None
    # Sorting the units by component once keeps this linear however many components there are.
    _, start = np.unique(labels, return_index=True)
    parts = []
    by_layer = []
    for layer in range(problem.depth + 1):
        of_layer = labels[first[layer] : first[layer + 1]]
        order = np.argsort(of_layer, kind="stable")
        cuts = np.searchsorted(of_layer[order], np.arange(count + 1))
        by_layer.append((order, cuts))
    for component in np.argsort(start, kind="stable"):
        units = [order[cuts[component] : cuts[component + 1]] for order, cuts in by_layer]
        parts.append(problem.select(units))
    return Step("split", Conclusion.ALL, {}, tuple(parts))
