"""Which units of a pattern lie on a path from an input to an output."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cadlink.patterns.pattern import Pattern

__all__ = ["is_trimmed", "on_path"]


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
