"""Real algebraic numbers, as roots of integer polynomials between rational bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from cadlink.errors import FormulaError
from cadlink.logic.formula import And, Atom, Formula, Or, Rel, Truth, conj
from cadlink.logic.polynomial import Monomial, Polynomial

__all__ = ["Root", "holds"]

MAX_DEGREE = 200


@dataclass(frozen=True)
class Root:
    """The only root of a square-free polynomial between ``low`` and ``high``, where it has
    different signs.  ``coefficients`` are integers, the constant first.

    >>> root = Root.of([-2, 0, 1], 2)
    >>> root.sign([-3, 2]), root.sign([-4, 0, 2]), str(root)
    (-1, 0, 'the root of x^2 - 2 between 1 and 2')
    """

    coefficients: tuple[int, ...]
    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, coefficients: Sequence[int], number: int) -> Root:
        """The real root of this number, counted from 1 and from below; FormulaError if none."""
        given = fmpz_poly(list(coefficients))
        if not 1 <= given.degree() <= MAX_DEGREE:
            raise FormulaError(f"a root of a polynomial of degree {given.degree()}")
        free = given // given.gcd(given.derivative())
        pairs: list[Any] = free.complex_roots()
        real = [root.real for root, _ in pairs if root.imag == 0]
        if not 1 <= number <= len(real):
            raise FormulaError(f"root {number} of a polynomial with {len(real)} real roots")
        balls = sorted(real, key=lambda root: float(root.mid()))
        low, high = _between(balls, number - 1)
        return cls(tuple(map(int, free.coeffs())), low, high)

    @property
    def _poly(self) -> fmpz_poly:
        return fmpz_poly(list(self.coefficients))

    def sign(self, coefficients: Sequence[int]) -> int:
        """The sign of another polynomial at the root, exactly."""
        other = fmpz_poly(list(coefficients))
        poly, low, high = self._poly, self.low, self.high
        common = poly.gcd(other)
        if common.degree() >= 1 and _sign(common, low) * _sign(common, high) < 0:
            return 0  # it divides a square-free polynomial, and so has simple roots
        at_low = _sign(poly, low)
        while True:
            least, most = _range(coefficients, low, high)
            if least > 0 or most < 0:
                return 1 if least > 0 else -1
            middle = (low + high) / 2
            here = _sign(poly, middle)
            if here == 0:
                return _sign(other, middle)
            low, high = (middle, high) if here == at_low else (low, middle)

    def condition(self, name: str) -> Formula:
        """The formula "this variable is the root"."""
        x = Polynomial.variable(name)
        low, high = self.low, self.high
        return conj(
            Atom(self.polynomial(name), Rel.EQ),
            Atom(x * low.denominator - low.numerator, Rel.GT),
            Atom(x * high.denominator - high.numerator, Rel.LT),
        )

    def polynomial(self, name: str) -> Polynomial:
        """The polynomial in a variable of this name."""
        terms: list[tuple[Monomial, int]] = [
            (((name, e),) if e else (), c) for e, c in enumerate(self.coefficients)
        ]
        return Polynomial.of(terms)

    def __str__(self) -> str:
        return f"the root of {self.polynomial('x')} between {self.low} and {self.high}"


def holds(f: Formula, roots: Mapping[str, Root]) -> bool | None:
    """The truth of a quantifier-free formula at these values of its variables; None where an atom
    has more than one variable.

    >>> x = Polynomial.variable("x")
    >>> holds(Atom(x**2 - 2, Rel.EQ), {"x": Root.of([-2, 0, 1], 1)})
    True
    """
    if isinstance(f, Truth):
        return f.value
    if isinstance(f, Atom):
        if f.poly.is_constant:
            return f.rel.holds(Fraction(f.poly.constant_value))
        if len(f.poly.variables) > 1:
            return None
        coefficients = [0] * (f.poly.total_degree + 1)
        for monomial, coefficient in f.poly.terms:
            coefficients[monomial[0][1] if monomial else 0] = coefficient
        return f.rel.holds(Fraction(roots[f.poly.variables[0]].sign(coefficients)))
    if not isinstance(f, And | Or):
        return None
    values = [holds(part, roots) for part in f.args]
    decisive = isinstance(f, Or)
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _between(balls: Sequence[Any], place: int) -> tuple[Fraction, Fraction]:
    """Short bounds around one of several disjoint intervals that no other one meets."""
    own = _exact(balls[place].lower()), _exact(balls[place].upper())
    below = _exact(balls[place - 1].upper()) if place else None
    above = _exact(balls[place + 1].lower()) if place + 1 < len(balls) else None
    bits = 0
    while True:
        scale = 2**bits
        low = Fraction(ceil(own[0] * scale) - 1, scale)
        high = Fraction(floor(own[1] * scale) + 1, scale)
        if (below is None or below < low) and (above is None or high < above):
            return low, high
        bits += 1


def _exact(number: Any) -> Fraction:
    """An exact binary number of flint."""
    mantissa, exponent = map(int, number.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _sign(poly: fmpz_poly, at: Fraction) -> int:
    value = fmpq_poly(poly)(fmpq(at.numerator, at.denominator))
    return (value > 0) - (value < 0)


def _range(coefficients: Sequence[int], low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Bounds of a polynomial on an interval, by Horner's scheme."""
    least = most = Fraction(0)
    for coefficient in reversed(coefficients):
        products = (least * low, least * high, most * low, most * high)
        least, most = min(products) + coefficient, max(products) + coefficient
    return least, most
