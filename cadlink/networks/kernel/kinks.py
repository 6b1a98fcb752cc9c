"""R17, R19, R20: on a line a network has so many kinks at most, and the data use up all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from cadlink.networks.kernel.slopes import determinant, on_line
from cadlink.networks.kernel.witness import Data, Network, data_of, limit_is, written

__all__ = ["narrow", "narrow_exists", "saturated", "saturated_exists", "two_outputs"]


@dataclass(frozen=True)
class _Window:
    """Between two middle points, the points d and c: a kink ``at`` a known place, or two kinks.

    ``change``: the change of slope there; of two kinks, the change of the targets' slope at d.
    """

    d: Fraction
    c: Fraction
    at: Fraction | None
    change: Fraction


def saturated(net: Network) -> tuple[str, ...]:
    """R17: one output, and all kinks that the network can have."""
    data, times = _data_on_line(net, 1)
    layers = _ancestors(net, data)
    below = {frozenset(above) for above in layers[-1].values()}
    net.demand(len(below) == 1, "last hidden units with the same units below", len(below))
    count, kinks = len(layers[-1]), _most_kinks(net, layers)
    net.demand(count >= 2, "two last hidden units or more", count)
    windows = _windows(net, times, [y[0] for y in data.ys])
    counted = [1 if window.at is not None else 2 for window in windows]
    net.demand(sum(counted) == kinks, f"{kinks} kinks", sum(counted))
    jump = net.at.integer(net.witness.get("jump"), "a window", 0, len(windows))
    first = sum(counted[:jump]) + 1  # number of its first kink
    every = first % (count + 1) == 0
    net.demand(every, f"a jump at a kink whose number {count + 1} divides", first)
    _no_tent(net, windows, jump, count)
    return ()


def narrow(net: Network) -> tuple[str, ...]:
    """R20: two hidden layers, the first of two units (one output) or of one (two outputs)."""
    net.demand(net.pattern.depth == 3, "three layers", net.pattern.depth)
    pair = len(net.at.items(net.witness.get("outputs"), "outputs")) == 2
    data, times = _data_on_line(net, 2 if pair else 1)
    layers = _ancestors(net, data)
    wanted = 1 if pair else 2
    net.demand(len(layers[0]) == wanted, f"first-layer units that vary: {wanted}", len(layers[0]))
    count = len(layers[1])
    net.demand(count >= 2, "two last hidden units or more", count)
    if pair:
        _one_form(net, times, data, count + 1)
    else:
        _two_forms(net, _windows(net, times, [y[0] for y in data.ys]), count)
    return ()


def _two_forms(net: Network, windows: Sequence[_Window], count: int) -> None:
    """R20 (i): 2 N + 2 kinks, of signs -, N times +, - + (at the jump), N - 1 times +."""
    jump = count + 1
    kinds = [window.at is None for window in windows]
    net.demand(len(windows) == 2 * count + 1, f"{2 * count + 1} windows", len(windows))
    net.demand(kinds == [i == jump for i in range(len(windows))], "one jump, in its place", kinds)
    signs = [window.change > 0 for window in windows]
    right = signs == [i not in (0, jump) for i in range(len(windows))]
    net.demand(right, "downward bends at the first kink and the jump only", signs)
    _no_tent(net, windows, jump, count)
    first, last, here = windows[0], windows[count], windows[jump]
    assert first.at is not None
    assert last.at is not None
    steep = first.change * (last.at - first.at) / (here.d - last.at)
    net.demand(here.change < steep, "a jump steeper than the first kink allows", "a flatter one")


def _one_form(net: Network, times: list[Fraction], data: Data, most: int) -> None:
    """R20 (ii): N + 1 disjoint intervals with kinks, and between two of them R1's contradiction."""
    changes = [
        [high - low for low, high in zip(left, right, strict=True)]
        for left, right in pairwise(
            [(b - a) / (t - s) for a, b in zip(low, high, strict=True)]
            for (s, low), (t, high) in pairwise(zip(times, data.ys, strict=True))
        )
    ]  # changes[i] at point i + 1
    listed = net.at.items(net.witness.get("bends"), "bends")
    bends = [net.at.integer(i, "a point between others", 1, len(times) - 1) for i in listed]
    apart = all(b - a >= 2 for a, b in pairwise(bends))
    net.demand(apart, "bends at points in order, none at neighbours", bends[:9])
    net.demand(len(bends) == most, f"{most} bends", len(bends))
    net.demand(all(any(changes[i - 1]) for i in bends), "a change of slope at each", "none")
    middle = net.at.integer(net.witness.get("jump"), "a point", 2, len(times) - 2)
    beside = {middle - 1, middle + 1} <= set(bends)
    net.demand(beside, "bends on both sides of the jump", bends[:9])
    first, second, third = changes[middle - 2 : middle + 1]
    net.demand(
        determinant(first, third) == 0, "parallel changes of slope beside the jump", "others"
    )
    net.demand(determinant(first, second) != 0, "another change at the jump", "a parallel one")


