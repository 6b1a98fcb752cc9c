"""Masks that guarantee an optimum for every training set, with few edges less, in linear time.

R13 (R1 for one hidden layer) asks that hidden units feed one unit each, and that outputs share no
last hidden unit, or a last hidden unit has its outputs to itself.  Edges on no path from an input
to an output do not count.  So from the last layer down every unit keeps one edge to a unit that
leads to an output and all edges to units that do not; and a unit that no input reaches keeps all.
Then no single edge can come back: it would give a unit on a path a second unit that it feeds.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.networks.kernel.doubles import Array
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.paths import live_units

__all__ = ["one_last_unit", "refilled", "tree_form"]

Bools = npt.NDArray[np.bool_]
Weights: TypeAlias = Sequence[Array] | None


def tree_form(pattern: Pattern, constant_units: bool = False, weights: Weights = None) -> Pattern:
    """The masks with edges taken away until R13 or R1 applies.

    ``weights`` (one array per layer, outputs x inputs): units keep their largest one; without
    them, the edges that are kept are spread evenly.

    >>> tree_form(Pattern.of(["11/11", "11/11", "11"]))
    <Pattern 2-2-2-1: 11/11;10/01;11>
    """
    masks = [mask.toarray() for mask in pattern.layers]
    useful = np.ones(pattern.widths[-1], dtype=bool)
    for layer in range(pattern.depth - 1, 0, -1):
        sizes = None if weights is None else np.abs(weights[layer])
        masks[layer], useful = _one_each(masks[layer], useful, sizes)
    reached = masks[0].any(axis=1)
    for layer in range(1, pattern.depth):
        if not constant_units:
            masks[layer][:, ~reached] = pattern.layers[layer].toarray()[:, ~reached]
        if layer < pattern.depth - 1:
            reached = masks[layer][:, reached].any(axis=1)
    if pattern.depth > 1:
        counted = np.ones_like(reached) if constant_units else reached
        _stars(masks[-1], pattern.layers[-1].toarray(), counted)
    return Pattern.of(masks)


def one_last_unit(
    pattern: Pattern, constant_units: bool = False, weights: Weights = None
) -> Pattern:
    """The tree form of the masks in which one unit of the last hidden layer feeds outputs: the one
    with most outputs, then most inputs (with ``weights``: with the largest weights).

    Few edges go, but little is left on paths.

    >>> one_last_unit(Pattern.of(["11/11", "11/01/11", "110/111"]))
    <Pattern 2-2-3-2: 11/11;11/01/11;100/100>
    """
    *lower, last = pattern.layers
    out, inside = _sizes(last, weights, -1).sum(axis=0), _sizes(lower[-1], weights, -2).sum(axis=1)
    best = int(np.lexsort((-inside, -out))[0])
    alone = np.zeros(last.shape, dtype=np.bool_)
    alone[:, best] = last.toarray()[:, best]
    return tree_form(Pattern.of([*lower, alone]), constant_units, weights)


def _sizes(mask: Mask, weights: Weights, layer: int) -> Array:
    """The sizes of the weights on the mask, or its entries."""
    dense = np.asarray(mask.toarray(), dtype=np.float64)
    return dense if weights is None else dense * np.abs(weights[layer])


def _one_each(mask: Bools, useful: Bools, sizes: Array | None) -> tuple[Bools, Bools]:
    """One edge of every unit to a useful one, the largest or spread evenly, and all edges to
    others; and which units are useful then."""
    kept = mask & ~useful[:, None]
    load = np.zeros(len(mask), dtype=np.int64)
    able = mask & useful[:, None]
    # units with few choices choose first
    for unit in np.argsort(able.sum(axis=0), kind="stable").tolist():
        choices = np.flatnonzero(able[:, unit])
        if len(choices):
            weighed = load[choices] if sizes is None else -sizes[choices, unit]
            best = choices[np.argmin(weighed)]
            kept[best, unit] = True
            load[best] += 1
    return kept, np.asarray(able.any(axis=0), dtype=bool)


def _stars(mask: Bools, full: Bools, counted: Bools) -> None:
    """Give units that are alone on their output the outputs that no other unit has."""
    users = mask[:, counted].sum(axis=1)
    for unit in np.flatnonzero(counted).tolist():
        own = np.flatnonzero(mask[:, unit])
        if len(own) and (users[own] == 1).all():
            more = np.flatnonzero(full[:, unit] & (users == 0))
            mask[more, unit] = True
            users[more] = 1


def refilled(pattern: Pattern, edges: int, constant_units: bool = False) -> tuple[Pattern, int]:
    """The masks with so many edges more in the first layer, which R13 and R1 do not look at, at
    units on paths, spread evenly; and how many found no room.

    >>> refilled(Pattern.of(["10/01", "10/01"]), 3)
    (<Pattern 2-2-2: 11/11;10/01>, 1)
    """
    first = pattern.layers[0].toarray()
    rows = live_units(pattern, constant_units)[1] if pattern.depth > 1 else np.arange(len(first))
    seen = first.sum(axis=0)
    queue: list[tuple[int, int]] = [(int(first[row].sum()), int(row)) for row in rows]
    heapq.heapify(queue)
    left = edges
    while left and queue:
        count, row = heapq.heappop(queue)
        free = np.flatnonzero(~first[row])
        if not len(free):
            continue
        column = free[np.argmin(seen[free])]
        first[row, column] = True
        seen[column] += 1
        left -= 1
        heapq.heappush(queue, (count + 1, row))
    masks: Sequence[object] = [sp.csr_array(first), *pattern.layers[1:]]
    return Pattern.of(masks), left
