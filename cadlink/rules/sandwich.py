"""Two units of a hidden layer collide, and even two factors, on the products of the masks above and
below the layer, miss the limit.

Theorem and proof: kernel, sandwich.  Searched in hidden layers no wider than any other, for the
limit has the rank of the layer less one.  Units a and b have paths to *hubs* u1 and u2 above, one
each, and both to a hub v1 below; a third unit, c, to u1, u2 and another hub v2.  Hubs are outputs
and inputs; or, where there are more of these than units, units one mask before them, which give the
limit several equal rows or columns.  In the next layers:

    columns above   a: t at h1, 1 at h*     b: -t at h2, 1 at h*   c: 1 at h1 and h2
    rows below      a: 1/t at g1, 1 at g*   b: -1/t at g1          c: 1 at g2

(or g* is at b).  h1, h2, g1 and g2 lead to the hubs, h*, g* and one unit on either side of every
other unit to any other ends, on paths without common units: two flows on each side find them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
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
from cadlink.writing.curves import APPROACHED, MISSED, curve_in_chain, factors_of
from cadlink.writing.document import Blocks, Items, Paragraph
from cadlink.writing.formulas import a as entry
from cadlink.writing.formulas import setof, these

__all__ = ["RULE", "find"]

# For one layer:
MOST_FIRST, MOST_VAIN = 64, 8  # outputs j0 with hubs u1; outputs in a row without any v1, v2
MOST_WORK = 5 * 10**9  # multiplications for these; a second
MOST_HUBS = 1000  # u1, u2, j0, k0 and v1
MOST_ALIKE = 3  # units a and b for these, and units c for them
MOST_TRIES = 40  # of all these whose paths are sought
MULTIPLICATION_S = 2e-10

Marks = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Path = list[int]  # a unit of every layer from the next one on


@dataclass(frozen=True)
class Corner:
    """Units a, b, c, hubs u1, u2 above and v1, v2 below, an output j0 of u1 and an input k0 of v1.

    No unit has paths to all outputs of u1, u2 and from k0, none to j0 and from all of v1, v2.
    """

    units: tuple[int, int, int]
    above: tuple[int, int]
    below: tuple[int, int]
    j0: int
    k0: int


@dataclass(frozen=True)
class Routes:
    """Where the paths of one side begin in the next layer, in order, and their edges from there on,
    mask by mask: [nearer unit, further unit]."""

    first: list[int]
    edges: list[list[list[int]]]


class Side:
    """The masks on one side of a hidden layer, read away from it, to the *ends*; the hubs are one
    mask before these if ``fan``.

    Marks: ``ends`` (ends x units), ``met`` (hubs x units) by paths, ``covered`` (hubs x units with
    paths to all ends of the hub), ``spread`` (ends x hubs).
    """

    def __init__(self, masks: Sequence[Marks], fan: bool) -> None:
        self.near, self.far, self.fan = masks[0], masks[1:], fan
        self.middle = self.far[: len(self.far) - fan]
        self.reach = np.eye(len((self.near, *self.middle)[-1]), dtype=np.bool_)
        self.spread = self.far[-1] if fan else self.reach
        for mask in reversed(self.middle):
            self.reach = boolean_product(self.reach, mask)
        self.met = boolean_product(self.reach, self.near)
        self.ends = boolean_product(self.spread, self.met)
        self.covered = ~boolean_product(self.spread.T, ~self.ends)

    def of_ends(self, hubs: Marks) -> Marks:
        """In every row, the ends of the marked hubs."""
        return boolean_product(hubs, self.spread.T) if self.fan else hubs

    def meeting(self, some: Ints, others: Ints, hub: int) -> Marks:
        """Which of some units and of others have a neighbour in common with a path to the hub."""
        towards = self.near[self.reach[hub]]
        return boolean_product(towards[:, some].T, towards[:, others])

    def all_linked(self) -> bool:
        """Whether all units have disjoint paths to the ends."""
        return _disjoint(self.near.T, self.far, self._free(self.far)) is not None

    def chosen(self, hubs: Sequence[int], end: int, units: Marks) -> list[int]:
        """Few ends of the hubs, the given one among them, not all of which any of the units has
        paths to."""
        found = [end]
        left = self.ends[end] & units
        candidates = np.flatnonzero(self.spread[:, list(hubs)].any(axis=1))
        while left.any():
            best = int(candidates[self.ends[np.ix_(candidates, left)].sum(axis=1).argmin()])
            found.append(best)
            left &= self.ends[best]
        return sorted(found)

    def routes(
        self, given: Marks, others: Marks, hubs: Sequence[int], ends: Sequence[int]
    ) -> Routes | None:
        """Disjoint paths: for every row of ``given`` from one of its units of the next layer to one
        of the hubs, and on to the ends, for every row of the others from one of its units to
        another end."""
        free = self._free(self.middle)
        free[-1][np.setdiff1d(np.arange(len(free[-1])), hubs)] = False
        first = _disjoint(given, self.middle, free)
        if first is None:
            return None
        free = self._free(self.far)
        free[-1][list(ends)] = False
        for path in first:
            for marks, unit in zip(free, path, strict=False):
                marks[unit] = False
        second = _disjoint(others, self.far, free)
        if second is None:
            return None
        edges = [[[path[n], path[n + 1]] for path in second] for n in range(len(self.far))]
        for n in range(len(self.middle)):
            edges[n] += [[path[n], path[n + 1]] for path in first]
        if self.fan:
            one, two = (path[-1] for path in first)
            edges[-1] += [[one if self.spread[end, one] else two, end] for end in ends]
        return Routes([path[0] for path in first + second], edges)

    def _free(self, masks: Sequence[Marks]) -> list[Marks]:
        return [np.ones(len(mask), dtype=np.bool_) for mask in (self.near, *masks)]


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
        width = pattern.widths[layer]
        if sum(width * mask.shape[0] * mask.shape[1] for mask in masks) > MOST_WORK:
            return None
        upper, lower = masks[layer:], [mask.T for mask in reversed(masks[:layer])]
        # The limit has that many equal rows as there are outputs to spare, and two more at most.
        fans = [len(side) > 1 and len(side[-1]) > width for side in (upper, lower)]
        for above, below in ((False, False), fans) if any(fans) else (fans,):
            found = _searched(Side(upper, above), Side(lower, below), clock)
            if found is not None:
                return Step("sandwich", Conclusion.NOT_CLOSED, {"layer": layer} | found)
    return None


def _searched(above: Side, below: Side, clock: Clock) -> dict[str, Any] | None:
    """The data of the rule, but the layer; raises OutOfTime."""
    corners = _corners(above, below, clock)
    first = next(corners, None)
    if first is None or not (above.all_linked() and below.all_linked()):
        return None
    up, down = above.near.T, below.near.T
    for corner in (first, *islice(corners, MOST_TRIES - 1)):
        clock.check()
        a, b, c = corner.units
        rest = np.setdiff1d(np.arange(len(up)), corner.units)
        J = above.chosen(corner.above, corner.j0, below.ends[corner.k0])
        K = below.chosen(corner.below, corner.k0, above.ends[corner.j0])
        given, others = (up[a] & up[c], up[b] & up[c]), (up[a] & up[b], *up[rest])
        upper = above.routes(np.array(given), np.array(others), corner.above, J)
        if upper is None:
            continue
        given, others = (down[a] & down[b], down[c]), (down[a] | down[b], *down[rest])
        lower = below.routes(np.array(given), np.array(others), corner.below, K)
        if lower is None:
            continue
        at_a = bool(down[a, lower.first[2]])
        return {
            "rows": J,
            "columns": K,
            "row": corner.j0,
            "column": corner.k0,
            "factors": _factors([*corner.units, *rest.tolist()], upper, lower, at_a),
        }
    return None


def _corners(above: Side, below: Side, clock: Clock) -> Iterator[Corner]:
    """All hypotheses but the paths; raises OutOfTime."""
    units = np.arange(above.near.shape[1])
    shared = boolean_product(above.near.T, above.near)
    for j0, u1, u2, k0, v1, others in islice(_hubs(above, below, clock), MOST_HUBS):
        clock.check()
        ones = np.flatnonzero(above.met[u1] & below.met[v1])
        twos = np.flatnonzero(above.met[u2] & below.met[v1])
        pairs = below.meeting(ones, twos, v1) & shared[np.ix_(ones, twos)]
        for one, two in islice(zip(*np.nonzero(pairs), strict=True), MOST_ALIKE):
            third = below.met[others].any(axis=0)
            third &= above.meeting(ones[[one]], units, u1)[0]
            third &= above.meeting(twos[[two]], units, u2)[0]
            for c in np.flatnonzero(third)[:MOST_ALIKE].tolist():
                v2 = int(others[below.met[others, c]][0])
                yield Corner((int(ones[one]), int(twos[two]), c), (u1, u2), (v1, v2), j0, k0)


def _hubs(above: Side, below: Side, clock: Clock) -> Iterator[tuple[int, int, int, int, int, Ints]]:
    """j0, u1, u2, k0, v1 and all v2 as in a corner, if a unit meets u1, u2 and v2."""
    outputs, inputs = len(above.met), len(below.met)
    work = outputs * (inputs + len(below.ends)) * (above.near.shape[1] + inputs)
    for j0, u1, apart in islice(_first(above, below), min(MOST_FIRST, MOST_WORK // work)):
        clock.afford(MULTIPLICATION_S * work)
        cover, meet = above.covered[u1], above.met[u1]
        clear = ~boolean_product(above.covered[:, cover], below.ends[:, cover].T)  # u2 x k0
        if not clear.any():
            continue
        third = boolean_product(above.met[:, meet], below.met[:, meet].T)  # u2 x v2
        first = boolean_product(third, apart)  # u2 x v1
        clear &= below.of_ends(first)
        for u2, k0 in zip(*map(np.ndarray.tolist, np.nonzero(clear)), strict=True):
            for v1 in np.flatnonzero(first[u2] & below.spread[k0]).tolist():
                yield j0, u1, u2, k0, v1, np.flatnonzero(third[u2] & apart[v1])


def _first(above: Side, below: Side) -> Iterator[tuple[int, int, Marks]]:
    """j0, from few units on, with u1, and which v1 and v2 go together."""
    vain = 0
    for j0 in np.argsort(above.ends.sum(axis=1), kind="stable").tolist():
        seen = below.covered[:, above.ends[j0]]
        apart = ~boolean_product(seen, seen.T)
        vain = 0 if apart.any() else vain + 1
        if vain > MOST_VAIN:
            return
        if not vain:
            for u1 in np.flatnonzero(above.spread[j0]).tolist():
                yield j0, u1, apart


def _factors(units: Sequence[int], upper: Routes, lower: Routes, at_a: bool) -> list[list[Any]]:
    """The curve; ``units``: a, b, c and the others; ``at_a``: g* is at a, not at b."""
    a, b, c, *rest = units
    one, t, minus_t = [[0, 1]], [[1, 1]], [[1, -1]]
    under, minus_under = [[-1, 1]], [[-1, -1]]
    (h1, h2, h, *nearest), (g1, g2, g, *nearest_below) = upper.first, lower.first
    above = [[h1, a, t], [h1, c, one], [h2, b, minus_t], [h2, c, one], [h, a, one], [h, b, one]]
    above += [[further, i, one] for i, further in zip(rest, nearest, strict=True)]
    below = [[a, g1, under], [b, g1, minus_under], [a if at_a else b, g, one], [c, g2, one]]
    below += [[i, further, one] for i, further in zip(rest, nearest_below, strict=True)]
    return [
        *([[near, far, one] for near, far in edges] for edges in reversed(lower.edges)),
        *(below, above),
        *([[far, near, one] for near, far in edges] for edges in upper.edges),
    ]


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
            " product U V, U being that of the factors above the layer and V that of those below,"
            " each on these units only. By Sylvester's inequality the ranks of U and V add up to at"
            f" most {r} more than that of A; neither is smaller than that, so one of them has the"
            " rank of A.",
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
