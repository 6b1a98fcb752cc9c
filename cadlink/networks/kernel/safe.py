"""R1, R13, R20, the side with an optimum: whatever the data, the predictions form a closed set."""

from __future__ import annotations

from cadlink.networks.kernel.witness import Network

__all__ = ["components", "one_by_one", "regularised", "trees"]


def components(net: Network) -> tuple[str, ...]:
    """R1: one hidden layer, every component of units - outputs has one unit or one output."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    _one_unit_or_output(net, _on_paths(net))
    return ()


def trees(net: Network) -> tuple[str, ...]:
    """R13: units of all hidden layers but the last feed one unit each; components as in R1."""
    live = _on_paths(net)
    for layer in range(1, net.pattern.depth - 1):
        fed: dict[int, int] = {}
        for unit in live[layer + 1]:
            for below in net.sees(layer, unit) & live[layer]:
                fed[below] = fed.get(below, 0) + 1
        many = [unit for unit, count in fed.items() if count > 1]
        net.demand(not many, f"units of hidden layer {layer} that feed one unit each", many[:5])
    _one_unit_or_output(net, live)
    return ()


def one_by_one(net: Network) -> tuple[str, ...]:
    """R20: one input, one unit of the first hidden layer, any of the second, one output."""
    net.demand(net.pattern.depth == 3, "three layers", net.pattern.depth)
    widths = [len(units) for units in _on_paths(net)]
    narrow = all(widths[place] == 1 for place in (0, 1, 3))
    net.demand(narrow, "one input, one first-layer unit and one output on paths", widths)
    return ()


def regularised(net: Network) -> tuple[str, ...]:
    """R16 and R24: nothing about the masks is needed."""
    return ()


def _on_paths(net: Network) -> list[set[int]]:
    """Per layer the units that matter: those with an output above, and not constant.

    A unit that sees no input is constant and can be replaced by the bias of what it feeds; it is
    kept when some layer has no bias to do so.
    """
    depth, widths = net.pattern.depth, net.pattern.widths
    above: list[set[int]] = [set() for _ in range(depth + 1)]
    above[depth] = set(range(widths[-1]))
    for layer in range(depth - 1, -1, -1):
        for unit in above[layer + 1]:
            above[layer] |= net.sees(layer, unit)
    replaceable = all(net.biases)
    below: list[set[int]] = [set(range(widths[0]))]
    for layer in range(depth):
        seen = {u for u in range(widths[layer + 1]) if net.sees(layer, u) & below[layer]}
        hidden = layer + 1 < depth
        below.append(seen if replaceable or not hidden else set(range(widths[layer + 1])))
    return [a & b for a, b in zip(above, below, strict=True)]


def _one_unit_or_output(net: Network, live: list[set[int]]) -> None:
    """Every component of the last hidden layer and the outputs has one unit or one output."""
    if net.pattern.depth == 1:
        return
    layer = net.pattern.depth - 1
    outputs_of: dict[int, set[int]] = {}
    units_of = {j: net.sees(layer, j) & live[layer] for j in range(net.pattern.widths[-1])}
    for j, units in units_of.items():
        for unit in units:
            outputs_of.setdefault(unit, set()).add(j)
    # A component with two units and two outputs has a unit with two outputs that shares one.
    for unit, outputs in outputs_of.items():
        if len(outputs) > 1:
            others = {other for j in outputs for other in units_of[j]} - {unit}
            net.demand(not others, f"unit {unit} alone on its outputs", sorted(others)[:5])
