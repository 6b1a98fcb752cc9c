"""Terms of the formulas people write: polynomials with rational coefficients, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import comb, lcm

from cadlink.errors import FormulaError
from cadlink.logic.formula import Atom, Rel
from cadlink.logic.polynomial import Monomial, Polynomial, check_name

__all__ = ["Term", "compare"]

MOST_TERMS = 200_000  # of an expanded product: more is no question a program would ever answer
MAX_EXPONENT = 1000
MAX_DIGITS = 4000


@dataclass(frozen=True)
class Term:
    """A polynomial by its coefficients, none of them 0, over a positive ``scale``.

    Monomials are pairs (name, exponent) sorted by name.  Most of a long text are sums of single
    monomials, for which no polynomial need be made.  All operations raise FormulaError in bad
    cases.

    >>> half = Term.number("1") / Term.number("2")
    >>> x = Term.variable("x")
    >>> str(compare((x + half) ** 2, Rel.LT, x).poly)
    '4*x^2 + 1'
    """

    monomials: Mapping[Monomial, int]
    scale: int = 1

    @classmethod
    def number(cls, digits: str) -> Term:
        """An integer or a decimal such as 2.50, taken exactly."""
        if len(digits) > MAX_DIGITS:
            raise FormulaError(f"a number of more than {MAX_DIGITS} digits")
        if digits.isdigit():
            value = int(digits)
            return cls({(): value} if value else {})
        ratio = Fraction(digits)
        return cls({(): ratio.numerator} if ratio else {}, ratio.denominator)

    @classmethod
    def variable(cls, name: str) -> Term:
        """One variable."""
        return cls({((check_name(name), 1),): 1})

    @classmethod
    def sum(cls, terms: Iterable[Term]) -> Term:
        """The sum of many terms, at the cost of one."""
        listed = list(terms)
        scale = lcm(*(term.scale for term in listed))
        found: dict[Monomial, int] = {}
        for term in listed:
            factor = scale // term.scale
            for monomial, coefficient in term.monomials.items():
                total = found.get(monomial, 0) + coefficient * factor
                if total:
                    found[monomial] = total
                else:
                    found.pop(monomial, None)
        return cls(found, scale)

    @classmethod
    def _of(cls, poly: Polynomial, scale: int) -> Term:
        return cls({tuple(sorted(monomial)): c for monomial, c in poly.terms}, scale)

    def __add__(self, other: Term) -> Term:
        return Term.sum([self, other])

    def __neg__(self) -> Term:
        return Term({monomial: -c for monomial, c in self.monomials.items()}, self.scale)

    def __mul__(self, other: Term) -> Term:
        few, many = sorted((self, other), key=lambda term: len(term.monomials))
        if len(few.monomials) * len(many.monomials) > MOST_TERMS:
            raise FormulaError(f"a product of more than {MOST_TERMS} terms")
        scale = self.scale * other.scale
        if len(few.monomials) > 1:
            product = Polynomial.of(few.monomials) * Polynomial.of(many.monomials)
            return Term._of(product, scale)
        return Term(
            {
                _merged(one, other): a * b
                for one, a in few.monomials.items()
                for other, b in many.monomials.items()
            },
            scale,
        )

    def __truediv__(self, other: Term) -> Term:
        if other.monomials.keys() - {()}:
            raise FormulaError("division by a variable: expected a polynomial; multiply it out")
        value = other.monomials.get((), 0)
        if value == 0:
            raise FormulaError("division by zero")
        factor = other.scale if value > 0 else -other.scale
        scaled = {monomial: c * factor for monomial, c in self.monomials.items()}
        return Term(scaled, self.scale * abs(value))

    def __pow__(self, exponent: int) -> Term:
        if exponent > MAX_EXPONENT:
            raise FormulaError(f"an exponent beyond {MAX_EXPONENT}")
        number = len(self.monomials)
        if number > 1 and comb(exponent + number - 1, exponent) > MOST_TERMS:
            raise FormulaError(f"a power of more than {MOST_TERMS} terms")
        height = max(map(abs, self.monomials.values()), default=0)
        digits = max(len(f"{height:x}"), len(f"{self.scale:x}"))
        if exponent * digits > 5 * MAX_DIGITS:
            raise FormulaError(f"a number of more than {MAX_DIGITS} digits")
        if number != 1 or exponent == 0:
            return Term._of(Polynomial.of(self.monomials) ** exponent, self.scale**exponent)
        ((monomial, coefficient),) = self.monomials.items()
        longer = tuple((name, e * exponent) for name, e in monomial)
        return Term({longer: coefficient**exponent}, self.scale**exponent)


def _merged(one: Monomial, other: Monomial) -> Monomial:
    """The product of two monomials."""
    if not one or not other:
        return one or other
    powers = dict(one)
    for name, exponent in other:
        powers[name] = powers.get(name, 0) + exponent
    return tuple(sorted(powers.items()))


def compare(left: Term, rel: Rel, right: Term) -> Atom:
    """``left rel right`` as an atom: denominators, being positive, are multiplied out."""
    return Atom(Polynomial.of((left + (-right)).monomials), rel)
