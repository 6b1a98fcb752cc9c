"""Which units of a pattern lie on a path from an input to an output, and which are joined."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.patterns.pattern import Pattern

__all__ = ["components", "is_connected", "is_trimmed", "on_path"]

SWEEPS = 4  # up and down the layers; random masks need two


def on_path(pattern: Pattern) -> list[npt.NDArray[np.int64]]:
    """For every layer its units on some path from an input to an output, ascending.

    >>> [units.tolist() for units in on_path(Pattern.of(["110/000", "11"]))]
    [[0, 1], [0], [0]]
    """
    from_inputs = [np.ones(pattern.widths[0], dtype=np.bool_)]
    for mask in pattern.layers:
        from_inputs.append(mask @ from_inputs[-1])
    to_outputs = [np.ones(pattern.widths[-1], dtype=np.bool_)]
    for mask in reversed(pattern.layers):
        to_outputs.append(mask.T @ to_outputs[-1])
    return [
        np.flatnonzero(one & other)
        for one, other in zip(from_inputs, reversed(to_outputs), strict=True)
    ]


def is_trimmed(pattern: Pattern) -> bool:
    """Whether every unit lies on a path from an input to an output."""
    return all(
        len(units) == width for units, width in zip(on_path(pattern), pattern.widths, strict=True)
    )


def is_connected(pattern: Pattern) -> bool:
    """Whether a few sweeps from one input reach all units; False says nothing.

    No memory is needed beyond the masks, unlike for the components.

    >>> is_connected(Pattern.of(["11/01", "10/11"])), is_connected(Pattern.of(["10/01", "10/01"]))
    (True, False)
    """
    marks = [np.zeros(width, dtype=np.bool_) for width in pattern.widths]
    if not marks[0].size:
        return False
    marks[0][0] = True
    for _ in range(SWEEPS):
        for layer, mask in enumerate(pattern.layers):
            marks[layer + 1] |= mask @ marks[layer]
        for layer, mask in reversed(list(enumerate(pattern.layers))):
            marks[layer] |= mask.T @ marks[layer + 1]
        if all(mark.all() for mark in marks):
            return True
    return False


def components(pattern: Pattern) -> tuple[int, list[npt.NDArray[np.int32]]]:
    """The number of connected components of the layered graph, and for every layer that of each
    unit.

    >>> count, of_layer = components(Pattern.of(["101/010", "10/01"]))
    >>> count, [layer.tolist() for layer in of_layer]
    (2, [[0, 1, 0], [0, 1], [0, 1]])
    """
    from scipy.sparse.csgraph import connected_components  # late: slow to load

    first = np.concatenate(([0], np.cumsum(pattern.widths)))
    edges = [mask.tocoo() for mask in pattern.layers]
    heads = np.concatenate([edge.row + first[layer + 1] for layer, edge in enumerate(edges)])
    tails = np.concatenate([edge.col + first[layer] for layer, edge in enumerate(edges)])
    total = int(first[-1])
    graph = sp.coo_array((np.ones(heads.size, dtype=np.int8), (heads, tails)), shape=(total, total))
    count, labels = connected_components(graph.tocsr(), directed=False)
    return int(count), [labels[low:high] for low, high in pairwise(first)]
