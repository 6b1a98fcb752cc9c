"""Pins in all layers by local search.

A pin gives back at most as many dimensions as the paths upwards from its heads have, and takes one
from every column that cannot do without the unit, and one for every pin that feeds it.  The pins
with the best balance are tried, several at once while that helps; what they really lack is a rank.
When none helps, a pin on a path upwards from a column that lacks something is tried, or one fewer.
"""

from __future__ import annotations

import numpy as np

from cadlink.clock import Clock
from cadlink.rules.net import Missing, Net, Pins

__all__ = ["improved"]

MOST_AT_ONCE = 16  # pins set in one move
MOST_FAILURES = 60  # moves in a row that gain nothing


def improved(net: Net, best: Pins, lacking: Missing, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    chance = np.random.default_rng(0)
    failures, at_once = 0, MOST_AT_ONCE
    while lacking.dimensions and failures < MOST_FAILURES:
        clock.check()
        moved = tuple(mark.copy() for mark in best)
        if at_once:
            _pin(net, moved, lacking, at_once, chance, clock)
        else:
            _shake(net, moved, int(chance.choice(lacking.columns)), chance)
        found = net.missing(moved, clock)
        failures += 1
        if found.dimensions < lacking.dimensions:
            failures, at_once = 0, min(MOST_AT_ONCE, 2 * at_once or 1)
        elif at_once:
            at_once //= 2
            continue
        elif found.dimensions > lacking.dimensions:
            continue
        best, lacking = moved, found
    return None if lacking.dimensions else best


def _pin(
    net: Net, marks: Pins, lacking: Missing, number: int, chance: np.random.Generator, clock: Clock
) -> None:
    """Set the pins with the best balance."""
    short = np.zeros(net.pattern.widths[0], dtype=np.bool_)
    short[lacking.columns] = True
    lost = net.needed(marks, clock)  # columns that cannot do without a unit of the first layer
    below = net.masks[0] & short  # from which short columns a unit can be reached inside U
    places: list[tuple[float, int, int]] = []
    for layer, mark in enumerate(marks, start=1):
        if layer > 1:
            feeding = net.masks[layer - 1] * marks[layer - 2]
            lost = feeding.sum(axis=1)
            below = feeding.astype(np.float32) @ below.astype(np.float32) > 0
        gain = np.minimum(net.spans(layer, marks), below.sum(axis=1) * net.pattern.widths[-1])
        score = (gain - lost + chance.random(mark.size)) * ~mark * below.any(axis=1)
        places += [(float(score[u]), layer, int(u)) for u in np.flatnonzero(score > 0)]
        below = below & mark[:, None]
    for _, layer, u in sorted(places, reverse=True)[:number]:
        marks[layer - 1][u] = True


def _shake(net: Net, marks: Pins, k: int, chance: np.random.Generator) -> None:
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
