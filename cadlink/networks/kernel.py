"""Re-checks the witness of a network verdict from the statement of its theorem, exactly.

Shares no code with ``cadlink.networks.theorems``, which find witnesses; the proofs of the theorems
are in the docstrings there.  Integers and rationals only.  A witness with data (X, Y) whose
infimum is 0 and not attained is checked in two halves: the curve of parameters really tends to Y
(:func:`_approached`), and the hypotheses under which Y is missed hold.

Every function below returns what the witness shows: "not_closed" (the data X, Y, or some targets
for X, have no optimum), "closed" (every target has one), "attained" (this Y is realised),
"cube_closed" or "cube_not_closed".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb, prod
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from cadlink.certificates import kernel as matrix_kernel
from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.certificates.read import through_json
from cadlink.errors import CertificateError
from cadlink.patterns.pattern import Pattern

__all__ = ["CheckedWitness", "check_witness"]

Series = dict[int, Fraction]  # a Laurent polynomial in eps
Rows = list[list[Fraction]]
MAX_NUMBERS = 4_000_000


@dataclass(frozen=True)
class CheckedWitness:
    """An accepted witness: its theorem, what it shows, and the backends' statements it rests on."""

    theorem: str
    claim: str
    holes: tuple[str, ...] = ()


@dataclass
class Network:
    """What a check sees: the masks as sets of inputs per unit, and which layers have biases."""

    pattern: Pattern
    biases: tuple[bool, ...]
    at: Reader
    witness: dict[str, Any]

    def sees(self, layer: int, unit: int) -> set[int]:
        """The units of the layer below that a unit of mask ``layer`` (from 0) sees."""
        mask = self.pattern.layers[layer]
        return set(mask.indices[mask.indptr[unit] : mask.indptr[unit + 1]].tolist())

    def demand(self, holds: bool, expected: str, found: object) -> None:
        self.at.demand(holds, expected, found)


def check_witness(
    pattern: Pattern | Mapping[str, Any],
    witness: Mapping[str, Any],
    biases: Sequence[bool] | None = None,
) -> CheckedWitness:
    """Check a witness for a network with this pattern; ``biases``: one truth value per layer, all
    by default.

    Raises CertificateError unless the witness shows what it claims.

    >>> check_witness(Pattern.of(["11/11", "11"]), {"theorem": "R1", "claim": "closed"})
    CheckedWitness(theorem='R1', claim='closed', holes=())
    """
    chain = pattern if isinstance(pattern, Pattern) else Pattern.from_json(pattern)
    data = through_json(dict(witness))
    at = Reader(data, "witness", Budget())
    free = (True,) * chain.depth if biases is None else tuple(bool(b) for b in biases)
    at.demand(len(free) == chain.depth, f"{chain.depth} truth values for biases", list(free))
    theorem, claim = data.get("theorem"), data.get("claim")
    at.demand((theorem, claim) in CHECKS, "a theorem and a claim it makes", [theorem, claim])
    at = Reader(data, f"witness ({theorem})", at.budget)
    net = Network(chain, free, at, data)
    holes = CHECKS[theorem, claim](net)
    return CheckedWitness(theorem, claim, holes)


# -- data and curves -------------------------------------------------------------------------------


def _data(net: Network) -> tuple[list[int], list[int], Rows, Rows]:
    """The inputs, the outputs, X and Y of the witness."""
    at, witness = net.at, net.witness
    widths = net.pattern.widths
    inputs = [
        at.integer(k, "an input", 0, widths[0]) for k in at.items(witness.get("inputs"), "inputs")
    ]
    outputs = [
        at.integer(j, "an output", 0, widths[-1])
        for j in at.items(witness.get("outputs"), "outputs")
    ]
    net.demand(len(set(inputs)) == len(inputs), "every input once", inputs)
    net.demand(len(set(outputs)) == len(outputs), "every output once", outputs)
    xs = _rows(net, "X", len(inputs))
    ys = _rows(net, "Y", len(outputs))
    net.demand(len(xs) == len(ys), "as many rows of Y as of X", len(ys))
    return inputs, outputs, xs, ys


def _rows(net: Network, name: str, width: int) -> Rows:
    listed = net.at.items(net.witness.get(name), name)
    net.demand(len(listed) * (width + 1) <= MAX_NUMBERS, f"{name} of moderate size", len(listed))
    return [
        [net.at.rational(value, f"an entry of {name}") for value in net.at.items(row, name, width)]
        for row in listed
    ]


