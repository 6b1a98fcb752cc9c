"""Absorbed edges: what a unit does on cells that others serve freely does not matter.

Theorem and proof: kernel, absorb_edges; the theorem is its own transpose.  The units that serve
are those with one edge on one side, all of them, and in moderate pairs of masks also the largest
set with matchings in all columns, or in all rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import matching
from cadlink.rules.bits import View, bits
from cadlink.rules.paths import block_cells
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import factor, these

__all__ = ["RULE", "find"]

MOST_AREA = 4_000_000  # cells of the product of two masks, and of all blocks
MOST_CELLS = 20_000  # cells of all blocks up to which matchings are sought

Marks = npt.NDArray[np.bool_]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """The chain without the edges that some layer's free units make superfluous, or None.

    >>> step = find(Pattern.of(["11/10/11", "111/111", "11"]))
    >>> step.data["units"], step.parts[0].inline()
    ([1], '01/10/01;111/111;11')
    """
    for layer in range(1, pattern.depth):
        clock.check()
        below, above = pattern.layers[layer - 1], pattern.layers[layer]
        cells = block_cells(below, above)
        if max(cells, above.shape[0] * below.shape[1]) > MOST_AREA:
            continue
        lower, upper = below.toarray(), above.toarray()
        for units, proof in _free_units(lower, upper, cells, clock):
            left = _without(lower, upper, units)
            if left is None:
                continue
            layers = [*pattern.layers[: layer - 1], *left, *pattern.layers[layer + 1 :]]
            data = {"layer": layer, "units": units.tolist(), "proof": proof.to_json()}
            return Step("absorb_edges", Conclusion.SAME, data, (Pattern.of(layers),))
    return None


def _free_units(
    lower: Marks, upper: Marks, cells: int, clock: Clock
) -> Iterator[tuple[npt.NDArray[np.int64], Proof]]:
    """Sets of units that are free on their blocks, with the proof."""
    degrees = lower.sum(axis=1), upper.sum(axis=0)
    stars = np.flatnonzero((np.minimum(*degrees) == 1) & (np.maximum(*degrees) >= 1))
    if stars.size:
        yield stars, Proof("star")
    if cells > MOST_CELLS:
        return
    blocks = {
        i: frozenset(
            (j, k)
            for j in np.flatnonzero(upper[:, i]).tolist()
            for k in np.flatnonzero(lower[i]).tolist()
        )
        for i in np.flatnonzero(np.minimum(*degrees)).tolist()
    }
    order = sorted(blocks, key=lambda i: sorted(blocks[i]))
    view = View.of(Group(tuple(blocks[i] for i in order)))
    for turned in (False, True):
        chosen = matching.largest(view.transpose() if turned else view, clock)
        units = np.array(sorted(order[place] for place in bits(chosen)), dtype=np.int64)
        if units.size:
            matched = Proof("matching")
            yield units, Proof("transpose", {}, (matched,)) if turned else matched


def _without(
    lower: Marks, upper: Marks, units: npt.NDArray[np.int64]
) -> tuple[Marks, Marks] | None:
    """The two masks without the superfluous edges of the other units; None if there are none."""
    free = upper[:, units].astype(np.float32) @ lower[units].astype(np.float32) > 0
    lower, upper = lower.copy(), upper.copy()
    found = False
    for i in sorted(set(range(lower.shape[0])) - set(units.tolist())):
        while upper[:, i].any() and lower[i].any():
            rows, cols = np.flatnonzero(upper[:, i]), np.flatnonzero(lower[i])
            block = free[np.ix_(rows, cols)]
            gone = rows[block.all(axis=1)]
            upper[gone, i] = False
            rest = cols[block[~block.all(axis=1)].all(axis=0)]
            lower[i, rest] = False
            if not gone.size and not rest.size:
                break
            found = True
    return (lower, upper) if found else None


def explain(chain: Pattern, told: Told) -> Blocks:
    """Superfluous edges deleted; the lemma follows."""
    layer = told.data["layer"]
    (part,) = told.parts
    assert isinstance(part, Pattern)
    gone = chain.nnz - part.nnz
    return sentence(
        f"By the lemma below, {these('unit', told.data['units'])} of layer {layer} give"
        f" {factor(layer + 1)}{factor(layer)} any values on the cells between their outputs and"
        " inputs, whatever the other units do there. So an edge of another unit that only matters"
        f" on such cells can be deleted: {gone} of them are."
    )


RULE = Rule(
    name="absorb_edges",
    about=Pattern,
    find=find,
    account="weights that only act where others give any values are left out",
    title="superfluous edges",
    explain=explain,
    cost="stars, and matchings in small pairs of masks",
)
