"""Reads a witness for a statement: the network, data, curves of parameters and where they tend.

A witness with data lists some inputs and outputs and the rows X and Y in these; the other inputs
are 0 and so are the targets of the other outputs.  A curve gives every weight and bias as a Laurent
polynomial in eps > 0; a hidden unit's value is again one, and its sign for small eps is that of its
lowest coefficient, so ReLU is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, lcm
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from flint import fmpq, fmpq_mat, nmod, nmod_mat

from cadlink.certificates.kernel.reader import Reader
from cadlink.errors import CertificateError
from cadlink.networks.kernel.statement import MAX_NUMBERS, Points, Rows, Statement, read_rows
from cadlink.patterns.pattern import Pattern

__all__ = [
    "Data",
    "Marks",
    "Network",
    "Rows",
    "Tick",
    "Whole",
    "data_of",
    "full_rank",
    "limit_is",
    "modular",
    "multiplying",
    "product",
    "regions",
    "residue",
    "silent",
    "written",
]

Marks: TypeAlias = npt.NDArray[np.bool_]  # which units of a layer
Whole: TypeAlias = npt.NDArray[np.int64]
Series: TypeAlias = dict[int, Fraction]  # a Laurent polynomial in eps
Column: TypeAlias = npt.NDArray[np.object_]  # an integer for each point
# A Laurent polynomial for each point: columns by exponent, to be divided by a scale.
Values: TypeAlias = dict[int, Column]

BATCH = 1000  # points at a time
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
    def deadline(self) -> float:
        """When the check must be done, a value of ``time.monotonic()``."""
        return self.at.budget.deadline

    @property
    def witness(self) -> dict[str, Any]:
        return dict(self.at.data)

    @property
    def inputs(self) -> Points:
        """The inputs of the statement, for checks that are about questions with some."""
        assert self.statement.inputs is not None
        return self.statement.inputs

    @property
    def targets(self) -> Points:
        """The targets of the statement, likewise."""
        assert self.statement.targets is not None
        return self.statement.targets

    def demand(self, holds: bool, expected: str, found: object) -> None:
        self.at.demand(holds, expected, found)

    def numbers(self, name: str, what: str, width: int, count: int | None = None) -> list[int]:
        """The witness's list of this name: ``count`` integers from 0 to below ``width``."""
        listed = self.at.items(self.witness.get(name), name, count)
        return [self.at.integer(number, what, 0, width) for number in listed]

    def rows(self, name: str, width: int) -> Rows:
        """The witness's table of this name, of rational numbers in rows of this width."""
        return read_rows(self.at, self.witness.get(name), name, width)

    def sees(self, layer: int, unit: int) -> set[int]:
        """The units of the layer below that a unit of mask ``layer`` (from 0) sees."""
        mask = self.pattern.layers[layer]
        seen = mask.indices[mask.indptr[unit] : mask.indptr[unit + 1]]
        self.at.spend(1 + seen.size // 16)
        return set(seen.tolist())

    def marks(self, layer: int, units: Iterable[int]) -> Marks:
        """These units of unit layer ``layer`` as truth values."""
        found = np.zeros(self.pattern.widths[layer], dtype=np.bool_)
        found[list(units)] = True
        return found

    def feeding(self, layer: int, units: Marks) -> Marks:
        """The units of the layer below that some of these see, ``layer`` the number of the mask."""
        mask = self.pattern.layers[layer]
        self.at.spend(1 + mask.nnz // 300)
        return np.asarray(mask.T @ units)

    def reach(self, inputs: Iterable[int], outputs: Iterable[int]) -> list[set[int]]:
        """Per unit layer the units on paths from these inputs to these outputs."""
        depth = self.pattern.depth
        up, down = [self.marks(0, inputs)], [self.marks(depth, outputs)]
        for mask in self.pattern.layers:
            self.at.spend(1 + mask.nnz // 300)
            up.append(np.asarray(mask @ up[-1]))
        for layer in range(depth - 1, -1, -1):
            down.append(self.feeding(layer, down[-1]))
        return [set(np.flatnonzero(a & b).tolist()) for a, b in zip(up, down[::-1], strict=True)]

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
    at, widths = net.at, net.pattern.widths
    inputs = _places(net, "inputs", widths[0])
    outputs = _places(net, "outputs", widths[-1])
    xs, ys = net.rows("X", len(inputs)), net.rows("Y", len(outputs))
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


def _places(net: Network, name: str, width: int) -> list[int]:
    numbers = net.numbers(name, f"a number in {name}", width)
    net.demand(bool(numbers), f"some {name}", "none")
    net.demand(len(set(numbers)) == len(numbers), f"{name}, each once", numbers)
    return numbers


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


@dataclass(frozen=True)
class Layer:
    """A layer of the curve times ``scale``, so that all its numbers are integers: weights by row
    and column, biases by row."""

    weights: dict[int, dict[int, dict[int, int]]]
    biases: dict[int, dict[int, int]]
    scale: int


def limit_is(net: Network, data: Data, limit: Rows, constant: bool = False) -> None:
    """Demand that the predictions along the witness's curve tend to ``limit`` as eps -> 0+.

    ``constant``: the parameters do not move, so the predictions are equal to it.
    """
    layers = _parameters(net, constant)
    for start in range(0, len(data.xs), BATCH):
        part = slice(start, start + BATCH)
        _tends_to(net, layers, data, data.xs[part], limit[part])


def _tends_to(net: Network, layers: list[Layer], data: Data, xs: Rows, limit: Rows) -> None:
    """The same for some of the points."""
    scale = _column([lcm(*(value.denominator for value in x)) for x in xs])
    values: dict[int, Values] = {}
    for k, row in zip(data.inputs, zip(*xs, strict=True), strict=True):
        whole = [v.numerator * (s // v.denominator) for v, s in zip(row, scale, strict=True)]
        values[k] = {0: _column(whole)}
    size = max(map(int.bit_length, (*scale, *(n for v in values.values() for n in v[0]))))
    for number, layer in enumerate(layers):
        hidden = number + 1 < len(layers)
        net.at.spend(multiplying(len(xs), layer.scale.bit_length(), size))
        values, size = _layer(net, values, layer, scale, size, hidden)
        scale = scale * layer.scale
    at_output = {j: column for column, j in enumerate(data.outputs)}
    for j in {*values, *data.outputs}:
        series = values.get(j, {})
        growing = np.zeros(len(xs), dtype=np.bool_)
        for exponent, column in series.items():
            growing |= (exponent < 0) & (column != 0)
        found = series.get(0, np.zeros(len(xs), dtype=np.object_))
        targets = [Fraction(0)] * len(xs)
        right = found == 0
        if j in at_output:
            targets = [row[at_output[j]] for row in limit]
            net.at.spend(multiplying(len(xs), 0, size))
            here = found * _column([target.denominator for target in targets])
            right = here == scale * _column([target.numerator for target in targets])
        wrong = np.flatnonzero(growing | ~right)
        if wrong.size:
            place = int(wrong[0])
            point = ", ".join(map(str, xs[place][:8]))
            raise CertificateError(
                net.at.path,
                f"predictions that tend to {written(targets[place])} in output {j} at {point[:80]}",
                "growing ones" if growing[place] else written(Fraction(found[place], scale[place])),
            )


def written(number: Fraction) -> str:
    """The number in a message: Python refuses to write very many digits, and is slow at many."""
    bits = max(number.numerator.bit_length(), number.denominator.bit_length())
    return str(number)[:40] if bits < 2000 else f"a fraction of {bits} bits"


def _column(numbers: Sequence[int]) -> Column:
    found = np.empty(len(numbers), dtype=np.object_)
    found[:] = numbers
    return found


def _parameters(net: Network, constant: bool) -> list[Layer]:
    """The curve, on the masks only."""
    at, depth = net.at, net.pattern.depth
    curve = at.keys(net.witness.get("curve"), ("weights", "biases"), "curve")
    weights = at.items(curve["weights"], "weights", depth)
    biases = at.items(curve["biases"], "biases", depth)
    return [
        _read_layer(net, number, weights[number], biases[number], constant)
        for number in range(depth)
    ]


def _read_layer(net: Network, layer: int, weights: object, biases: object, constant: bool) -> Layer:
    at = net.at
    height, width = net.pattern.layers[layer].shape
    rows: dict[int, dict[int, Series]] = {}
    seen: dict[int, set[int]] = {}
    for entry in at.items(weights, "weights of a layer"):
        i, j, series = at.items(entry, "[row, column, LAURENT]", 3)
        i = at.integer(i, "a row", 0, height)
        j = at.integer(j, "a column", 0, width)
        if i not in seen:
            seen[i] = net.sees(layer, i)
        net.demand(j in seen[i], f"weights on the mask of layer {layer}", [i, j])
        net.demand(j not in rows.setdefault(i, {}), "every weight once", [i, j])
        rows[i][j] = _series(at, series, constant)
    shifts: dict[int, Series] = {}
    for entry in at.items(biases, "biases of a layer"):
        i, series = at.items(entry, "[row, LAURENT]", 2)
        i = at.integer(i, "a row", 0, height)
        net.demand(net.biases[layer], f"no bias in layer {layer}", f"one of unit {i}")
        net.demand(i not in shifts, "every bias once", i)
        shifts[i] = _series(at, series, constant)
    every = [*shifts.values(), *(series for row in rows.values() for series in row.values())]
    scale = 1
    for series in every:
        for number in series.values():
            at.spend(1 + scale.bit_length() // 1000)
            scale = lcm(scale, number.denominator)
    at.spend(sum(map(len, every)) * (1 + scale.bit_length() // 1000))
    return Layer(
        {i: {j: _whole(series, scale) for j, series in row.items()} for i, row in rows.items()},
        {i: _whole(series, scale) for i, series in shifts.items()},
        scale,
    )


def _whole(series: Series, scale: int) -> dict[int, int]:
    """The coefficients times the scale."""
    return {e: c.numerator * (scale // c.denominator) for e, c in series.items()}


def _series(at: Reader, value: object, constant: bool) -> Series:
    found: Series = {}
    for term in at.items(value, "a Laurent polynomial"):
        exponent, coefficient = at.items(term, "[exponent, coefficient]", 2)
        exponent = at.integer(exponent, "an exponent", -1000, 1001)
        at.demand(exponent not in found, "every exponent once", exponent)
        number = at.rational(coefficient, "a coefficient")
        if number:
            found[exponent] = number
    at.demand(not constant or set(found) <= {0}, "parameters that do not move", sorted(found))
    return found


def _layer(
    net: Network, values: dict[int, Values], layer: Layer, scale: Column, size: int, hidden: bool
) -> tuple[dict[int, Values], int]:
    """One layer applied to Laurent polynomials, and a bound on the bits of what comes out.

    ``scale`` is what the values are to be divided by, ``size`` bounds the bits of both.
    """
    found: dict[int, Values] = {}
    largest = size
    for i in {*layer.weights, *layer.biases}:
        total: Values = {}
        weights = layer.weights.get(i, {})
        terms = [(layer.biases.get(i, {}), {0: scale})]
        terms += [(weight, values[j]) for j, weight in weights.items() if j in values]
        bits = [_add_product(net.at, total, one, other, size) for one, other in terms]
        largest = max(largest, max(bits) + len(terms).bit_length())
        total = {e: column for e, column in total.items() if column.any()}
        if hidden:
            total = _rectified(net, i, total)
        if total:
            found[i] = total
    return found, max(largest, size + layer.scale.bit_length())


def _rectified(net: Network, unit: int, total: Values) -> Values:
    """What ReLU leaves of a unit's values, of whose terms the lowest is the sign."""
    if not total:
        return total
    count = len(next(iter(total.values())))
    net.at.spend(len(total) * (8 + count // 8))
    positive, negative = np.zeros((2, count), dtype=np.bool_)
    for exponent in sorted(total):
        still = ~(positive | negative)
        positive |= still & (total[exponent] > 0)
        negative |= still & (total[exponent] < 0)
    if negative.any() and net.statement.activation != "relu":
        raise CertificateError(
            net.at.path, "hidden units that are nowhere negative", f"unit {unit} is"
        )
    if not positive.any():
        return {}
    if not negative.any():
        return total
    return {e: np.where(positive, column, 0) for e, column in total.items()}


def _add_product(
    at: Reader, total: Values, one: Mapping[int, int], other: Values, size: int
) -> int:
    """total += one * other, paid for by the size of the numbers; a bound on the bits of a term."""
    largest = 0
    for e, c in one.items():
        bits = c.bit_length()
        largest = max(largest, bits)
        for f, column in other.items():
            at.spend(6 + multiplying(len(column), bits, size))
            product = column * c
            total[e + f] = total[e + f] + product if e + f in total else product
    return largest + size + len(other).bit_length() + len(one).bit_length()


def multiplying(count: int, bits: int, size: int) -> int:
    """The work of so many products of integers of these lengths, and of adding them up."""
    return count * (150 + (bits + 30) * (size + 30) // 500) // 1000


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


def modular(residues: Whole) -> nmod_mat:
    """A table of residues as a matrix modulo the prime."""
    rows, columns = residues.shape
    return nmod_mat(int(rows), int(columns), residues.ravel().tolist(), PRIME)


def flat(rows: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """The entries row by row."""
    return [v for row in rows for v in row]
