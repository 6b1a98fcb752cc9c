"""Merged crosses in large masks, by matrix products instead of sets.

Theorem and proof: kernel, merged_cross (of chains).  For an output j0 two products of the masks
show all inputs k0, k1 such that no unit sees j0, k0 and k1, and all outputs j1 and inputs k0 such
that none sees j0, j1 and k0; two matchings decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import MAX_EDGES, Pattern
from cadlink.rules.paths import block_cells
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MISSED
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import TIMES, factor, setof, these

__all__ = ["RULE", "find", "search"]

LEAST_CELLS = 20_000  # of all blocks; in smaller groups merged_cross tries everything
MOST_FIRST, MOST_VAIN = 64, 8  # outputs j0; of these in a row without any k0 and k1
MOST_ROOMS = 40  # pairs of matchings
MULTIPLICATION_S = 1e-10

Marks = npt.NDArray[np.bool_]


def search(upper: Marks, lower: Marks, clock: Clock = UNLIMITED) -> dict[str, object] | None:
    """The data of the rule for masks outputs x units and units x inputs, or None.

    >>> upper, lower = np.array([[1, 0, 1], [0, 1, 1], [1, 1, 0]]), np.array([[1, 0, 1]] * 2)
    >>> search(upper > 0, np.vstack((lower, [[0, 1, 0]])) > 0)["J"]
    [0, 1]
    """
    if not 3 <= len(lower) <= min(upper.shape[0], lower.shape[1]):
        return None
    for a, b, c, J, K in islice(_candidates(upper, lower, clock), MOST_ROOMS):
        clock.check()
        rest = np.setdiff1d(np.arange(len(lower)), (a, b, c))
        rows = np.vstack((upper[:, a] & upper[:, b], upper[:, rest].T))
        cols = np.vstack((lower[a] | lower[b], lower[rest]))
        if _matched(rows, J) and _matched(cols, K):
            return {
                "a": a,
                "b": b,
                "i1": c,
                "J": sorted(J),
                "K": sorted(K),
                "j0": J[0],
                "k0": K[0],
            }
    return None


def _candidates(
    upper: Marks, lower: Marks, clock: Clock
) -> Iterator[tuple[int, int, int, tuple[int, int], tuple[int, int]]]:
    """a, b, c, (j0, j1) and (k0, k1) with all hypotheses but the matchings."""
    weights = upper.astype(np.float32)
    for j0, j1, k0, inputs in _corners(upper, lower, clock):
        one = np.flatnonzero(upper[j0] & lower[:, k0])
        two = np.flatnonzero(upper[j1] & lower[:, k0])
        if one.size and two.size:
            common = weights[:, one].T @ weights[:, two]
            a, b = np.unravel_index(int(common.argmax()), common.shape)
            if common[a, b]:
                k1 = int(inputs[0])
                c = np.flatnonzero(upper[j0] & upper[j1] & lower[:, k1])[0]
                yield int(one[a]), int(two[b]), int(c), (j0, j1), (k0, k1)


def _corners(
    upper: Marks, lower: Marks, clock: Clock
) -> Iterator[tuple[int, int, int, npt.NDArray[np.int64]]]:
    """j0, j1, k0 and all k1 such that no unit covers {j0, j1} x k0 and none j0 x {k0, k1}, but one
    covers {j0, j1} x k1; raises OutOfTime."""
    weights = upper.astype(np.float32)
    vain = 0
    for j0 in np.argsort(upper.sum(axis=1), kind="stable")[:MOST_FIRST]:
        if vain > MOST_VAIN:
            return
        mine = np.flatnonzero(upper[j0])
        work = len(mine) * lower.shape[1] * (len(upper) + lower.shape[1])
        clock.afford(MULTIPLICATION_S * work)
        seen = lower[mine]
        blocks = seen.astype(np.float32)
        apart: Marks = np.equal(blocks.T @ blocks, 0)  # k0 x k1
        apart[~seen.any(axis=0)] = False
        vain = 0 if apart.any() else vain + 1
        met = weights[:, mine] @ blocks > 0  # j1 x k: a unit covers {j0, j1} x k
        clear = ~met & apart.any(axis=1)  # j1 x k0
        rows, cols = np.flatnonzero(clear.any(axis=1)), np.flatnonzero(clear.any(axis=0))
        clock.afford(MULTIPLICATION_S * len(rows) * len(cols) * lower.shape[1])
        third = met[rows].astype(np.float32) @ apart[:, cols].astype(np.float32) > 0
        for j1, k0 in zip(*np.nonzero(clear[np.ix_(rows, cols)] & third), strict=True):
            clock.check()
            j1, k0 = int(rows[j1]), int(cols[k0])
            yield int(j0), j1, k0, np.flatnonzero(apart[k0] & met[j1])


def _matched(sets: Marks, used: tuple[int, int]) -> bool:
    """Whether the rows have distinct representatives outside two columns."""
    graph = sets.copy()
    graph[:, used] = False
    if not graph.any(axis=1).all():
        return False
    from scipy.sparse.csgraph import maximum_bipartite_matching  # late: slow to load

    return bool((maximum_bipartite_matching(sp.csr_array(graph), perm_type="column") >= 0).all())


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such a cross is found in two large masks.

    >>> from cadlink.patterns.families import build
    >>> find(build("random:64-64-64,0.4,0")).rule
    'merged_cross'
    """
    if pattern.depth != 2:
        return None
    lower, upper = pattern.layers
    if (
        block_cells(lower, upper) < LEAST_CELLS
        or max(m.shape[0] * m.shape[1] for m in (lower, upper)) > MAX_EDGES
    ):
        return None
    data = search(upper.toarray(), lower.toarray(), clock)
    return None if data is None else Step("merged_cross", Conclusion.NOT_CLOSED, data)


def explain(chain: Pattern, told: Told) -> Blocks:
    """Two units collide beside a third."""
    one, two, third = told.data["a"], told.data["b"], told.data["i1"]
    J, K, j0, k0 = told.data["J"], told.data["K"], told.data["j0"], told.data["k0"]
    r = chain.widths[1]
    return (
        Paragraph(
            f"Let the hidden units {one} and {two} collide: their columns of {factor(2)} have a 1"
            f" in a row that they share and +t and -t in {these('row', J)}, their rows of"
            f" {factor(1)} have 1/t and -1/t in column {k0}, and one of them a 1 in another column."
            f" Unit {third} is 1 in {these('row', J)} and in {setof(K)} without {k0}. Every other"
            " unit is 1 in one row and one column, all different and outside these: they can be"
            f" matched. As t tends to 0 the limit A has rank {r - 1} and is 1 on"
            f" {setof(J) + TIMES + setof(K)}."
        ),
        Paragraph(
            f"No unit covers {setof(J) + TIMES + setof([k0])}, and none"
            f" {setof([j0]) + TIMES + setof(K)}. Suppose A is the product. By Sylvester's"
            f" inequality the ranks of the factors add up to at most {2 * r - 1}, so one of them"
            f" has the rank {r - 1} of A. If {factor(2)} has, its rows {setof(J)} are equal as"
            f" those of A are; so a unit nonzero in one of them has all of them, and none can make"
            f" column {k0} of A nonzero there, although it is 1. If {factor(1)} has, in the same"
            f" way no unit can make row {j0} of A nonzero in {these('column', K)}.",
            MISSED,
        ),
    )


RULE = Rule(
    name="merged_cross",
    about=Pattern,
    both_ways=True,
    find=find,
    account="two colliding hidden units fill a cross of entries that no unit covers",
    title="two neurons collide beside a third",
    explain=explain,
    cost="two products of the masks for every output, forty matchings",
)
