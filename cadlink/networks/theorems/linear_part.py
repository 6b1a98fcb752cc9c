"""N1: a matrix missed by the products of the masks gives a training set without an optimum.

*Theorem.*  Let A be in the closure of the set L of products X_L ... X_1 supported on the masks,
restricted to outputs R and n inputs C, and not in that set.  Let rho be the product over the hidden
layers of sum_{j <= n} binomial(m, j), m the number of units of the layer on paths from C to R; for
points on a moment curve p_j + c_j s^j, j = 1, ..., n, also that of n m + 1, if this is less.

(a) Whatever biases there are, and if there are none, some n rho + 1 points in R^C, any n + 1 of
them affinely independent, all other inputs 0, with the targets A x on R and 0 elsewhere, have
infimum 0, not attained.

(d) If the first layer has biases, the functions on a cube are not closed in the uniform norm.

Both hold for ReLU and for leaky ReLU with fixed slopes, in fact for every activation that is the
identity for z >= 0 and linear for z <= 0.

*Approached.*  Take products X_L(t) ... X_1(t) -> A on a curve.  Let v_i(t) be the rows of all
partial products X_l(t) ... X_1(t), l < L.  Those that are not 0 have limit directions; let p be a
point orthogonal to none of these.  Changing the sign of a hidden unit (its row and its column)
changes no product, so we may take <v_i(t), p> > 0 for all v_i that are not 0, and then, for small
t, <v_i(t), x> > 0 for all x in a neighbourhood U of p.  There every hidden unit is active or
constantly 0 without any biases, the network is x -> X_L(t) ... X_1(t) x, and tends to A x.  Take
the points in U: on a moment curve through p.  With biases in the first layer, b_1 = s X_1(t) p
and all others 0 make the network x -> X_L(t) ... X_1(t) (x + s p); for large s, x/s + p is in U for
all x of the cube, so that the network tends to A x + s A p uniformly there.

*Missed.*  More biases only make it harder, so let there be all.  Suppose a network attains the
targets.  Units not reached from C are constant on the data, units that do not reach R do not
matter.  On R^n the first layer's hyperplanes cut out at most sum_{j <= n} binomial(m, j) regions
("active" means > 0; shift every threshold by a small generic amount so that no data point lies on a
hyperplane and no point changes sides), in each of which the second layer sees affine functions, and
so on: at most rho activation patterns occur.  So n + 1 affinely independent points share one, where
the network is affine with linear part X_L D ... D X_1, D diagonal with the slopes as entries: a
product supported on the masks.  It agrees with x -> A x there, so the product is A.  Contradiction.
On a moment curve a pre-activation is a polynomial in s of degree n at most on each piece, so that a
layer cuts a piece into at most n m + 1 closed ones, on which no unit changes sign; one of rho such
pieces holds n + 1 of the points.  In the same way a network equal to A x + c on a cube is affine
with a product as linear part on some open piece.

*(d) needs the first biases.*  The masks 11/01 and 10/11 (2 x 2 LU) without any, or with an output
bias alone: the products are not closed, but the functions on a cube are.  Proof: c is the value at
0, so let c = 0.  f_1 = d relu(a x_1 + b x_2), f_2 = e relu(a x_1 + b x_2) + f relu(s x_2), s = 1 or
-1, |(a, b)| = 1; let f_1, f_2 converge uniformly along a sequence.  Then d converges along a
subsequence, and so do a, b.  If e stays bounded, so does f, and the limit is of this form.  If not,
(a, b) -> (0, s): e relu(+-a) converges, being the values at (+-1, 0), so a -> 0; at (0, -s) the
second unit is 0, so b cannot tend to -s.  Where s x_2 > 0 the limit of f_2 is k x_1 + m s x_2, k =
lim e a, and where s x_2 < 0 it is 0; it is continuous, so k = 0.  The limit is (d relu(s x_2), m
relu(s x_2)), which a = 0, b = s realises.

*A unique cut, explicitly.*  A hidden unit g of layer l, outputs j1, j2, inputs k1, k2; all paths of
(j1, k1), (j1, k2), (j2, k1) go through g, some path of (j2, k2) does, and some does not.  Then a
product with A(j1, k2) A(j2, k1) != 0 has A(j1, k1) != 0: each of the three is a product u_j v_k.
The limit: weights 1 on one path to g from k1 and k2 each and one from g to j1 and j2 each, and on a
path of (j2, k2) that avoids g; its edge into layer l lies on no path through g, so its weight can
be chosen to make A(j2, k2) = 0.  Multiply row j1 of the last factor by eps and column k2 of the
first by 1/eps: the limit is [[0, *], [*, 0]].

The paper (arXiv 2306.02666) needs (3 N_0 4^(sum N_l) + 1)^N_0 points for the same conclusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from itertools import count as count_from
from math import comb, prod
from typing import Any

import numpy as np

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.deciding.decision import Decision, Verdict
from cadlink.networks.curve import Curve
from cadlink.networks.theorems.theorem import Rows, data_witness, rows_json
from cadlink.networks.theorems.walk import edges_up
from cadlink.patterns.matrix import number_to_json
from cadlink.patterns.pattern import Pattern
from cadlink.rules import unique_cut
from cadlink.rules.paths import Units, on_paths, reaching
from cadlink.search import nonclosed
from cadlink.search.laurent import Laurent, add, monomial, multiply

__all__ = ["MAX_POINTS", "by_cut", "by_search", "points_needed", "some_targets", "these_inputs"]

MAX_POINTS = 20_000  # more are not written out
MAX_GIVEN = 60  # given points whose general position is examined
SEARCH_CELLS = 64  # outputs times inputs beyond which no explicit matrix is searched for

CONSTANT = -1  # beside the inputs

Factors = list[dict[tuple[int, int], Laurent]]
Series = dict[int, dict[int, Laurent]]  # rows by unit; their entries by input


def points_needed(pattern: Pattern, inputs: Sequence[int], outputs: Sequence[int]) -> int:
    """n rho + 1, rho for points on a moment curve.

    >>> points_needed(Pattern.of(["11/01", "10/11"]), [0, 1], [0, 1])
    9
    """
    n = len(inputs)
    hidden = on_paths(pattern, inputs, outputs)[1:-1]
    along = prod(n * len(units) + 1 for units in hidden)
    return n * min(along, _patterns(hidden, n)) + 1


def _patterns(hidden: Sequence[Units], dimension: int) -> int:
    """The most activation patterns of these units on a space of this dimension."""
    return prod(sum(comb(len(units), j) for j in range(dimension + 1)) for units in hidden)


def by_cut(
    pattern: Pattern, biased: bool = True, clock: Clock = UNLIMITED
) -> dict[str, Any] | None:
    """The witness of a unique cut, explicit for masks of any size, or None.

    ``biased``: all layers have biases; if not, none is used.

    >>> witness = by_cut(Pattern.of(["11/01", "10/11"]))
    >>> len(witness["X"]), witness["limit"]
    (9, [[0, 1], [1, 0]])
    """
    found = _cut(pattern, clock)
    if found is None:
        return None
    factors, outputs, inputs, limit, missed = found
    if points_needed(pattern, inputs, outputs) > MAX_POINTS:
        return None
    return _witness(pattern, factors, outputs, inputs, limit, missed, biased)


def _cut(
    pattern: Pattern, clock: Clock
) -> tuple[Factors, list[int], list[int], Rows, dict[str, Any]] | None:
    """Curve, two outputs, two inputs, limit [[0, *], [*, 0]] and the unit of a unique cut."""
    step = unique_cut.find(pattern, clock)
    if step is None:
        return None
    layer, unit = step.data["layer"], step.data["unit"]
    (j1, j2), (k1, k2) = step.data["outputs"], step.data["inputs"]
    above = _walk(pattern.transpose(), pattern.depth - layer, unit, (j1, j2))
    edges = {(pattern.depth - 1 - place, child, parent) for place, parent, child in above} | set(
        _walk(pattern, layer, unit, (k1, k2))
    )
    avoiding = _avoiding(pattern, layer, unit, k2, j2)
    factors: list[dict[tuple[int, int], Fraction]] = [{} for _ in pattern.layers]
    for place, row, column in [*edges, *avoiding]:
        factors[place][row, column] = Fraction(1)
    # The weight of the edge of the avoiding path into layer l makes the fourth entry vanish.
    place, row, column = avoiding[layer - 1]
    factors[place][row, column] = Fraction(0)
    without = _entry(factors, j2, k2)
    factors[place][row, column] = Fraction(1)
    factors[place][row, column] = -without / (_entry(factors, j2, k2) - without)
    limit = [[Fraction(0), _entry(factors, j1, k2)], [_entry(factors, j2, k1), Fraction(0)]]
    curve: Factors = []
    for place, factor in enumerate(factors):
        scaled: dict[tuple[int, int], Laurent] = {}
        for (row, column), value in factor.items():
            power = (place == pattern.depth - 1 and row == j1) - (place == 0 and column == k2)
            scaled[row, column] = monomial(value, int(power))
        curve.append(scaled)
    return curve, [j1, j2], [k1, k2], limit, {"layer": layer, "unit": unit}


def _walk(
    pattern: Pattern, layer: int, unit: int, starts: Sequence[int]
) -> list[tuple[int, int, int]]:
    """Edges (mask, row, column) of one path from every start (an input) to a unit of a layer."""
    leading = reaching(pattern.part(0, layer), [unit])
    return [edge for start in starts for edge in edges_up(pattern, start, leading)]


def _avoiding(
    pattern: Pattern, layer: int, unit: int, start: int, end: int
) -> list[tuple[int, int, int]]:
    """Edges of a path from an input to an output that does not go through the unit."""
    units = [np.arange(width) for width in pattern.widths]
    units[layer] = np.delete(units[layer], unit)
    rest = pattern.select(units)
    edges = _walk(rest, pattern.depth, end, [start])
    return [
        (place, int(units[place + 1][row]), int(units[place][column]))
        for place, row, column in edges
    ]


def _entry(
    factors: Sequence[Mapping[tuple[int, int], Fraction]], row: int, column: int
) -> Fraction:
    """One entry of the product."""
    values = {column: Fraction(1)}
    for factor in factors:
        nxt: dict[int, Fraction] = {}
        for (i, j), weight in factor.items():
            if j in values:
                nxt[i] = nxt.get(i, Fraction(0)) + weight * values[j]
        values = nxt
    return values.get(row, Fraction(0))


def these_inputs(
    pattern: Pattern, points: Sequence[Sequence[Fraction]], clock: Clock = UNLIMITED
) -> dict[str, Any] | None:
    """The witness of a unique cut for given inputs, or None.

    The pigeonhole needs more than rho times as many points as lie on any one hyperplane; all
    inputs vary, so rho counts all units on paths to the two outputs.

    >>> moment = [[Fraction(s), Fraction(s * s)] for s in range(9)]
    >>> these_inputs(Pattern.of(["11/01", "10/11"]), moment)["Y"][:3]
    [[0, 0], [1, 1], [4, 2]]
    >>> these_inputs(Pattern.of(["11/01", "10/11"]), moment[:8]) is None
    True
    """
    width = pattern.widths[0]
    distinct = list(dict.fromkeys(map(tuple, points)))
    if not 2 <= width <= 3 or len(distinct) > MAX_GIVEN:
        return None
    found = _cut(pattern, clock)
    if found is None:
        return None
    factors, (j1, j2), inputs, limit, missed = found
    everything = list(range(width))
    rho = _patterns(on_paths(pattern, everything, [j1, j2])[1:-1], width)
    if len(distinct) <= rho * _on_one_hyperplane(distinct, clock):
        return None
    whole = [[Fraction(0)] * width for _ in limit]
    for row, entries in zip(whole, limit, strict=True):
        for k, value in zip(inputs, entries, strict=True):
            row[k] = value
    bound = {k: max(abs(x[k]) for x in distinct) for k in everything}
    return data_witness(
        "N1",
        everything,
        [j1, j2],
        distinct,
        images(whole, distinct),
        active(pattern, factors, bound),
        limit=rows_json(whole),
        missed={**missed, "inputs": inputs},
    )


def _on_one_hyperplane(points: Sequence[tuple[Fraction, ...]], clock: Clock) -> int:
    """The largest number of points on one line (plane) in two (three) dimensions."""
    n = len(points[0])
    most = 0
    for chosen in combinations(points, n):
        clock.check()
        steps = [[v - o for v, o in zip(x, chosen[0], strict=True)] for x in chosen[1:]]
        if n == 2:
            normal = [-steps[0][1], steps[0][0]]
        else:
            (a, b, c), (d, e, f) = steps
            normal = [b * f - c * e, c * d - a * f, a * e - b * d]
        if any(normal):
            level = sum(m * v for m, v in zip(normal, chosen[0], strict=True))
            on = sum(
                1 for x in points if sum(m * v for m, v in zip(normal, x, strict=True)) == level
            )
            most = max(most, on)
    return most or len(points)


# -- an explicit matrix by search ------------------------------------------------------------------


def by_search(
    pattern: Pattern, decision: Decision, clock: Clock, biased: bool = True
) -> dict[str, Any] | None:
    """The witness for products decided not closed: a curve, its limit, why it is missed; or None.

    Looks at the restriction in the decision's certificate, then at the whole pattern if small.
    """
    if decision.verdict is not Verdict.NOT_CLOSED or decision.certificate is None:
        return None
    for outputs, inputs in _places(pattern, decision.certificate.proof):
        if len(outputs) * len(inputs) > SEARCH_CELLS:
            continue
        if points_needed(pattern, inputs, outputs) > MAX_POINTS:
            continue
        units = on_paths(pattern, inputs, outputs)
        if len(units[0]) < len(inputs) or len(units[-1]) < len(outputs):
            continue
        part = pattern.select(units)
        step = nonclosed.find(part, clock=clock)
        if step is None:
            continue
        factors: Factors = []
        for place, entries in enumerate(step.data["factors"]):
            factors.append(
                {
                    (int(units[place + 1][i]), int(units[place][j])): {
                        e: Fraction(c) for e, c in series
                    }
                    for i, j, series in entries
                }
            )
        limit = [[Fraction(0)] * len(inputs) for _ in outputs]
        for j, k, value in step.data["limit"]:
            limit[j][k] = Fraction(value)
        proof = Proof(
            "restrict", {"outputs": outputs, "inputs": inputs}, (Proof("trim", {}, (step,)),)
        )
        missed = {"proof": proof.to_json()}
        return _witness(pattern, factors, outputs, inputs, limit, missed, biased)
    return None


def _places(pattern: Pattern, proof: Proof) -> list[tuple[list[int], list[int]]]:
    """Outputs and inputs worth a search: the certificate's restriction first, then everything."""
    found = []
    if proof.rule == "restrict":
        found.append((list(proof.data["outputs"]), list(proof.data["inputs"])))
    units = on_paths(pattern)
    found.append((units[-1].tolist(), units[0].tolist()))
    return found


