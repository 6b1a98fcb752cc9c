"""Pins in all layers by local search.

Every pin is judged by the relations it would break less what it takes from others, both seen in
floating point (``sketch``).  The best are set, several at once while that helps; then single ones,
and random changes that lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from cadlink.clock import Clock
from cadlink.rules.net import Net, Pins
from cadlink.rules.sketch import Look, Sketch, sketchable

__all__ = ["serving"]

MOST_AT_ONCE = 16  # pins set in one move
MOST_FAILURES = 30  # rounds in a row that gain nothing
SINGLES, SHAKES = 8, 14  # moves of a round
NEAR_BEST = 30  # places that may be exchanged for a pin
ROUNDING = 1e-7  # of an entry of a relation, of length 1

Place: TypeAlias = tuple[int, int]  # a hidden layer, counted from 0, and a unit


def serving(net: Net, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    if not sketchable(net):
        return None
    chance = np.random.default_rng(0)
    sketch = Sketch(net)
    best = net.no_pins()
    look = sketch.look(best, clock)
    failures, at_once = 0, MOST_AT_ONCE
    while look.missing and failures < MOST_FAILURES:
        failures += 1
        places = _places(sketch, best, look, chance)
        for move in _moves(net, best, look, places, at_once, chance):
            pins = _toggled(best, move)
            found = sketch.look(pins, clock)
            if found.missing > look.missing:
                continue
            gained = found.missing < look.missing
            best, look = pins, found
            if gained:
                failures, at_once = 0, min(MOST_AT_ONCE, 2 * len(move))
                break
        else:
            at_once = 1
    return best if not look.missing and not net.missing(best, clock) else None


def _toggled(pins: Pins, move: list[Place]) -> Pins:
    found = tuple(mark.copy() for mark in pins)
    for layer, unit in move:
        found[layer][unit] ^= True
    return found


def _places(sketch: Sketch, pins: Pins, look: Look, chance: np.random.Generator) -> list[Place]:
    """Where a pin would break a relation, the best places first, ties by chance."""
    scored = []
    pairs = zip(sketch.gains(pins, look), sketch.losses(pins, look), strict=True)
    for layer, (gain, loss) in enumerate(pairs):
        score = gain - loss + chance.random(gain.size)
        scored += [(float(score[u]), layer, int(u)) for u in np.flatnonzero(gain)]
    return [(layer, unit) for _, layer, unit in sorted(scored, reverse=True)]


def _moves(
    net: Net, pins: Pins, look: Look, places: list[Place], at_once: int, chance: np.random.Generator
) -> Iterator[list[Place]]:
    """The best places together, fewer of them, one by one; then changes at random, on the way up
    from an input that takes part in a relation or anywhere."""
    while at_once > 1:
        yield places[:at_once]
        at_once //= 2
    for place in places[:SINGLES]:
        yield [place]
    pinned = [(layer, int(u)) for layer, mark in enumerate(pins) for u in np.flatnonzero(mark)]
    short = np.unique(look.owner[(np.abs(look.relations) > ROUNDING).any(axis=0)])
    for _ in range(SHAKES):
        kind = chance.random()
        if kind < 0.35:
            walk = _walk(net, int(chance.choice(short)), chance)
            yield [walk[int(chance.integers(1 + chance.integers(len(walk))))]]
        elif kind < 0.55:
            walk = _walk(net, int(chance.choice(short)), chance)
            steps = walk[: int(chance.integers(2, 4))]
            yield [(layer, unit) for layer, unit in steps if not pins[layer][unit]]
        elif kind < 0.75 and pinned:
            yield [_one(pinned, chance)]
        elif pinned and places:
            yield [_one(pinned, chance), _one(places[:NEAR_BEST], chance)]


def _walk(net: Net, unit: int, chance: np.random.Generator) -> list[Place]:
    """A random path upwards from an input, without its ends."""
    found = []
    for layer, mask in enumerate(net.masks[:-1]):
        unit = int(chance.choice(np.flatnonzero(mask[:, unit])))
        found.append((layer, unit))
    return found


def _one(places: list[Place], chance: np.random.Generator) -> Place:
    return places[int(chance.integers(len(places)))]
