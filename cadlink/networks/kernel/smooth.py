"""R22: smooth activations."""

from __future__ import annotations

from itertools import pairwise

from cadlink.networks.kernel.witness import Network

__all__ = ["smooth"]


def smooth(net: Network) -> tuple[str, ...]:
    """A path for tanh and the sigmoid; two units that share an input and an output for others."""
    if net.statement.activation in ("tanh", "sigmoid"):
        _path(net)
    else:
        _pair(net)
    return ()


def _path(net: Network) -> None:
    """A bounded activation, and a path from an input to an output through a hidden unit."""
    net.demand(net.pattern.depth >= 2, "a hidden layer", net.pattern.depth)
    if net.statement.activation == "sigmoid":
        net.demand(net.biases[-1], "free biases in the last layer", list(net.biases))
    listed = net.at.items(net.witness.get("path"), "path", net.pattern.depth + 1)
    path = [
        net.at.integer(unit, "a unit on the path", 0, width)
        for unit, width in zip(listed, net.pattern.widths, strict=True)
    ]
    for place, (below, above) in enumerate(pairwise(path)):
        seen = below in net.sees(place, above)
        net.demand(seen, f"unit {above} seeing unit {below} in layer {place}", "not on its mask")


def _pair(net: Network) -> None:
    """Two units whose difference quotient is the derivative of the activation."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    net.demand(net.biases[0], "free biases in the first layer", list(net.biases))
    widths = net.pattern.widths
    units = net.numbers("units", "a unit", widths[1], 2)
    net.demand(units[0] != units[1], "two units", units)
    source = net.at.integer(net.witness.get("input"), "an input", 0, widths[0])
    output = net.at.integer(net.witness.get("output"), "an output", 0, widths[2])
    for unit in units:
        net.demand(source in net.sees(0, unit), f"unit {unit} seeing input {source}", "not so")
    fed = set(units) <= net.sees(1, output)
    net.demand(fed, f"both units feeding output {output}", "not so")