def _approached(net: Network) -> tuple[list[int], list[int], Rows, Rows]:
    """The data, after checking that the predictions along the curve tend to Y as eps -> 0+."""
    inputs, outputs, xs, ys = _data(net)
    weights, biases = _parameters(net)
    at_output = {j: column for column, j in enumerate(outputs)}
    for x, y in zip(xs, ys, strict=True):
        values: dict[int, Series] = {
            k: {0: value} for k, value in zip(inputs, x, strict=True) if value
        }
        for layer in range(net.pattern.depth):
            values = _layer(values, weights[layer], biases[layer], layer + 1 < net.pattern.depth)
        for j in {*values, *outputs}:
            target = y[at_output[j]] if j in at_output else Fraction(0)
            series = values.get(j, {})
            wrong = {e: str(c) for e, c in series.items() if c and e < 0}
            limit = series.get(0, Fraction(0))
            net.demand(
                not wrong and limit == target,
                f"predictions that tend to {target} in output {j} at X = {[str(v) for v in x]}",
                f"{limit}, negative powers {wrong}",
            )
    return inputs, outputs, xs, ys


def _parameters(net: Network) -> tuple[list[dict[int, dict[int, Series]]], list[dict[int, Series]]]:
    """The curve: weights[layer][row][column] and biases[layer][row], on the masks only."""
    at, depth = net.at, net.pattern.depth
    curve = at.keys(net.witness.get("curve"), ("weights", "biases"), "curve")
    weights: list[dict[int, dict[int, Series]]] = []
    for layer, listed in enumerate(at.items(curve["weights"], "weights", depth)):
        table: dict[int, dict[int, Series]] = {}
        height, width = net.pattern.layers[layer].shape
        for entry in at.items(listed, "weights of a layer"):
            i, j, series = at.items(entry, "[row, column, LAURENT]", 3)
            i = at.integer(i, "a row", 0, height)
            j = at.integer(j, "a column", 0, width)
            net.demand(j in net.sees(layer, i), f"weights on mask {layer + 1}", [i, j])
            net.demand(j not in table.setdefault(i, {}), "every weight once", [i, j])
            table[i][j] = _series(net, series)
        weights.append(table)
    biases: list[dict[int, Series]] = []
    for layer, listed in enumerate(at.items(curve["biases"], "biases", depth)):
        column: dict[int, Series] = {}
        for entry in at.items(listed, "biases of a layer"):
            i, series = at.items(entry, "[row, LAURENT]", 2)
            i = at.integer(i, "a row", 0, net.pattern.widths[layer + 1])
            net.demand(net.biases[layer], f"no bias in layer {layer + 1}", i)
            net.demand(i not in column, "every bias once", i)
            column[i] = _series(net, series)
        biases.append(column)
    return weights, biases


def _series(net: Network, value: object) -> Series:
    found: Series = {}
    for term in net.at.items(value, "a Laurent polynomial"):
        exponent, coefficient = net.at.items(term, "[exponent, coefficient]", 2)
        exponent = net.at.integer(exponent, "an exponent", -1000, 1001)
        net.demand(exponent not in found, "every exponent once", exponent)
        found[exponent] = net.at.rational(coefficient, "a coefficient")
    return found


def _layer(
    values: dict[int, Series],
    weights: dict[int, dict[int, Series]],
    biases: dict[int, Series],
    hidden: bool,
) -> dict[int, Series]:
    """One layer applied to Laurent polynomials; ReLU looks at the sign for small eps > 0."""
    found: dict[int, Series] = {}
    for i in {*weights, *biases}:
        total = dict(biases.get(i, {}))
        for j, weight in weights.get(i, {}).items():
            for e, c in values.get(j, {}).items():
                for f, d in weight.items():
                    total[e + f] = total.get(e + f, Fraction(0)) + c * d
        total = {e: c for e, c in total.items() if c}
        if total and (not hidden or total[min(total)] > 0):
            found[i] = total
    return found


def _rank(rows: Sequence[Sequence[Fraction]]) -> int:
    if not rows or not rows[0]:
        return 0
    entries = [fmpq(v.numerator, v.denominator) for row in rows for v in row]
    return int(fmpq_mat(len(rows), len(rows[0]), entries).rref()[1])


