"""R25: parameters that can be read off the functions, all but one weight that leaves every bound.

The weights of a witness are drawn from its seed, so that it holds biases and a few points only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from flint import nmod_mat

from cadlink.certificates.kernel.reader import Reader
from cadlink.errors import CertificateError
from cadlink.networks.kernel.witness import PRIME, Marks, Network
from cadlink.patterns.pattern import Pattern

__all__ = ["MOST_WEIGHTS", "Exact", "Part", "Severed", "identified", "part_of"]

Whole: TypeAlias = npt.NDArray[np.int64]
Exact: TypeAlias = npt.NDArray[np.float64]  # integers below 2^53

MOST_WEIGHTS = 2_000_000  # cells of all masks together
MOST_BIAS = 1 << 40
EXACT = 2.0**53
COLUMNS = 24  # points at which affine functions are compared
BATCH = 64  # patterns at a time


@dataclass(frozen=True)
class Part:
    """What data see of a network when one input is left out and some others move together.

    ``masks``: truth values (rows x columns); column 0 of the first is for the inputs together.
    ``units``: per layer of units their numbers in the network; of the inputs, those of the other
    columns.  ``biased``: which of the outputs can have a constant added.
    """

    masks: tuple[npt.NDArray[np.bool_], ...]
    units: tuple[Whole, ...]
    biased: Marks

    @property
    def hidden(self) -> list[int]:
        """The widths of the hidden layers."""
        return [len(mask) for mask in self.masks[:-1]]

    @property
    def weights(self) -> int:
        """The number of edges."""
        return sum(int(mask.sum()) for mask in self.masks)


def part_of(
    pattern: Pattern, biases: Sequence[bool], left_out: int, together: Collection[int]
) -> Part:
    """The part of a network between its inputs, except one, and the outputs that they reach."""
    up = [np.arange(pattern.widths[0]) != left_out]
    for mask in pattern.layers:
        up.append(np.asarray(mask @ up[-1]))
    down = [up[-1]]
    for mask in reversed(pattern.layers):
        down.append(np.asarray(mask.T @ down[-1]))
    units = [np.flatnonzero(a & b) for a, b in zip(up, reversed(down), strict=True)]
    masks = [
        pattern.layers[layer][above, :].toarray()[:, below].astype(np.bool_)
        for layer, (below, above) in enumerate(pairwise(units))
    ]
    joined = np.isin(units[0], list(together))
    masks[0] = np.column_stack((masks[0][:, joined].any(axis=1), masks[0][:, ~joined]))
    constant = ~(up[-2])
    biased = np.asarray(pattern.layers[-1] @ constant)[units[-1]] | biases[-1]
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
        self.starts = np.cumsum([0, *part.hidden])

    @cached_property
    def columns(self) -> int:
        """How many points tell affine functions apart that are not too close: all that matter."""
        return min(COLUMNS, int(self.part.masks[0].shape[1]) + 1)

    def layer_values(
        self, layer: int, values: Exact, below: npt.NDArray[np.bool_] | None
    ) -> tuple[Exact, npt.NDArray[np.bool_]]:
        """What the units of a layer receive (points x units), and which are on.

        ``below``: the activity of the first layer, for the second.  Raises OverflowError where
        double precision might not be exact.
        """
        weights, bias = self.weights[layer], self.biases[layer]
        sums = np.abs(weights).sum(axis=1)
        most = np.abs(values).max(initial=0) * sums.max(initial=0) + np.abs(bias).max(initial=0)
        if not most < EXACT:
            raise OverflowError
        received = values @ weights.T + bias
        on = received > 0
        if layer == 1 and below is not None:
            on[below[:, self.unit], self.severed] = False
        return received, on

    def activity(self, points: Exact) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which hidden units are on (points x all units), and which receive exactly 0.

        Raises OverflowError.
        """
        values = points
        active: list[npt.NDArray[np.bool_]] = []
        zero: list[npt.NDArray[np.bool_]] = []
        for layer in range(len(self.part.hidden)):
            received, on = self.layer_values(layer, values, active[0] if active else None)
            active.append(on)
            zero.append(received == 0)
            values = np.where(on, received, 0.0)
        return np.hstack(active), np.hstack(zero)

    def changes(self, active: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
        """The places between rows that differ in one unit: the row before, its layer and place."""
        differing = active[1:] ^ active[:-1]
        found = []
        for row in np.flatnonzero(differing.sum(axis=1) == 1).tolist():
            number = int(np.flatnonzero(differing[row])[0])
            layer = int(np.searchsorted(self.starts, number, side="right")) - 1
            found.append((row, layer, number - int(self.starts[layer])))
        return found

    def split(self, active: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
        """Activities by layers (units x patterns)."""
        return [active[:, low:high].T for low, high in pairwise(self.starts.tolist())]

    def derivatives(self, active: npt.NDArray[np.bool_]) -> list[Exact]:
        """Per hidden layer the derivative of a combination of the outputs by the units' values
        (units x patterns), modulo the prime."""
        marks = self.split(active)
        outputs = np.array([pow(3, j + 1, PRIME) for j in range(len(self.weights[-1]))])
        last = (outputs[:, None] * self.weights[-1].astype(np.int64) % PRIME).sum(axis=0) % PRIME
        found = [np.repeat(last.astype(np.float64)[:, None], len(active), axis=1)]
        for weights, on in zip(reversed(self.weights[1:-1]), reversed(marks[1:]), strict=True):
            found.append(_modulo(weights.T @ (found[-1] * on)))
        return found[::-1]

    def affine(self, active: npt.NDArray[np.bool_]) -> list[tuple[Exact, Exact]]:
        """Per hidden layer what its units receive, and the values of the layer below, modulo the
        prime, as affine functions on the regions of these patterns.

        Both arrays: units x patterns x columns, the columns being points on a moment curve.
        """
        patterns, columns = len(active), self.columns
        bases = np.arange(2, columns + 2, dtype=np.int64)
        rows, power = [], np.ones(columns, dtype=np.int64)
        for _ in range(self.part.masks[0].shape[1]):
            power = power * bases % PRIME
            rows.append(power)
        values = np.repeat(np.array(rows, dtype=np.float64)[:, None, :], patterns, axis=1)
        found = []
        for layer, on in enumerate(self.split(active)):
            flat = self.weights[layer] @ values.reshape(len(values), -1)
            received = _modulo(flat + self.biases[layer][:, None])
            received = received.reshape(-1, patterns, columns)
            found.append((received, values))
            values = received * on[:, :, None]
        found.append((np.zeros((0, patterns, columns)), values))
        return found

    def known(self, layer: int, unit: int, received: Exact, values: Exact) -> bool:
        """Whether only multiples of the unit's parameters fit its changes, each up to a factor.

        ``received`` (changes x columns) and ``values`` (units below x changes x columns).  One
        change is enough in the first layer, where the values are the coordinates themselves.
        """
        if layer == 0:
            return True
        seen = self.part.masks[layer][unit].copy()
        if layer == 1 and unit == self.severed:
            seen[self.unit] = False
        rows = values[seen]
        count, columns = received.shape
        table = np.zeros((len(rows) + 1 + count, count, columns), dtype=np.int64)
        table[: len(rows)] = rows
        table[len(rows)] = 1
        for place in range(count):
            table[len(rows) + 1 + place, place] = received[place]
        return _rank(table.reshape(len(table), -1)) == len(table) - 1

    def outputs_known(self, values: Exact) -> bool:
        """Whether the last layer is known from the last hidden values (units x points)."""
        tables: set[tuple[bytes, bool]] = set()
        spaced = np.linspace(0, values.shape[1] - 1, min(values.shape[1], 4 * len(values) + 4))
        values = values[:, spaced.astype(np.int64)]
        for seen, biased in zip(self.part.masks[-1], self.part.biased.tolist(), strict=True):
            if (seen.tobytes(), biased) in tables:
                continue
            tables.add((seen.tobytes(), biased))
            rows = values[seen]
            if biased:
                rows = np.vstack((rows, np.ones((1, rows.shape[1]))))
            if _rank(rows.astype(np.int64)) < len(rows):
                return False
        return True


def _drawn(mask: npt.NDArray[np.bool_], layer: int, seed: int) -> Exact:
    """Weights on the mask: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) of the place, modulo 6."""
    rows, cols = (places.astype(np.uint64) for places in np.nonzero(mask))
    with np.errstate(over="ignore"):
        state = rows * np.uint64(0x94D049BB133111EB) + cols * np.uint64(0xD6E8FEB86659FD93)
        state += np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        state += np.uint64(layer) * np.uint64(0xBF58476D1CE4E5B9)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
        state ^= state >> np.uint64(31)
    weights: Exact = np.zeros(mask.shape)
    weights[mask] = np.array([-3, -2, -1, 1, 2, 3])[(state % np.uint64(6)).astype(np.int64)]
    if layer:
        alone = mask.sum(axis=1) == 1
        weights[alone] = -np.abs(weights[alone])
    return weights


def _modulo(numbers: Exact) -> Exact:
    """Residues of integers below 2^53 in absolute value; five times as quick as numpy's mod."""
    rest: Exact = numbers - PRIME * np.floor(numbers * (1 / PRIME))  # exact, the quotient nearly so
    rest[rest < 0] += PRIME
    rest[rest >= PRIME] -= PRIME
    return rest


def _rank(table: Whole) -> int:
    """The rank modulo the prime, which the true one is not below."""
    rows, cols = table.shape
    return int(nmod_mat(rows, cols, (table % PRIME).ravel().tolist(), PRIME).rank()) if cols else 0


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
    net.demand(cells <= MOST_WEIGHTS, f"masks of at most {MOST_WEIGHTS} cells", cells)
    at.spend(1000 + cells // 50)
    part = part_of(net.pattern, net.biases, left_out, joined)
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


def _active(net: Network, limit: Severed, points: Exact) -> tuple[Marks, Marks]:
    net.at.spend(1 + len(points) * (limit.part.weights // 500 + sum(limit.part.hidden) // 50))
    try:
        return limit.activity(points)
    except OverflowError:
        raise CertificateError(net.at.path, "values below 2^53", "larger ones") from None


def _jump(net: Network, limit: Severed) -> None:
    """At the given point the unit is 0, the severed one is on and matters, and no other is 0."""
    width = limit.part.masks[0].shape[1]
    point = _vector(net.at, net.witness.get("point"), width, MOST_BIAS)
    active, zero = _active(net, limit, point[None, :])
    first = int(limit.starts[1])
    alone = zero.sum() == 1 and bool(zero[0, limit.unit])
    net.demand(alone, "a point where the unit, and no other, receives 0", "another")
    on = bool(active[0, first + limit.severed])
    net.demand(on, "the severed unit being on there", "off")
    slope = limit.derivatives(active)[1][limit.severed, 0]
    net.demand(bool(slope), "outputs that depend on the severed unit there", "none")


def _changes(
    net: Network, limit: Severed
) -> tuple[dict[tuple[int, int], list[int]], npt.NDArray[np.bool_]]:
    """For every unit the rows of activities at which it alone changes, and the activities."""
    at, width = net.at, limit.part.masks[0].shape[1]
    found: dict[tuple[int, int], list[int]] = {}
    kept: list[npt.NDArray[np.bool_]] = []
    for line in at.items(net.witness.get("lines"), "lines"):
        start, direction, steps = at.items(line, "[start, direction, steps]", 3)
        begin = _vector(at, start, width, MOST_BIAS)
        along = _vector(at, direction, width, MOST_BIAS)
        listed = at.ascending(steps, range(MOST_BIAS), "step")
        points = begin + np.array(listed, dtype=np.float64)[:, None] * along
        active, zero = _active(net, limit, points)
        net.demand(not zero.any(), "points where no unit receives 0", "one")
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
    active: npt.NDArray[np.bool_],
) -> None:
    """Every unit's parameters are known from its changes, and the last layer's from all."""
    part, columns = limit.part, limit.columns
    work = len(active) * part.weights * columns // 8000
    received: dict[tuple[int, int], list[Exact]] = {}
    values: dict[tuple[int, int], list[Exact]] = {}
    place = {row: unit for unit, rows in found.items() for row in rows}
    last = []
    for start in range(0, len(active), BATCH):
        net.at.spend(1 + work * BATCH // len(active))
        some = active[start : start + BATCH]
        slopes, functions = limit.derivatives(some), limit.affine(some)
        last.append(functions[-1][1].reshape(part.hidden[-1], -1))
        for row in range(len(some)):
            layer, unit = place[start + row]
            if slopes[layer][unit, row]:
                at_unit = functions[layer]
                received.setdefault((layer, unit), []).append(at_unit[0][unit, row])
                values.setdefault((layer, unit), []).append(at_unit[1][:, row])
    for layer, width in enumerate(part.hidden):
        for unit in range(width):
            name = f"unit {part.units[layer + 1][unit]} of layer {layer + 1}"
            net.demand((layer, unit) in received, f"changes of {name} that show", "none")
            seen = np.array(received[layer, unit])
            below = np.stack(values[layer, unit], axis=1)
            rows = int(part.masks[layer][unit].sum()) + 1 + len(seen)
            net.at.spend(20 + rows * seen.size * (100 + rows // 2) // 1000)
            net.demand(limit.known(layer, unit, seen, below), f"{name} being known", "not so")
    every = np.concatenate(last, axis=1)
    size = part.hidden[-1] + 1
    net.at.spend(len(part.masks[-1]) * 4 * size * size * (150 + size // 2) // 1000)
    net.demand(limit.outputs_known(every), "the last layer being known", "not so")
