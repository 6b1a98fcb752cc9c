"""R25: parameters that can be read off the functions, all but one weight that leaves every bound.

The weights of a witness are drawn from its seed, so that it holds biases and a few points only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from cadlink.certificates.kernel.drawn import drawn
from cadlink.certificates.kernel.reader import Reader
from cadlink.errors import CertificateError
from cadlink.networks.kernel.witness import PRIME, Marks, Network, Whole, modular
from cadlink.patterns.pattern import Pattern

__all__ = ["MOST_CELLS", "Exact", "Part", "Severed", "identified", "part_of"]

Exact: TypeAlias = npt.NDArray[np.float64]  # integers below 2^53
T = TypeVar("T", Exact, Marks)

MOST_CELLS = 2_000_000  # cells of all masks together
MOST_BIAS = 1 << 40
EXACT = 2.0**53
COLUMNS = 20  # points at which affine functions are compared
REGIONS, FEW = 64, 4  # for the last layer: regions, besides one for each unit, and points of each
NUMBERS = 1 << 21  # in an array of the check


@dataclass(frozen=True)
class Part:
    """What data see of a network when one input is left out and some others move together.

    ``masks``: truth values (rows x columns); column 0 of the first is for the inputs together.
    ``units``: per layer of units their numbers in the network; of the inputs, those of the other
    columns.  ``biased``: which of the outputs can have a constant added.
    """

    masks: tuple[Marks, ...]
    units: tuple[Whole, ...]
    biased: Marks

    @property
    def hidden(self) -> list[int]:
        """The widths of the hidden layers."""
        return [len(mask) for mask in self.masks[:-1]]

    @property
    def cells(self) -> int:
        """Of all masks together, which is what the work goes by: sums run over zeros, too."""
        return sum(mask.size for mask in self.masks)


def part_of(
    pattern: Pattern,
    biases: Sequence[bool],
    units: Sequence[Whole],
    together: Collection[int],
) -> Part:
    """The part on these units: those on paths from all inputs but one to outputs.

    A last hidden unit that feeds an output and is not among them is constant.
    """
    masks = [
        pattern.layers[layer][above, :].toarray()[:, below].astype(np.bool_)
        for layer, (below, above) in enumerate(pairwise(units))
    ]
    joined = np.isin(units[0], list(together))
    masks[0] = np.column_stack((masks[0][:, joined].any(axis=1), masks[0][:, ~joined]))
    feeding = np.diff(pattern.layers[-1][units[-1], :].indptr)
    biased = (feeding > masks[-1].sum(axis=1)) | biases[-1]
    return Part(tuple(masks), (units[0][~joined], *units[1:]), biased)


class Severed:
    """A part with parameters, in which a second-layer unit is off wherever a certain unit is on.

    Both units by their places.  Weights are 1, 2, 3 or -1, -2, -3, drawn from the seed; if a unit
    sees one hidden unit only, the weight is negative: it must be on when the other becomes so.
    """

    def __init__(
        self, part: Part, unit: int, severed: int, seed: int, biases: Sequence[Exact]
    ) -> None:
        self.part = part
        self.unit = unit
        self.severed = severed
        self.biases = list(biases)
        self.weights = [_drawn(mask, layer, seed) for layer, mask in enumerate(part.masks)]
        self.weights[1][severed, unit] = 0  # while the unit is off it counts for nothing
        self.seen = [mask.copy() for mask in part.masks]
        self.seen[1][severed, unit] = False
        self.sums = [np.abs(table).sum(axis=1).max(initial=0) for table in self.weights]
        self.starts = np.cumsum([0, *part.hidden])

    @cached_property
    def columns(self) -> int:
        """At how many points affine functions are compared, never more than determine them."""
        return min(COLUMNS, int(self.part.masks[0].shape[1]) + 1)

    @cached_property
    def last_masks(self) -> set[tuple[tuple[bool, ...], bool]]:
        """Which units feed an output and whether it can have a constant added, each kind once."""
        rows = map(tuple, self.part.masks[-1].tolist())
        return set(zip(rows, self.part.biased.tolist(), strict=True))

    @cached_property
    def curve(self) -> Exact:
        """That many points on a moment curve (inputs x columns), modulo the prime."""
        bases = np.arange(2, self.columns + 2, dtype=np.int64)
        rows, power = [], np.ones(self.columns, dtype=np.int64)
        for _ in range(self.part.masks[0].shape[1]):
            power = power * bases % PRIME
            rows.append(power)
        return np.array(rows, dtype=np.float64)

    def layer_values(self, layer: int, values: Exact, first: Marks | None) -> tuple[Exact, Marks]:
        """What the units of a layer receive (points x units), and which are on.

        ``first``: the activity of the first layer, for those above.  Raises OverflowError where
        double precision might not be exact.
        """
        weights, bias = self.weights[layer], self.biases[layer]
        most = np.abs(values).max(initial=0) * self.sums[layer] + np.abs(bias).max(initial=0)
        if not most < EXACT:
            raise OverflowError
        received = values @ weights.T + bias
        on = received > 0
        if layer == 1 and first is not None:
            on[first[:, self.unit], self.severed] = False
        return received, on

    def activity(self, points: Exact) -> tuple[Marks, Marks]:
        """Which hidden units are on (points x all units), and which receive exactly 0.

        Raises OverflowError.
        """
        values = points
        active: list[Marks] = []
        zero: list[Marks] = []
        for layer in range(len(self.part.hidden)):
            received, on = self.layer_values(layer, values, active[0] if active else None)
            active.append(on)
            zero.append(received == 0)
            values = np.where(on, received, 0.0)
        return np.hstack(active), np.hstack(zero)

    def changes(self, active: Marks) -> list[tuple[int, int, int]]:
        """The places between rows that differ in one unit: the row before, its layer and place."""
        differing = active[1:] ^ active[:-1]
        found = []
        for row in np.flatnonzero(differing.sum(axis=1) == 1).tolist():
            number = int(np.flatnonzero(differing[row])[0])
            layer = int(np.searchsorted(self.starts, number, side="right")) - 1
            found.append((row, layer, number - int(self.starts[layer])))
        return found

    def split(self, active: Marks) -> list[Marks]:
        """Activities by layers (units x patterns)."""
        return [active[:, low:high].T for low, high in pairwise(self.starts.tolist())]

    def derivatives(self, active: Marks) -> list[Exact]:
        """Per hidden layer the derivative of a combination of the outputs by the units' values
        (units x patterns), modulo the prime."""
        marks = self.split(active)
        outputs = np.array([pow(3, j + 1, PRIME) for j in range(len(self.weights[-1]))])
        last = (outputs[:, None] * self.weights[-1].astype(np.int64) % PRIME).sum(axis=0) % PRIME
        found = [np.repeat(last.astype(np.float64)[:, None], len(active), axis=1)]
        for weights, on in zip(reversed(self.weights[1:-1]), reversed(marks[1:]), strict=True):
            found.append(_modulo(weights.T @ (found[-1] * on)))
        return found[::-1]

    def affine(self, active: Marks, layers: int) -> tuple[list[Exact], list[Exact]]:
        """What the units of so many hidden layers receive, and the values of inputs and of these
        units, modulo the prime, as affine functions on the regions of these patterns.

        All arrays: units x patterns x columns, the columns being points of the curve.
        """
        shape = (len(active), self.columns)
        values: Exact = self.curve[:, None, :]  # in the first layer the same for all patterns
        received, known = [], [np.broadcast_to(values, (len(values), *shape))]
        for layer, on in enumerate(self.split(active)[:layers]):
            flat = self.weights[layer] @ values.reshape(len(values), -1)
            flat = _modulo(flat + self.biases[layer][:, None])
            functions = flat.reshape(len(flat), -1, self.columns)
            received.append(np.broadcast_to(functions, (len(flat), *shape)))
            values = functions * on[:, :, None]
            known.append(values)
        return received, known

    def known(self, received: Exact, values: Exact) -> bool:
        """Whether only multiples of a unit's parameters fit its changes, each up to a factor.

        ``received`` (changes x columns) and ``values`` (units that it sees x changes x columns).
        """
        seen, count, columns = values.shape
        table = np.zeros((seen + 1 + count, count, columns))
        table[:seen] = values
        table[seen] = 1
        for place in range(count):
            table[seen + 1 + place, place] = received[place]
        return _rank(table.reshape(len(table), -1)) == len(table) - 1

    def outputs_known(self, values: Exact) -> bool:
        """Whether the last layer is known from the last hidden values (units x points)."""
        values = values[:, _spread(values.shape[1], 4 * len(values) + 4)]
        for seen, biased in self.last_masks:
            rows = values[list(seen)]
            if biased:
                rows = np.vstack((rows, np.ones((1, rows.shape[1]))))
            if _rank(rows) < len(rows):
                return False
        return True


def _drawn(mask: Marks, layer: int, seed: int) -> Exact:
    """Weights on the mask."""
    weights: Exact = np.zeros(mask.shape)
    numbers = drawn(seed, layer, *np.nonzero(mask)) % np.uint64(6)
    weights[mask] = np.array([-3, -2, -1, 1, 2, 3])[numbers.astype(np.int64)]
    if layer:
        alone = mask.sum(axis=1) == 1
        weights[alone] = -np.abs(weights[alone])
    return weights


def _spread(count: int, most: int) -> Whole:
    """So many of the numbers below ``count``, evenly, or all."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.int64)


