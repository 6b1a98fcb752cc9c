"""What polynomials that vanish on the set say of a stratum, for the search for sections.

Limits of products are zeros of these polynomials.  Put into one, the entries of the stratum give
its value there; one that is linear in a coordinate leads to a split into where it is 0 and where it
is not, and no limit either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from cadlink.patterns.group import Cell
from cadlink.search.laurent import Number
from cadlink.search.monomials import Poly, Ring, add_term, times

__all__ = ["Conditions", "Values"]

Values: TypeAlias = "list[tuple[int, Poly]]"  # the numbers of polynomials that are not 0, and those


class Conditions:
    """The polynomials (POLY of the schema) of one problem."""

    def __init__(self, ring: Ring, cells: Sequence[Cell], polynomials: Sequence[Any]) -> None:
        self.ring = ring
        place = {f"a_{j}_{k}": n for n, (j, k) in enumerate(cells)}
        self.forms: list[list[tuple[Number, list[int]]]] = [
            [(c, [place[name] for name, e in powers for _ in range(e)]) for c, powers in polynomial]
            for polynomial in polynomials
        ]

    def at(self, cells: Sequence[Poly]) -> Values:
        """The polynomials that are not identically 0 at these entries."""
        found = []
        for number, form in enumerate(self.forms):
            total: Poly = {}
            for c, factors in form:
                if all(cells[n] for n in factors):
                    term: Poly = {0: c}
                    for n in factors:
                        term = times(term, cells[n])
                    for m, d in term.items():
                        add_term(total, m, d)
            if total:
                found.append((number, total))
        return found

    def excluding(self, values: Values, nonzero: Collection[int]) -> int | None:
        """The number of a polynomial that is 0 nowhere on the stratum."""
        for number, value in values:
            if len(value) == 1 and all(self.ring.invertible(m, nonzero) for m in value):
                return number
        return None