# -- R1, R2, R3 ------------------------------------------------------------------------------------


def _components(net: Network) -> tuple[str, ...]:
    """R1, closed: two masks, every component of units - outputs has one unit or one output."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    _one_unit_or_output(net, _on_paths(net))
    return ()


def _trees(net: Network) -> tuple[str, ...]:
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


def _on_paths(net: Network) -> list[set[int]]:
    """Per layer the units that matter: those with an output above, and not constant.

    A unit that sees no input is constant and can be replaced by the bias of what it feeds; it is
    kept when some layer above has no bias to do so.
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


def _collinear(net: Network) -> tuple[str, ...]:
    """R1, R2, R3: points on a line, more changes of slope than units can follow."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    inputs, outputs, xs, ys = _approached(net)
    at = net.at
    pair = [
        at.member(j, outputs, "an output") for j in at.items(net.witness.get("pair"), "pair", 2)
    ]
    net.demand(pair[0] != pair[1], "two outputs", pair)
    line = at.items(net.witness.get("line"), "line")
    line = [at.integer(i, "a point", 0, len(xs)) for i in line]
    net.demand(len(line) >= 4, "four points or more", len(line))
    start = xs[line[0]]
    u = [b - a for a, b in zip(start, xs[line[1]], strict=True)]
    lead = next((k for k, value in enumerate(u) if value), None)
    if lead is None:
        raise CertificateError(at.path, "distinct points", "equal ones")
    times = [(xs[i][lead] - start[lead]) / u[lead] for i in line]
    for i, t in zip(line, times, strict=True):
        right = all(x == s + t * d for x, s, d in zip(xs[i], start, u, strict=True))
        net.demand(right, "points on one line", i)
    net.demand(all(s < t for s, t in pairwise(times)), "points in ascending order", line)
    # Changes of slope do not see affine functions; the plane of R3 does.
    units = _varying(net, inputs, start, u, times if len(line) > 4 else None, pair)
    columns = [outputs.index(j) for j in pair]
    chords = [
        [(ys[j][c] - ys[i][c]) / (t - s) for c in columns]
        for (i, s), (j, t) in pairwise(list(zip(line, times, strict=True)))
    ]
    if len(line) == 4:
        net.demand(len(units) <= 2, "two units", len(units))
        _two_units(net, chords)
        return ()
    changes = [[b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(chords)]
    r = (len(line) - 1) // 2
    net.demand(len(line) == 2 * r + 1 and r >= 2, "an odd number of points", len(line))
    net.demand(len(units) <= r, f"at most {r} units", len(units))
    for j in range(1, 2 * r, 2):
        net.demand(any(changes[j - 1]), f"a change of slope at point {j}", "none")
    first, second, third = changes[:3]
    net.demand(_det(first, third) == 0, "parallel changes at points 1 and 3", "others")
    net.demand(_det(first, second) != 0, "another change at point 2", "a parallel one")
    return ()


def _det(v: list[Fraction], w: list[Fraction]) -> Fraction:
    return v[0] * w[1] - v[1] * w[0]


def _varying(
    net: Network,
    inputs: list[int],
    start: list[Fraction],
    u: list[Fraction],
    times: list[Fraction] | None,
    pair: list[int],
) -> list[int]:
    """The units that feed the pair and vary on the line.

    With ``times``: only those that can have a kink strictly between the first and the last.
    """
    place = {k: column for column, k in enumerate(inputs)}
    found = []
    for unit in sorted(net.sees(1, pair[0]) | net.sees(1, pair[1])):
        columns = [place[k] for k in net.sees(0, unit) if k in place]
        speed = [u[c] for c in columns]
        if not any(speed):
            continue
        if times is not None and not net.biases[0]:
            base = [start[c] for c in columns]
            if _rank([speed, base]) < 2:
                # <a, start + t u> vanishes at one fixed t whatever a is
                c = next(c for c in columns if u[c])
                if not times[0] < -start[c] / u[c] < times[-1]:
                    continue
        found.append(unit)
    return found


def _two_units(net: Network, slopes: Rows) -> None:
    """R3: the plane of the two outputs' slope vectors holds at most one direction of one unit."""
    g, h = ([row[c] for row in slopes] for c in (0, 1))
    normal = [
        g[1] * h[2] - g[2] * h[1],
        g[2] * h[0] - g[0] * h[2],
        g[0] * h[1] - g[1] * h[0],
    ]
    net.demand(any(normal), "two independent outputs", "dependent ones")
    directions = set()
    for fixed, moving in (
        ((0, 0, 1), (0, 1, 0)),
        ((0, 1, 1), (1, 0, 0)),
        ((1, 0, 0), (0, 1, 0)),
        ((1, 1, 0), (0, 0, 1)),
    ):
        a = sum(n * v for n, v in zip(normal, fixed, strict=True))
        b = sum(n * v for n, v in zip(normal, moving, strict=True))
        net.demand(bool(a or b), "finitely many directions", f"all of {fixed} + th {moving}")
        if b and 0 <= -a / b <= 1:
            directions.add(tuple(f - a / b * m for f, m in zip(fixed, moving, strict=True)))
    net.demand(len(directions) <= 1, "at most one slope vector of a unit", len(directions))


