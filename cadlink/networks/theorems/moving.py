"""Data of our choice moved: scaled into a box, or to the scales of data that are given.

*Why moving is allowed.*  Multiply input k by d_k > 0 and all targets by c > 0.  A network fits the
new data exactly when the network with its first weights on input k multiplied by d_k, its last
layer divided by c, fits the old, and the masks are the same.  So infimum 0 and "not attained"
carry over, and so does the curve of parameters.  Points on the moment curve x_j = s^j stay on a
scaled one, where any n + 1 points are affinely independent (a Vandermonde determinant), and s may
run through any distinct numbers as long as the curve keeps all units active: we take s
symmetric about 0.  The scaled witness is checked by ``cadlink.networks.kernel`` as if it were new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

from cadlink.networks.theorems.linear_part import images
from cadlink.networks.theorems.theorem import Case, Witness, rows_json
from cadlink.networks.verdict import data_in
from cadlink.patterns.matrix import number_to_json

__all__ = ["moved", "moved_to"]


def moved_to(witness: Mapping[str, Any], case: Case) -> Witness | None:
    """The witness with its data scaled so that they are those of the case, in some order; or None.

    Whether the theorem still applies the kernel says.
    """
    xs, ys = case.exact_data
    if len(xs) != len(witness["X"]):
        return None
    given = sorted(zip(map(tuple, xs), map(tuple, ys), strict=True))
    centred = witness["theorem"] == "N1" and not any(witness["origin"])
    for candidate in (witness, *((_centred(witness),) if centred else ())):
        scales = [
            _ratio([x[k] for x in xs], column)
            for k, column in zip(
                candidate["inputs"], zip(*candidate["X"], strict=True), strict=True
            )
        ]
        targets = [v for y in ys for v in y]
        found = _scaled(candidate, scales, _ratio(targets, [v for y in candidate["Y"] for v in y]))
        rows = data_in(found, case.pattern)
        if rows is not None and given == sorted(zip(*rows, strict=True)):
            return found
    return None


def _ratio(given: Sequence[Fraction], known: Sequence[Any]) -> Fraction:
    """How much larger the largest of the given numbers is; 1 where there is nothing to compare."""
    large, small = max(map(abs, given)), max((abs(Fraction(v)) for v in known), default=Fraction(0))
    return large / small if large and small else Fraction(1)


def moved(witness: Mapping[str, Any], box: Fraction) -> Witness:
    """The witness with its inputs in [-box, box], all numbers dyadic.

    How input k and the targets may be scaled depends on what the theorem's check looks at: a line
    is a line whatever the scales; a matrix shown to be missed by its zero pattern may be scaled
    too; one with a refutation stays the same matrix, so all scales are equal; on R14's parabola
    x_2 = x_1^2 with target x_1 the scales are d, d^2 and d; R18's clusters are
    on a moment curve whatever the scales.
    """
    if witness["theorem"] == "N1" and not any(witness["origin"]):
        witness = _centred(witness)
    xs = [[Fraction(v) for v in x] for x in witness["X"]]
    ys = [[Fraction(v) for v in y] for y in witness["Y"]]
    sizes = [max(map(abs, column)) for column in zip(*xs, strict=True)]
    top = max((abs(v) for y in ys for v in y), default=Fraction(1)) or Fraction(1)
    theorem = witness["theorem"]
    free = theorem in ("R1", "R2", "R3", "R17", "R18", "R20") or (
        theorem == "N1" and "unit" in witness["missed"]
    )
    if free:
        scales = [
            _power(box, size) * _odd(column)
            for size, column in zip(sizes, zip(*xs, strict=True), strict=True)
        ]
        scale_y = _power(Fraction(1), top) * _odd([v for y in ys for v in y])
    elif theorem == "R14":
        step = _power(box, sizes[0])
        while step * step * sizes[1] > box:
            step /= 2
        scales, scale_y = [step, step * step], step
    else:
        odd = _odd([v for row in (*xs, *ys) for v in row])
        scale_y = _power(box, max(sizes) * odd) * odd
        scales = [scale_y] * len(sizes)
    while any(abs(s) * size > box for s, size in zip(scales, sizes, strict=True)):
        scales = [s / 2 for s in scales]  # an odd denominator made them too large: only if free
    return _scaled(witness, scales, scale_y)


def _power(bound: Fraction, size: Fraction) -> Fraction:
    """The largest power of 2 that times size is at most bound (1 for size 0)."""
    if not size:
        return Fraction(1)
    power = Fraction(2) ** math.floor(math.log2(bound / size))
    while power * size > bound:
        power /= 2
    while 2 * power * size <= bound:
        power *= 2
    return power


def _odd(values: Sequence[Fraction]) -> int:
    """The least odd number that makes all values dyadic."""
    common = lcm(*(value.denominator for value in values))
    while common % 2 == 0:
        common //= 2
    return common


def _centred(witness: Mapping[str, Any]) -> Witness:
    """N1 with the parameter s of the moment curve running from -m to m instead of from 0."""
    limit = [[Fraction(v) for v in row] for row in witness["limit"]]
    factors = [Fraction(v) for v in witness["scale"]]
    count = len(witness["X"])
    points = [
        [factor * Fraction(s - count // 2) ** (j + 1) for j, factor in enumerate(factors)]
        for s in range(count)
    ]
    return {**witness, "X": rows_json(points), "Y": rows_json(images(limit, points))}


def _scaled(witness: Mapping[str, Any], scales: Sequence[Fraction], scale_y: Fraction) -> Witness:
    """Input k times scales[k] (in the order of the witness), all targets times scale_y."""
    by_input = dict(zip(witness["inputs"], scales, strict=True))
    curve = witness["curve"]
    weights = [list(layer) for layer in curve["weights"]]
    biases = [list(layer) for layer in curve["biases"]]
    weights[0] = [[i, k, _times(series, 1 / by_input[k])] for i, k, series in weights[0]]
    weights[-1] = [[i, k, _times(series, scale_y)] for i, k, series in weights[-1]]
    biases[-1] = [[i, _times(series, scale_y)] for i, series in biases[-1]]
    found = dict(witness)
    found["curve"] = {"weights": weights, "biases": biases}
    found["X"] = _times_each(witness["X"], scales)
    found["Y"] = rows_json([Fraction(v) * scale_y for v in y] for y in witness["Y"])
    for name in {"origin", "scale"} & set(witness):
        (found[name],) = _times_each([witness[name]], scales)
    if "limit" in witness:
        found["limit"] = _times_each(witness["limit"], [scale_y / s for s in scales])
    return found


def _times_each(rows: Sequence[Any], factors: Sequence[Fraction]) -> list[list[int | str]]:
    """The columns times these numbers."""
    return rows_json([Fraction(v) * f for v, f in zip(row, factors, strict=True)] for row in rows)


def _times(series: Sequence[Any], factor: Fraction) -> list[list[int | str]]:
    return [[e, number_to_json(Fraction(c) * factor)] for e, c in series]
