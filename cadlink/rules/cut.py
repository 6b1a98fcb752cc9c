"""Cuts with pins: chains that are free because one layer of their edges serves every matrix.

Theorem and proof: kernel, cut.  Without pins it is ``deep_matching``.

*Search.*  All sets of pins of a very small chain, otherwise a local search with pins in all layers
(``pin_search``); the rank decides.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.modular import PRIME
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.net import Net, Pins, affordable
from cadlink.rules.paths import is_trimmed
from cadlink.rules.pin_search import serving
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import these

__all__ = ["IN_LARGE", "RULE", "enough", "find", "search"]

LARGE = 60  # hidden units beyond which a deep chain is cut before it is rewritten
FEW_UNITS = 6  # hidden units of a chain of which all sets of pins are tried
MOST_MISSING = 0.6  # of the cells, beyond which no search is tried
SEARCH_S = 15.0  # seconds for the local search


def search(net: Net, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    if not net.may_be_free(clock):
        return None
    pins = net.no_pins()
    lacking = net.missing(pins, clock)
    if not lacking:
        return pins
    if sum(mark.size for mark in pins) <= FEW_UNITS:
        return _every(net, clock)
    if lacking > MOST_MISSING * sum(rows.size for rows in net.outputs):
        return None
    return serving(net, clock.at_most(SEARCH_S))


def _every(net: Net, clock: Clock) -> Pins | None:
    """The first set of pins, of all there are, that lacks nothing; raises OutOfTime."""
    sizes = [mark.size for mark in net.no_pins()]
    for chosen in product((False, True), repeat=sum(sizes)):
        marks = tuple(np.split(np.array(chosen), np.cumsum(sizes)[:-1]))
        if not net.missing(marks, clock):
            return marks
    return None


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when pins are found for a trimmed chain.

    >>> find(Pattern.of(["10/01/11", "101/110/111"])).data["pins"]
    [[0, 2]]
    """
    if not affordable(pattern) or not is_trimmed(pattern) or _hopeless(pattern, clock):
        return None
    found = search(Net(pattern, clock), clock)
    if found is None:
        return None
    units = [np.flatnonzero(mark).tolist() for mark in found]
    return Step("cut", Conclusion.FREE, {"pins": units, "seed": 0, "prime": PRIME})


def _find_in_large(pattern: Pattern, clock: Clock) -> Step | None:
    return find(pattern, clock) if _is_large(pattern) else None


def _find_in_small(pattern: Pattern, clock: Clock) -> Step | None:
    return None if _is_large(pattern) else find(pattern, clock)


def _is_large(pattern: Pattern) -> bool:
    """Whether making the chain smaller first would cost more than it can help."""
    return pattern.depth > 2 and sum(pattern.widths[1:-1]) > LARGE


def _hopeless(pattern: Pattern, clock: Clock) -> bool:
    """Whether counting edges shows that the chain is not free, or that no pins help; raises
    OutOfTime."""
    support = pattern.support(clock.afford)
    # A hidden unit can be scaled without effect.
    if support.nnz > pattern.nnz - sum(pattern.widths[1:-1]):
        return True
    lower, upper = pattern.layers[:2]
    need = np.bincount(support.indices, minlength=pattern.widths[0])
    have = np.bincount(lower.indices, minlength=pattern.widths[0])
    gain = np.bincount(upper.indices, minlength=pattern.widths[1])
    return pattern.depth == 2 and not enough(lower, need - have, gain)


def enough(lower: Mask, lack: npt.NDArray[Any], gain: npt.NDArray[Any]) -> bool:
    """Whether all the pins that gain anything in the short columns together could do.

    ``lower`` is the first mask of two, ``lack`` what every column is short of, ``gain`` the outputs
    of every unit, the dimensions that a pin gives back; it takes one from every short column.
    """
    short = lack > 0
    lost = lower @ short.astype(np.int64)
    return bool(np.maximum(gain - lost, 0).sum() >= lack[short].sum())


def explain(chain: Pattern, told: Told) -> Blocks:
    """The pins and the rank."""
    listed = [
        f"{these('unit', units)} of layer {layer}"
        for layer, units in enumerate(told.data["pins"], start=1)
        if units
    ]
    return (
        Paragraph(
            f"Let U be the inputs and {', '.join(listed) if listed else 'no hidden unit'}. Delete"
            " the edges from outside U into U, and fix all edges but those that leave U at integers"
            f" drawn from the seed {told.data['seed']}. Every path that is left has exactly one"
            " edge that leaves U, so A depends linearly on these. The rank of this linear map is"
            f" the number of cells with a path, {told.facts['cells']}: it was computed modulo the"
            f" prime {told.data['prime']}, where a rank can only be smaller. So every matrix on the"
            " support is a product."
        ),
    )


RULE = Rule(
    name="cut",
    about=Pattern,
    both_ways=True,
    find=_find_in_small,
    account="with most weights fixed, the others enter linearly and give every matrix",
    title="a cut that serves every matrix",
    explain=explain,
    cost="ranks in floating point: up to 15 seconds",
)
IN_LARGE = replace(RULE, find=_find_in_large)