# -- N1 --------------------------------------------------------------------------------------------


def _reach(net: Network, inputs: Sequence[int], outputs: Sequence[int]) -> list[set[int]]:
    """Per unit layer, inputs to outputs, the units on paths from these inputs to these outputs."""
    depth = net.pattern.depth
    up: list[set[int]] = [set(inputs)]
    for layer in range(depth):
        mask = net.pattern.layers[layer].tocsc()
        reached: set[int] = set()
        for unit in up[-1]:
            reached |= set(mask.indices[mask.indptr[unit] : mask.indptr[unit + 1]].tolist())
        up.append(reached)
    down: list[set[int]] = [set(outputs)]
    for layer in range(depth - 1, -1, -1):
        seen: set[int] = set()
        for unit in down[-1]:
            seen |= net.sees(layer, unit)
        down.append(seen)
    return [a & b for a, b in zip(up, down[::-1], strict=True)]


def _pieces(net: Network, inputs: Sequence[int], outputs: Sequence[int]) -> int:
    """rho: a bound on the number of activation patterns on a space of the given inputs."""
    layers = _reach(net, inputs, outputs)[1:-1]
    return prod(sum(comb(len(units), j) for j in range(len(inputs) + 1)) for units in layers)


def _moment(net: Network, xs: Rows) -> None:
    """Demand that the points lie on x_j = scale_j s^j (j = 1, 2, ...) at distinct s.

    Any n + 1 of them are then affinely independent: a Vandermonde determinant.
    """
    at = net.at
    scale = [at.rational(v, "a scale") for v in at.items(net.witness.get("scale"), "scale")]
    net.demand(all(scale), "scales that are not 0", net.witness.get("scale"))
    net.demand(all(len(x) == len(scale) for x in xs), "one scale per input", len(scale))
    parameters = [x[0] / scale[0] for x in xs]
    net.demand(len(set(parameters)) == len(xs), "distinct points", "a point twice")
    for x, s in zip(xs, parameters, strict=True):
        power = Fraction(1)
        for value, factor in zip(x, scale, strict=True):
            power *= s
            net.demand(value == factor * power, "points on the moment curve", [str(v) for v in x])


def _most_on_hyperplane(net: Network, xs: Rows) -> int:
    """The largest number of points on one affine hyperplane (all, if they do not span).

    If the points span, a largest such set holds n affinely independent points.
    """
    n = len(xs[0])
    net.demand(len({tuple(x) for x in xs}) == len(xs), "distinct points", "a point twice")
    net.at.spend(comb(len(xs), n) * (n**3 + n * len(xs)))
    rows = [[*x, Fraction(1)] for x in xs]
    most = 0
    for chosen in combinations(rows, n):
        if _rank(chosen) == n:
            most = max(most, sum(1 for row in rows if _rank([*chosen, row]) == n))
    return most or len(xs)


