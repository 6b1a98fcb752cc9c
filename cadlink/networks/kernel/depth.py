"""R14 and R18: two hidden layers or more, where depth itself takes optima away."""

from __future__ import annotations

from fractions import Fraction

from cadlink.networks.kernel.matrices import on_moment_curve
from cadlink.networks.kernel.witness import Network, data_of, limit_is, product

__all__ = ["hall", "hall_exists", "one_form"]


def one_form(net: Network) -> tuple[str, ...]:
    """R14: one first-layer unit alone sees two inputs, so the network knows one form of them."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    data = data_of(net)
    limit_is(net, data, data.ys)
    inputs, outputs, xs, ys = data.inputs, data.outputs, data.xs, data.ys
    net.demand(len(inputs) == 2, "two inputs", inputs)
    seeing = net.reach(inputs, range(net.pattern.widths[-1]))[1]
    net.demand(len(seeing) == 1, "one first-layer unit that sees them", sorted(seeing)[:5])
    target = net.at.member(net.witness.get("target"), outputs, "an output")
    column = outputs.index(target)
    rho = 2 * product(len(layer) + 1 for layer in net.reach(inputs, [target])[2:-1])
    points = range(2, len(xs))  # after the two that the network cannot tell apart
    net.demand(len(points) > 2 * rho, f"more than 2 * {rho} points on a parabola", len(points))
    first = {xs[i][0] for i in points}
    net.demand(len(first) == len(points), "distinct points", "a point twice")
    curved = all(xs[i][1] == xs[i][0] ** 2 for i in points)
    net.demand(curved, "points on the parabola", "others")
    shift = ys[2][column] - xs[2][0]
    linear = all(ys[i][column] == xs[i][0] + shift for i in points)
    net.demand(linear, "the first coordinate as target on the parabola", "another")
    net.demand(xs[0][0] == xs[1][0], "two points that agree in the first input", "others")
    net.demand(ys[0] != ys[1], "different targets at these two points", "equal ones")
    return ()


def hall_exists(net: Network) -> tuple[str, ...]:
    """R18: n first-layer units that alone see n + 1 inputs, and a unit above they can avoid."""
    at, depth, widths = net.at, net.pattern.depth, net.pattern.widths
    net.demand(depth >= 3, "three layers or more", depth)
    inputs = net.numbers("inputs", "an input", widths[0])
    n = len(inputs) - 1
    net.demand(n >= 1 and len(set(inputs)) == n + 1, "two inputs or more, each once", inputs[:5])
    units = net.numbers("units", "a first-layer unit", widths[1], n)
    net.demand(len(set(units)) == n, "first-layer units, each once", units[:5])
    seeing = net.reach(inputs, range(widths[-1]))[1]
    net.demand(seeing == set(units), "all units that see these inputs", sorted(seeing)[:5])
    for unit, own in zip(units, inputs[1:], strict=True):
        net.demand(own in net.sees(0, unit), f"unit {unit} seeing input {own}", "not on its mask")
    missed = inputs[0] in net.sees(0, units[0])
    net.demand(missed, f"unit {units[0]} seeing input {inputs[0]}", "not on its mask")
    listed = at.items(net.witness.get("kink"), "[unit layer, unit]", 2)
    layer = at.integer(listed[0], "a hidden layer after the first", 2, depth)
    kink = at.integer(listed[1], "a unit", 0, widths[layer])
    net.demand(net.biases[layer - 1], f"free biases in layer {layer - 1}", "none")
    # paths downwards from the outputs, with and without that unit
    above = avoiding = net.marks(depth, range(widths[-1]))
    above_kink = net.marks(layer, [kink])
    for place in range(depth - 1, 0, -1):
        above, avoiding = net.feeding(place, above), net.feeding(place, avoiding)
        if place == layer:
            net.demand(bool(above[kink]), f"a path from unit {kink} of layer {layer} up", "none")
            avoiding[kink] = False
        elif place < layer:
            above_kink = net.feeding(place, above_kink)
    through = bool(above_kink[units[0]])
    net.demand(through, f"a path from unit {units[0]} to unit {kink} of layer {layer}", "none")
    stuck = [unit for unit in units if not avoiding[unit]]
    net.demand(not stuck, f"paths to outputs that avoid unit {kink} of layer {layer}", stuck[:5])
    return ()


def hall(net: Network) -> tuple[str, ...]:
    """R18 with its data: fewer first-layer units than inputs, and clusters that use them all up."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    data = data_of(net)
    limit_is(net, data, data.ys)
    xs, ys, dimension = data.xs, data.ys, len(data.inputs)
    n = dimension - 1
    net.demand(n >= 1, "two inputs or more", dimension)
    layers = net.reach(data.inputs, data.outputs)[1:-1]
    net.demand(len(layers[0]) <= n, f"at most {n} first-layer units", len(layers[0]))
    size = dimension * net.curve_pieces(data.inputs, data.outputs) + 1
    net.demand(len(xs) == 2 + n * size, f"2 + {n} * {size} points", len(xs))
    net.demand(xs[0][1:] == xs[1][1:], "two points that differ in the first input only", "others")
    net.demand(ys[0] != ys[1], "different targets at these two points", "equal ones")
    for i in range(1, n + 1):
        block = slice(2 + (i - 1) * size, 2 + i * size)
        points, targets = xs[block], ys[block]
        on_moment_curve(net, points, origin=points[0])  # which is the point at s = 0
        net.at.spend(len(data.outputs) * size)
        found = any(
            _multiple([x[i] for x in points], [y[column] for y in targets])
            for column in range(len(data.outputs))
        )
        net.demand(found, f"a multiple of coordinate {i} as a target on its cluster", "others")
    return ()


def _multiple(xs: list[Fraction], ys: list[Fraction]) -> bool:
    """Whether y = a x + b with a != 0; the first two x differ."""
    a = (ys[1] - ys[0]) / (xs[1] - xs[0])
    return a != 0 and all(y - ys[0] == a * (x - xs[0]) for x, y in zip(xs, ys, strict=True))
