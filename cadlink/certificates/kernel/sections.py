"""Sections: parameters as Laurent polynomials of the product's entries, stratum by stratum, or a
polynomial that keeps limits of products away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import add
from typing import TypeAlias

from cadlink.certificates.kernel.points import read_point
from cadlink.certificates.kernel.polynomials import (
    MAX_EXPONENT,
    Parametrisation,
    Polynomial,
    Sum,
    product_work,
    read_vanishing,
)
from cadlink.certificates.kernel.problems import Cell, Chain, Problem
from cadlink.certificates.kernel.reader import CLOSED, FREE, Found, Number, Reader

__all__ = ["sections"]

Powers: TypeAlias = "tuple[int, ...]"  # of the coordinates, one for every cell
Laurent: TypeAlias = "dict[Powers, Number]"


def sections(problem: Problem, at: Reader) -> Found:
    """A *stratum* is given by a Laurent polynomial for every cell of the support, in coordinates
    that run through all real numbers, those in a set N through the nonzero ones only; negative
    powers are of coordinates in N.  There is one coordinate for every cell; at the root of the tree
    it is the cell, and N is empty.  A leaf gives values to the parameters, Laurent polynomials of
    the same kind, whose product is identically the cells.  A node names a coordinate x of which the
    cells have no negative powers, and a Laurent polynomial r of the same kind without x.  In its
    part "zero" -r replaces x, which leaves N; in its part "nonzero" x - r does, and x joins N.

    A node may add rows s, t instead, t another than s, if every entry is 0 or its cell's own
    coordinate: in row t the entries beside those of row s that are not 0 everywhere become their
    own coordinates and leave N, that in column c becomes 0.  The entry of row s in column c must be
    a coordinate in N, and (t, c) a cell.  In a chain the last mask must have in row t all ones of
    row s; in a group every neuron i with s in R_i must have, for every cell (t, k), both or none of
    (s, k) and (t, k).  Likewise with columns: the first mask.

    Polynomials in the entries that vanish on the set may be given.  A leaf may name one instead of
    parameters: put into it, the cells must give a single term, its coefficient not 0 and its
    coordinates in N.

    Then the set is closed, and if no polynomials are given every matrix is a product: free.

    Proof.  A matrix of the stratum at the root is any on the support.  We show that one that is a
    limit of products is a product (without polynomials: that any is), from the leaves up; a stratum
    below may hold more matrices than there are in the part, for that x was not 0 is forgotten.
    Polynomials that vanish on the set vanish at limits, so there are none in the stratum of a leaf
    that names one, as the term is not 0 there.  At a point of the stratum of a case x + r has a
    value, for r has no denominator that may be 0.  If it is 0, the point is in the first part; if
    not, it is in the second, where it is the new value of x, whose old one is in no denominator.

    Let A be in the stratum of an addition.  With f = A(t, c) / A(s, c) let B be A without f times
    row s in row t, where row s is 0 outside the support.  B is in the stratum below, as the entries
    that change are now coordinates of their own.  For any f, the map that adds f times row s to
    row t, at the cells of row t, takes products to products: to the last factor's row t,
    or x_i(t) of the neurons with s and t in R_i, add f times row s, or x_i(s).  In a chain this
    keeps the supports and adds f times row s of the product to row t.  In a group it adds to
    B(t, k) f times the x_i(s) y_i(k) of the i with s in R_i that have (t, k), which are those that
    have (s, k): f B(s, k), or 0 if (s, k) is no cell.  Being linear, this map takes limits to
    limits, too, and its inverse is the one of -f.  So B is a limit if A is, and A is a product if B
    is."""
    polynomials = "polynomials" in at.data
    at.keys(at.data, ("polynomials", "tree") if polynomials else ("tree",), "data")
    table = Parametrisation.of(problem, at)
    vanishing = read_vanishing(table, at.data["polynomials"], at) if polynomials else []
    names = table.cell_names
    at.spend(200 * len(names) ** 2)
    own = {cell: _own(place, len(names)) for place, cell in enumerate(table.cells)}
    start = _Stratum(own, frozenset())
    check = _Check(problem, table, names, vanishing, at)
    leaves = check.prove(at.data["tree"], start)
    facts = {"cases": leaves["parameters"], "excluded": leaves["vanishes"]}
    return Found(CLOSED if vanishing else FREE, facts=facts)


@dataclass(frozen=True)
class _Stratum:
    cells: Mapping[Cell, Laurent]
    nonzero: frozenset[int]  # N

    def put(self, x: int, value: Laurent, nonzero: frozenset[int], at: Reader) -> _Stratum:
        """With a value for coordinate x, and another N."""
        cells = {cell: _put(entry, x, value, at) for cell, entry in self.cells.items()}
        return _Stratum(cells, nonzero)


def _own(place: int, count: int) -> Laurent:
    """The coordinate of the cell at this place, of so many."""
    return {(0,) * place + (1,) + (0,) * (count - place - 1): 1}


@dataclass(frozen=True)
class _Check:
    """The check of one tree; ``names``: the place of every coordinate; ``vanishing``: the
    polynomials that vanish on the set."""

    problem: Problem
    table: Parametrisation
    names: Mapping[str, int]
    vanishing: Sequence[Polynomial]
    at: Reader

    def prove(self, tree: object, stratum: _Stratum) -> Counter[str]:
        """How many leaves with parameters, and with a polynomial, a tree has that proves the
        matrices of the stratum to be products, or not to be limits of any."""
        self.at.spend(20_000 + 2000 * len(self.names))
        if isinstance(tree, dict):
            if "zero" in tree:
                leaves = Counter[str]()
                for part, below in self._cases(tree, stratum):
                    leaves += self.prove(part, below)
                return leaves
            if "then" in tree:
                below = self._added(tree, stratum)
                return self.prove(tree["then"], below)
            if "vanishes" in tree:
                self._demand_no_limit(tree, stratum)
                return Counter(vanishes=1)
        self._demand_products(tree, stratum)
        return Counter(parameters=1)

    def _cases(
        self, tree: Mapping[str, object], stratum: _Stratum
    ) -> Iterator[tuple[object, _Stratum]]:
        """The parts of a case, with their strata."""
        at = self.at
        at.keys(tree, ("coordinate", "shift", "zero", "nonzero"), "a case")
        name = tree["coordinate"]
        at.demand(isinstance(name, str) and name in self.names, "a coordinate", name)
        x = self.names[str(name)]
        at.spend(200 * sum(map(len, stratum.cells.values())))
        below = any(powers[x] < 0 for entry in stratum.cells.values() for powers in entry)
        at.demand(not below, f"no negative power of {name} in the cells", "one")
        shift = _read(tree["shift"], stratum.nonzero, self.names, at)
        without = not any(powers[x] for powers in shift)
        at.demand(without, f"a shift without {name}", "one with it")
        negative = {powers: -number for powers, number in shift.items()}
        whole = {**negative, **_own(x, len(self.names))}
        yield tree["zero"], stratum.put(x, negative, stratum.nonzero - {x}, at)
        yield tree["nonzero"], stratum.put(x, whole, stratum.nonzero | {x}, at)

    def _demand_products(self, tree: object, stratum: _Stratum) -> None:
        """The parameters of a leaf multiply to the cells."""
        at = self.at

        def read(value: object) -> Laurent:
            return _read(value, stratum.nonzero, self.names, at)

        point = read_point(self.problem, tree, self.table, at, read)
        for cell, monomials in self.table.cells.items():
            entry = Sum(at)
            entry.add({powers: -number for powers, number in stratum.cells[cell].items()})
            for monomial in monomials:
                product: Laurent = {(0,) * len(self.names): 1}
                for parameter in monomial:
                    product = _times(product, point.get(parameter, {}), at)
                entry.add(product)
            at.demand(not entry.terms, f"the entry at {cell}", "another Laurent polynomial")

    def _value(self, number: object, stratum: _Stratum) -> Laurent:
        """The cells put into the polynomial of this number."""
        at, count = self.at, len(self.vanishing)
        polynomial = self.vanishing[at.integer(number, "a vanishing polynomial", 0, count)]
        entries = list(stratum.cells.values())
        total = Sum(at)
        for monomial, coefficient in polynomial.items():
            term: Laurent = {(0,) * len(self.names): coefficient}
            for place in monomial:
                term = _times(term, entries[place], at)
            total.add(term)
        return total.terms

    def _demand_no_limit(self, tree: Mapping[str, object], stratum: _Stratum) -> None:
        """The polynomial of a leaf is not 0 anywhere on the stratum."""
        at = self.at
        at.keys(tree, ("vanishes",), "a leaf")
        value = self._value(tree["vanishes"], stratum)
        places = {place for powers in value for place, power in enumerate(powers) if power}
        sure = len(value) == 1 and places <= stratum.nonzero
        at.demand(sure, "one term that is not 0", f"{len(value)} terms")

    def _added(self, tree: Mapping[str, object], stratum: _Stratum) -> _Stratum:
        """The stratum after a line of the matrix is added to another."""
        at, size = self.at, len(self.names)
        lines = "columns" if "columns" in tree else "rows"
        at.keys(tree, (lines, "clear", "then"), "an addition")

        def cell(line: int, other: int) -> Cell:
            return (line, other) if lines == "rows" else (other, line)

        at.spend(5000 + 100 * size**2)
        places = {one: place for place, one in enumerate(stratum.cells)}
        own = {one: _own(place, size) for one, place in places.items()}
        for one, entry in stratum.cells.items():
            plain = not entry or entry == own[one]
            at.demand(plain, "entries that are 0 or their own coordinate", f"another at {one}")
        source, target = (at.whole(one, "a line") for one in at.items(tree[lines], "two lines", 2))
        clear = at.whole(tree["clear"], "a line")
        at.demand(source != target, "two different lines", source)
        pivot, gone = cell(source, clear), cell(target, clear)
        at.demand(gone in places, "a cell of the support to clear", gone)
        sure = pivot in places and bool(stratum.cells[pivot]) and places[pivot] in stratum.nonzero
        at.demand(sure, "an entry that is not 0 to clear with", pivot)
        crossing = [one[lines == "rows"] for one in places if one[lines != "rows"] == target]
        beside = [(cell(source, k), cell(target, k)) for k in crossing]
        _demand_addition(self.problem, lines, source, target, beside, at)
        cells, nonzero = dict(stratum.cells), set(stratum.nonzero)
        for other, one in beside:
            if stratum.cells.get(other):
                cells[one] = own[one]
                nonzero.discard(places[one])
        cells[gone] = {}
        nonzero.discard(places[gone])
        return _Stratum(cells, frozenset(nonzero))


def _demand_addition(
    problem: Problem,
    lines: str,
    source: int,
    target: int,
    beside: Sequence[tuple[Cell, Cell]],
    at: Reader,
) -> None:
    """Demand that the source's weights can be added to the target's; ``beside``: for every cell of
    the target's line that of the source beside it, and the cell."""
    if isinstance(problem, Chain):
        mask = problem.masks[-1] if lines == "rows" else problem.masks[0].transpose()
        at.spend(200 * len(mask.row))
        its, wide = (set(mask.col[mask.row == line].tolist()) for line in (source, target))
        at.demand(its <= wide, f"{lines}: the mask's line {source} inside {target}", its - wide)
        return
    which = problem.row_sets if lines == "rows" else problem.col_sets
    for i, graph in enumerate(problem.neurons):
        at.spend(200 * len(beside))
        if source in which[i]:
            for other, one in beside:
                both = (one in graph) == (other in graph)
                at.demand(both, f"both or none of {other} and {one} in neuron {i}", "one of them")