def _no_tent(net: Network, windows: Sequence[_Window], jump: int, count: int) -> None:
    """No unit can have its zeros at known kinks on both sides and a kink of its own at the jump."""
    net.demand(windows[jump].at is None, "two kinks at the jump", "one")
    left, right = windows[max(jump - count, 0) : jump], windows[jump + 1 : jump + count]
    enough = len(left) == count and len(right) == count - 1
    net.demand(enough, f"{count} kinks before the jump and {count - 1} after", "fewer")
    net.at.spend(5 * count * count)
    here = windows[jump]
    for one in left:
        for other in right:
            if one.at is None or other.at is None:
                net.demand(False, "single kinks around the jump", "two in one place")
            elif one.change * other.change > 0:
                weighted = one.change * one.at + other.change * other.at
                mean = weighted / (one.change + other.change)
                inside = here.d <= mean < here.c
                net.demand(not inside, "a jump where no unit has a kink", f"one at {written(mean)}")


def _data_on_line(net: Network, outputs: int) -> tuple[Data, list[Fraction]]:
    """The data, whose limit is checked, and the places of the points on their line."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    data = data_of(net)
    net.demand(len(data.outputs) == outputs, f"outputs: {outputs}", data.outputs[:5])
    net.demand(len(data.xs) >= 6, "six points or more", len(data.xs))
    times, _ = on_line(net, data.xs)
    limit_is(net, data, data.ys)
    return data, times


def _windows(net: Network, times: list[Fraction], ys: list[Fraction]) -> list[_Window]:
    """The windows between the second points of every three."""
    net.demand(len(times) % 3 == 0, "points three by three", len(times))
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in pairwise(zip(times, ys, strict=True))]
    changes = [Fraction(0), *(b - a for a, b in pairwise(slopes))]
    straight = not any(changes[1::3])
    net.demand(straight, "no change of slope at the second of every three points", "one")
    found: list[_Window] = []
    for d in range(2, len(times) - 1, 3):
        c = d + 1
        net.demand(bool(changes[d] and changes[c]), "changes of slope between", f"none at {d}")
        at = None
        if changes[d] * changes[c] > 0:  # where the lines through d and through c meet
            low, high = slopes[d - 1], slopes[c]
            at = (ys[c] - ys[d] + low * times[d] - high * times[c]) / (low - high)
            change = high - low
        else:
            change = changes[d]
            alone = not found or found[-1].at is not None
            net.demand(alone, "single kinks beside two in one place", f"two before point {d}")
        found.append(_Window(times[d], times[c], at, change))
    return found


def _ancestors(net: Network, data: Data) -> list[dict[int, set[tuple[int, int]]]]:
    """Per hidden layer the units that vary on the line and matter, and the units below each."""
    moving = [
        k
        for k, column in zip(data.inputs, zip(*data.xs, strict=True), strict=True)
        if len(set(column)) > 1
    ]
    found: list[dict[int, set[tuple[int, int]]]] = []
    for place, units in enumerate(net.reach(moving, data.outputs)[1:-1]):
        layer: dict[int, set[tuple[int, int]]] = {}
        for unit in units:
            below = net.sees(place, unit) & set(found[-1]) if found else set()
            layer[unit] = {(place - 1, other) for other in below}
            for other in below:
                layer[unit] |= found[-1][other]
            net.at.spend(len(layer[unit]))
        found.append(layer)
    return found


def _most_kinks(net: Network, layers: Sequence[dict[int, set[tuple[int, int]]]]) -> int:
    """kappa: the most kinks that an output has."""
    pieces: dict[tuple[int, int], int] = {}
    for place, layer in enumerate(layers):
        for unit, below in layer.items():
            net.at.spend(len(below))
            pieces[place, unit] = 1 + sum(pieces[other] for other in below)
    return sum(pieces.values())


# -- without data ----------------------------------------------------------------------------------


def saturated_exists(net: Network) -> tuple[str, ...]:
    """R17 without data: wide and fully connected hidden layers above some inputs."""
    output = net.at.integer(net.witness.get("output"), "an output", 0, net.pattern.widths[-1])
    layers = _free_layers(net, [output])
    for place, layer in enumerate(layers, 1):
        least = 2 if place == len(layers) else 3
        net.demand(len(layer) >= least, f"{least} units in hidden layer {place}", len(layer))
    _fully_connected(net, layers)
    return ()


def narrow_exists(net: Network) -> tuple[str, ...]:
    """R20 without data: a first hidden layer of two units, or of one with two outputs."""
    net.demand(net.pattern.depth == 3, "three layers", net.pattern.depth)
    outputs = net.numbers("outputs", "an output", net.pattern.widths[-1])
    net.demand(len(outputs) in (1, 2), "one output or two", len(outputs))
    net.demand(len(set(outputs)) == len(outputs), "outputs, each once", outputs)
    first, second = _free_layers(net, outputs)
    net.demand(len(second) >= 2, "two units in hidden layer 2", len(second))
    wanted = 3 - len(outputs)
    net.demand(len(first) == wanted, f"units in hidden layer 1: {wanted}", len(first))
    if len(outputs) == 1:
        _fully_connected(net, (first, second))
        return ()
    both = set.intersection(*(net.sees(2, j) & second for j in outputs))
    net.demand(bool(both), "a unit that feeds both outputs", "none")
    shared = any(len(net.sees(2, j) & second) >= 2 for j in outputs)
    net.demand(shared, "a second unit on one of the outputs", "none")
    return ()


def two_outputs(net: Network) -> tuple[str, ...]:
    """R19: three last hidden units or more that see the same units and feed two outputs."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    net.demand(net.biases[-2], "free biases in the last hidden layer", list(net.biases))
    widths, last = net.pattern.widths, net.pattern.depth - 1
    p, q = net.numbers("outputs", "an output", widths[-1], 2)
    net.demand(p != q, "two outputs", [p, q])
    a, b = net.numbers("units", "a unit", widths[-2], 2)
    net.demand(a != b, "two units", [a, b])
    feeding = [net.sees(last, j) for j in (p, q)]
    net.demand(a in feeding[0] & feeding[1], f"unit {a} feeding both outputs", "not so")
    net.demand(b in feeding[0], f"unit {b} feeding output {p}", "not so")
    units = feeding[0] | feeding[1]
    net.demand(len(units) >= 3, "three last hidden units that feed them", len(units))
    below = net.sees(last - 1, a)
    others = [unit for unit in units if net.sees(last - 1, unit) != below]
    net.demand(not others, "units that see the same units", others[:5])
    moving = net.reach(range(widths[0]), [p])[-3] & below
    net.demand(bool(moving), "a path from an input to them", "none")
    return ()


def _free_layers(net: Network, outputs: Iterable[int]) -> list[set[int]]:
    """The hidden units between the witness's inputs and these outputs, all with free biases."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    inputs = net.numbers("inputs", "an input", net.pattern.widths[0])
    net.demand(all(net.biases[:-1]), "free biases in all hidden layers", list(net.biases))
    return net.reach(inputs, outputs)[1:-1]


def _fully_connected(net: Network, layers: Sequence[set[int]]) -> None:
    """Every unit sees all of these in the layer below."""
    for place, (below, above) in enumerate(pairwise(layers), 1):
        sparse = [unit for unit in above if not below <= net.sees(place, unit)]
        net.demand(not sparse, f"units that see all {len(below)} of layer {place}", sparse[:5])
