"""Laurent polynomials over Q in one variable t, as dictionaries exponent -> nonzero coefficient.

Coefficients are integers where possible: arithmetic with Fraction is ten times slower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

from cadlink.patterns.matrix import number_to_json

__all__ = [
    "Laurent",
    "Number",
    "add",
    "integral",
    "monomial",
    "multiply",
    "product",
    "to_json",
    "valuation",
]

Number: TypeAlias = int | Fraction
Laurent: TypeAlias = Mapping[int, Number]


def integral(value: Number) -> Number:
    """The same number, as an int if it is one."""
    return value.numerator if value.denominator == 1 else value


def monomial(coefficient: Number, exponent: int = 0) -> dict[int, Number]:
    """coefficient * t^exponent."""
    return {exponent: coefficient} if coefficient else {}


def add(*terms: Laurent) -> dict[int, Number]:
    """The sum.

    >>> add({0: 1}, {0: -1, 1: 2})
    {1: 2}
    """
    found: dict[int, Number] = {}
    for term in terms:
        for exponent, coefficient in term.items():
            found[exponent] = found.get(exponent, 0) + coefficient
    return {exponent: value for exponent, value in found.items() if value}


def multiply(left: Laurent, right: Laurent) -> dict[int, Number]:
    """The product of two."""
    found: dict[int, Number] = {}
    for a, p in left.items():
        for b, q in right.items():
            found[a + b] = found.get(a + b, 0) + p * q
    return {exponent: value for exponent, value in found.items() if value}


def product(factors: Iterable[Laurent]) -> Laurent:
    """The product of any number; 1 for none."""
    found: Laurent | None = None
    for factor in factors:
        found = factor if found is None else multiply(found, factor)
        if not found:
            break
    return {0: 1} if found is None else found


def valuation(series: Laurent) -> int:
    """The lowest exponent; the Laurent polynomial must not be 0."""
    return min(series)


def to_json(series: Laurent) -> list[list[int | str]]:
    """The LAURENT of the certificate schema: [[exponent, coefficient], ...] ascending."""
    return [[e, number_to_json(c)] for e, c in sorted(series.items())]