def _linear_part(net: Network) -> tuple[str, ...]:
    """N1: the targets are A x for a matrix A in the closure of the products but not a product."""
    inputs, outputs, xs, ys = _approached(net)
    at = net.at
    rho = _pieces(net, inputs, outputs)
    most = len(inputs)  # points on one hyperplane
    if "scale" in net.witness:
        _moment(net, xs)
    else:
        net.demand(sorted(inputs) == list(range(net.pattern.widths[0])), "all inputs", inputs)
        most = _most_on_hyperplane(net, xs)
    net.demand(len(xs) > most * rho, f"more than {most} * {rho} points", len(xs))
    matrix = [
        [at.rational(v, "an entry of the limit") for v in at.items(row, "a row", len(inputs))]
        for row in at.items(net.witness.get("limit"), "limit", len(outputs))
    ]
    for x, y in zip(xs, ys, strict=True):
        image = [sum(a * v for a, v in zip(row, x, strict=True)) for row in matrix]
        net.demand(image == y, "targets A x", [str(v) for v in y])
    return _not_a_product(net, matrix, outputs, inputs)


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
    data = net.at.keys(missed, ("proof",), "missed")
    proof = data["proof"]
    found = matrix_kernel.check_proof(net.pattern, proof)
    step = proof
    net.demand(step["rule"] == "restrict", "a proof that begins with restrict", step["rule"])
    same = step["data"] == {"outputs": outputs, "inputs": inputs}
    net.demand(same, "a restriction to the outputs and inputs of the data", step["data"])
    reach = _reach(net, inputs, outputs)
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
    shape = (len(outputs), len(inputs)) == (2, 2)
    net.demand(shape, "two outputs and two inputs", [len(outputs), len(inputs)])
    layer = net.at.integer(missed["layer"], "a hidden layer", 1, net.pattern.depth)
    unit = net.at.integer(missed["unit"], "a unit", 0, net.pattern.widths[layer])
    for j, k in ((0, 0), (0, 1), (1, 0)):
        through = _reach(net, [inputs[k]], [outputs[j]])[layer]
        net.demand(through == {unit}, f"paths through unit {unit} only", sorted(through)[:5])
    right = matrix[0][0] == 0 and matrix[0][1] != 0 and matrix[1][0] != 0
    net.demand(right, "a limit with a zero and two entries beside it", "another")


def _some_targets(net: Network) -> tuple[str, ...]:
    """N1 without targets: the products are not closed, and these many points show it."""
    checked = matrix_kernel.check(net.witness.get("certificate") or {}, net.pattern)
    net.demand(checked.verdict == "not_closed", "products that are not closed", checked.verdict)
    return checked.holes


# -- depth: R14, R15 -------------------------------------------------------------------------------


def _one_form(net: Network) -> tuple[str, ...]:
    """R14: one first-layer unit alone sees two inputs, so the network knows one form of them."""
    net.demand(net.pattern.depth >= 3, "three layers or more", net.pattern.depth)
    inputs, outputs, xs, ys = _approached(net)
    net.demand(len(inputs) == 2, "two inputs", inputs)
    seeing = _reach(net, inputs, range(net.pattern.widths[-1]))[1]
    net.demand(len(seeing) == 1, "one first-layer unit that sees them", sorted(seeing)[:5])
    low, high, *rest = range(len(xs))
    target = net.at.member(net.witness.get("target"), outputs, "an output")
    column = outputs.index(target)
    units = _reach(net, inputs, [target])[1:-1]
    rho = 2 * prod(len(layer) + 1 for layer in units[1:])
    net.demand(len(rest) > 2 * rho, f"more than 2 * {rho} points on a parabola", len(rest))
    first = [xs[i][0] for i in rest]
    net.demand(len(set(first)) == len(rest), "distinct points", "a point twice")
    curved = all(xs[i][1] == xs[i][0] ** 2 for i in rest)
    net.demand(curved, "points on the parabola", "others")
    shift = ys[rest[0]][column] - first[0]
    linear = all(ys[i][column] == xs[i][0] + shift for i in rest)
    net.demand(linear, "the first coordinate as target on the parabola", "another")
    net.demand(xs[low][0] == xs[high][0], "two points that agree in the first input", "others")
    net.demand(ys[low] != ys[high], "different targets at these two points", "equal ones")
    return ()


def _dense_bottleneck(net: Network) -> tuple[str, ...]:
    """R15: dense layers, n units on more than n inputs, then more than n units."""
    widths = net.pattern.widths
    full = all(layer.nnz == layer.shape[0] * layer.shape[1] for layer in net.pattern.layers)
    net.demand(full and net.pattern.depth >= 3, "three dense layers or more", list(widths))
    net.demand(widths[1] < min(widths[0], widths[2]), "a narrow first layer", list(widths[:3]))
    net.demand(all(net.biases[:-1]), "free hidden biases", list(net.biases))
    return ()


