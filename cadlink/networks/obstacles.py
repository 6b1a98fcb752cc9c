"""What stands in the way of a guarantee for every training set, by layer.

R13 (R1 for one hidden layer) asks that hidden units on paths feed one unit each, and that outputs
share no last hidden unit, or a last hidden unit has its outputs to itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import Units, live_units

__all__ = ["Obstacle", "masks_are_safe", "obstacles"]

MOST_UNITS = 4  # named of a layer


@dataclass(frozen=True)
class Obstacle:
    """What keeps R13 from guaranteeing an optimum in one layer of weights.

    ``units``: the hidden units below, on paths, that feed several units, the busiest first;
    ``edges``: how many of their edges are too many.
    """

    layer: int
    units: tuple[int, ...]
    edges: int

    def words(self, depth: int) -> str:
        """One line about it, in a network of so many layers.

        >>> Obstacle(1, (3,), 2).words(2)
        'layer 1: hidden unit 3 feeds several outputs; a guarantee needs 2 edges less'
        """
        shown = ", ".join(map(str, self.units[:MOST_UNITS]))
        more = f", ... ({len(self.units)} in all)" if len(self.units) > MOST_UNITS else ""
        whom = "outputs" if self.layer == depth - 1 else "units"
        verb = "unit {} feeds" if len(self.units) == 1 else "units {} feed"
        edges = f"{self.edges} edge{'s' if self.edges > 1 else ''}"
        who = verb.format(shown + more)
        return f"layer {self.layer}: hidden {who} several {whom}; a guarantee needs {edges} less"

    def to_json(self) -> dict[str, Any]:
        """An entry of the "obstacles" that ``--json`` prints."""
        return {"layer": self.layer, "units": list(self.units), "edges": self.edges}


def obstacles(pattern: Pattern, constant_units: bool = False) -> tuple[Obstacle, ...]:
    """The layers that stand in the way of R13, those with the most edges too many first.

    ``constant_units``: some layer has no biases, so that units without inputs count.

    >>> obstacles(Pattern.of(["11/11", "11/11", "11"]))
    (Obstacle(layer=1, units=(0, 1), edges=2),)
    """
    found = []
    for layer, units, fed in _busy(pattern, constant_units):
        order = np.argsort(-fed, kind="stable")
        found.append(Obstacle(layer, tuple(units[order].tolist()), int((fed - 1).sum())))
    return tuple(sorted(found, key=lambda one: -one.edges))


def masks_are_safe(pattern: Pattern, constant_units: bool = False) -> bool:
    """Whether nothing stands in the way of R13 (R1); ``constant_units`` as for ``obstacles``.

    A connected component of last hidden units and outputs with two of each has a unit that feeds
    two outputs and shares one.

    >>> masks_are_safe(Pattern.of(["11/11", "11"])), masks_are_safe(Pattern.of(["11/11", "11/11"]))
    (True, False)
    """
    return next(_busy(pattern, constant_units), None) is None


def _busy(pattern: Pattern, constant_units: bool) -> Iterator[tuple[int, Units, Units]]:
    """The layers above units that are in the way, these units, and how many each feeds."""
    units = live_units(pattern, constant_units)
    for layer in range(1, pattern.depth):
        mask = pattern.layers[layer][units[layer + 1], :][:, units[layer]]
        fed = np.diff(mask.tocsc().indptr)
        if layer == pattern.depth - 1:  # a unit with its outputs to itself is no obstacle
            users = np.diff(mask.indptr)
            fed = np.where((users > 1).astype(np.int64) @ mask.astype(np.int64) > 0, fed, 1)
        busy = np.flatnonzero(fed > 1)
        if len(busy):
            yield layer, units[layer][busy], fed[busy]