def some_targets(decision: Decision, cube: bool = False) -> dict[str, Any] | None:
    """The witness that is the matrix certificate itself, for targets that are not written out."""
    if decision.verdict is not Verdict.NOT_CLOSED or decision.certificate is None:
        return None
    claim = "cube_not_closed" if cube else "some_targets"
    return {"theorem": "N1", "claim": claim, "certificate": decision.certificate.to_json()}


# -- the witness -----------------------------------------------------------------------------------


def _witness(
    pattern: Pattern,
    factors: Factors,
    outputs: list[int],
    inputs: list[int],
    limit: Rows,
    missed: dict[str, Any],
    biased: bool,
) -> dict[str, Any]:
    count = points_needed(pattern, inputs, outputs)
    origin, scale = [Fraction(0)] * len(inputs), [Fraction(1)] * len(inputs)
    if not biased:
        curve, origin, scale = steady(pattern, factors, inputs, count)
    points = [
        [o + c * Fraction(s) ** (j + 1) for j, (o, c) in enumerate(zip(origin, scale, strict=True))]
        for s in range(count)
    ]
    if biased:
        bound = {k: abs(points[-1][column]) for column, k in enumerate(inputs)}
        curve = active(pattern, factors, bound)
    return data_witness(
        "N1",
        inputs,
        outputs,
        points,
        images(limit, points),
        curve,
        origin=list(map(number_to_json, origin)),
        scale=list(map(number_to_json, scale)),
        limit=rows_json(limit),
        missed=missed,
    )


