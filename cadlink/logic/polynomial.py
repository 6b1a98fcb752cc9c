"""Polynomials with integer coefficients in named variables, exact, on top of python-flint.

A flint polynomial lives in a context, a fixed list of variables.  A ``Polynomial`` carries the
context of exactly the variables that occur in it, in natural order (``a_0_2`` before ``a_0_10``),
so polynomials over different variables combine, and equal polynomials are equal objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any, TypeAlias

import flint

from cadlink.errors import FormulaError
from cadlink.once import cached_property

__all__ = ["Monomial", "Polynomial", "check_name", "natural"]

Monomial: TypeAlias = tuple[tuple[str, int], ...]  # (name, exponent >= 1), names in natural order

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_DIGITS = re.compile(r"([0-9]+)")


@lru_cache(maxsize=65536)
def natural(name: str) -> tuple[list[str | int], str]:
    """Sort key under which numbers inside names count as numbers.

    >>> sorted(["a_0_10", "a_0_2"], key=natural)
    ['a_0_2', 'a_0_10']
    """
    pieces = _DIGITS.split(name)
    return [int(p) if i % 2 else p for i, p in enumerate(pieces)], name


def check_name(name: object) -> str:
    """The name itself if it is a letter followed by at most 63 letters, digits or underscores.

    Raises FormulaError otherwise; so no name can smuggle syntax into a backend's input.
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise FormulaError(
            f"variable name {name!r:.80}: expected a letter, then letters, digits or underscores"
        )
    return name


@lru_cache(maxsize=4096)
def _context(names: tuple[str, ...]) -> Any:
    return flint.fmpz_mpoly_ctx.get(names, flint.Ordering.lex)


