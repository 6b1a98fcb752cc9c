"""Which units lie on paths from some inputs to some outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.patterns.pattern import Pattern

__all__ = ["Marks", "Units", "live_units", "meeting", "on_paths", "reached", "reaching"]

Units: TypeAlias = npt.NDArray[np.int64]
Marks: TypeAlias = list[npt.NDArray[np.bool_]]  # per unit layer, which units


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
