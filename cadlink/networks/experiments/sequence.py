"""A minimising sequence: parameters theta_1, theta_2, ... with loss -> 0 and norm -> infinity.

The witness of a verdict holds a curve of parameters (``cadlink.networks.curve``): every weight and
bias a Laurent polynomial in eps, supported on the masks, with predictions that tend to the targets
as eps -> 0+.  The sequence is the curve at eps = 2^-k, so the loss is O(4^-k).  Since the targets
are in the closure of the predictions and not among them, the norms along any such sequence cannot
stay bounded: a bounded one would have a limit point, and its predictions would be the targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from cadlink.errors import InputError
from cadlink.networks.kernel.doubles import Array
from cadlink.networks.verdict import NetworkVerdict
from cadlink.patterns.pattern import Pattern

__all__ = ["Parameters", "minimising_sequence", "on_curve"]

MOST_K = 400  # 2^-k and its square stay within double precision
MOST_ENTRIES = 50_000_000  # entries of the dense arrays

Row = Sequence[Fraction]


@dataclass(frozen=True)
class Parameters:
    """Weights and biases of a network, exact; what is not listed is 0.

    ``weights[l]`` maps (row, column) of mask l (from 0) to a number, ``biases[l]`` a row.
    """

    pattern: Pattern
    weights: tuple[Mapping[tuple[int, int], Fraction], ...]
    biases: tuple[Mapping[int, Fraction], ...]

    def predict(self, x: Row) -> tuple[Fraction, ...]:
        """The network's outputs at one point, in exact arithmetic."""
        values = {k: value for k, value in enumerate(x) if value}
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            total = dict(biases)
            for (i, j), weight in weights.items():
                if j in values:
                    total[i] = total.get(i, Fraction(0)) + weight * values[j]
            hidden = layer + 1 < len(self.weights)
            values = {i: v for i, v in total.items() if v > 0 or (v and not hidden)}
        return tuple(values.get(j, Fraction(0)) for j in range(self.pattern.widths[-1]))

    def loss(self, inputs: Sequence[Row], targets: Sequence[Row]) -> Fraction:
        """The sum of squared errors, in exact arithmetic."""
        return sum(
            (
                (p - q) ** 2
                for x, y in zip(inputs, targets, strict=True)
                for p, q in zip(self.predict(x), y, strict=True)
            ),
            Fraction(0),
        )

    @property
    def largest(self) -> Fraction:
        """The largest absolute value of a weight or bias."""
        return max(map(abs, self._values()), default=Fraction(0))

    @property
    def norm(self) -> float:
        """The Euclidean norm of all weights and biases together."""
        return float(np.linalg.norm([float(value) for value in self._values()]))

    @property
    def largest_weight(self) -> Fraction:
        """The largest absolute value of a weight."""
        return max((abs(v) for layer in self.weights for v in layer.values()), default=Fraction(0))

    def _values(self) -> list[Fraction]:
        found = [value for layer in self.weights for value in layer.values()]
        return found + [value for layer in self.biases for value in layer.values()]

    def to_numpy(self) -> tuple[list[Array], list[Array]]:
        """Weights (out x in, as torch stores them) and biases, float64, one array per layer.

        Raises InputError when the arrays would be too large to write out.
        """
        if sum(mask.shape[0] * mask.shape[1] for mask in self.pattern.layers) > MOST_ENTRIES:
            raise InputError("the masks are too large for dense arrays; use .weights and .biases")
        weights, biases = [], []
        for mask, given, shifts in zip(self.pattern.layers, self.weights, self.biases, strict=True):
            matrix, vector = np.zeros(mask.shape), np.zeros(mask.shape[0])
            for cell, value in given.items():
                matrix[cell] = float(value)
            for row, value in shifts.items():
                vector[row] = float(value)
            weights.append(matrix)
            biases.append(vector)
        return weights, biases


def on_curve(pattern: Pattern, curve: Mapping[str, Any], eps: Fraction) -> Parameters:
    """The parameters at one point eps > 0 of a witness's curve.

    >>> curve = {"weights": [[[0, 0, [[-1, 1], [0, "1/2"]]]]], "biases": [[]]}
    >>> dict(on_curve(Pattern.of(["1"]), curve, Fraction(1, 4)).weights[0])
    {(0, 0): Fraction(9, 2)}
    """

    def value(series: Sequence[Any]) -> Fraction:
        return sum((Fraction(c) * eps ** int(e) for e, c in series), Fraction(0))

    return Parameters(
        pattern,
        tuple({(i, j): value(s) for i, j, s in layer} for layer in curve["weights"]),
        tuple({i: value(s) for i, s in layer} for layer in curve["biases"]),
    )


def minimising_sequence(verdict: NetworkVerdict, k: int) -> Parameters:
    """theta_k for the data of the verdict's witness: the curve at eps = 2^-k.

    For the data of a training set (scaled into a box) use ``TrainingSet.parameters``.
    Raises InputError when the verdict has no explicit data, or k is out of range.

    >>> from cadlink.networks.deciding import decide_network
    >>> from cadlink.networks.verdict import training_data
    >>> verdict = decide_network("dense:2-2-2")
    >>> [str(minimising_sequence(verdict, k).loss(*training_data(verdict))) for k in (0, 1, 2)]
    ['3', '3/4', '3/16']
    """
    witness = verdict.witness
    if witness is None or "curve" not in witness:
        raise InputError(
            f"no minimising sequence: the answer {verdict.answer.value} for question"
            f" ({verdict.question.value}) comes without explicit data"
        )
    return on_curve(verdict.pattern, witness["curve"], eps_of(k))


def eps_of(k: int) -> Fraction:
    """2^-k; InputError unless 0 <= k <= MOST_K."""
    if not 0 <= k <= MOST_K:
        raise InputError(f"k = {k}: expected a number from 0 to {MOST_K}")
    return Fraction(1, 1 << k)