@lru_cache(maxsize=4096)
def _union(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """The names of both, in natural order."""
    return tuple(sorted({*names, *others}, key=natural))


def _exact(number: Fraction | int) -> Any:
    return flint.fmpq(number.numerator, number.denominator)


@dataclass(frozen=True)
class Polynomial:
    """An integer polynomial.  Build one with :meth:`of`, :meth:`constant` or :meth:`variable`.

    ``variables`` are the variables that occur, in natural order; ``value`` is the flint polynomial
    in them (lexicographic order), never to be changed in place.

    >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
    >>> str((x + y) ** 2 - 3 * x)
    'x^2 + 2*x*y - 3*x + y^2'
    """

    variables: tuple[str, ...]
    value: Any

    @classmethod
    def of(cls, terms: Mapping[Monomial, int] | Iterable[tuple[Monomial, int]]) -> Polynomial:
        """The sum of coefficient * monomial; like terms are added, names may come in any order."""
        pairs = list(terms.items() if isinstance(terms, Mapping) else terms)
        names = {name for monomial, _ in pairs for name, _ in monomial}
        variables = tuple(sorted(map(check_name, names), key=natural))
        place = {name: index for index, name in enumerate(variables)}
        exponents: dict[tuple[int, ...], int] = {}
        for monomial, coefficient in pairs:
            powers = [0] * len(variables)
            for name, exponent in monomial:
                if exponent < 0:
                    raise FormulaError(f"negative exponent of {name}: expected a polynomial")
                powers[place[name]] += exponent
            key = tuple(powers)
            exponents[key] = exponents.get(key, 0) + int(coefficient)
        return cls._trimmed(variables, _context(variables).from_dict(exponents))

    @classmethod
    def _trimmed(cls, variables: tuple[str, ...], value: Any) -> Polynomial:
        """A flint polynomial in these variables, without those that do not occur."""
        degrees = value.degrees()
        used = tuple(
            name for name, degree in zip(variables, degrees, strict=True) if int(degree) > 0
        )
        if len(used) < len(variables):
            return cls(used, value.project_to_context(_context(used)))
        return cls(variables, value)

    @classmethod
    def constant(cls, number: int) -> Polynomial:
        """An integer as a polynomial."""
        return cls((), _context(()).constant(number))

    @classmethod
    def variable(cls, name: str) -> Polynomial:
        """One variable."""
        return cls((check_name(name),), _context((name,)).gens()[0])

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.variables, *self.value.monoms(), *self.value.coeffs()))

    def __reduce__(self) -> tuple[Any, ...]:  # flint's polynomials do not pickle by themselves
        return Polynomial.of, (self.terms,)

    @cached_property
    def terms(self) -> tuple[tuple[Monomial, int], ...]:
        """(monomial, coefficient) pairs, leading term first (lexicographic in natural order)."""
        found = []
        for powers, coefficient in zip(self.value.monoms(), self.value.coeffs(), strict=True):
            pairs = zip(self.variables, map(int, powers), strict=True)
            found.append((tuple(pair for pair in pairs if pair[1]), int(coefficient)))
        return tuple(found)

    def _lift(self, variables: tuple[str, ...]) -> Any:
        """The flint polynomial in the context of more variables."""
        if variables == self.variables:
            return self.value
        return self.value.project_to_context(_context(variables))

    def _join(self, other: Polynomial | int) -> tuple[tuple[str, ...], Any, Any]:
        if isinstance(other, int):
            return self.variables, self.value, flint.fmpz(other)
        variables = self.variables
        if other.variables != variables:
            variables = _union(variables, other.variables)
        return variables, self._lift(variables), other._lift(variables)

    def __add__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        return self._trimmed(variables, left + right)

    def __sub__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        return self._trimmed(variables, left - right)

    def __mul__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        product = left * right
        if product.is_zero():
            return Polynomial.constant(0)
        return Polynomial(variables, product)  # over the integers no variable gets lost

    def __rsub__(self, other: int) -> Polynomial:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Polynomial:
        return Polynomial(self.variables, -self.value)

    def __pow__(self, exponent: int) -> Polynomial:
        return self._trimmed(self.variables, self.value**exponent)

    @property
    def is_constant(self) -> bool:
        """Whether no variable occurs."""
        return not self.variables

    @property
    def constant_value(self) -> int:
        """The value of a constant polynomial; FormulaError for any other."""
        if self.variables:
            raise FormulaError(f"{self}: expected a constant")
        return self.leading_coefficient

    @property
    def leading_coefficient(self) -> int:
        """The coefficient of the first term (0 for the zero polynomial)."""
        return int(self.value.leading_coefficient())

    @property
    def total_degree(self) -> int:
        """The largest sum of exponents of a term (0 for constants)."""
        return max(0, int(self.value.total_degree()))

    @property
    def content(self) -> int:
        """The positive greatest common divisor of the coefficients (0 for the zero polynomial)."""
        return int(self.value.content())

    @property
    def height(self) -> int:
        """The largest absolute value of a coefficient (0 for the zero polynomial)."""
        return int(max(map(abs, self.value.coeffs()), default=0))

    def primitive(self) -> tuple[int, Polynomial]:
        """(c, p) with self = c * p, p of content 1 and positive leading coefficient; self nonzero.

        >>> x = Polynomial.variable("x")
        >>> c, p = (-4 * x + 6).primitive()
        >>> c, str(p)
        (-2, '2*x - 3')
        """
        if self.value.is_zero():
            raise FormulaError("the zero polynomial has no primitive part")
        content, value = self.value.primitive()
        if self.value.leading_coefficient() < 0:
            content, value = -content, -value
        return int(content), Polynomial(self.variables, value)

    def factors(self) -> tuple[int, tuple[tuple[Polynomial, int], ...]]:
        """(c, ((p, e), ...)): self = c * product of p^e, p irreducible over the rationals.

        Every p is primitive with positive leading coefficient; they are sorted by their text.

        >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
        >>> c, parts = (6 * x**2 * y - 6 * y**3).factors()
        >>> c, [(str(p), e) for p, e in parts]
        (6, [('x + y', 1), ('x - y', 1), ('y', 1)])
        """
        if self.is_constant:
            return self.constant_value, ()
        constant, parts = self.value.factor()
        sign, found = int(constant), []
        for value, exponent in parts:
            c, p = self._trimmed(self.variables, value).primitive()
            sign *= c ** int(exponent)
            found.append((p, int(exponent)))
        return sign, tuple(sorted(found, key=lambda pair: str(pair[0])))

    def evaluate(self, point: Mapping[str, Fraction | int]) -> Fraction:
        """The exact value at a point giving every variable; FormulaError names a missing one."""
        total = flint.fmpq(0)
        for monomial, coefficient in self.terms:
            value = flint.fmpq(coefficient)
            for name, exponent in monomial:
                if name not in point:
                    raise FormulaError(f"no value given for the variable {name}")
                value *= _exact(point[name]) ** exponent
            total += value
        return Fraction(int(total.p), int(total.q))

    def assign(self, values: Mapping[str, Fraction | int]) -> Polynomial:
        """The polynomial with these values put in, times the least positive integer that clears
        denominators: it has the same sign everywhere as the exact substitution.

        >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
        >>> str((2 * x - y).assign({"y": Fraction(1, 3)}))
        '6*x - 1'
        """
        merged: dict[Monomial, Any] = {}
        for monomial, coefficient in self.terms:
            value = flint.fmpq(coefficient)
            for name, exponent in monomial:
                if name in values:
                    value *= _exact(values[name]) ** exponent
            rest = tuple((n, e) for n, e in monomial if n not in values)
            merged[rest] = merged.get(rest, 0) + value
        scale = lcm(*(int(value.q) for value in merged.values()))
        return Polynomial.of({m: int((value * scale).p) for m, value in merged.items()})

    def rename(self, table: Mapping[str, str]) -> Polynomial:
        """Variables renamed, all at once; two may become one."""
        names = tuple(check_name(table.get(name, name)) for name in self.variables)
        if names == self.variables:
            return self
        variables = tuple(sorted(set(names), key=natural))
        context = _context(variables)
        generator = dict(zip(variables, context.gens(), strict=True))
        value = self.value.compose(*(generator[name] for name in names), ctx=context)
        return (
            self._trimmed(variables, value)
            if len(variables) < len(names)
            else Polynomial(variables, value)
        )

    def __str__(self) -> str:
        return str(self.value)  # flint writes integers of any length, which Python refuses
