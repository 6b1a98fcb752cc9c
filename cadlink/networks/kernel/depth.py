"""R14 and R15: two hidden layers or more, where depth itself takes optima away."""

from __future__ import annotations

from cadlink.networks.kernel.matrices import on_moment_curve
from cadlink.networks.kernel.witness import Network, data_of, limit_is, product, regions

__all__ = ["bottleneck", "bottleneck_exists", "one_form"]


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


def bottleneck_exists(net: Network) -> tuple[str, ...]:
    """R15: dense layers, n units on more than n inputs, then more than n units."""
    widths = net.pattern.widths
    full = all(layer.nnz == layer.shape[0] * layer.shape[1] for layer in net.pattern.layers)
    net.demand(full and net.pattern.depth >= 3, "three dense layers or more", list(widths))
    net.demand(widths[1] < min(widths[0], widths[2]), "a narrow first layer", list(widths[:3]))
    return ()


def bottleneck(net: Network) -> tuple[str, ...]:
    """R15 with its data."""
    bottleneck_exists(net)
    widths = net.pattern.widths
    n = widths[1]
    data = data_of(net)
    limit_is(net, data, data.ys)
    xs, ys = data.xs, data.ys
    net.demand(len(data.inputs) == n + 1, f"{n + 1} inputs", len(data.inputs))
    net.demand(len(data.outputs) == 1, "one output", len(data.outputs))
    rho = product(regions(width, n + 1) for width in widths[1:-1])
    size = (n + 1) * rho + 1
    net.demand(len(xs) == 2 + n * size, f"2 + {n} * {size} points", len(xs))
    net.demand(xs[0][:n] == xs[1][:n], "two points that agree in the first inputs", "others")
    net.demand(ys[0] != ys[1], "different targets at these two points", "equal ones")
    for i in range(n):
        block = slice(2 + i * size, 2 + (i + 1) * size)
        points = xs[block]
        on_moment_curve(net, points, origin=points[0])  # which is the point at s = 0
        same = all(y[0] == x[i] for x, y in zip(points, ys[block], strict=True))
        net.demand(same, f"input {i} as target on cluster {i}", "another")
    return ()
