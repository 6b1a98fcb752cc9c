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
from functools import cached_property
from math import gcd, lcm
from typing import Any, TypeAlias

import flint

from cadlink.errors import FormulaError

__all__ = ["Monomial", "Polynomial", "check_name", "natural"]

Monomial: TypeAlias = tuple[tuple[str, int], ...]  # (name, exponent >= 1), names in natural order

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_DIGITS = re.compile(r"([0-9]+)")


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


def _context(names: tuple[str, ...]) -> Any:
    return flint.fmpz_mpoly_ctx.get(names, flint.Ordering.lex)


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
        names = {check_name(name) for monomial, _ in pairs for name, _ in monomial}
        variables = tuple(sorted(names, key=natural))
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
        return cls._trimmed(variables, exponents)

    @classmethod
    def _trimmed(
        cls, variables: tuple[str, ...], exponents: Mapping[tuple[int, ...], int]
    ) -> Polynomial:
        """Drop zero coefficients and the variables that do not occur."""
        terms = {powers: c for powers, c in exponents.items() if c}
        used = [i for i in range(len(variables)) if any(powers[i] for powers in terms)]
        if len(used) < len(variables):
            variables = tuple(variables[i] for i in used)
            terms = {tuple(powers[i] for i in used): c for powers, c in terms.items()}
        return cls(variables, _context(variables).from_dict(terms))

    @classmethod
    def constant(cls, number: int) -> Polynomial:
        """An integer as a polynomial."""
        return cls.of([((), number)])

    @classmethod
    def variable(cls, name: str) -> Polynomial:
        """One variable."""
        return cls.of([(((name, 1),), 1)])

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.terms)

    def __reduce__(self) -> tuple[Any, ...]:  # flint's polynomials do not pickle by themselves
        return Polynomial.of, (self.terms,)

    def _exponents(self) -> list[tuple[tuple[int, ...], int]]:
        return [(tuple(map(int, p)), int(c)) for p, c in self.value.terms()]

    @cached_property
    def terms(self) -> tuple[tuple[Monomial, int], ...]:
        """(monomial, coefficient) pairs, leading term first (lexicographic in natural order)."""
        return tuple(
            (tuple((n, e) for n, e in zip(self.variables, powers, strict=True) if e), c)
            for powers, c in self._exponents()
        )

    def _lift(self, variables: tuple[str, ...]) -> Any:
        """The flint polynomial in the context of more variables."""
        if variables == self.variables:
            return self.value
        place = [variables.index(name) for name in self.variables]
        lifted = {}
        for powers, coefficient in self._exponents():
            wide = [0] * len(variables)
            for index, exponent in zip(place, powers, strict=True):
                wide[index] = exponent
            lifted[tuple(wide)] = coefficient
        return _context(variables).from_dict(lifted)

    def _join(self, other: Polynomial | int) -> tuple[tuple[str, ...], Any, Any]:
        if isinstance(other, int):
            other = Polynomial.constant(other)
        variables = self.variables
        if other.variables != variables:
            variables = tuple(sorted({*variables, *other.variables}, key=natural))
        return variables, self._lift(variables), other._lift(variables)

    @classmethod
    def _from_flint(cls, variables: tuple[str, ...], value: Any) -> Polynomial:
        exponents = {tuple(map(int, p)): int(c) for p, c in value.terms()}
        return cls._trimmed(variables, exponents)

    def __add__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        return self._from_flint(variables, left + right)

    def __sub__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        return self._from_flint(variables, left - right)

    def __mul__(self, other: Polynomial | int) -> Polynomial:
        variables, left, right = self._join(other)
        return self._from_flint(variables, left * right)

    def __rsub__(self, other: int) -> Polynomial:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Polynomial:
        return Polynomial(self.variables, -self.value)

    def __pow__(self, exponent: int) -> Polynomial:
        return self._from_flint(self.variables, self.value**exponent)

    @property
    def is_constant(self) -> bool:
        """Whether no variable occurs."""
        return not self.variables

    @property
    def constant_value(self) -> int:
        """The value of a constant polynomial; FormulaError for any other."""
        if self.variables:
            raise FormulaError(f"{self}: expected a constant")
        return self.terms[0][1] if self.terms else 0

    @property
    def leading_coefficient(self) -> int:
        """The coefficient of the first term (0 for the zero polynomial)."""
        return self.terms[0][1] if self.terms else 0

    @property
    def total_degree(self) -> int:
        """The largest sum of exponents of a term (0 for constants)."""
        return max((sum(e for _, e in monomial) for monomial, _ in self.terms), default=0)

    @cached_property
    def content(self) -> int:
        """The positive greatest common divisor of the coefficients (0 for the zero polynomial)."""
        return gcd(*(coefficient for _, coefficient in self.terms))

    def primitive(self) -> tuple[int, Polynomial]:
        """(c, p) with self = c * p, p of content 1 and positive leading coefficient; self nonzero.

        >>> x = Polynomial.variable("x")
        >>> c, p = (-4 * x + 6).primitive()
        >>> c, str(p)
        (-2, '2*x - 3')
        """
        if not self.terms:
            raise FormulaError("the zero polynomial has no primitive part")
        c = self.content if self.leading_coefficient > 0 else -self.content
        return c, Polynomial.of([(monomial, a // c) for monomial, a in self.terms])

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
            c, p = self._from_flint(self.variables, value).primitive()
            sign *= c ** int(exponent)
            found.append((p, int(exponent)))
        return sign, tuple(sorted(found, key=lambda pair: str(pair[0])))

    def evaluate(self, point: Mapping[str, Fraction | int]) -> Fraction:
        """The exact value at a point giving every variable; FormulaError names a missing one."""
        total = Fraction(0)
        for monomial, coefficient in self.terms:
            value = Fraction(coefficient)
            for name, exponent in monomial:
                if name not in point:
                    raise FormulaError(f"no value given for the variable {name}")
                value *= Fraction(point[name]) ** exponent
            total += value
        return total

    def assign(self, values: Mapping[str, Fraction | int]) -> Polynomial:
        """The polynomial with these values put in, times the least positive integer that clears
        denominators: it has the same sign everywhere as the exact substitution.

        >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
        >>> str((2 * x - y).assign({"y": Fraction(1, 3)}))
        '6*x - 1'
        """
        pairs: list[tuple[Monomial, Fraction]] = []
        for monomial, coefficient in self.terms:
            value = Fraction(coefficient)
            for name, exponent in monomial:
                if name in values:
                    value *= Fraction(values[name]) ** exponent
            pairs.append((tuple((n, e) for n, e in monomial if n not in values), value))
        merged: dict[Monomial, Fraction] = {}
        for monomial, value in pairs:
            merged[monomial] = merged.get(monomial, Fraction(0)) + value
        scale = lcm(*(value.denominator for value in merged.values()))
        return Polynomial.of({m: int(value * scale) for m, value in merged.items()})

    def substitute(self, table: Mapping[str, Polynomial]) -> Polynomial:
        """Variables replaced by polynomials, all at once.

        >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
        >>> str((x * y).substitute({"x": y, "y": x + 1}))
        'x*y + y'
        """
        total = Polynomial.constant(0)
        for monomial, coefficient in self.terms:
            product = Polynomial.constant(coefficient)
            for name, exponent in monomial:
                product = product * table.get(name, Polynomial.variable(name)) ** exponent
            total = total + product
        return total

    def rename(self, table: Mapping[str, str]) -> Polynomial:
        """Variables renamed, all at once; two may become one."""
        return Polynomial.of(
            [
                (tuple((table.get(n, n), e) for n, e in m), coefficient)
                for m, coefficient in self.terms
            ]
        )

    def __str__(self) -> str:
        if not self.terms:
            return "0"
        text = ""
        for monomial, coefficient in self.terms:
            powers = [name if e == 1 else f"{name}^{e}" for name, e in monomial]
            if abs(coefficient) != 1 or not powers:
                powers.insert(0, str(abs(coefficient)))
            sign = (
                ("-" if coefficient < 0 else "")
                if not text
                else " - "
                if coefficient < 0
                else " + "
            )
            text += sign + "*".join(powers)
        return text
