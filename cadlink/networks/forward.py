"""A network run on points in double precision, for those who look for something; nothing is proved
by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.networks.kernel.doubles import Array, Doubles, Parameters

__all__ = ["floats", "predictions", "received"]

BATCH = 4096


def floats(rows: Sequence[Sequence[Fraction]]) -> Array:
    """Rows of exact numbers as an array, rounded.

    >>> floats([[Fraction(1, 2)]]).tolist()
    [[0.5]]
    """
    if isinstance(rows, Doubles):
        return rows.array
    return np.array([[float(value) for value in row] for row in rows])


def received(
    parameters: Parameters, activation: str, values: Array
) -> Iterator[tuple[Array, Array]]:
    """Per layer its values from below and what its units receive (points x units); ReLU or none."""
    for weight, bias in zip(parameters.weights, parameters.biases, strict=True):
        found = values @ weight.T + bias
        yield values, found
        values = np.maximum(found, 0.0) if activation == "relu" else found


def predictions(
    parameters: Parameters, activation: str, xs: Array, clock: Clock = UNLIMITED
) -> Array:
    """What the network predicts (points x outputs), some points at a time.  Raises OutOfTime."""
    parts = []
    for start in range(0, len(xs), BATCH):
        clock.check()
        *_, (_, found) = received(parameters, activation, xs[start : start + BATCH])
        parts.append(found)
    return np.vstack(parts)
