"""R23 (i), (ii) and R24 (b), (c): losses of labels, which no finite predictions bring to 0; and a
penalty that leaves the last weights out."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from cadlink.networks.kernel import safe
from cadlink.networks.kernel.doubles import (
    Doubles,
    batches,
    column,
    enclosures,
    exactly,
    parameters_of,
)
from cadlink.networks.kernel.statement import Points, Statement
from cadlink.networks.kernel.witness import PRIME, Network, residue
from cadlink.patterns.pattern import Pattern

__all__ = ["every_label", "one_label", "penalised_in_part", "separated", "two_soft_classes"]

CLOSE = 1000  # points so near to the border between classes that they are computed exactly


def separated(net: Network) -> tuple[str, ...]:
    """R23 (i): parameters that put every point strictly on the side of its hard label."""
    xs, ys, softmax = net.inputs, net.targets, _is_softmax(net)
    parameters = parameters_of(net, net.pattern.depth)
    signs = _signs(net, ys, softmax)
    close: list[int] = []
    for start, values, error in batches(xs):
        *_, (received, bound) = enclosures(net, parameters, values, error)
        sides = signs[start : start + len(values)]
        if softmax:
            rows = np.arange(len(values))
            own = received[rows, sides]
            margin = own[:, None] - received
            margin[rows, sides] = np.inf
            reach = 2 * (bound[rows, sides][:, None] + bound)
        else:
            margin, reach = received * sides, bound
        close += (start + np.flatnonzero((margin <= reach).any(axis=1))).tolist()
        net.tick("bounding the roundings", (start + len(values)) / len(xs))
        net.demand(len(close) <= CLOSE, "a margin beyond the roundings", "less at many points")
    exactly_there = exactly(net, parameters, [xs[point] for point in close])
    for point, (*_, exact) in zip(close, exactly_there, strict=True):
        side = signs[point]
        if softmax:
            right = all(exact[side] > other for j, other in enumerate(exact) if j != side)
        else:
            right = all(value * int(sign) > 0 for value, sign in zip(exact, side, strict=True))
        net.demand(right, f"point {point} strictly on the side of its label", "not so")
    return ()


def one_label(net: Network) -> tuple[str, ...]:
    """R23 (i), R24 (b): an output bias alone serves points that all have one label."""
    _is_softmax(net)
    return ()


def every_label(net: Network) -> tuple[str, ...]:
    """R24 (b): an optimum iff every class has a positive label, or every output both labels."""
    loss, attained = net.statement.loss, net.witness["claim"] == "attained"
    if net.statement.question != "c":
        soft = loss == "soft_cross_entropy" and attained
        net.demand(soft, "soft labels, as no labels are given", str(loss))
        _is_softmax(net, soft=True)
        return ()
    ys = net.targets
    missing = _all_are(ys, 0)
    if not _is_softmax(net, soft=True):
        missing |= _all_are(ys, 1)
    if attained:
        net.demand(not missing, "labels of every class", f"a label missing: {min(missing or [0])}")
    else:
        net.demand(bool(missing), "a class without labels", "labels of all")
    return ()


def two_soft_classes(net: Network) -> tuple[str, ...]:
    """R23 (ii): the difference of two outputs is one output of a network that is safe by R13."""
    soft = net.statement.loss == "soft_cross_entropy"
    net.demand(soft, "softmax with soft labels", str(net.statement.loss))
    *below, last = net.pattern.layers
    net.demand(last.shape[0] == 2, "two classes", int(last.shape[0]))
    merged = np.asarray(last.toarray(), dtype=np.bool_).any(axis=0, keepdims=True)
    one = Pattern.of([*below, merged])
    given = net.statement
    merged_net = Statement(
        one, given.biases, given.activation, "squared", "none", "a", "optimum_guaranteed"
    )
    safe.trees(Network(merged_net, net.at))
    return ()


def penalised_in_part(net: Network) -> tuple[str, ...]:
    """R24 (c): the last weights are free of the penalty, and no constant is as good as the network.

    The best constants lose by a step along a path from the input: the derivative of the loss is the
    sum over the points of relu(x - place) times the residual of the constant.
    """
    at, loss = net.at, net.statement.loss
    net.demand(net.pattern.depth >= 2, "a hidden layer", net.pattern.depth)
    squared = loss == "squared"
    if not squared:
        _is_softmax(net, soft=True)
    xs, ys = net.inputs, net.targets
    said = at.keys(net.witness.get("step"), ("input", "place", "output"), "step")
    k = at.integer(said["input"], "an input", 0, net.pattern.widths[0])
    j = at.integer(said["output"], "an output", 0, net.pattern.widths[-1])
    place = at.rational(said["place"], "place")
    net.demand(all(net.reach([k], [j])), f"a path from input {k} to output {j}", "none")
    at.spend(10 * len(xs) * (2 + len(ys[0])))
    softmax = loss in ("cross_entropy", "soft_cross_entropy")
    # the sum of r (y - s ybar), times the sum of s, modulo a prime: it may be 0 only there
    sums = {"y": 0, "s": 0, "ry": 0, "rs": 0}
    for x, y in zip(column(xs, k), ys, strict=True):
        step, target = residue(net, max(x - place, Fraction(0))), residue(net, y[j])
        share = sum(residue(net, value) for value in y) if softmax else 1
        sums["y"] += target
        sums["s"] += share
        sums["ry"] += step * target
        sums["rs"] += step * share
    slope = (sums["ry"] * sums["s"] - sums["rs"] * sums["y"]) % PRIME
    net.demand(slope != 0, "targets that vary with this input", "a sum that is 0")
    return ()


# -- labels ----------------------------------------------------------------------------------------


def _is_softmax(net: Network, soft: bool = False) -> bool:
    """Whether the loss is softmax cross-entropy, of two classes or more; else it is logistic."""
    loss = str(net.statement.loss).removeprefix("soft_" if soft else "")
    net.demand(loss in ("cross_entropy", "logistic"), "a loss of labels", loss)
    if loss == "cross_entropy":
        net.demand(net.pattern.widths[-1] >= 2, "two classes or more", net.pattern.widths[-1])
    return loss == "cross_entropy"


def _signs(net: Network, ys: Points, softmax: bool) -> np.ndarray:
    """The class of each point; or for each output 1 or -1.  All labels must be hard."""
    wanted = "hard labels"
    if isinstance(ys, Doubles):
        table = ys.array
    else:
        # no label between 0 and 1 is rounded to one of these
        table = np.array([[float(v) if v in (0, 1) else 0.5 for v in y] for y in ys])
    if softmax:
        net.demand(
            bool(((table > 0).sum(axis=1) == 1).all()), f"{wanted}: one class a point", "soft"
        )
        return np.asarray(table.argmax(axis=1))
    hard = bool(((table == 0) | (table == 1)).all())
    net.demand(hard, f"{wanted}: 0 or 1", "soft labels")
    return np.where(table == 1, 1.0, -1.0)


def _all_are(ys: Points, value: int) -> set[int]:
    """The columns in which every label has this value."""
    if isinstance(ys, Doubles):
        return set(np.flatnonzero((ys.array == value).all(axis=0)).tolist())
    return {k for k, column in enumerate(zip(*ys, strict=True)) if set(column) == {value}}
