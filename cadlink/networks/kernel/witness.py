"""Reads a witness for a statement: the network, data, curves of parameters and where they tend.

A witness with data lists some inputs and outputs and the rows X and Y in these; the other inputs
are 0 and so are the targets of the other outputs.  A curve gives every weight and bias as a Laurent
polynomial in eps > 0; a hidden unit's value is again one, and its sign for small eps is that of its
lowest coefficient, so ReLU is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import Any, TypeAlias

from flint import fmpq, fmpq_mat, nmod, nmod_mat

from cadlink.certificates.kernel.reader import Reader
from cadlink.errors import CertificateError
from cadlink.networks.kernel.statement import MAX_NUMBERS, Points, Statement
from cadlink.patterns.pattern import Pattern

__all__ = [
    "Data",
    "Network",
    "Rows",
    "Tick",
    "data_of",
    "full_rank",
    "limit_is",
    "product",
    "regions",
    "residue",
    "rows_of",
    "silent",
]

Rows: TypeAlias = list[list[Fraction]]
Series: TypeAlias = dict[int, fmpq]  # a Laurent polynomial in eps
Table: TypeAlias = dict[int, dict[int, Series]]  # row -> column -> weight

PRIME = (1 << 31) - 1
MANY = 10 * MAX_NUMBERS  # more points than a witness can have


Tick: TypeAlias = Callable[[str, float], None]


def silent(text: str, share: float) -> None:
    """Nobody is told how far a check is."""


@dataclass
class Network:
    """What a check sees: the statement, and the witness behind a reader.

    ``tick`` is told what is being done and how much of it is done, from 0 to 1.
    """

    statement: Statement
    at: Reader
    tick: Tick = silent

    @property
    def pattern(self) -> Pattern:
        return self.statement.pattern

    @property
    def biases(self) -> tuple[bool, ...]:
        return self.statement.biases

    @property
    def witness(self) -> dict[str, Any]:
        return dict(self.at.data)

    def demand(self, holds: bool, expected: str, found: object) -> None:
        self.at.demand(holds, expected, found)

    def sees(self, layer: int, unit: int) -> set[int]:
        """The units of the layer below that a unit of mask ``layer`` (from 0) sees."""
        mask = self.pattern.layers[layer]
        return set(mask.indices[mask.indptr[unit] : mask.indptr[unit + 1]].tolist())

    def reach(self, inputs: Iterable[int], outputs: Iterable[int]) -> list[set[int]]:
        """Per unit layer the units on paths from these inputs to these outputs."""
        up: list[set[int]] = [set(inputs)]
        for mask in self.pattern.layers:
            columns = mask.tocsc()
            reached: set[int] = set()
            for unit in up[-1]:
                reached.update(columns.indices[columns.indptr[unit] : columns.indptr[unit + 1]])
            up.append({int(unit) for unit in reached})
        down: list[set[int]] = [set(outputs)]
        for layer in range(self.pattern.depth - 1, -1, -1):
            down.append({below for unit in down[-1] for below in self.sees(layer, unit)})
        return [a & b for a, b in zip(up, down[::-1], strict=True)]

    def pieces(self, inputs: Collection[int], outputs: Iterable[int]) -> int:
        """A bound on the activation patterns of the units between, on a space of these inputs."""
        layers = self.reach(inputs, outputs)[1:-1]
        return product(regions(len(units), len(inputs)) for units in layers)

    def curve_pieces(self, inputs: Collection[int], outputs: Collection[int]) -> int:
        """A bound on the pieces of a moment curve in these inputs on which the network is affine:
        patterns of active units, or closed intervals on which no unit changes sign."""
        layers = self.reach(inputs, outputs)[1:-1]
        along = product(len(inputs) * len(units) + 1 for units in layers)
        return min(along, self.pieces(inputs, outputs))


def regions(hyperplanes: int, dimension: int) -> int:
    """The most regions that so many hyperplanes can make; MANY if these are more."""
    total = 0
    for j in range(min(hyperplanes, dimension) + 1):
        total += comb(hyperplanes, j)
        if total > MANY:
            return MANY
    return total


def product(factors: Iterable[int]) -> int:
    """The product of numbers that are at least 1; MANY if it is more."""
    total = 1
    for factor in factors:
        total = min(total * factor, MANY)
    return total


@dataclass(frozen=True)
class Data:
    """The data of a witness: which inputs and outputs, and the rows in these."""

    inputs: list[int]
    outputs: list[int]
    xs: Rows
    ys: Rows


def data_of(net: Network) -> Data:
    """The data, which are those of the statement where it has some.

    For question (b) the points are the same; for (c) the pairs, with multiplicities.
    """
    at, witness, widths = net.at, net.witness, net.pattern.widths
    inputs = _numbers(at, witness.get("inputs"), "inputs", widths[0])
    outputs = _numbers(at, witness.get("outputs"), "outputs", widths[-1])
    xs, ys = rows_of(net, "X", len(inputs)), rows_of(net, "Y", len(outputs))
    net.demand(bool(xs), "at least one point", "none")
    net.demand(len(xs) == len(ys), "as many rows of Y as of X", len(ys))
    given, targets = net.statement.inputs, net.statement.targets
    if given is not None:
        here = _spread(at, xs, inputs, widths[0])
        if targets is None:
            net.demand(set(here) == set(given), "the points of the statement", "others")
        else:
            pairs = sorted(zip(here, _spread(at, ys, outputs, widths[-1]), strict=True))
            same = pairs == sorted(zip(given, targets, strict=True))
            net.demand(same, "the inputs and targets of the statement", "others")
    return Data(inputs, outputs, xs, ys)


def _numbers(at: Reader, value: object, what: str, width: int) -> list[int]:
    numbers = [at.integer(n, f"a number in {what}", 0, width) for n in at.items(value, what)]
    at.demand(bool(numbers), f"some {what}", "none")
    at.demand(len(set(numbers)) == len(numbers), f"{what}, each once", numbers)
    return numbers


def rows_of(net: Network, name: str, width: int) -> Rows:
    """A table of rational numbers with rows of this width."""
    listed = net.at.items(net.witness.get(name), name)
    net.demand(len(listed) * (width + 1) <= MAX_NUMBERS, f"{name} of moderate size", len(listed))
    return [
        [net.at.rational(value, f"an entry of {name}") for value in net.at.items(row, name, width)]
        for row in listed
    ]


def _spread(at: Reader, rows: Rows, places: list[int], width: int) -> Points:
    """The rows with all coordinates."""
    at.spend(len(rows) * width)
    found = []
    for row in rows:
        full = [Fraction(0)] * width
        for place, value in zip(places, row, strict=True):
            full[place] = value
        found.append(tuple(full))
    return tuple(found)


# -- curves ----------------------------------------------------------------------------------------


def limit_is(net: Network, data: Data, limit: Rows, constant: bool = False) -> None:
    """Demand that the predictions along the witness's curve tend to ``limit`` as eps -> 0+.

    ``constant``: the parameters do not move, so the predictions are equal to it.
    """
    weights, biases = _parameters(net, constant)
    at_output = {j: column for column, j in enumerate(data.outputs)}
    last = net.pattern.depth - 1
    for x, y in zip(data.xs, limit, strict=True):
        values: dict[int, Series] = {
            k: {0: fmpq(v.numerator, v.denominator)}
            for k, v in zip(data.inputs, x, strict=True)
            if v
        }
        for layer in range(last + 1):
            values = _layer(net, values, weights[layer], biases[layer], layer < last)
        for j in {*values, *data.outputs}:
            target = y[at_output[j]] if j in at_output else Fraction(0)
            series = values.get(j, {})
            found = series.get(0, fmpq(0))
            if min(series, default=0) < 0 or found != fmpq(target.numerator, target.denominator):
                point = ", ".join(map(str, x[:8]))
                growing = min(series, default=0) < 0
                raise CertificateError(
                    net.at.path,
                    f"predictions that tend to {str(target)[:40]} in output {j} at {point[:80]}",
                    "growing ones" if growing else str(found)[:40],
                )


def _parameters(net: Network, constant: bool) -> tuple[list[Table], list[dict[int, Series]]]:
    """The curve: weights[layer][row][column] and biases[layer][row], on the masks only."""
    at, depth = net.at, net.pattern.depth
    curve = at.keys(net.witness.get("curve"), ("weights", "biases"), "curve")
    weights: list[Table] = []
    for layer, listed in enumerate(at.items(curve["weights"], "weights", depth)):
        table: Table = {}
        height, width = net.pattern.layers[layer].shape
        seen: dict[int, set[int]] = {}
        for entry in at.items(listed, "weights of a layer"):
            i, j, series = at.items(entry, "[row, column, LAURENT]", 3)
            i = at.integer(i, "a row", 0, height)
            j = at.integer(j, "a column", 0, width)
            if i not in seen:
                seen[i] = net.sees(layer, i)
            net.demand(j in seen[i], f"weights on the mask of layer {layer}", [i, j])
            net.demand(j not in table.setdefault(i, {}), "every weight once", [i, j])
            table[i][j] = _series(at, series, constant)
        weights.append(table)
    biases: list[dict[int, Series]] = []
    for layer, listed in enumerate(at.items(curve["biases"], "biases", depth)):
        column: dict[int, Series] = {}
        for entry in at.items(listed, "biases of a layer"):
            i, series = at.items(entry, "[row, LAURENT]", 2)
            i = at.integer(i, "a row", 0, net.pattern.widths[layer + 1])
            net.demand(net.biases[layer], f"no bias in layer {layer}", f"one of unit {i}")
            net.demand(i not in column, "every bias once", i)
            column[i] = _series(at, series, constant)
        biases.append(column)
    return weights, biases


def _series(at: Reader, value: object, constant: bool) -> Series:
    found: Series = {}
    for term in at.items(value, "a Laurent polynomial"):
        exponent, coefficient = at.items(term, "[exponent, coefficient]", 2)
        exponent = at.integer(exponent, "an exponent", -1000, 1001)
        at.demand(exponent not in found, "every exponent once", exponent)
        number = at.rational(coefficient, "a coefficient")
        if number:
            found[exponent] = fmpq(number.numerator, number.denominator)
    at.demand(not constant or set(found) <= {0}, "parameters that do not move", sorted(found))
    return found


def _layer(
    net: Network,
    values: dict[int, Series],
    weights: Table,
    biases: dict[int, Series],
    hidden: bool,
) -> dict[int, Series]:
    """One layer applied to Laurent polynomials."""
    found: dict[int, Series] = {}
    net.at.spend(len(weights))
    for i in {*weights, *biases}:
        total = dict(biases.get(i, {}))
        for j, weight in weights.get(i, {}).items():
            if j in values:
                _add_product(net.at, total, weight, values[j])
        total = {e: c for e, c in total.items() if c}
        negative = bool(total) and total[min(total)] < 0
        if hidden and negative and net.statement.activation != "relu":
            raise CertificateError(
                net.at.path, "hidden units that are nowhere negative", f"unit {i} is"
            )
        if total and not (hidden and negative):
            found[i] = total
    return found


def _add_product(at: Reader, total: Series, one: Series, other: Series) -> None:
    """total += one * other, paid for by the size of the numbers: a microsecond or so a unit."""
    for e, c in one.items():
        for f, d in other.items():
            value = c * d
            if e + f in total:
                value += total[e + f]
            total[e + f] = value
            bits = value.height_bits()
            at.spend(1 + bits // 20 * (1 + bits // 20_000))


# -- ranks -----------------------------------------------------------------------------------------


def full_rank(at: Reader, rows: Sequence[Sequence[Fraction]]) -> bool:
    """Whether the rank is the smaller of the two sizes: modulo a prime if possible, where it can
    only be smaller."""
    height, width = len(rows), len(rows[0])
    wanted = min(height, width)
    at.spend(height * width + height * width * wanted // 500)
    if all(v.denominator % PRIME for row in rows for v in row):
        residues = [int(nmod(v.numerator, PRIME) / nmod(v.denominator, PRIME)) for v in flat(rows)]
        if nmod_mat(height, width, residues, PRIME).rank() == wanted:
            return True
    bits = max((v.numerator * v.denominator).bit_length() for v in flat(rows))
    at.spend(height * width * wanted * (1 + bits // 64))
    exact = fmpq_mat(height, width, [fmpq(v.numerator, v.denominator) for v in flat(rows)])
    return bool(exact.rank() == wanted)


def residue(net: Network, value: Fraction) -> int:
    """The number modulo the prime; demands that it has a residue."""
    net.demand(value.denominator % PRIME != 0, f"no multiple of {PRIME} as denominator", "one")
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


def flat(rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """The entries row by row."""
    return [v for row in rows for v in row]
