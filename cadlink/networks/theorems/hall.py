"""R18: more inputs than the first-layer units that see them (a Hall violation), at any depth.

*Theorem.*  Let there be at least two hidden layers.  Let c_0, ..., c_n be inputs and u_1, ..., u_n,
n >= 1, all the first-layer units that see one of them and reach an output.  Let u_i see c_i for
every i and u_1 also c_0; let k be a unit of a later hidden layer, with a free bias, on a path from
u_1 to an output; and let every u_i have a path to an output that avoids k.  Then some finite
training set has infimum 0, not attained.  No other bias is needed, and any may be there.

*Data.*  Coordinates x_0, ..., x_n for the inputs c_0, ..., c_n; all other inputs are 0.  Choose a
part of the network: the paths of the theorem, in which p_i paths lead from u_i to k, g_i (one
number per output) from u_i to the outputs avoiding k, and g from k to the outputs.  Let R be an
integer, R >= 5, R > 2 max_i p_i / p_1.  Points x- = R e_1 and x+ = x- + e_0; and for i = 1..n a
cluster of D Q + 1 points (D = n + 1) with x_i = 1, x_j = -2 for the other j >= 1 and x_0 = 0, each
plus (s, s^2, ..., s^D) at distinct s in [0, 1).  With N_l the units of hidden layer l on paths from
the inputs c to the outputs used, Q = min(prod (D N_l + 1), prod sum_{j <= D} binomial(N_l, j)).
Target: sum_i g_i relu(x_i), plus p_1 g at x+.

*Approached.*  u_1 = relu(x_1 + eps x_0), u_i = relu(x_i), weights 1 on the part chosen, but 1/eps
into k, whose bias is -R p_1 / eps; all others 0.  All values are at least 0, so units but k pass
on sums.  k sees (sum_i p_i u_i - R p_1) / eps, which is 0 at x-, p_1 at x+, and negative on cluster
i, where u_j = 0 for j != i and p_i u_i < 2 p_i + p_i eps < R p_1 for small eps.

*Missed.*  Some D + 1 affinely independent points of cluster i share a pattern of active units.
Either because there are at most prod sum binomial(N_l, j) patterns on R^D: N hyperplanes make at
most sum_{j <= D} binomial(N, j) patterns "> 0, <= 0" in each piece.  Or because along the curve in
s a pre-activation is a polynomial of degree D at most on each piece, so every layer cuts each into
at most D N_l + 1 closed pieces, on which no unit changes sign; any D + 1 points of the curve are
affinely independent (Vandermonde).  There every output is affine; an output in which g_i is not 0
has gradient g_i e_i, a combination of the rows of the first weight matrix, columns c.  Only the
rows of the n units matter, so e_1, ..., e_n span their space, and the network does not see x_0.
But its targets at x- and x+ differ, by p_1 g.

Such inputs and units exist iff no matching of inputs with first-layer units covers the inputs on
paths (P. Hall): always if there are fewer first-layer units than such inputs.  From an input that
a maximum matching misses, alternating paths lead to the c, their partners are the u.  Any u that
reaches k can be u_1: if alternating paths found it from c, shift the matching along the path to c,
which c then misses, while u keeps its partner.  k fails to be avoidable iff it is the only unit of
its layer that some u_i reaches, among those that reach an output.

Dense networks: with at least three layers and N_1 < N_0 every finite training set has an optimum
iff N_2 = ... = N_{L-1} = 1: R13 is the one side, k in a layer with two units the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from cadlink.clock import Clock
from cadlink.networks.curve import Curve
from cadlink.networks.theorems.linear_part import points_needed
from cadlink.networks.theorems.theorem import Case, data_witness
from cadlink.networks.theorems.walk import edges_up
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.paths import Units, on_paths, reaching

__all__ = ["existence", "some_data"]

MAX_NUMBERS = 100_000  # coordinates; more are not written out
MAX_STARTS = 200  # inputs missed by the matching from which alternating paths are followed
MAX_INPUTS = 12  # s^D beyond that is no number for a float
TERM_S = 3e-8  # seconds for a term of a product of sparse matrices


@dataclass(frozen=True)
class _Violation:
    """Inputs c_0, ..., c_n, units u_1, ..., u_n, and k as its unit layer and number."""

    inputs: list[int]
    units: list[int]
    layer: int
    unit: int


def existence(case: Case) -> dict[str, Any] | None:
    """The witness without data, or None when the theorem does not apply.

    >>> existence(Case.of(Pattern.of(["11", "1/1", "11"])))
    {'theorem': 'R18', 'claim': 'some_targets', 'inputs': [1, 0], 'units': [0], 'kink': [2, 0]}
    """
    for found in case.once(_violations)[:1]:
        return {
            "theorem": "R18",
            "claim": "some_targets",
            "inputs": found.inputs,
            "units": found.units,
            "kink": [found.layer, found.unit],
        }
    return None


def some_data(case: Case) -> dict[str, Any] | None:
    """The witness with data, or None when the theorem does not apply or needs too many points.

    >>> len(some_data(Case.of(Pattern.of(["111/111", "11/11", "11"])))["X"])
    100
    """
    for found in case.once(_violations):
        if len(found.inputs) <= MAX_INPUTS:
            witness = _witness(case.pattern, found, case.clock)
            if witness is not None:
                return witness
    return None


# -- finding ---------------------------------------------------------------------------------------


def _violations(case: Case) -> list[_Violation]:
    """Violations with a k, those with the fewest units first."""
    pattern, clock = case.pattern, case.clock
    if pattern.depth < 3 or not any(case.biases[1:-1]):
        return []
    live = on_paths(pattern)
    mask = pattern.layers[0][live[1], :][:, live[0]]
    if not mask.shape[0]:
        return []
    partner = maximum_bipartite_matching(mask, perm_type="row")  # the unit of an input, or -1
    clock.check()
    columns = mask.tocsc()
    reached: dict[bytes, tuple[Units, Units]] = {}
    looking = clock.share(1 / 2)
    for start in np.flatnonzero(partner < 0)[:MAX_STARTS]:
        if reached and looking.expired():
            break
        order, before = _alternating(columns, partner, int(start), clock)
        key = np.sort(partner[order[1:]]).tobytes()
        reached.setdefault(key, (order, before))
    found = []
    for key in sorted(reached, key=len):
        order, before = reached[key]
        clock.check()
        chosen = _kink(case, live, live[1][partner[order[1:]]])
        if chosen is not None:
            layer, unit, first = chosen
            here = int(order[1 + first])  # the partner of u_1
            missed, rest = _shifted(partner, before, order, here)
            names = [int(live[0][c]) for c in (missed, here, *rest)]
            seeing = [int(live[1][u]) for u in (partner[here], *rest.values())]
            found.append(_Violation(names, seeing, layer, unit))
    return found


def _alternating(columns: Any, partner: Units, start: int, clock: Clock) -> tuple[Units, Units]:
    """The inputs on alternating paths from one that is missed, in the order in which they are
    found, and from which each was: an input leads to the partners of the units that see it."""
    units, inputs = columns.shape
    matched = np.full(units, -1)
    taken = np.flatnonzero(partner >= 0)
    matched[partner[taken]] = taken
    before = np.full(inputs, -1)
    fresh = np.ones(units, dtype=bool)
    parts = [np.array([start])]
    while parts[-1].size:
        clock.check()
        frontier = columns[:, parts[-1]]
        source = np.full(units, -1)
        source[frontier.indices] = np.repeat(parts[-1], np.diff(frontier.indptr))
        new = np.flatnonzero(fresh & (source >= 0))
        fresh[new] = False
        before[matched[new]] = source[new]
        parts.append(matched[new])
    return np.concatenate(parts), before


def _shifted(partner: Any, before: Any, order: Any, here: int) -> tuple[int, dict[int, int]]:
    """The missed input, and the unit of every other input but ``here``, when the matching is
    shifted so that the unit of ``here`` sees the missed input."""
    rest = {int(c): int(partner[c]) for c in order[1:] if c != here}
    missed = c = int(before[here])
    while c != order[0]:
        previous = int(before[c])
        rest[previous] = int(partner[c])
        c = previous
    rest.pop(missed, None)
    return missed, rest


def _kink(case: Case, live: list[Units], units: Units) -> tuple[int, int, int] | None:
    """k that all these units can avoid: its layer and number, and which of the units reaches it."""
    pattern = case.pattern
    ones = np.ones(len(units), dtype=bool)
    reach = csr_array((ones, (units, range(len(units)))), (pattern.widths[1], len(units)))
    for layer in range(2, pattern.depth):
        keep, mask = live[layer], pattern.layers[layer - 1]
        case.clock.afford(TERM_S * int(np.diff(reach.indptr)[mask.indices].sum()))
        reach = csr_array(mask @ reach)
        if not case.biases[layer - 1]:
            continue
        rows = reach[keep, :]
        alone = rows.sum(axis=0) == 1
        forced = rows[:, np.flatnonzero(alone)].sum(axis=1) > 0
        free = np.flatnonzero((np.diff(rows.indptr) > 0) & ~forced)
        if len(free):
            place = int(free[0])
            return layer, int(keep[place]), int(row(rows, place)[0])
    return None


# -- the data --------------------------------------------------------------------------------------


def _witness(pattern: Pattern, found: _Violation, clock: Clock) -> dict[str, Any] | None:
    edges = _part(pattern, found)
    counts = [_paths(edges, pattern.depth, unit, found) for unit in found.units]
    to_kink = [count for count, _ in counts]
    after = _paths_from(edges, pattern.depth, {found.unit: 1}, found.layer)
    outputs = sorted({j for _, ends in counts for j in ends} | set(after))
    n = len(found.units)
    size = points_needed(pattern, found.inputs, outputs)
    if (2 + n * size) * (n + 1) > MAX_NUMBERS:
        return None
    far = max(5, 2 * max(to_kink) // to_kink[0] + 1)
    low = [Fraction(v) for v in (0, far, *[0] * (n - 1))]
    points = [low, [Fraction(1), *low[1:]]]
    step = Fraction(1, 1 << (size - 1).bit_length())  # dyadic, for floats
    for i in range(1, n + 1):
        clock.check()
        start = [0, *(1 if j == i else -2 for j in range(1, n + 1))]
        for q in range(size):
            points.append([v + Fraction(q * step) ** p for p, v in enumerate(start, 1)])
    targets = []
    for x in points:
        clock.check()
        y = dict.fromkeys(outputs, Fraction(0))
        for (_, ends), value in zip(counts, x[1:], strict=True):
            if value > 0:
                for j, count in ends.items():
                    y[j] += count * value
        targets.append(y)
    for j, count in after.items():
        targets[1][j] += to_kink[0] * count
    ys = [list(y.values()) for y in targets]
    curve = _curve(pattern, found, edges, far * to_kink[0])
    return data_witness("R18", found.inputs, outputs, points, ys, curve, scale=[1] * (n + 1))


Edges: TypeAlias = list[dict[int, set[int]]]  # per layer of weights, the units that a unit feeds


def _part(pattern: Pattern, found: _Violation) -> Edges:
    """A few paths: from every u to an output without k, and from u_1 through k to one."""
    to_output = reaching(pattern, None)
    below = pattern.part(0, found.layer)
    others = to_output[found.layer].copy()
    others[found.unit] = False
    avoiding = [*reaching(below, np.flatnonzero(others).tolist()), *to_output[found.layer + 1 :]]
    paths = [edges_up(pattern, unit, avoiding, 1) for unit in found.units]
    paths.append(edges_up(pattern, found.units[0], reaching(below, [found.unit]), 1))
    paths.append(edges_up(pattern, found.unit, to_output, found.layer))
    edges: Edges = [{} for _ in pattern.layers]
    for place, above, unit in (edge for path in paths for edge in path):
        edges[place].setdefault(unit, set()).add(above)
    return edges


def _paths(edges: Edges, depth: int, unit: int, found: _Violation) -> tuple[int, dict[int, int]]:
    """The number of paths from a first-layer unit to k, and to each output without k."""
    counts = {unit: 1}
    to_kink = 0
    for layer in range(1, depth):
        if layer == found.layer:
            to_kink = counts.pop(found.unit, 0)
        counts = _paths_from(edges, layer + 1, counts, layer)
    return to_kink, counts


def _paths_from(edges: Edges, top: int, counts: dict[int, int], layer: int) -> dict[int, int]:
    for place in range(layer, top):
        above: dict[int, int] = {}
        for unit, count in counts.items():
            for fed in edges[place].get(unit, ()):
                above[fed] = above.get(fed, 0) + count
        counts = above
    return counts


def _curve(pattern: Pattern, found: _Violation, edges: Edges, threshold: int) -> Curve:
    curve = Curve(pattern.depth)
    for unit, place in zip(found.units, found.inputs[1:], strict=True):
        curve.weight(0, unit, place, {0: 1})
    curve.weight(0, found.units[0], found.inputs[0], {1: 1})
    for place in range(1, pattern.depth):
        for unit, above in edges[place].items():
            for fed in above:
                kink = (place + 1, fed) == (found.layer, found.unit)
                curve.weight(place, fed, unit, {-1 if kink else 0: 1})
    curve.bias(found.layer - 1, found.unit, {-1: -threshold})
    return curve