def _bottleneck(net: Network) -> tuple[str, ...]:
    """R15 with its data."""
    _dense_bottleneck(net)
    widths = net.pattern.widths
    n = widths[1]
    inputs, outputs, xs, ys = _approached(net)
    net.demand(len(inputs) == n + 1, f"{n + 1} inputs", len(inputs))
    net.demand(len(outputs) == 1, "one output", len(outputs))
    rho = prod(sum(comb(width, j) for j in range(n + 2)) for width in widths[1:-1])
    size = (n + 1) * rho + 1
    net.demand(len(xs) == 2 + n * size, f"2 + {n} * {size} points", len(xs))
    low, high = xs[0], xs[1]
    net.demand(low[:n] == high[:n], "two points that agree in the first inputs", "others")
    net.demand(ys[0] != ys[1], "different targets at these two points", "equal ones")
    for i in range(n):
        block = slice(2 + i * size, 2 + (i + 1) * size)
        points = xs[block]
        origin = points[0]  # the point of the moment curve at s = 0, moved
        _moment(net, [[v - o for v, o in zip(x, origin, strict=True)] for x in points])
        same = all(y[0] == x[i] for x, y in zip(points, ys[block], strict=True))
        net.demand(same, f"input {i} as target on cluster {i}", "another")
    return ()


# -- given inputs, the cube, regularisation --------------------------------------------------------


def _independent(net: Network) -> tuple[str, ...]:
    """R6 (i): points affinely independent on every unit's inputs; blocks R_i x (points - 1)."""
    live, xs = _live_units(net), _given(net)
    for unit in live:
        rows = [[*(x[k] for k in sorted(net.sees(0, unit))), Fraction(1)] for x in xs]
        net.demand(_rank(rows) == len(xs), f"independent points on the inputs of unit {unit}", "no")
    certificate = net.witness.get("certificate")
    closed = net.witness["claim"] == "closed"
    if len(xs) == 1 or not live:
        net.demand(closed and certificate is None, "one point: closed", "another claim")
        return ()
    blocks = np.ones((len(live), len(xs) - 1), dtype=np.bool_)
    pattern = Pattern.of([blocks, net.pattern.layers[1][:, live]])
    checked = matrix_kernel.check(certificate or {}, pattern)
    net.demand(
        closed == (checked.verdict == "closed"), "the certificate's verdict", checked.verdict
    )
    return checked.holes


def _enough_units(net: Network) -> tuple[str, ...]:
    """R6 (ii): full output masks, as many units as points but one, points distinct on each C_i."""
    live, xs = _live_units(net), _given(net)
    net.demand(len(live) >= len(xs) - 1, f"{len(xs) - 1} hidden units", len(live))
    for j in range(net.pattern.widths[-1]):
        net.demand(net.sees(1, j) >= set(live), f"all units feeding output {j}", "not all")
    for unit in live:
        seen = sorted(net.sees(0, unit))
        distinct = {tuple(x[k] for k in seen) for x in xs}
        net.demand(len(distinct) == len(xs), f"distinct points on the inputs of unit {unit}", "no")
    return ()


def _live_units(net: Network) -> list[int]:
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    net.demand(all(net.biases), "free biases", list(net.biases))
    return [u for u in range(net.pattern.widths[1]) if net.sees(0, u)]


def _given(net: Network) -> Rows:
    """The distinct points of X, with all coordinates."""
    xs = _rows(net, "X", net.pattern.widths[0])
    net.demand(bool(xs), "at least one point", "none")
    return [list(x) for x in dict.fromkeys(map(tuple, xs))]


