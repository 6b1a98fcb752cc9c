"""Which units lie on paths from some inputs to some outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.patterns.pattern import Pattern

__all__ = ["Units", "live_units", "on_paths"]

Units: TypeAlias = npt.NDArray[np.int64]


def on_paths(
    pattern: Pattern, inputs: Sequence[int] | None = None, outputs: Sequence[int] | None = None
) -> list[Units]:
    """Per unit layer the units on paths from these inputs to these outputs (default: all).

    >>> [units.tolist() for units in on_paths(Pattern.of(["11/01", "10/11"]), [0])]
    [[0], [0], [0, 1]]
    """
    up, down = _reached(pattern, inputs), _reached(pattern.transpose(), outputs)[::-1]
    return [np.flatnonzero(a & b).astype(np.int64) for a, b in zip(up, down, strict=True)]


def live_units(pattern: Pattern, constant_units: bool = False) -> list[Units]:
    """All inputs and outputs, and the hidden units on some path.

    ``constant_units``: hidden units with a path to an output are enough.
    """
    down = _reached(pattern.transpose(), None)[::-1]
    up = _reached(pattern, None)
    hidden = [
        np.flatnonzero(b if constant_units else a & b).astype(np.int64)
        for a, b in zip(up, down, strict=True)
    ]
    return [np.arange(pattern.widths[0]), *hidden[1:-1], np.arange(pattern.widths[-1])]


def _reached(pattern: Pattern, starts: Sequence[int] | None) -> list[npt.NDArray[np.bool_]]:
    now = np.zeros(pattern.widths[0], dtype=np.bool_)
    now[slice(None) if starts is None else list(starts)] = True
    found = [now]
    for mask in pattern.layers:
        now = (mask.astype(np.int32) @ now.astype(np.int32)) > 0
        found.append(now)
    return found
