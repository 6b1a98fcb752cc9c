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

*Search.*  One output after the other takes, in all columns at once, a unit that is still free
there: a few probes serve nearly all columns of a dense mask.  Only the columns where an output
went without get a maximum matching of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import maximum_bipartite_matching

from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["MAX_EDGES", "apply", "saturated"]

MAX_EDGES = 40_000_000  # edges of the graphs that get a maximum matching of their own
BLOCK = 32_000_000  # (units + outputs) x columns swept at once
FEW = 8  # units probed at first; twice as many every time
MANY = 4  # paths a cell, on average, from which the sweep pays
NARROWEST = 16  # columns with the fewest units, whose outputs are counted before all others

Ints = npt.NDArray[np.int64]


def saturated(pattern: Pattern) -> bool:
    """Whether every input of a two-mask pattern has a matching saturating its outputs.

    False also when looking would take too long.

    >>> saturated(Pattern.of(["11/01", "10/11"])), saturated(Pattern.of(["11/11", "11/11"]))
    (False, True)
    """
    below, above = pattern.layers
    outputs_of = above.T.tocsr()  # row i: the outputs of unit i
    sizes = np.diff(outputs_of.indptr)
    by_input = below.T.tocsr()  # row k: the units fed by input k
    columns, fed = _different(by_input, sizes)
    if columns is None:
        return False
    for k in columns[np.argsort(fed, kind="stable")[:NARROWEST]]:
        if _outputs(by_input, outputs_of, int(k)).size > np.count_nonzero(
            sizes[by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]]
        ):
            return False
    work = 0
    paths = int(sizes @ np.bincount(by_input.indices, minlength=sizes.size))
    sweep = paths > MANY * above.shape[0] * below.shape[1]
    step = max(1, BLOCK // max(1, sum(above.shape)))
    for start in range(0, columns.size, step):
        some = columns[start : start + step]
        if sweep:
            some = some[_left_out(above, by_input[some, :].T.toarray())]
        for k in some:
            units = by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]
            work += int(sizes[units].sum())
            if work > MAX_EDGES:
                return False
            graph = outputs_of[units, :][:, _outputs(by_input, outputs_of, int(k))].tocsr()
            if (maximum_bipartite_matching(graph, perm_type="row") < 0).any():
                return False
    return True


def _different(by_input: Mask, sizes: Ints) -> tuple[Ints | None, Ints]:
    """One input for every set of fed units, and how many of these reach an output.

    None when some unit has more outputs than its input feeds units.
    """
    first: dict[bytes, int] = {}
    fed = []
    for k, (low, high) in enumerate(zip(by_input.indptr[:-1], by_input.indptr[1:], strict=True)):
        units = by_input.indices[low:high]
        if first.setdefault(units.tobytes(), k) == k:
            its = sizes[units]
            fed.append(int(np.count_nonzero(its)))
            if its.size and its.max() > fed[-1]:
                return None, np.empty(0, dtype=np.int64)
    return np.fromiter(first.values(), np.int64, len(first)), np.array(fed, dtype=np.int64)


def _outputs(by_input: Mask, outputs_of: Mask, k: int) -> Ints:
    """The outputs that input k reaches."""
    reached = np.zeros(outputs_of.shape[1], dtype=np.bool_)
    for unit in by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]:
        reached[outputs_of.indices[outputs_of.indptr[unit] : outputs_of.indptr[unit + 1]]] = True
    return np.flatnonzero(reached)


def _left_out(above: Mask, fed: npt.NDArray[np.bool_]) -> Ints:
    """The columns (of ``fed``, units x columns) in which a greedy matching leaves an output out."""
    free = fed.copy()
    missing = np.zeros(fed.shape[1], dtype=np.bool_)
    degrees = np.diff(above.indptr)
    for turn, j in enumerate(np.argsort(degrees, kind="stable")):
        units = above.indices[above.indptr[j] : above.indptr[j + 1]]
        if not units.size:
            continue
        # The units the previous outputs took first are asked last.
        units = np.roll(units, -(turn * units.size // degrees.size))
        waiting = np.arange(fed.shape[1])
        for probe in _probes(units):
            offers = free[np.ix_(probe, waiting)]
            best = offers.argmax(axis=0)
            served = offers[best, np.arange(waiting.size)]
            free[probe[best[served]], waiting[served]] = False
            waiting = waiting[~served]
            if not waiting.size:
                break
        else:
            # An output that no fed unit reaches needs nothing.
            missing[waiting] |= fed[np.ix_(units, waiting)].any(axis=0)
    return np.flatnonzero(missing)


def _probes(units: Ints) -> Iterator[Ints]:
    """The units in pieces of growing size."""
    start, size = 0, FEW
    while start < units.size:
        yield units[start : start + size]
        start, size = start + size, 2 * size


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
