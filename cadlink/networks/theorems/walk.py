"""A path through the masks, one of many: the curves of parameters go along some."""

from __future__ import annotations

import numpy as np

from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import Marks

__all__ = ["edges_up"]


def edges_up(
    pattern: Pattern, start: int, allowed: Marks, bottom: int = 0
) -> list[tuple[int, int, int]]:
    """Edges (mask, row, column) from a unit of unit layer ``bottom`` up to the last layer of
    ``allowed``: always to the first unit that is allowed, and there must be one.

    >>> from cadlink.rules.paths import reaching
    >>> lu = Pattern.of(["11/01", "10/11"])
    >>> edges_up(lu, 1, reaching(lu, [1]))
    [(0, 0, 1), (1, 1, 0)]
    """
    found = []
    for place in range(bottom, len(allowed) - 1):
        column = pattern.layers[place][:, [start]].toarray()[:, 0]
        above = int(np.flatnonzero(column & allowed[place + 1])[0])
        found.append((place, above, start))
        start = above
    return found
