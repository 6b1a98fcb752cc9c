"""Curves of parameters: every weight and bias a Laurent polynomial in eps, eps -> 0+.

In a witness a curve is

    {"weights": [[[row, column, LAURENT], ...] per layer], "biases": [[[row, LAURENT], ...] ...]}

with LAURENT = [[exponent, coefficient], ...] as in the certificate schema; what is not listed is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from cadlink.search.laurent import Laurent, to_json

__all__ = ["Curve"]


@dataclass
class Curve:
    """The parameters of a network of ``depth`` layers, being filled in."""

    depth: int
    weights: list[dict[tuple[int, int], Laurent]] = field(init=False)
    biases: list[dict[int, Laurent]] = field(init=False)

    def __post_init__(self) -> None:
        self.weights = [{} for _ in range(self.depth)]
        self.biases = [{} for _ in range(self.depth)]

    def weight(
        self, layer: int, row: int, column: int, terms: Mapping[int, Fraction | int]
    ) -> None:
        """Set one weight of layer ``layer`` (from 0)."""
        self.weights[layer][row, column] = {e: c for e, c in terms.items() if c}

    def bias(self, layer: int, row: int, terms: Mapping[int, Fraction | int]) -> None:
        """Set one bias."""
        self.biases[layer][row] = {e: c for e, c in terms.items() if c}

    def to_json(self) -> dict[str, Any]:
        """The curve as JSON values.

        >>> curve = Curve(1)
        >>> curve.weight(0, 0, 0, {-1: Fraction(1, 2)})
        >>> curve.to_json()
        {'weights': [[[0, 0, [[-1, '1/2']]]]], 'biases': [[]]}
        """
        return {
            "weights": [
                [[i, j, to_json(terms)] for (i, j), terms in sorted(layer.items()) if terms]
                for layer in self.weights
            ],
            "biases": [
                [[i, to_json(terms)] for i, terms in sorted(layer.items()) if terms]
                for layer in self.biases
            ],
        }
