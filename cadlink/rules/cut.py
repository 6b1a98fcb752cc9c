"""Cuts with pins: chains that are free because one layer of their edges serves every matrix.

Theorem and proof: kernel, cut.  Without pins it is ``deep_matching``.

*Search.*  First pins in the first hidden layer, by an integer program (``pin_flow``); the rank
decides.  What is still missing is sought by a local search with pins in all layers
(``pin_search``).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.modular import PRIME
from cadlink.rules.net import Net, Pins, affordable
from cadlink.rules.paths import is_trimmed
from cadlink.rules.pin_flow import enough, proposals
from cadlink.rules.pin_search import improved
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import these

__all__ = ["IN_LARGE", "RULE", "find", "search"]

LARGE = 60  # hidden units beyond which a deep chain is cut before it is rewritten
FEW_UNITS = 6  # hidden units of a chain of which all sets of pins are tried
MOST_MISSING = 0.6  # of the cells, beyond which no search is tried
SEARCH_S = 15.0  # seconds for the local search


def search(net: Net, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    if not net.may_be_free(clock):
        return None
    best = net.no_pins()
    lacking = net.missing(best, clock)
    if not lacking:
        return best
    if sum(mark.size for mark in best) <= FEW_UNITS:
        return _every(net, clock)
    for proposal in proposals(net, clock):
        found = net.missing(proposal, clock)
        if found < lacking:
            best, lacking = proposal, found
        if not lacking:
            return best
    if lacking > MOST_MISSING * sum(rows.size for rows in net.outputs):
        return None
    return improved(net, best, clock.at_most(SEARCH_S))


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
    cost="integer programs and ranks: up to a minute",
)
IN_LARGE = replace(RULE, find=_find_in_large)
