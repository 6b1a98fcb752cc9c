"""R23 (iii): the last hidden features have full rank, so that all targets are realised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cadlink.networks.kernel.doubles import (
    Doubles,
    Parameters,
    batches,
    distinct,
    enclosures,
    exactly,
    parameters_of,
)
from cadlink.networks.kernel.statement import Points
from cadlink.networks.kernel.witness import PRIME, Network, Whole, modular, residue

__all__ = ["full_features"]


def full_features(net: Network) -> tuple[str, ...]:
    """R23 (iii): for every output, [values of the units that feed it, 1] has as many independent
    rows as there are points.

    Modulo a prime, where the rank can only be smaller; the signs of all pre-activations are those
    of the exact numbers.
    """
    net.demand(net.pattern.depth >= 2, "a hidden layer", net.pattern.depth)
    points = distinct(net.inputs)
    width = net.pattern.widths[-2]
    net.demand(len(points) <= width + 1, f"{len(points) - 1} units in the last hidden layer", width)
    parameters = parameters_of(net, net.pattern.depth - 1)
    values = _residues(net, points)
    active = _active(net, parameters, points)
    for weight, bias, on in zip(parameters.weights, parameters.biases, active, strict=True):
        entries = len(points) * sum(weight.shape) + weight.size
        net.at.spend(entries // 2 + len(points) * weight.size // 1000)
        product = modular(values) * modular(_modulo(weight).T)
        sums = np.array([int(value) for value in product.entries()], dtype=np.int64)
        values = (sums.reshape(on.shape) + _modulo(bias)) % PRIME * on
        net.tick("features modulo a prime", 0.5)
    tried: set[tuple[int, ...]] = set()
    for j in range(net.pattern.widths[-1]):
        feeding = tuple(sorted(net.sees(net.pattern.depth - 1, j)))
        if feeding in tried:
            continue
        tried.add(feeding)
        columns = values[:, list(feeding)]
        if net.biases[-1]:
            columns = np.hstack((columns, np.ones((len(points), 1), dtype=np.int64)))
        net.at.spend(columns.size // 2 + columns.size * min(columns.shape) // 3000)
        rank = modular(columns).rank()
        wanted = f"{len(points)} independent rows of features for output {j}"
        net.demand(rank == len(points), wanted, int(rank))
    return ()


def _active(net: Network, parameters: Parameters, points: Points) -> list[npt.NDArray[np.bool_]]:
    """Per layer where the exact pre-activations are positive (points x units)."""
    found: list[list[npt.NDArray[np.bool_]]] = [[] for _ in parameters.weights]
    for start, values, error in batches(points):
        doubtful = np.zeros(len(values), dtype=bool)
        signs = []
        for received, bound in enclosures(net, parameters, values, error):
            doubtful |= (np.abs(received) <= bound).any(axis=1)
            signs.append(received > 0)
        places = np.flatnonzero(doubtful).tolist()
        exact = exactly(net, parameters, [points[start + place] for place in places])
        for place, rows in zip(places, exact, strict=True):
            for layer, row in enumerate(rows):
                signs[layer][place] = [value > 0 for value in row]
        for layer, part in enumerate(signs):
            found[layer].append(part)
        net.tick("the signs of pre-activations", (start + len(values)) / len(points) / 2)
    return [np.vstack(parts) for parts in found]


# -- modulo the prime ------------------------------------------------------------------------------


def _residues(net: Network, points: Points) -> Whole:
    if isinstance(points, Doubles):
        return _modulo(points.array)
    return np.array([[residue(net, value) for value in row] for row in points], dtype=np.int64)


def _modulo(array: npt.NDArray[np.float64]) -> Whole:
    """Doubles modulo 2^31 - 1, where 2^31 is 1.

    >>> _modulo(np.array([0.5, -1.0, 3.0])).tolist() == [2**30, PRIME - 1, 3]
    True
    """
    parts, exponents = np.frexp(array)
    whole = (parts * 2.0**53).astype(np.int64) % PRIME
    return whole * (np.int64(1) << ((exponents - 53) % 31).astype(np.int64)) % PRIME
