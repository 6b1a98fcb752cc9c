"""Which units of a pattern lie on paths from some inputs to some outputs, and which are joined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.patterns.pattern import Mask, Pattern

__all__ = [
    "Marks",
    "Units",
    "block_cells",
    "boolean_product",
    "components",
    "is_connected",
    "is_trimmed",
    "live_units",
    "meeting",
    "on_paths",
    "reached",
    "reaching",
]

Units: TypeAlias = npt.NDArray[np.int64]
Marks: TypeAlias = list[npt.NDArray[np.bool_]]  # per unit layer, which units

SWEEPS = 4  # up and down the layers; random masks need two


def on_paths(
    pattern: Pattern, inputs: Sequence[int] | None = None, outputs: Sequence[int] | None = None
) -> list[Units]:
    """Per unit layer the units on paths from these inputs to these outputs (default: all).

    >>> [units.tolist() for units in on_paths(Pattern.of(["11/01", "10/11"]), [0])]
    [[0], [0], [0, 1]]
    """
    return meeting(reached(pattern, inputs), reaching(pattern, outputs))


def meeting(up: Marks, down: Marks) -> list[Units]:
    """Per unit layer the units in both."""
    return [np.flatnonzero(a & b).astype(np.int64) for a, b in zip(up, down, strict=True)]


def live_units(pattern: Pattern, constant_units: bool = False) -> list[Units]:
    """All inputs and outputs, and the hidden units on some path.

    ``constant_units``: hidden units with a path to an output are enough.
    """
    up, down = reached(pattern, None), reaching(pattern, None)
    hidden = [
        np.flatnonzero(b if constant_units else a & b).astype(np.int64)
        for a, b in zip(up, down, strict=True)
    ]
    return [np.arange(pattern.widths[0]), *hidden[1:-1], np.arange(pattern.widths[-1])]


def reached(pattern: Pattern, inputs: Sequence[int] | None) -> Marks:
    """Per unit layer the units that some of these inputs have a path to."""
    found = [_marked(pattern.widths[0], inputs)]
    for mask in pattern.layers:
        found.append(mask @ found[-1])
    return found


def reaching(pattern: Pattern, outputs: Sequence[int] | None) -> Marks:
    """Per unit layer the units that have a path to some of these outputs."""
    found = [_marked(pattern.widths[-1], outputs)]
    for mask in reversed(pattern.layers):
        found.append(mask.T @ found[-1])
    return found[::-1]


def _marked(width: int, units: Sequence[int] | None) -> npt.NDArray[np.bool_]:
    found = np.zeros(width, dtype=np.bool_)
    found[slice(None) if units is None else list(units)] = True
    return found


def boolean_product(
    left: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Where a product of dense masks may be nonzero.

    >>> boolean_product(np.array([[True, False]]), np.array([[False, True], [True, True]]))
    array([[False,  True]])
    """
    found: npt.NDArray[np.bool_] = left.astype(np.float32) @ right.astype(np.float32) > 0
    return found


def block_cells(lower: Mask, upper: Mask) -> int:
    """The cells of the blocks of all units between two masks, together: the paths through both.

    >>> block_cells(*Pattern.of(["11/01", "10/11"]).layers)
    5
    """
    into = np.diff(lower.indptr).astype(np.int64)
    return int(into @ np.bincount(upper.indices, minlength=upper.shape[1]))


def is_trimmed(pattern: Pattern) -> bool:
    """Whether every unit lies on a path from an input to an output, that is, has an edge from
    below, if it is no input, and one upwards, if it is no output."""
    return all(
        np.diff(mask.indptr).all() and np.bincount(mask.indices, minlength=mask.shape[1]).all()
        for mask in pattern.layers
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
