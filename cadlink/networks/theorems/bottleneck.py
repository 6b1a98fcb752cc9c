"""R15: a dense network with a narrow first layer has a training set without an optimum.

*Theorem.*  All masks full, at least two hidden layers, n = N_1 < d inputs, N_2 >= n + 1, hidden
biases free.  Use the first n + 1 inputs only, the others being 0.  Let rho be the product over the
hidden layers of sum_{j <= n + 1} binomial(N_l, j).  Data: x- = (-5, ..., -5; 0), x+ = x- + e_{n+1},
and for every i <= n a cluster of (n + 1) rho + 1 points, any n + 2 of them affinely independent,
with x_i in [1, 2), x_k in [-2, -1) for the other k <= n and x_{n+1} in [0, 1).  Target in one
output: sum_{i <= n} relu(x_i), plus 1 at x-; 0 in the others.  The infimum is 0 and is not
attained.

*Approached.*  First layer: x_1 + eps x_{n+1} + 6, x_2 + 6, ..., x_n + 6, all active.  With these,
second layer: relu(x_1 + eps x_{n+1}), relu(x_i) and relu((eps - 5n - sum) / eps) with sum = x_1 +
... + x_n + eps x_{n+1}: the last is 1 at x-, 0 at x+, and 0 on the clusters, where sum > 1 - 2(n -
1) - ... > -5n.  Their sum goes to the output; further hidden layers pass it on, as it is at least
0.

*Missed.*  At most rho activation patterns occur on R^{n+1}, so in every cluster n + 2 affinely
independent points share one.  There the target is x_i, so e_i is the gradient of the output, a
combination of the rows of the first weight matrix (columns 1..n+1).  It has n rows, so its row
space is the span of e_1, ..., e_n, and the network does not see x_{n+1}; but its targets at x- and
x+ differ."""

from __future__ import annotations

from fractions import Fraction
from math import comb, prod
from typing import Any

from cadlink.networks.curve import Curve
from cadlink.networks.verdict import number_json
from cadlink.patterns.pattern import Pattern

__all__ = ["existence", "points_needed", "some_data"]

MAX_NUMBERS = 200_000  # coordinates; more are not written out


def _applies(pattern: Pattern) -> bool:
    full = all(mask.nnz == mask.shape[0] * mask.shape[1] for mask in pattern.layers)
    return (
        full
        and pattern.depth >= 3
        and pattern.widths[1] < min(pattern.widths[0], pattern.widths[2])
    )


def points_needed(pattern: Pattern) -> int | None:
    """2 + n ((n + 1) rho + 1), or None when the theorem does not apply.

    >>> points_needed(Pattern.of(["11", "1/1", "11"]))
    19
    """
    if not _applies(pattern):
        return None
    n = pattern.widths[1]
    rho = prod(sum(comb(width, j) for j in range(n + 2)) for width in pattern.widths[1:-1])
    return 2 + n * ((n + 1) * rho + 1)


def some_data(pattern: Pattern) -> dict[str, Any] | None:
    """The witness, or None when the theorem does not apply or needs too many points.

    >>> some_data(Pattern.of(["11", "1/1", "11"]))["Y"][:3]
    [[1], [0], [1]]
    """
    count = points_needed(pattern)
    n = pattern.widths[1]
    if count is None or count * (n + 1) > MAX_NUMBERS:
        return None
    size = (count - 2) // n
    low = [Fraction(-5)] * n + [Fraction(0)]
    points = [low, [*low[:n], Fraction(1)]]
    for i in range(n):
        start = [Fraction(1 if k == i else -2) for k in range(n)] + [Fraction(0)]
        for step in range(size):
            s = Fraction(step, size)
            points.append([v + s ** (k + 1) for k, v in enumerate(start)])
    targets = [sum((max(v, Fraction(0)) for v in x[:n]), Fraction(0)) for x in points]
    targets[0] += 1
    return {
        "theorem": "R15",
        "claim": "not_closed",
        "inputs": list(range(n + 1)),
        "outputs": [0],
        "X": [[number_json(v) for v in x] for x in points],
        "Y": [[number_json(v)] for v in targets],
        "scale": [1] * (n + 1),
        "curve": _curve(pattern, n).to_json(),
    }


def existence(pattern: Pattern) -> dict[str, Any] | None:
    """The witness without the data, for networks that need too many points; or None.

    >>> existence(Pattern.of(["11", "1/1", "11"]))
    {'theorem': 'R15', 'claim': 'some_targets'}
    """
    return {"theorem": "R15", "claim": "some_targets"} if _applies(pattern) else None


def _curve(pattern: Pattern, n: int) -> Curve:
    one, six = Fraction(1), Fraction(6)
    curve = Curve(pattern.depth)
    for i in range(n):
        curve.weight(0, i, i, {0: one})
        curve.bias(0, i, {0: six})
        curve.weight(1, i, i, {0: one})
        curve.bias(1, i, {0: -six})
        curve.weight(1, n, i, {-1: -one})
        curve.weight(2, 0, i, {0: one})
    curve.weight(0, 0, n, {1: one})
    # the units' values sum to the sum of the x_i, plus 6 n
    curve.bias(1, n, {0: one, -1: Fraction(-5 * n + 6 * n)})
    curve.weight(2, 0, n, {0: one})
    for place in range(3, pattern.depth):
        curve.weight(place, 0, 0, {0: one})
    return curve
