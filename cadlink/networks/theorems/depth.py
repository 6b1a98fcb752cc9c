"""R14: a first-layer unit alone with two inputs, feeding two units: depth makes optima disappear.

*Theorem.*  Let there be at least two hidden layers, all biases of the hidden layers free.  Let a
first-layer unit u be the only one (on a path to an output) that sees the inputs c1 and c2, and let
it feed two second-layer units v1 != v2 with paths to outputs p1 and p2, and to a common output or
along disjoint paths. Let rho = 2 * product over the later hidden layers of (1 + number of units on
paths from u to p2), M = 2 rho + 1.  On the inputs x- = (0, 0), x+ = (0, 1) and (i, i^2), i = 1..M,
in the coordinates (c1, c2), all others 0, the target "1 at x- in output p1, plus 1 + c1 in output
p2" has infimum 0, not attained.

*Approached.*  u = relu(1 + c1 + eps c2) = 1 + c1 + eps c2 on the data, v1 = relu((1 + eps - u) /
eps) is 1 at x- and 0 at all other points, v2 = u; both are at least 0, so later units pass them on
with weight 1, summing them where the paths meet.  No output bias is needed.

*Missed.*  On the data the network is a function of s = alpha c1 + beta c2, u's linear form, as no
other unit of the first layer varies.  As a function of s, output p2 has at most rho activation
patterns: each layer of m units cuts every piece into at most m + 1.  So three points of the
parabola share a pattern, where output p2 is gamma s + delta.  They are not collinear and output p2
is 1 + c1 there, so gamma alpha = 1, gamma beta = 0, beta = 0.  The network does not depend on c2,
but its targets at x- and x+ differ.

Hence even a network with one output, 2-1-2-1, has a training set without an optimum.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from cadlink.networks.curve import Curve
from cadlink.networks.theorems.theorem import Case, data_witness
from cadlink.networks.theorems.walk import edges_up
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.paths import on_paths, reaching

__all__ = ["some_data"]

MAX_POINTS = 20_000
MAX_UNITS = 50  # units u and outputs p2 that are compared


def some_data(case: Case) -> dict[str, Any] | None:
    """The witness with the fewest points found, or None.

    >>> witness = some_data(Case.of(Pattern.of(["11", "1/1", "11"])))
    >>> len(witness["X"]), witness["Y"][:3]
    (15, [[2], [1], [2]])
    """
    pattern = case.pattern
    if pattern.depth < 3 or not all(case.biases[:-1]):
        return None
    best: tuple[int, int, int, list[int]] | None = None
    for u, inputs in _alone(pattern)[:MAX_UNITS]:
        feeds = on_paths(pattern, inputs)
        if len(feeds[2]) < 2:
            continue
        for p2 in feeds[-1][:MAX_UNITS].tolist():
            case.clock.check()
            units = on_paths(pattern, inputs, [p2])
            if len(units[2]) < 1:
                continue
            rho = 2 * prod(len(layer) + 1 for layer in units[2:-1])
            if best is None or rho < best[0]:
                best = (rho, u, p2, inputs)
    if best is None or 2 * best[0] + 3 > MAX_POINTS:
        return None
    rho, u, p2, inputs = best
    return _witness(pattern, u, inputs, p2, 2 * rho + 1)


def _alone(pattern: Pattern) -> list[tuple[int, list[int]]]:
    """First-layer units that alone see two inputs or more, with two of these."""
    live = on_paths(pattern)[1]
    below = pattern.layers[0][live, :]
    lonely = np.asarray(below.sum(axis=0)).ravel() == 1
    found = []
    for place, unit in enumerate(live.tolist()):
        seen = row(below, place)
        own = seen[lonely[seen]].tolist()
        if len(own) > 1:
            found.append((unit, own[:2]))
    return found


def _witness(pattern: Pattern, u: int, inputs: list[int], p2: int, size: int) -> dict[str, Any]:
    seconds = on_paths(pattern, inputs)[2].tolist()
    to_p2 = on_paths(pattern, inputs, [p2])
    common = to_p2[2].tolist()
    v2 = common[0]
    if len(common) > 1:
        v1, p1 = common[1], p2
    else:
        v1 = next(v for v in seconds if v != v2)
        p1 = int(on_paths(pattern.part(2, pattern.depth), [v1])[-1][0])
    curve = Curve(pattern.depth)
    c1, c2 = inputs
    one = Fraction(1)
    curve.weight(0, u, c1, {0: one})
    curve.weight(0, u, c2, {1: one})
    curve.bias(0, u, {0: one})
    curve.weight(1, v1, u, {-1: -one})
    curve.bias(1, v1, {-1: one, 0: one})
    curve.weight(1, v2, u, {0: one})
    # Both follow the same rule from unit to unit, so they stay together once they meet.
    for start, end in ((v1, p1), (v2, p2)):
        for place, above, below in edges_up(pattern, start, reaching(pattern, [end]), 2):
            curve.weight(place, above, below, {0: one})
    outputs = sorted({p1, p2})
    points = [(0, 0), (0, 1), *((i, i * i) for i in range(1, size + 1))]
    targets = []
    for place, (x, _) in enumerate(points):
        target = dict.fromkeys(outputs, 0)
        target[p2] += 1 + x
        target[p1] += place == 0
        targets.append([target[j] for j in outputs])
    return data_witness("R14", inputs, outputs, points, targets, curve, target=p2)
