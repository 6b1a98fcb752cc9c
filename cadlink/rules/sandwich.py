"""Two units of a hidden layer collide, and even two factors, on the products of the masks above and
below the layer, miss the limit.

Theorem and proof: kernel, sandwich.  Searched with two outputs and two inputs, in hidden layers no
wider than any other, for the limit has the rank of the layer less one.  Units a and b reach one
output each and both the input k0, a third one, c, both outputs and the other input:

    columns above   a: t at h1, 1 at h*     b: -t at h2, 1 at h*   c: 1 at h1 and h2
    rows below      a: 1/t at g0, 1 at g*   b: -1/t at g0          c: 1 at g1

(or g* is at b), h1 and h2 leading to the outputs, g0 and g1 to the inputs, h*, g* and one unit on
either side of every other unit to any other ends.  These are paths without common units: two flows
on each side find them, first those to the given ends, then the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.net import affordable
from cadlink.rules.paths import boolean_product, is_trimmed
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.rules.wide_cross import corners
from cadlink.writing.curves import APPROACHED, MISSED, curve_in_chain, factors_of
from cadlink.writing.document import Blocks, Items, Paragraph
from cadlink.writing.formulas import a as entry
from cadlink.writing.formulas import setof, these

__all__ = ["RULE", "find"]

MOST_CORNERS = 3000  # outputs j0, j1 and inputs k0, for one layer
MOST_ALIKE = 3  # units a and b for one of them, and units c for these
MOST_TRIES = 40  # of all these in one layer whose paths are sought

Marks = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Path = list[int]  # a unit of every layer from the next one on


class Side:
    """The masks on one side of a hidden layer, read away from it.

    ``near``: units of the next layer x units; ``far``: the masks further on; ``reach``: ends x
    units of the next layer.
    """

    def __init__(self, masks: Sequence[Marks]) -> None:
        self.near, self.far = masks[0], masks[1:]
        self.reach = np.eye(len(masks[-1]), dtype=np.bool_)
        for mask in reversed(self.far):
            self.reach = boolean_product(self.reach, mask)
        self.ends = boolean_product(self.reach, self.near)  # x units

    def meeting(self, some: Ints, others: Ints, end: int) -> Marks:
        """Which of some units and of others have a neighbour in common with a path to the end."""
        towards = self.near[self.reach[end]]
        return boolean_product(towards[:, some].T, towards[:, others])

    def all_linked(self) -> bool:
        """Whether all units have disjoint paths to the ends."""
        return _disjoint(self.near.T, self.far, self._free()) is not None

    def routes(self, ended: Marks, others: Marks, ends: Sequence[int]) -> list[Path] | None:
        """Disjoint paths: for every row of ``ended`` from one of its units of the next layer to one
        of the ends, for every row of the others from one of its units to another end."""
        free = self._free()
        free[-1][np.setdiff1d(np.arange(len(free[-1])), ends)] = False
        first = _disjoint(ended, self.far, free)
        if first is None:
            return None
        free = self._free()
        free[-1][list(ends)] = False
        for path in first:
            for marks, unit in zip(free, path, strict=True):
                marks[unit] = False
        second = _disjoint(others, self.far, free)
        return None if second is None else first + second

    def _free(self) -> list[Marks]:
        return [np.ones(len(mask), dtype=np.bool_) for mask in (self.near, *self.far)]


def _disjoint(starts: Marks, masks: Sequence[Marks], free: Sequence[Marks]) -> list[Path] | None:
    """A path for every row of starts, from one of its units through all the masks, on free units of
    every layer, no two with a unit in common."""
    from scipy.sparse.csgraph import maximum_flow  # late: slow to load

    if not (starts & free[0]).any(axis=1).all():
        return None
    # Vertices: the rows of starts, then two for every unit, in and out, then source and sink.
    count = len(starts)
    into = [count]
    for marks in free:
        into.append(into[-1] + 2 * len(marks))
    source, sink = into[-1], into[-1] + 1
    row, unit = np.nonzero(starts & free[0])
    tails, heads = [np.full(count, source), row], [np.arange(count), into[0] + unit]
    for layer, marks in enumerate(free):
        units, out = np.flatnonzero(marks), into[layer] + len(marks)
        tails.append(into[layer] + units)
        heads.append(out + units)
        if layer < len(masks):
            unit, before = np.nonzero(masks[layer] & free[layer + 1][:, None] & marks)
            tails.append(out + before)
            heads.append(into[layer + 1] + unit)
        else:
            tails.append(out + units)
            heads.append(np.full(units.size, sink))
    tail, head = np.concatenate(tails), np.concatenate(heads)
    ones = np.ones(tail.size, dtype=np.int32)
    flow = maximum_flow(
        sp.csr_matrix((ones, (tail, head)), shape=(sink + 1, sink + 1)), source, sink
    )
    if flow.flow_value < count:
        return None
    used = flow.flow.tocoo()
    follows = np.full(sink + 1, -1)
    follows[used.row[used.data > 0]] = used.col[used.data > 0]
    at, paths = follows[:count], []
    for first in into[:-1]:
        paths.append(at - first)
        at = follows[follows[at]]
    return np.array(paths).T.tolist()  # type: ignore[no-any-return]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such a collision is found in some layer of three masks or more.

    >>> find(Pattern.of(["101/101/010", "101/011/110", "100/010/001"])).data["rows"]
    [0, 1]
    """
    if pattern.depth < 3 or min(pattern.widths) < 3 or not affordable(pattern):
        return None
    narrow = [n for n in range(1, pattern.depth) if pattern.widths[n] == min(pattern.widths)]
    if not narrow or not is_trimmed(pattern):
        return None
    masks = [mask.toarray() for mask in pattern.layers]
    for layer in narrow:
        clock.check()
        above = Side(masks[layer:])
        below = Side([mask.T for mask in reversed(masks[:layer])])
        found = _searched(above, below, clock)
        if found is not None:
            return Step("sandwich", Conclusion.NOT_CLOSED, {"layer": layer} | found)
    return None


