"""Double-precision numbers taken exactly: tables of points, parameters, and networks run on them.

A double is a rational number, so data and weights in double precision (or less) are exact.  What is
computed from them is rounded, and here every rounding is bounded.  Let n products be added to a
bias, in any order, fused or not.  Then (N. Higham, Accuracy and Stability of Numerical Algorithms,
2002, chapter 3) the result is within g (sum |w| |h| + |b|) of the exact one, g = (n + 2) u / (1 -
(n + 2) u), u = 2^-53, plus what underflow loses; values h that are known up to e add sum |w| e.
The bound is a sum of terms that are at least 0, computed with the same relative error, and is
enlarged by it.  ReLU moves no two numbers apart.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from cadlink.networks.kernel.witness import Network, multiplying

__all__ = [
    "BATCH",
    "Array",
    "Doubles",
    "Parameters",
    "array_json",
    "batches",
    "column",
    "distinct",
    "enclosures",
    "exactly",
    "integers",
    "parameters_of",
]

Array = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]

BATCH = 2048  # points at a time
UNIT = 2.0**-53
LOST = 2.0**-1020  # of each operation, at most, to underflow, even where small numbers become 0


class Doubles(Sequence[tuple[Fraction, ...]]):
    """Rows of doubles in an array, read as rows of exact numbers that are made when they are
    looked at.

    >>> rows = Doubles(np.array([[0.5, 2.0]]))
    >>> rows[0], len(rows), rows.width
    ((Fraction(1, 2), Fraction(2, 1)), 1, 2)
    """

    def __init__(self, array: Array) -> None:
        self.array = np.ascontiguousarray(array, dtype=np.float64)
        if self.array.ndim != 2 or not np.isfinite(self.array).all():
            raise ValueError("expected rows of finite numbers")
        self.array.flags.writeable = False

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return int(self.array.shape[1])

    def __len__(self) -> int:
        return len(self.array)

    @overload
    def __getitem__(self, at: int) -> tuple[Fraction, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> Doubles: ...
    def __getitem__(self, at: int | slice) -> tuple[Fraction, ...] | Doubles:
        if isinstance(at, slice):
            return Doubles(self.array[at])
        return tuple(map(Fraction, self.array[at].tolist()))


def column(rows: Sequence[Sequence[Fraction]], k: int) -> list[Fraction]:
    """One number of every row."""
    if isinstance(rows, Doubles):
        return list(map(Fraction, rows.array[:, k].tolist()))
    return [row[k] for row in rows]


def distinct(rows: Sequence[tuple[Fraction, ...]]) -> Sequence[tuple[Fraction, ...]]:
    """The rows, each once.

    >>> len(distinct(Doubles(np.array([[0.0], [-0.0]]))))
    1
    """
    if isinstance(rows, Doubles):
        return Doubles(np.unique(rows.array + 0.0, axis=0))
    return tuple(dict.fromkeys(rows))


def array_json(array: Array) -> dict[str, Any]:
    """A matrix or a vector of doubles in a witness: its shape, and its numbers as base64.

    >>> array_json(np.array([1.0]))
    {'shape': [1], 'doubles': 'AAAAAAAA8D8='}
    """
    numbers = np.ascontiguousarray(array, dtype="<f8")
    return {
        "shape": list(numbers.shape),
        "doubles": base64.b64encode(numbers.tobytes()).decode("ascii"),
    }


@dataclass(frozen=True)
class Parameters:
    """Weights (out x in) and biases of the first layers, 0 outside the masks."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def parameters_of(net: Network, layers: int) -> Parameters:
    """The parameters of the first ``layers`` layers in the witness, on the masks."""
    at, pattern = net.at, net.pattern
    said = at.keys(net.witness.get("parameters"), ("weights", "biases"), "parameters")
    listed = at.items(said["weights"], "weights", layers)
    given = at.items(said["biases"], "biases", layers)
    weights, biases = [], []
    for layer, mask in enumerate(pattern.layers[:layers]):
        rows, columns = mask.shape
        at.spend(rows * columns // 50)
        weight = _array(net, listed[layer], (int(rows), int(columns)), f"weights of layer {layer}")
        outside = np.count_nonzero(weight) - np.count_nonzero(weight[mask.nonzero()])
        net.demand(outside == 0, f"weights on the mask of layer {layer}", f"{outside} others")
        bias = _array(net, given[layer], (int(rows),), f"biases of layer {layer}")
        free = net.biases[layer] or not bias.any()
        net.demand(free, f"no bias in layer {layer}", "biases")
        weights.append(weight)
        biases.append(bias)
    return Parameters(tuple(weights), tuple(biases))


def _array(net: Network, value: object, shape: tuple[int, ...], what: str) -> Array:
    said = net.at.keys(value, ("shape", "doubles"), what)
    net.demand(said["shape"] == list(shape), f"{what}: shape {list(shape)}", said["shape"])
    net.demand(isinstance(said["doubles"], str), f"{what}: base64", said["doubles"])
    try:
        content = base64.b64decode(said["doubles"], validate=True)
    except (binascii.Error, ValueError):
        content = b""
    wanted = 8 * int(np.prod(shape))
    net.demand(len(content) == wanted, f"{what}: {wanted} bytes as base64", f"{len(content)}")
    array = np.frombuffer(content, "<f8").astype(np.float64).reshape(shape)
    net.demand(bool(np.isfinite(array).all()), f"{what}: finite numbers", "others")
    return array


# -- rounded, with bounds --------------------------------------------------------------------------


def batches(rows: Sequence[Sequence[Fraction]]) -> Iterator[tuple[int, Array, Array]]:
    """Some rows after the other: the place of the first, doubles, and how far the rows may be."""
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        if isinstance(part, Doubles):
            yield start, part.array, np.zeros((1, part.width))
            continue
        near = np.array([[_nearest(value) for value in row] for row in part])
        exact = np.array(
            [
                [v == w for v, w in zip(a, b, strict=True)]
                for a, b in zip(near.tolist(), part, strict=True)
            ]
        )
        yield start, near, np.where(exact, 0.0, 4 * UNIT * np.abs(near) + LOST)


def _nearest(value: Fraction) -> float:
    """The double next to a number; beyond all of them infinity, which ``enclosures`` refuses."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def enclosures(
    net: Network, parameters: Parameters, values: Array, error: Array
) -> Iterator[tuple[Array, Array]]:
    """Per layer what its units receive (points x units), and how far the exact numbers may be.

    ``values`` are the inputs, ``error`` bounds their distance from the exact ones.  For ReLU, or no
    activation.
    """
    net.demand(
        net.statement.activation in ("relu", "linear"),
        "ReLU or no activation, to bound roundings",
        net.statement.activation,
    )
    for weight, bias in zip(parameters.weights, parameters.biases, strict=True):
        terms = weight.shape[1] + 1
        net.at.spend(weight.size * len(values) // 2000)
        relative, lost = 1.01 * (terms + 3) * UNIT, (terms + 3) * LOST
        size = np.abs(weight)
        with np.errstate(over="ignore", invalid="ignore"):
            received = values @ weight.T + bias
            spread = (relative * np.abs(values) + error) @ size.T
            bound = (spread + relative * np.abs(bias)) * (1 + 8 * relative) + lost * (
                1 + size.max()
            )
        finite = bool(np.isfinite(received).all() and np.isfinite(bound).all())
        net.demand(finite, "numbers within double precision", "larger ones")
        yield received, bound
        if net.statement.activation == "relu":
            values = np.maximum(received, 0.0)
            error = np.where(received < -bound, 0.0, bound)
        else:
            values, error = received, bound


# -- exact -----------------------------------------------------------------------------------------


def integers(array: Array) -> tuple[Objects, int]:
    """Integers n and a number s with array = n 2^-s.

    >>> integers(np.array([0.5, 3.0, 0.0]))
    (array([1, 6, 0], dtype=object), 1)
    """
    parts, exponents = np.frexp(array)
    whole = (parts * 2.0**53).astype(np.int64)
    even = np.maximum(np.frexp((whole & -whole).astype(np.float64))[1] - 1, 0)  # factors of 2
    whole >>= even
    exponents = np.where(whole == 0, 10_000, exponents - 53 + even)
    low = int(exponents.min(initial=0))
    shifts = np.where(whole == 0, 0, exponents - low)
    found = np.left_shift(whole.astype(object), shifts.astype(object))
    return found, -low


def exactly(
    net: Network, parameters: Parameters, points: Sequence[Sequence[Fraction]]
) -> Iterator[list[list[int]]]:
    """For each point, per layer what its units receive: integers, to be divided by a positive
    number that is the same for the whole layer.  For ReLU, or no activation.
    """
    tables = []
    for weight, bias in zip(parameters.weights, parameters.biases, strict=True):
        if len(points):
            net.at.spend(50 + weight.size)
            whole, shift = integers(np.column_stack((weight, bias)))
            longest = max(value.bit_length() for value in whole.ravel().tolist())
            tables.append((whole, shift, longest))
    relu = net.statement.activation == "relu"
    for x in points:
        scale = lcm(*(value.denominator for value in x))
        values = [value.numerator * (scale // value.denominator) for value in x]
        found = []
        for whole, shift, longest in tables:
            bits = max(value.bit_length() for value in (*values, scale))
            net.at.spend(10 + multiplying(whole.size, longest, bits))
            received = (whole @ np.array([*values, scale], dtype=object)).tolist()
            found.append(received)
            values = [max(value, 0) for value in received] if relu else received
            scale <<= shift
        yield found
