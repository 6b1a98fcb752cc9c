"""N1, and linear networks: what the closedness of the products of the masks says."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb, gcd, lcm
from typing import Any

from cadlink.certificates import kernel as matrix_kernel
from cadlink.networks.kernel.doubles import distinct
from cadlink.networks.kernel.witness import (
    Network,
    Rows,
    data_of,
    full_rank,
    limit_is,
)

__all__ = ["linear_closed", "linear_part", "not_closed", "on_moment_curve"]


def not_closed(net: Network) -> tuple[str, ...]:
    """N1 without data, and linear networks for data of our choice: a certificate that the products
    are not closed."""
    return _certified(net, "not_closed")


def linear_closed(net: Network) -> tuple[str, ...]:
    """A linear network, either way, on the inputs of the statement: they span the input space, so
    the predictions determine the matrix, continuously."""
    affine = net.biases[-1]
    rows = [[*x, Fraction(1)] if affine else list(x) for x in distinct(net.inputs)]
    wide = net.pattern.widths[0] + affine
    net.demand(len(rows) >= wide and full_rank(net.at, rows), "inputs that span", "others")
    claim = net.witness["claim"]
    return _certified(net, "closed" if claim == "closed" else "not_closed")


def _certified(net: Network, verdict: str) -> tuple[str, ...]:
    certificate = net.witness.get("certificate")
    net.demand(isinstance(certificate, dict), "a certificate", certificate)
    checked = matrix_kernel.check(dict(certificate or {}), net.pattern, net.deadline)
    expected = f"a certificate of products that are {verdict.replace('_', ' ')}"
    net.demand(checked.verdict == verdict, expected, checked.verdict)
    return checked.holes


def linear_part(net: Network) -> tuple[str, ...]:
    """N1: the targets are A x for a matrix A in the closure of the products but not a product.

    That the predictions tend to the targets is checked on the curve, whatever biases there are;
    networks with all biases already miss them.
    """
    data = data_of(net)
    limit_is(net, data, data.ys)
    inputs, outputs, xs = data.inputs, data.outputs, data.xs
    if "scale" in net.witness:
        rho = net.curve_pieces(inputs, outputs)
        most = len(inputs)  # points on one hyperplane
        on_moment_curve(net, xs)
    else:
        rho = net.pieces(inputs, outputs)
        net.demand(sorted(inputs) == list(range(net.pattern.widths[0])), "all inputs", inputs)
        most = _most_on_hyperplane(net, xs)
    net.demand(len(xs) > most * rho, f"more than {most} * {rho} points", len(xs))
    matrix = net.rows("limit", len(inputs))
    net.demand(len(matrix) == len(outputs), "a row of the limit per output", len(matrix))
    net.at.spend(len(xs) * len(inputs) * len(outputs))
    for x, y in zip(xs, data.ys, strict=True):
        image = [sum(a * v for a, v in zip(row, x, strict=True)) for row in matrix]
        net.demand(image == y, "targets A x", "others")
    return _not_a_product(net, matrix, outputs, inputs)


def on_moment_curve(net: Network, xs: Rows, origin: Sequence[Fraction] | None = None) -> None:
    """Demand that the points lie on x_j = origin_j + scale_j s^j (j = 1, 2, ...) at distinct s,
    with the witness's "scale" and its "origin" (0 if it has none) unless one is given.

    Any n + 1 of them are then affinely independent: a Vandermonde determinant.
    """
    at, witness = net.at, net.witness
    width = len(xs[0])
    scale = [at.rational(v, "a scale") for v in at.items(witness.get("scale"), "scale", width)]
    net.demand(all(scale), "scales that are not 0", witness.get("scale"))
    if origin is None:
        listed = at.items(witness.get("origin", [0] * width), "origin", width)
        origin = [at.rational(v, "an origin") for v in listed]
    parameters = [(x[0] - origin[0]) / scale[0] for x in xs]
    net.demand(len(set(parameters)) == len(xs), "distinct points", "a point twice")
    for x, s in zip(xs, parameters, strict=True):
        power = Fraction(1)
        at.spend(10 * width * (1 + width * s.denominator.bit_length() // 64))
        for value, start, factor in zip(x, origin, scale, strict=True):
            power *= s
            net.demand(value - start == factor * power, "points on the moment curve", "others")


def _most_on_hyperplane(net: Network, xs: Rows) -> int:
    """The largest number of points on one affine hyperplane, in three dimensions at most.

    If the points span, a largest such set holds as many affinely independent points as there are
    dimensions; if they do not, it is all of them.
    """
    n, count = len(xs[0]), len(xs)
    net.demand(n <= 3, "three inputs at most, or points on a moment curve", n)
    net.demand(len({tuple(x) for x in xs}) == count, "distinct points", "a point twice")
    scale = lcm(*(v.denominator for x in xs for v in x))
    net.at.spend(4 * comb(count, n - 1) * count * (1 + scale.bit_length() // 64))
    points = [[int(v * scale) for v in x] for x in xs]
    most = 1
    # Hyperplanes through a base of n - 1 points: the rest sorted by the one that holds it.
    for base in combinations(points, n - 1):
        planes: dict[tuple[int, ...], int] = {}
        inside = 0
        for point in points:
            normal = _normal([*base, point])
            if any(normal):
                planes[normal] = planes.get(normal, 0) + 1
            else:
                inside += 1  # of the base, or on a line with it
        most = max(most, inside + max(planes.values(), default=0))
    return most


def _normal(points: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The normal of the hyperplane through n points in n dimensions, n <= 3, up to a factor; zeros
    if they do not determine one.  (One point of a line: itself.)"""
    steps = [[v - o for v, o in zip(point, points[0], strict=True)] for point in points[1:]]
    if not steps:
        normal = [1, points[0][0]]
    elif len(steps) == 1:
        normal = [-steps[0][1], steps[0][0]]
    else:
        (a, b, c), (d, e, f) = steps
        normal = [b * f - c * e, c * d - a * f, a * e - b * d]
    common = gcd(*normal)
    if next((v for v in normal if v), 0) < 0:
        common = -common
    return tuple(v // common for v in normal) if common else tuple(normal)


def _not_a_product(
    net: Network, matrix: Rows, outputs: list[int], inputs: list[int]
) -> tuple[str, ...]:
    """Demand a proof that the matrix is no product of factors supported on the masks."""
    missed = net.witness.get("missed")
    if isinstance(missed, dict) and "unit" in missed:
        chosen = missed.get("inputs", inputs)
        net.at.keys({**missed, "inputs": chosen}, ("layer", "unit", "inputs"), "missed")
        part = [net.at.member(k, inputs, "an input") for k in net.at.items(chosen, "inputs", 2)]
        columns = [inputs.index(k) for k in part]
        corner = [[row[c] for c in columns] for row in matrix]
        _unique_cut(net, missed, corner, outputs, part)
        return ()
    step = net.at.keys(missed, ("proof",), "missed")["proof"]
    found = matrix_kernel.check_proof(net.pattern, step, net.deadline)
    net.demand(step["rule"] == "restrict", "a proof that begins with restrict", step["rule"])
    same = step["data"] == {"outputs": outputs, "inputs": inputs}
    net.demand(same, "a restriction to the outputs and inputs of the data", step["data"])
    reach = net.reach(inputs, outputs)
    kept = reach[0] == set(inputs) and reach[-1] == set(outputs)
    net.demand(kept, "paths at every input and output", [len(reach[0]), len(reach[-1])])
    step = step["parts"][0]
    while step["rule"] in ("trim", "two_factors"):
        step = step["parts"][0]
    net.demand(step["rule"] == "curve", "a curve of products", step["rule"])
    given = {(j, k): Fraction(v) for j, k, v in step["data"]["limit"]}
    here = {(j, k): v for j, row in enumerate(matrix) for k, v in enumerate(row) if v}
    net.demand({c: v for c, v in given.items() if v} == here, "the limit of that curve", "another")
    return found.holes


def _unique_cut(
    net: Network, missed: dict[str, Any], matrix: Rows, outputs: list[int], inputs: list[int]
) -> None:
    """All paths of three of the four cells go through one unit: [[0, *], [*, 0]] is no product."""
    net.demand(len(outputs) == 2, "two outputs", len(outputs))
    net.demand(inputs[0] != inputs[1], "two inputs", inputs)
    layer = net.at.integer(missed["layer"], "a hidden layer", 1, net.pattern.depth)
    unit = net.at.integer(missed["unit"], "a unit", 0, net.pattern.widths[layer])
    for j, k in ((0, 0), (0, 1), (1, 0)):
        through = net.reach([inputs[k]], [outputs[j]])[layer]
        net.demand(through == {unit}, f"paths through unit {unit} only", sorted(through)[:5])
    right = matrix[0][0] == 0 and matrix[0][1] != 0 and matrix[1][0] != 0
    net.demand(right, "a limit with a zero and two entries beside it", "another")