def _searched(above: Side, below: Side, clock: Clock) -> dict[str, Any] | None:
    """The data of the rule, but the layer; raises OutOfTime."""
    candidates = _candidates(above, below, clock)
    first = next(candidates, None)
    if first is None or not (above.all_linked() and below.all_linked()):
        return None
    up, down = above.near.T, below.near.T
    for units, J, K in (first, *islice(candidates, MOST_TRIES - 1)):
        clock.check()
        a, b, c = units
        rest = np.setdiff1d(np.arange(len(up)), units)
        ended, others = (up[a] & up[c], up[b] & up[c]), (up[a] & up[b], *up[rest])
        upper = above.routes(np.array(ended), np.array(others), J)
        if upper is None:
            continue
        ended, others = (down[a] & down[b], down[c]), (down[a] | down[b], *down[rest])
        lower = below.routes(np.array(ended), np.array(others), K)
        if lower is None:
            continue
        lines = {"rows": sorted(J), "columns": sorted(K), "row": J[0], "column": K[0]}
        at_a = bool(down[a, lower[2][0]])
        return lines | {"factors": _factors([*units, *rest.tolist()], upper, lower, at_a)}
    return None


def _candidates(
    above: Side, below: Side, clock: Clock
) -> Iterator[tuple[tuple[int, int, int], tuple[int, int], tuple[int, int]]]:
    """Units a, b, c, outputs and inputs with all hypotheses but the paths; raises OutOfTime."""
    upper, lower = above.ends, below.ends.T
    units = np.arange(len(lower))
    shared = boolean_product(above.near.T, above.near)
    for j0, j1, k0, inputs in islice(corners(upper, lower, clock), MOST_CORNERS):
        ones = np.flatnonzero(upper[j0] & lower[:, k0])
        twos = np.flatnonzero(upper[j1] & lower[:, k0])
        pairs = below.meeting(ones, twos, k0) & shared[np.ix_(ones, twos)]
        for one, two in islice(zip(*np.nonzero(pairs), strict=True), MOST_ALIKE):
            a, b = int(ones[one]), int(twos[two])
            third = lower[:, inputs].any(axis=1)
            third &= above.meeting(ones[[one]], units, j0)[0]
            third &= above.meeting(twos[[two]], units, j1)[0]
            for c in np.flatnonzero(third)[:MOST_ALIKE].tolist():
                yield (a, b, c), (j0, j1), (k0, int(inputs[lower[c, inputs]][0]))


def _factors(
    units: Sequence[int], upper: list[Path], lower: list[Path], at_a: bool
) -> list[list[Any]]:
    """The curve; ``units``: a, b, c and the others; ``at_a``: g* is at a, not at b."""
    a, b, c, *rest = units
    one, t, minus_t = [[0, 1]], [[1, 1]], [[1, -1]]
    under, minus_under = [[-1, 1]], [[-1, -1]]
    (h1, h2, h), (g0, g1, g) = ([path[0] for path in side[:3]] for side in (upper, lower))
    nearest = [[h1, a, t], [h1, c, one], [h2, b, minus_t], [h2, c, one], [h, a, one], [h, b, one]]
    nearest += [[path[0], i, one] for i, path in zip(rest, upper[3:], strict=True)]
    below = [[a, g0, under], [b, g0, minus_under], [a if at_a else b, g, one], [c, g1, one]]
    below += [[i, path[0], one] for i, path in zip(rest, lower[3:], strict=True)]
    factors = [below, nearest]
    for steps in zip(*map(pairwise, upper), strict=True):
        factors.append([[further, unit, one] for unit, further in steps])
    for steps in zip(*map(pairwise, lower), strict=True):
        factors.insert(0, [[unit, further, one] for unit, further in steps])
    return factors


def explain(chain: Pattern, told: Told) -> Blocks:
    """The curve, and why its limit is missed."""
    data, r = told.data, told.facts["units"]
    layer, J, K, j0, k0 = (data[key] for key in ("layer", "rows", "columns", "row", "column"))
    rows, columns = these("row", J), these("column", K)
    return (
        Paragraph(
            "The following products are in the set for every t other than 0. As t tends to 0, they"
            " tend to A.",
            APPROACHED,
        ),
        *curve_in_chain(chain, factors_of(data), told.facts["limit"]),
        Paragraph(
            f"In A {rows} are equal, {columns} are equal, and {entry(j0, k0)} is not 0. Layer"
            f" {layer} has {r} units on paths, and A has at least rank {r - 1}. Suppose A is a"
            f" product, U being that of the factors above the layer and V that of those below. By"
            f" Sylvester's inequality the ranks of U and V add up to at most {r} more than that of"
            " A; neither is smaller than that, so one of them has the rank of A.",
            MISSED,
        ),
        Items(
            (
                f"If U has, it has the column space of A, and its {rows} are equal. Some unit is"
                f" nonzero in row {j0} of U and in column {k0} of V; so it has paths to all outputs"
                f" {setof(J)} and one from input {k0}. There is no such unit.",
                f"If V has, its {columns} are equal, and in the same way some unit has paths from"
                f" all inputs {setof(K)} and one to output {j0}. There is none.",
            )
        ),
    )


RULE = Rule(
    name="sandwich",
    about=Pattern,
    both_ways=True,
    find=find,
    account="two colliding units of a hidden layer leave a matrix that no two factors around this"
    " layer give",
    title="a collision in a layer",
    explain=explain,
    cost="products of the masks, forty times four flows of disjoint paths, for a narrowest layer",
)