def _read(value: object, nonzero: frozenset[int], names: Mapping[str, int], at: Reader) -> Laurent:
    """POLY of the schema in the coordinates, negative exponents allowed where they are not 0."""
    total = Sum(at)
    for term in at.items(value, "a Laurent polynomial"):
        coefficient, given = at.items(term, "a term", 2)
        powers = [0] * len(names)
        at.spend(5000 + 50 * len(names))
        for power in at.items(given, "a monomial"):
            at.spend(3000)
            name, exponent = at.items(power, "a power", 2)
            at.demand(isinstance(name, str) and name in names, "a coordinate", name)
            place = names[name]
            exponent = at.integer(exponent, "an exponent", -MAX_EXPONENT, MAX_EXPONENT + 1)
            at.demand(
                exponent > 0 or place in nonzero, f"no negative power of {name}", f"{exponent}"
            )
            at.demand(powers[place] == 0, f"{name} once in a monomial", given)
            powers[place] = exponent
        total.add({tuple(powers): at.number(coefficient, "a coefficient")})
    return total.terms


def _times(one: Laurent, other: Laurent, at: Reader) -> Laurent:
    at.spend(3000 + 50 * len(one) * len(other) * len(next(iter(one), ())))
    at.spend(product_work(one, other))
    product = Sum(at)
    for powers, number in one.items():
        product.add({tuple(map(add, powers, q)): number * c for q, c in other.items()})
    return product.terms


def _put(entry: Laurent, x: int, value: Laurent, at: Reader) -> Laurent:
    """The entry with the value for coordinate x, which has no negative power in it."""
    at.spend(len(entry) * (500 + 20 * len(next(iter(entry), ()))))
    by_power: dict[int, Laurent] = {}
    for powers, number in entry.items():
        by_power.setdefault(powers[x], {})[(*powers[:x], 0, *powers[x + 1 :])] = number
    if set(by_power) <= {0}:
        return entry
    power: Laurent = {(0,) * len(next(iter(entry))): 1}
    total, done = Sum(at), 0
    for exponent in sorted(by_power):
        for _ in range(exponent - done):
            power = _times(power, value, at)
        done = exponent
        total.add(_times(by_power[exponent], power, at))
    return total.terms
