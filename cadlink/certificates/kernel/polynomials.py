"""Exact polynomials as plain dictionaries, and the parametrisation of a problem's set.

A monomial is the sorted tuple of its variables' numbers, x0^2 x3 being (0, 0, 3); a polynomial
maps monomials to nonzero coefficients.  A Laurent polynomial in t maps exponents to coefficients.

Every cell of a product is a sum of monomials with coefficient 1, one for every path from the
cell's column to its row (group: one for every neuron that observes the cell).  Curves, zero
submersions, refutations and variety tests all start from this one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cadlink.certificates.kernel.problems import Cell, Group, Problem
from cadlink.certificates.kernel.reader import Number, Reader

__all__ = [
    "Laurent",
    "Monomial",
    "Parametrisation",
    "Polynomial",
    "Sum",
    "laurent_product",
    "multiply",
    "product_work",
    "read_laurent",
    "read_limit",
    "read_polynomial",
    "read_vanishing",
]

Monomial: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Monomial, Number]
Laurent: TypeAlias = dict[int, Number]

MAX_EXPONENT = 64
MAX_POWER = 1000  # of t, up or down


@dataclass(frozen=True)
class Parametrisation:
    """``names``: number of every parameter; ``cells``: the monomials of every cell of the support,
    by row, then column."""

    names: dict[str, int]
    cells: dict[Cell, list[Monomial]]

    @classmethod
    def of(cls, problem: Problem, at: Reader) -> Parametrisation:
        at.spend(20 * problem.cost)
        names: dict[str, int] = {}
        cells: dict[Cell, list[Monomial]] = {}
        if isinstance(problem, Group):
            for i in range(len(problem.neurons)):
                for letter, lines in (("x", problem.row_sets[i]), ("y", problem.col_sets[i])):
                    for line in sorted(lines):
                        names[f"{letter}_{i}_{line}"] = len(names)
            for i, graph in enumerate(problem.neurons):
                for j, k in graph:
                    monomial = (names[f"x_{i}_{j}"], names[f"y_{i}_{k}"])
                    cells.setdefault((j, k), []).append(monomial)
        else:
            # Paths from every input, one layer at a time.
            cells = {(k, k): [()] for k in range(problem.widths[0])}
            for number, mask in enumerate(problem.masks, start=1):
                edges: dict[int, list[tuple[int, int]]] = {}
                for i, j in sorted(zip(mask.row.tolist(), mask.col.tolist(), strict=True)):
                    names[f"x_{number}_{i}_{j}"] = len(names)
                    edges.setdefault(j, []).append((i, len(names) - 1))
                longer: dict[Cell, list[Monomial]] = {}
                for (unit, k), paths in cells.items():
                    for i, name in edges.get(unit, []):
                        at.spend(
                            10_000 + (5000 + 20 * number) * len(paths)
                        )  # paths also cost memory
                        longer.setdefault((i, k), []).extend((*path, name) for path in paths)
                cells = longer
        return cls(names, dict(sorted(cells.items())))

    @property
    def cell_names(self) -> dict[str, int]:
        """The variables a_{row}_{col}, numbered in the order of the cells."""
        return {f"a_{j}_{k}": n for n, (j, k) in enumerate(self.cells)}

    def equations(self, limit: Mapping[Cell, Number]) -> list[Polynomial]:
        """entry - limit, for every cell in order."""
        result = []
        for cell, monomials in self.cells.items():
            equation: Polynomial = dict.fromkeys(monomials, 1)
            if limit.get(cell):
                equation[()] = equation.get((), 0) - limit[cell]
            result.append(equation)
        return result


class Sum:
    """A sum in the making: numbers by key, zeros left out.  Work is charged by the length of the
    numbers: sums of fractions have the product of the denominators for denominator."""

    def __init__(self, at: Reader) -> None:
        self.terms: dict[Any, Number] = {}
        self._at = at
        self._longest = 0  # no number of the sum has more bits

    def add(self, other: Mapping[Any, Number]) -> None:
        """Add a polynomial."""
        longest = _longest(other)
        self._at.spend(len(other) * _work(self._longest, longest))
        self._longest += longest + 1
        for key, coefficient in other.items():
            total = self.terms.get(key, 0) + coefficient
            if total:
                self.terms[key] = total
            else:
                self.terms.pop(key, None)


def _bits(number: Number) -> int:
    return number.numerator.bit_length() + number.denominator.bit_length()


def _longest(polynomial: Mapping[Any, Number]) -> int:
    return max(map(_bits, polynomial.values()), default=0)


def _work(bits: int, others: int) -> int:
    """Nanoseconds of a sum or product of numbers of so many bits, with a greatest common divisor
    for every fraction."""
    return 500 + 2 * (bits + others) + bits * others // 300


def product_work(a: Mapping[Any, Number], b: Mapping[Any, Number]) -> int:
    """Nanoseconds of the products of all coefficients of the one with all of the other."""
    return len(a) * len(b) * _work(_longest(a), _longest(b))


def multiply(a: Polynomial, b: Polynomial, at: Reader) -> Polynomial:
    """The product; its cost is charged."""
    degree = max(map(len, a), default=0) + max(map(len, b), default=0)
    at.spend(3000 + 20 * len(a) * len(b) * degree + product_work(a, b))
    product = Sum(at)
    for one, first in a.items():
        product.add({tuple(sorted(one + other)): first * c for other, c in b.items()})
    return product.terms


def laurent_product(factors: Sequence[Laurent], at: Reader) -> Laurent:
    """The product of Laurent polynomials."""
    product: Laurent = {0: 1}
    for factor in factors:
        at.spend(2000 + product_work(product, factor))
        longer = Sum(at)
        for e, c in product.items():
            longer.add({e + f: c * d for f, d in factor.items()})
        product = longer.terms
    return product


def read_laurent(value: object, at: Reader) -> Laurent:
    """LAURENT of the schema; terms with the coefficient 0 are left out."""
    series: Laurent = {}
    last = -MAX_POWER - 1
    for term in at.items(value, "a Laurent polynomial"):
        exponent, coefficient = at.items(term, "a term of t", 2)
        last = at.integer(exponent, "ascending powers of t", last + 1, MAX_POWER + 1)
        number = at.number(coefficient, "a coefficient")
        if number:
            series[last] = number
    return series


def read_polynomial(value: object, names: Mapping[str, int], what: str, at: Reader) -> Polynomial:
    """POLY of the schema, in the given variables."""
    polynomial = Sum(at)
    at.spend(10_000)
    for term in at.items(value, what):
        at.spend(5000)
        coefficient, powers = at.items(term, f"a term of {what}", 2)
        monomial: Monomial = ()
        for power in at.items(powers, f"a monomial of {what}"):
            at.spend(3000)
            name, exponent = at.items(power, f"a power in {what}", 2)
            at.demand(isinstance(name, str) and name in names, f"a variable in {what}", name)
            exponent = at.integer(exponent, f"an exponent in {what}", 1, MAX_EXPONENT + 1)
            monomial += (names[name],) * exponent
            at.demand(len(monomial) <= MAX_EXPONENT, f"{what} of degree <= {MAX_EXPONENT}", term)
        number = at.number(coefficient, f"a coefficient of {what}")
        polynomial.add({tuple(sorted(monomial)): number})
    return polynomial.terms


def read_vanishing(table: Parametrisation, value: object, at: Reader) -> list[Polynomial]:
    """Polynomials in the ``a_{row}_{col}``, variables numbered in the order of the cells, that
    vanish identically when the parametrisation is put in."""
    names = table.cell_names
    entries: list[Polynomial] = [dict.fromkeys(monomials, 1) for monomials in table.cells.values()]
    found = []
    for given in at.items(value, "polynomials"):
        polynomial = read_polynomial(given, names, "polynomials", at)
        total = Sum(at)
        for monomial, coefficient in polynomial.items():
            term: Polynomial = {(): coefficient}
            for cell in monomial:
                term = multiply(term, entries[cell], at)
            total.add(term)
        at.demand(not total.terms, "polynomials that vanish on the set", given)
        found.append(polynomial)
    return found


def read_limit(problem_cells: Mapping[Cell, object], at: Reader) -> dict[Cell, Number]:
    """The field ``limit``: [row, col, value] for cells of the support, each at most once."""
    limit: dict[Cell, Number] = {}
    for entry in at.items(at.data["limit"], "limit"):
        row, col, value = at.items(entry, "an entry of the limit", 3)
        at.demand(type(row) is int and type(col) is int, "integer row and column", entry)
        at.demand((row, col) in problem_cells, "limit on cells of the support", entry)
        at.demand((row, col) not in limit, "every cell of the limit once", entry)
        limit[row, col] = at.number(value, "a value of the limit")
    return limit
