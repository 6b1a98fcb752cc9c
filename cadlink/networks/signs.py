"""What weights look like that are on their way to infinity.  Signs, no proofs.

Nearly all training sets without an optimum are approached in one way: two units of a layer become
one.  Their inputs (weights and bias) turn parallel and their outputs grow, large and opposite, so
that the difference stays what the data want; in the limit a unit and its derivative in a direction
are left, and no two units are those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cadlink.networks.kernel.doubles import Array, Parameters

__all__ = ["Pair", "largest_weights", "pairs"]

PARALLEL = 0.99  # cosine of the inputs of two units
CANCEL = 4.0  # outputs are this much larger than their sum
UNITS = 256  # of a layer, those with the largest outputs


@dataclass(frozen=True)
class Pair:
    """Two units of hidden layer ``layer`` (from 0) with nearly parallel inputs (``cosine``) and
    outputs of the sizes ``outputs`` that nearly cancel: their sum has the size ``together``."""

    layer: int
    units: tuple[int, int]
    cosine: float
    outputs: tuple[float, float]
    together: float

    @property
    def words(self) -> str:
        """One clause."""
        one, other = self.units
        return (
            f"units {one} and {other} (from 0) have nearly parallel inputs (cosine"
            f" {self.cosine:.4f}) and large opposite outputs ({self.outputs[0]:.3g} and"
            f" {self.outputs[1]:.3g}, together {self.together:.3g})"
        )

    def to_json(self) -> dict[str, Any]:
        """The pair as ``cadlink diagnose --json`` prints it."""
        return {
            "layer": self.layer,
            "units": list(self.units),
            "cosine": self.cosine,
            "outputs": list(self.outputs),
            "together": self.together,
        }


def pairs(parameters: Parameters, most: int = 1) -> list[Pair]:
    """The pairs of units that nearly cancel, at most ``most`` of a layer, largest outputs first.

    Outputs are measured for inputs of norm 1: a unit that sees twice as much and gives half as much
    is the same.

    >>> weights = (np.array([[1.0, 0.0], [1.0, 0.01]]), np.array([[50.0, -49.9]]))
    >>> [pair.units for pair in pairs(Parameters(weights, (np.zeros(2), np.zeros(1))))]
    [(0, 1)]
    """
    found: list[Pair] = []
    for layer in range(len(parameters.weights) - 1):
        found += _of_layer(
            layer,
            parameters.weights[layer],
            parameters.biases[layer],
            parameters.weights[layer + 1],
        )[:most]
    return found


def _of_layer(layer: int, weight: Array, bias: Array, above: Array) -> list[Pair]:
    inputs = np.hstack((weight, bias[:, None]))
    norms = np.linalg.norm(inputs, axis=1)
    outputs = above.T * norms[:, None]
    sizes = np.linalg.norm(outputs, axis=1)
    units = np.argsort(-sizes, kind="stable")[:UNITS]
    units = units[sizes[units] > 0]
    directions, outputs, sizes = inputs[units] / norms[units, None], outputs[units], sizes[units]
    cosines = directions @ directions.T
    squares = sizes**2 + sizes[:, None] ** 2 + 2 * outputs @ outputs.T
    sums = np.sqrt(np.maximum(squares, 0.0))
    fits = (cosines >= PARALLEL) & (np.minimum(sizes, sizes[:, None]) >= CANCEL * sums)
    pairs_found = []
    for first, second in np.argwhere(np.triu(fits, 1)).tolist():
        low, high = sorted((first, second), key=lambda place: int(units[place]))
        pairs_found.append(
            Pair(
                layer,
                (int(units[low]), int(units[high])),
                float(cosines[first, second]),
                (float(sizes[low]), float(sizes[high])),
                float(np.linalg.norm(outputs[first] + outputs[second])),
            )
        )
    return pairs_found


def largest_weights(parameters: Parameters) -> list[tuple[float, tuple[int, int]]]:
    """Per layer the largest absolute value of a weight, and its (unit, unit below)."""
    found = []
    for weight in parameters.weights:
        row, column = np.unravel_index(int(np.abs(weight).argmax()), weight.shape)
        found.append((float(abs(weight[row, column])), (int(row), int(column))))
    return found
