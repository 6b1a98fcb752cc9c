"""Laurent polynomials in coordinates and unknowns, for the search for sections.

A monomial is one integer, a digit in base 256 for the power of every coordinate (first) and every
unknown: products are sums.  A polynomial maps monomials to nonzero numbers.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from typing import TypeAlias

from cadlink.search.laurent import Number, integral

__all__ = ["Poly", "Ring", "Split", "add_term", "over", "shifted", "times", "unit"]

Poly: TypeAlias = "dict[int, Number]"
Split: TypeAlias = "tuple[int, Poly]"  # a coordinate x, and r without it

DIGIT = 8
HALF = 1 << DIGIT - 1
REMEMBERED = 200_000  # monomials whose unknowns are kept: most come back


class Ring:
    """So many coordinates (numbers 0, 1, ...), then so many unknowns."""

    def __init__(self, coordinates: int, unknowns: int) -> None:
        self.size = coordinates
        self._bias = sum(HALF << DIGIT * n for n in range(coordinates + unknowns))
        self._high = self._bias >> DIGIT * coordinates
        self._low = (1 << DIGIT * coordinates) - 1
        self._zeros = self._bias & self._low
        self._known: dict[int, list[tuple[int, int]]] = {}

    def power(self, monomial: int, n: int) -> int:
        """The exponent of coordinate or unknown n."""
        return (monomial + self._bias >> DIGIT * n) % (2 * HALF) - HALF

    def unknowns(self, monomial: int) -> list[tuple[int, int]]:
        """The unknowns with their exponents."""
        if monomial in self._known:
            return self._known[monomial]
        rest = (monomial + self._bias >> DIGIT * self.size) - self._high
        found, n = [], self.size
        while rest:
            skip = ((rest & -rest).bit_length() - 1) // DIGIT
            rest >>= DIGIT * skip
            n += skip
            found.append((n, rest % (2 * HALF)))
            rest >>= DIGIT
            n += 1
        if len(self._known) < REMEMBERED:
            self._known[monomial] = found
        return found

    def invertible(self, monomial: int, nonzero: Collection[int]) -> bool:
        """Whether a monomial in the coordinates has only such as are not 0."""
        digits = (monomial & self._low) + self._zeros
        return all(
            n in nonzero or (digits >> DIGIT * n) % (2 * HALF) == HALF for n in range(self.size)
        )

    def shifts(self, entry: Poly, nonzero: Collection[int]) -> Iterator[Split]:
        """Coordinates x and r without x so that the entry is x + r times what is not 0."""
        for x in range(self.size):
            leading = [m for m in entry if self.power(m, x)]
            if len(leading) != 1 or self.power(leading[0], x) != 1:
                continue
            first = leading[0] - unit(x)
            if self.invertible(first, nonzero):
                c = entry[leading[0]]
                yield x, {m - first: over(d, c) for m, d in entry.items() if m != leading[0]}

    def split(
        self,
        polys: Iterable[Poly],
        nonzero: Collection[int],
        entries: Iterable[Poly],
        chance: random.Random,
    ) -> Split | None:
        """x and r of one of the polynomials, mostly the shortest, x in no denominator of the
        entries."""
        below = self.denominators(entries)
        found = [
            (len(rest) + chance.random(), x, rest)
            for poly in polys
            for x, rest in self.shifts(poly, nonzero)
            if x not in below
        ]
        if not found:
            return None
        _, x, rest = min(found, key=lambda one: one[0])
        return x, rest

    def denominators(self, entries: Iterable[Poly]) -> set[int]:
        """The coordinates with negative powers in some entry."""
        return {n for one in entries for m in one for n in range(self.size) if self.power(m, n) < 0}

    def constant(self, entry: Poly) -> bool:
        """Whether no unknown is left."""
        return all((m + self._bias >> DIGIT * self.size) == self._high for m in entry)

    def put(self, entry: Poly, x: int, value: Poly) -> Poly:
        """The entry with a value for coordinate or unknown x."""
        total: Poly = {}
        powers: list[Poly] = [{0: 1}]
        for m, c in entry.items():
            exponent = self.power(m, x)
            while len(powers) <= exponent:
                powers.append(times(powers[-1], value))
            rest = m - exponent * unit(x)
            for other, d in powers[exponent].items():
                add_term(total, rest + other, c * d)
        return total


def shifted(x: int, shift: Poly) -> Poly:
    """What coordinate x becomes once it stands for x + shift."""
    return {**{m: -c for m, c in shift.items()}, unit(x): 1}


def unit(n: int) -> int:
    """Coordinate or unknown n as a monomial."""
    return 1 << DIGIT * n


def over(one: Number, other: Number) -> Number:
    """The quotient, an integer as such."""
    if other in (1, -1):
        return one * other
    return integral(Fraction(one) / other)


def add_term(total: Poly, monomial: int, number: Number) -> None:
    """Add a term in place."""
    value = total.get(monomial, 0) + number
    if value:
        total[monomial] = value
    else:
        total.pop(monomial, None)


def times(one: Poly, other: Poly) -> Poly:
    """The product."""
    if len(one) == 1:
        ((m, c),) = one.items()
        return {m + n: c * d for n, d in other.items()}
    product: Poly = {}
    for m, c in one.items():
        for n, d in other.items():
            add_term(product, m + n, c * d)
    return product