def _modulo(numbers: Exact) -> Exact:
    """Residues of integers up to 2^53 - 2^31 in absolute value; five times as quick as numpy's mod.

    Sums of residues times weights are below, for a pattern has at most 10^6 units in a layer.
    """
    rest: Exact = numbers - PRIME * np.floor(numbers * (1 / PRIME))  # exact, the quotient nearly so
    rest[rest < 0] += PRIME
    rest[rest >= PRIME] -= PRIME
    return rest


def _rank(table: Exact) -> int:
    """The rank modulo the prime, which the true one is not below."""
    return int(modular(table.astype(np.int64)).rank()) if table.size else 0


# -- the check -------------------------------------------------------------------------------------


def identified(net: Network) -> tuple[str, ...]:
    """R25: one input left out, others together, a severed weight, and the rest identified."""
    at, widths = net.at, net.pattern.widths
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    net.demand(all(net.biases[:-1]), "free biases in all hidden layers", list(net.biases))
    left_out = at.integer(net.witness.get("input"), "an input", 0, widths[0])
    together = at.ascending(net.witness.get("together"), range(widths[0]), "input")
    net.demand(left_out not in together, f"inputs other than {left_out}", together[:5])
    joined = set(together)
    seeing = net.reach([left_out], range(widths[-1]))[1]
    alone = sorted(unit for unit in seeing if not net.sees(0, unit) & joined)
    net.demand(not alone, f"units on input {left_out} that see one of the others", alone[:5])
    cells = sum(a * b for a, b in pairwise(widths))
    net.demand(cells <= MOST_CELLS, f"masks of at most {MOST_CELLS} cells", cells)
    at.spend(1000 + cells // 50)
    others = [k for k in range(widths[0]) if k != left_out]
    units = [np.array(sorted(layer)) for layer in net.reach(others, range(widths[-1]))]
    part = part_of(net.pattern, net.biases, units, joined)
    net.demand(all(part.hidden), "a path from another input to an output", "none")
    limit = _severed(net, part, seeing)
    _jump(net, limit)
    found, active = _changes(net, limit)
    _all_known(net, limit, found, active)
    return ()


def _severed(net: Network, part: Part, seeing: set[int]) -> Severed:
    at, witness = net.at, net.witness
    unit = at.member(witness.get("unit"), seeing, f"a unit on input {witness['input']}")
    severed = at.member(witness.get("severed"), part.units[2].tolist(), "a second-layer unit")
    net.demand(unit in net.sees(1, severed), f"unit {severed} seeing unit {unit}", "not so")
    listed = at.items(witness.get("biases"), "biases of the hidden layers", len(part.hidden))
    biases = [
        _vector(at, row, width, MOST_BIAS) for row, width in zip(listed, part.hidden, strict=True)
    ]
    seed = at.integer(witness.get("seed"), "a seed", 0, 1 << 32)
    first, second = (units.tolist() for units in part.units[1:3])
    return Severed(part, first.index(unit), second.index(severed), seed, biases)


def _vector(at: Reader, value: object, width: int, most: int) -> Exact:
    listed = at.items(value, "a vector", width)
    at.spend(1 + width // 4)
    return np.array([at.integer(n, "an entry", -most, most + 1) for n in listed], dtype=np.float64)


def _batches(rows: T, numbers: int) -> Iterator[T]:
    """The rows by so many that arrays of ``numbers`` for each stay small."""
    size = max(1, NUMBERS // numbers)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _active(
    net: Network, limit: Severed, start: Exact, direction: Exact, steps: Exact
) -> Iterator[tuple[Marks, Marks]]:
    """Which units are on at points of a line, and which receive 0, a few points at a time."""
    size, cells = len(start) + sum(limit.part.hidden), limit.part.cells
    net.at.spend(100 + cells // 500 + len(steps) * (cells // 8000 + size // 50))
    for some in _batches(steps, size):
        try:
            found = limit.activity(start + some[:, None] * direction)
        except OverflowError:
            raise CertificateError(net.at.path, "values below 2^53", "larger ones") from None
        yield found


def _functions(
    net: Network, limit: Severed, active: Marks, layers: int
) -> Iterator[tuple[list[Exact], list[Exact]]]:
    """The affine functions on the regions of some patterns, a few patterns at a time."""
    units = sum(limit.part.hidden[:layers])
    above = sum(mask.size for mask in limit.part.masks[1:layers])
    for some in _batches(active, units * limit.columns):
        net.at.spend(150 + len(some) * limit.columns * (above // 8000 + units // 60))
        yield limit.affine(some, layers)


def _jump(net: Network, limit: Severed) -> None:
    """At the given point the unit is 0, the severed one is on and matters, and no other is 0."""
    width = limit.part.masks[0].shape[1]
    point = _vector(net.at, net.witness.get("point"), width, MOST_BIAS)
    ((active, zero),) = _active(net, limit, point, np.zeros(width), np.zeros(1))
    first = int(limit.starts[1])
    alone = zero.sum() == 1 and bool(zero[0, limit.unit])
    net.demand(alone, "a point where the unit, and no other, receives 0", "another")
    on = bool(active[0, first + limit.severed])
    net.demand(on, "the severed unit being on there", "off")
    slope = limit.derivatives(active)[1][limit.severed, 0]
    net.demand(bool(slope), "outputs that depend on the severed unit there", "none")


def _changes(net: Network, limit: Severed) -> tuple[dict[tuple[int, int], list[int]], Marks]:
    """For every unit the rows of activities at which it alone changes, and the activities."""
    at, width = net.at, limit.part.masks[0].shape[1]
    found: dict[tuple[int, int], list[int]] = {}
    kept: list[Marks] = []
    for line in at.items(net.witness.get("lines"), "lines"):
        start, direction, steps = at.items(line, "[start, direction, steps]", 3)
        begin = _vector(at, start, width, MOST_BIAS)
        along = _vector(at, direction, width, MOST_BIAS)
        listed = at.ascending(steps, range(MOST_BIAS), "step")
        parts = []
        for active, zero in _active(net, limit, begin, along, np.array(listed, dtype=np.float64)):
            net.demand(not zero.any(), "points where no unit receives 0", "one")
            parts.append(active)
        active = np.vstack(parts)
        rows: list[int] = []
        for row, layer, unit in limit.changes(active):
            found.setdefault((layer, unit), []).append(len(kept) + len(rows))
            rows.append(row)
        kept += list(active[rows])
    net.demand(bool(kept), "changes of one unit", "none")
    return found, np.array(kept)


def _all_known(
    net: Network,
    limit: Severed,
    found: dict[tuple[int, int], list[int]],
    active: Marks,
) -> None:
    """Every unit's parameters are known from its changes, and the last layer's from all."""
    part, units = limit.part, sum(limit.part.hidden)
    net.at.spend(len(active) * (part.cells // 8000 + units // 50))
    marks = [[table != 0 for table in limit.derivatives(some)] for some in _batches(active, units)]
    for layer, width in enumerate(part.hidden):
        shows = np.hstack([some[layer] for some in marks])
        for unit in range(width):
            name = f"unit {part.units[layer + 1][unit]} of layer {layer + 1}"
            rows = [row for row in found.get((layer, unit), ()) if shows[unit, row]]
            net.demand(bool(rows), f"changes of {name} that show", "none")
            if layer == 0:
                continue  # one is enough: the values below are the coordinates themselves
            seen = limit.seen[layer][unit]
            size = int(seen.sum()) + 1 + len(rows)
            net.at.spend(20 + size * len(rows) * limit.columns * (150 + size // 2) // 1000)
            received, values = [], []
            for into, below in _functions(net, limit, active[rows], layer + 1):
                received.append(into[layer][unit])
                values.append(below[layer][seen])
            known = limit.known(np.concatenate(received), np.concatenate(values, axis=1))
            net.demand(known, f"{name} being known", "not so")
    size = part.hidden[-1] + 1
    for feeding, _ in limit.last_masks:
        net.at.spend(20 + 4 * size * (sum(feeding) + 1) * (150 + size // 2) // 1000)
    regions = active[_spread(len(active), REGIONS + size)]
    last = [
        values[-1][:, :, :FEW].reshape(size - 1, -1)
        for _, values in _functions(net, limit, regions, len(part.hidden))
    ]
    net.demand(
        limit.outputs_known(np.concatenate(last, axis=1)), "the last layer being known", "not so"
    )
