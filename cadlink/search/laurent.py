"""Laurent polynomials over Q in one variable t, as dictionaries exponent -> nonzero coefficient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Laurent", "add", "monomial", "multiply", "product", "to_json", "valuation"]

Laurent: TypeAlias = Mapping[int, Fraction]


def monomial(coefficient: Fraction | int, exponent: int = 0) -> dict[int, Fraction]:
    """coefficient * t^exponent."""
    return {exponent: Fraction(coefficient)} if coefficient else {}


def add(*terms: Laurent) -> dict[int, Fraction]:
    """The sum.

    >>> add({0: Fraction(1)}, {0: Fraction(-1), 1: Fraction(2)})
    {1: Fraction(2, 1)}
    """
    found: dict[int, Fraction] = {}
    for term in terms:
        for exponent, coefficient in term.items():
            value = found.get(exponent, 0) + coefficient
            if value:
                found[exponent] = Fraction(value)
            else:
                del found[exponent]
    return found


def multiply(left: Laurent, right: Laurent) -> dict[int, Fraction]:
    """The product of two."""
    found: dict[int, Fraction] = {}
    for a, p in left.items():
        for b, q in right.items():
            found[a + b] = found.get(a + b, Fraction(0)) + p * q
    return {exponent: value for exponent, value in found.items() if value}


def product(factors: Iterable[Laurent]) -> dict[int, Fraction]:
    """The product of any number; 1 for none."""
    found: dict[int, Fraction] = {0: Fraction(1)}
    for factor in factors:
        found = multiply(found, factor)
        if not found:
            break
    return found


def valuation(series: Laurent) -> int:
    """The lowest exponent; the Laurent polynomial must not be 0."""
    return min(series)


def to_json(series: Laurent) -> list[list[int | str]]:
    """The LAURENT of the certificate schema: [[exponent, coefficient], ...] ascending."""
    return [
        [e, c.numerator if c.denominator == 1 else f"{c.numerator}/{c.denominator}"]
        for e, c in sorted(series.items())
    ]