def images(matrix: Rows, points: Iterable[Sequence[Fraction]]) -> Rows:
    """The matrix applied to every point."""
    return [[_dot(row, x) for row in matrix] for x in points]


def active(pattern: Pattern, factors: Factors, bound: Mapping[int, Fraction]) -> Curve:
    """The network with these weights, all units active where |x_k| <= bound[k], for 0 < eps <= 1.

    A hidden unit's value is its linear part plus a constant K eps^low that outweighs it; the
    output bias removes what the constants contribute.
    """
    curve = Curve(pattern.depth)
    rows: Series = {k: {k: {0: Fraction(1)}} for k in bound}
    for place, factor in enumerate(factors):
        curve.weights[place] |= {cell: w for cell, w in factor.items() if w and cell[1] in rows}
        rows = _times(factor, rows)
        for i, row in rows.items():
            shift = row.pop(CONSTANT, {})
            wanted: Laurent = {}
            if place + 1 < pattern.depth:
                low = min((e for series in row.values() for e in series), default=0)
                size = sum(
                    (
                        abs(Fraction(c)) * bound[k]
                        for k, series in row.items()
                        for c in series.values()
                    ),
                    Fraction(0),
                )
                wanted = {min(low, 0): Fraction(int(size) + 1)}
            row[CONSTANT] = wanted
            curve.biases[place][i] = add(wanted, multiply({0: -1}, shift))
    return curve


