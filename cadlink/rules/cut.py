"""Cuts with pins: chains that are free because one layer of their edges serves every matrix.

Theorem and proof: kernel, cut.  Without pins it is ``deep_matching``.

*Search.*  First pins in the first hidden layer, by an integer program (``pin_flow``); the rank
decides.  What is still missing is sought by a local search with pins in all layers: a pin on a path
upwards from a column that lacks something, or one fewer, as long as the rank does not drop.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.modular import PRIME
from cadlink.rules.net import Missing, Net, Pins, affordable
from cadlink.rules.paths import is_trimmed
from cadlink.rules.pin_flow import MOST_MISSING, proposals
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import these

__all__ = ["RULE", "find", "search"]

FEW_UNITS = 6  # hidden units of a chain of which all sets of pins are tried
SEARCH_S = 15.0  # seconds for the local search
MOST_FAILURES = 60  # moves in a row that gain nothing


def search(net: Net, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    if not net.may_be_free(clock):
        return None
    best = net.no_pins()
    lacking = net.missing(best, clock)
    if not lacking.dimensions:
        return best
    if sum(mark.size for mark in best) <= FEW_UNITS:
        return _every(net, clock)
    for proposal in proposals(net, clock):
        found = net.missing(proposal, clock)
        if found.dimensions < lacking.dimensions:
            best, lacking = proposal, found
        if not lacking.dimensions:
            return best
    if lacking.dimensions > MOST_MISSING:
        return None
    return _improve(net, best, lacking, clock.at_most(SEARCH_S))


def _every(net: Net, clock: Clock) -> Pins | None:
    """The first set of pins, of all there are, that lacks nothing; raises OutOfTime."""
    sizes = [mark.size for mark in net.no_pins()]
    for chosen in product((False, True), repeat=sum(sizes)):
        marks = tuple(np.split(np.array(chosen), np.cumsum(sizes)[:-1]))
        if not net.missing(marks, clock).dimensions:
            return marks
    return None


def _improve(net: Net, best: Pins, lacking: Missing, clock: Clock) -> Pins | None:
    """Pins in all layers by local moves; raises OutOfTime."""
    chance = np.random.default_rng(0)
    failures = 0
    while lacking.dimensions and failures < MOST_FAILURES:
        clock.check()
        moved = tuple(mark.copy() for mark in best)
        _move(net, moved, int(chance.choice(lacking.columns)), chance)
        found = net.missing(moved, clock)
        failures += 1
        if found.dimensions <= lacking.dimensions:
            failures = 0 if found.dimensions < lacking.dimensions else failures
            best, lacking = moved, found
    return None if lacking.dimensions else best


def _move(net: Net, marks: Pins, k: int, chance: np.random.Generator) -> None:
    """Change the pins a little, near input k."""
    kind = chance.random()
    u = int(chance.choice(net.fed[k]))
    if kind < 0.55 and len(marks) > 1:  # a path upwards from k
        marks[0][u] = True
        for layer in range(1, min(len(marks), 2 if chance.random() < 0.7 else 3)):
            u = int(chance.choice(np.flatnonzero(net.masks[layer][:, u])))
            marks[layer][u] = True
    elif kind < 0.8:
        marks[0][u] = ~marks[0][u]
    else:
        mark = marks[int(chance.integers(len(marks)))]
        on = np.flatnonzero(mark)
        if on.size:
            mark[int(chance.choice(on))] = False


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when pins are found for a trimmed chain.

    >>> find(Pattern.of(["10/01/11", "101/110/111"])).data["pins"]
    [[0, 2]]
    """
    if not affordable(pattern) or not is_trimmed(pattern):
        return None
    found = search(Net(pattern), clock)
    if found is None:
        return None
    units = [np.flatnonzero(mark).tolist() for mark in found]
    return Step("cut", Conclusion.FREE, {"pins": units, "seed": 0, "prime": PRIME})


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
    find=find,
    account="with most weights fixed, the others enter linearly and give every matrix",
    title="a cut that serves every matrix",
    explain=explain,
    cost="integer programs and ranks: up to a minute",
)
