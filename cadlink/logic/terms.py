"""Terms of the formulas people write: polynomials with rational coefficients, within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb, lcm

from cadlink.errors import FormulaError
from cadlink.logic.formula import Atom, Rel
from cadlink.logic.polynomial import Polynomial

__all__ = ["Term", "compare"]

MOST_TERMS = 200_000  # of an expanded product: more is no question a program would ever answer
MAX_EXPONENT = 1000
MAX_DIGITS = 4000


@dataclass(frozen=True)
class Term:
    """``poly / scale`` with a positive ``scale``.  All operations raise FormulaError in bad cases.

    >>> half = Term.number("1") / Term.number("2")
    >>> x = Term(Polynomial.variable("x"))
    >>> str(compare((x + half) ** 2, Rel.LT, x).poly)
    '4*x^2 + 1'
    """

    poly: Polynomial
    scale: int = 1

    @classmethod
    def number(cls, digits: str) -> Term:
        """An integer or a decimal such as 2.50, taken exactly."""
        if len(digits) > MAX_DIGITS:
            raise FormulaError(f"a number of more than {MAX_DIGITS} digits")
        value = Fraction(digits)
        return cls(Polynomial.constant(value.numerator), value.denominator)

    @classmethod
    def sum(cls, terms: Iterable[Term]) -> Term:
        """The sum of many terms, at the cost of one."""
        listed = list(terms)
        scale = lcm(*(term.scale for term in listed))
        pairs = [
            (monomial, coefficient * (scale // term.scale))
            for term in listed
            for monomial, coefficient in term.poly.terms
        ]
        return cls(Polynomial.of(pairs), scale)

    def __add__(self, other: Term) -> Term:
        return Term.sum([self, other])

    def __neg__(self) -> Term:
        return Term(-self.poly, self.scale)

    def __mul__(self, other: Term) -> Term:
        if len(self.poly.terms) * len(other.poly.terms) > MOST_TERMS:
            raise FormulaError(f"a product of more than {MOST_TERMS} terms")
        return Term(self.poly * other.poly, self.scale * other.scale)

    def __truediv__(self, other: Term) -> Term:
        if not other.poly.is_constant:
            raise FormulaError("division by a variable: expected a polynomial; multiply it out")
        value = other.poly.constant_value
        if value == 0:
            raise FormulaError("division by zero")
        sign = 1 if value > 0 else -1
        return Term(self.poly * (sign * other.scale), self.scale * abs(value))

    def __pow__(self, exponent: int) -> Term:
        if exponent > MAX_EXPONENT:
            raise FormulaError(f"an exponent beyond {MAX_EXPONENT}")
        number = len(self.poly.terms)
        if number > 1 and comb(exponent + number - 1, exponent) > MOST_TERMS:
            raise FormulaError(f"a power of more than {MOST_TERMS} terms")
        digits = max(len(f"{self.poly.height:x}"), len(f"{self.scale:x}"))
        if exponent * digits > 5 * MAX_DIGITS:
            raise FormulaError(f"a number of more than {MAX_DIGITS} digits")
        return Term(self.poly**exponent, self.scale**exponent)


def compare(left: Term, rel: Rel, right: Term) -> Atom:
    """``left rel right`` as an atom: denominators, being positive, are multiplied out."""
    return Atom((left + (-right)).poly, rel)