def _times(factor: Mapping[tuple[int, int], Laurent], rows: Series) -> Series:
    """The rows of the factor times a product, given by its rows."""
    found: Series = {}
    for (i, j), weight in factor.items():
        for k, series in rows.get(j, {}).items() if weight else ():
            row = found.setdefault(i, {})
            row[k] = add(row.get(k, {}), multiply(weight, series))
    return found


def steady(
    pattern: Pattern, factors: Factors, inputs: Sequence[int], count: int
) -> tuple[Curve, list[Fraction], list[Fraction]]:
    """The network with these weights up to signs and no biases, and origin and scale of a moment
    curve on whose points s = 0, ..., count - 1 all its units are active or 0 for small eps.

    This is the construction in the proof: p = (1, t, t^2, ...) for the first t that fits.
    """
    directions: list[dict[int, list[Fraction]]] = []  # per hidden layer and unit
    rows: Series = {k: {k: {0: Fraction(1)}} for k in inputs}
    for factor in factors[:-1]:
        rows = _times(factor, rows)
        found = {}
        for i, row in rows.items():
            low = min((e for series in row.values() for e, c in series.items() if c), default=None)
            if low is not None:
                found[i] = [Fraction(row.get(k, {}).get(low, 0)) for k in inputs]
        directions.append(found)
    every = [direction for layer in directions for direction in layer.values()]
    for t in count_from(1):
        origin = [Fraction(t) ** j for j in range(len(inputs))]
        if all(_dot(direction, origin) for direction in every):
            break
    gaps = [abs(_dot(d, origin)) / sum(map(abs, d), Fraction(0)) for d in every]
    near = Fraction(1)  # points at most this far from the origin are on the same sides
    while any(near >= gap for gap in gaps):
        near /= 2
    step = Fraction(1)
    while step * count > 1:
        step /= 2
    scale = [near * step ** (j + 1) for j in range(len(inputs))]
    signs = [
        {i: 1 if _dot(d, origin) > 0 else -1 for i, d in layer.items()} for layer in directions
    ]
    curve = Curve(pattern.depth)
    for place, factor in enumerate(factors):
        above = signs[place] if place < len(signs) else {}
        below = signs[place - 1] if place else {}
        for (i, j), weight in factor.items():
            curve.weights[place][i, j] = multiply({0: above.get(i, 1) * below.get(j, 1)}, weight)
    return curve, origin, scale


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))