def _cube(net: Network) -> tuple[str, ...]:
    """R8-R10: one live input, or every two units disjoint, anti-nested or on the same output."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    net.demand(all(net.biases), "free biases", list(net.biases))
    outputs: dict[int, set[int]] = {}
    for j in range(net.pattern.widths[-1]):
        for unit in net.sees(1, j):
            if net.sees(0, unit):
                outputs.setdefault(unit, set()).add(j)
    sees = {unit: net.sees(0, unit) for unit in outputs}
    if len({k for seen in sees.values() for k in seen}) <= 1:
        return ()
    kinds = list({(frozenset(outputs[u]), frozenset(sees[u])) for u in outputs})
    net.at.spend(len(kinds) ** 2)
    for (rows, cols), (rows2, cols2) in combinations(kinds, 2):
        fits = (
            not rows & rows2
            or not cols & cols2
            or (rows <= rows2 and cols >= cols2)
            or (rows2 <= rows and cols2 >= cols)
            or (rows == rows2 and len(rows) == 1)
        )
        net.demand(fits, "compatible units", [sorted(rows)[:5], sorted(rows2)[:5]])
    return ()


def _attained(net: Network) -> tuple[str, ...]:
    """Parameters that predict the targets exactly."""
    for layer in (*net.witness["curve"]["weights"], *net.witness["curve"]["biases"]):
        for *_, series in layer:
            net.demand(all(e == 0 for e, _ in series), "constant parameters", series)
    _approached(net)
    return ()


def _not_attained(net: Network) -> tuple[str, ...]:
    """Two units, one input: the curve costs the infimum in the limit; that nothing costs less or as
    much is a claim of backends for every pair of segments (a hole each)."""
    at = net.at
    live = _reach(net, range(net.pattern.widths[0]), range(net.pattern.widths[-1]))
    net.demand(net.pattern.depth == 2 and all(net.biases), "one hidden layer with biases", "other")
    net.demand(len(live[1]) == 2 and len(live[0]) == 1, "two units and one input", "other")
    full = all(net.sees(1, j) >= live[1] for j in range(net.pattern.widths[-1]))
    net.demand(full, "units that feed all outputs", "others")
    _, outputs, xs, ys = _data(net)
    net.demand(len(outputs) == net.pattern.widths[-1], "all outputs", outputs)
    limit = _rows(net, "limit", len(outputs))
    _approached(Network(net.pattern, net.biases, at, {**net.witness, "Y": net.witness["limit"]}))
    cost = sum(
        ((a - b) ** 2 for r, y in zip(limit, ys, strict=True) for a, b in zip(r, y, strict=True)),
        Fraction(0),
    )
    infimum = at.rational(net.witness.get("infimum"), "infimum")
    net.demand(cost == infimum, f"a limit that costs {infimum}", str(cost))
    last = len({tuple(x) for x in xs}) - 1
    net.demand(last == len(xs) - 1, "different points", len(xs))
    segments = [["right", k] for k in range(last - 1)] + [["left", k] for k in range(1, last)]
    wanted = [[a, b] for n, a in enumerate(segments) for b in segments[n:]]
    claims = at.items(net.witness.get("claims"), "claims", len(wanted))
    holes = []
    for cells, claim in zip(wanted, claims, strict=True):
        net.demand(claim.get("cells") == cells, f"a claim about {cells}", claim.get("cells"))
        expected = f"loss > {infimum} for {tuple(cells[0])} and {tuple(cells[1])}"
        net.demand(claim.get("statement") == expected, expected, claim.get("statement"))
        said = at.items(claim.get("answers"), "answers")
        net.demand(bool(said), "an answer of a backend", "none")
        net.demand(all(a.get("answer") == "false" for a in said), "the answer false", said)
        holes.append(f"{expected}: {', '.join(a['backend'] for a in said)}")
    return tuple(holes)


def _regularised(net: Network) -> tuple[str, ...]:
    """R16: nothing about the masks is needed."""
    return ()


CHECKS: dict[tuple[str, str], Callable[[Network], tuple[str, ...]]] = {
    ("R1", "closed"): _components,
    ("R1", "not_closed"): _collinear,
    ("R2", "not_closed"): _collinear,
    ("R3", "not_closed"): _collinear,
    ("R13", "closed"): _trees,
    ("N1", "not_closed"): _linear_part,
    ("N1", "some_targets"): _some_targets,
    ("N1", "cube_not_closed"): _some_targets,
    ("R6", "closed"): _independent,
    ("R6", "some_targets"): _independent,
    ("R6", "attained"): _enough_units,
    ("R8", "cube_closed"): _cube,
    ("R9", "cube_closed"): _cube,
    ("R10", "cube_closed"): _cube,
    ("R14", "not_closed"): _one_form,
    ("R15", "not_closed"): _bottleneck,
    ("R15", "some_targets"): _dense_bottleneck,
    ("R16", "attained"): _regularised,
    ("realised", "attained"): _attained,
    ("exact", "not_attained"): _not_attained,
}
