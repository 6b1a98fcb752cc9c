"""R17: a deep network with as many kinks on a line as it can have; one output is enough.

*Kinks.*  Fix an output o and a line p + t u.  The *ancestors* are the hidden units with a path from
an input in the support of u and one to o.  For an ancestor w let T(w) = 1 + sum of T(v) over the
ancestors v on paths to w, and kappa = sum of T(w) over all ancestors.  Then output o has at most
kappa kinks on the line.  *Proof.*  A kink of relu(z_w) is a kink of z_w or a *crossing*: a sign
change inside an affine piece of z_w, of which each piece holds at most one.  Kinks of z_w are
crossings of ancestors of w, so z_w has at most T(w) pieces and w at most T(w) crossings.

*Theorem.*  Let there be at least two hidden layers and free biases in all of them.  Let A_l be the
ancestors in hidden layer l = 1, ..., L - 1; suppose that every unit of A_{l+1} sees all of A_l,
that |A_l| >= 3 for l <= L - 2 and N = |A_{L-1}| >= 2.  Then some finite training set on the line
has infimum 0, not attained.  No output bias is needed.

*Data.*  Points on the line in order, a change of slope 0 at every second of three: c < m < d.
Between successive middle points m, m' lie d and c.  A *window* (m, m') is *single* if the targets'
changes of slope at d and at c have the same sign and *double* if they have opposite signs (neither
is 0); windows next to a double one are single.

*Missed.*  Let an output o fit these data, and let single windows count one, double ones two, kappa
in all.  If o were affine in (m, m'), its changes of slope at d and c would be 0; with one kink
there, it would be convex or concave and they would not be opposite.  So each window holds exactly
as many kinks as it counts, and there are no others.  In a single window the kink is in [d, c]
(else a change of slope there would be 0), where the lines through m, d and through c, m' meet: its
place and its change of slope are known.  In a double one the neighbours' lines reach from m to d
and from c to m', so the kinks satisfy d <= k_1 < k_2 <= c.  As there are kappa kinks, all crossings
are distinct, every w crosses once inside each of T(w) pieces, and every crossing of an ancestor is
a kink of all units above it.  Let all last hidden units have the same ancestors, whose
crossings we call X.  Each of the N units z_j crosses once between neighbouring X, so the kinks are,
in order, N crossings of last hidden units, an X, N crossings, an X, and so on.  Take a double
window whose first kink has a number divisible by N + 1, with N single windows before and N - 1
after.  Then k_1 is an X and k_2 a crossing of some z_j.  Another unit z_i has a crossing s
among the N before and s' among the N - 1 after.  It is affine on [s, k_1] and on [k_1, s'] and
vanishes at s and s'; so with the changes of slope b, b' of o at s and s', which have one sign,
b (k_1 - s) = b' (s' - k_1).  Hence k_1 is the mean of s and s' with weights b, b'.  If
no such mean, of s before and s' after with changes of one sign, lies in [d, c), that contradicts
d <= k_1 < c.

*Approached.*  For n >= 3 let psi_n rise from 0 to H on [0, 1], fall to 0 on [1, 3], rise on [3, 5],
and so on, n + 1 pieces on [0, 2n + 1], kinks 1, 3, ..., 2n - 1.  It is 5 H + sum_i a_i relu(y -
c_i) with a = (-3/2, 1, -1, 1, ...) H, but relu(c_i - y) for i = 3: the slope on the left is then
-a_3 = H.  Hidden layers 1, ..., L - 2 realise y <- psi(y), starting from t, each with its height H
equal to the length of the next domain, so that layer l crosses inside every piece.  In the last of
these layers (n units) the kink c_n is moved to c_n - 2 H eps.  The last hidden layer has z_j = -g
(psi_n - theta_j), j >= 2, and z_1 = g (psi_n - theta_1) - q / eps with distinct levels theta in (0,
H), g = 1 for odd n and -1 for even, q = relu(y - c_n) (and relu(c_1 - y) added if n = 3, where this
relu is minus one used); all output weights are 1.  In the limit z_1 is positive just before y = c_n
and off for y > c_n: the output jumps, down to 0, and the crossing that z_1 loses on each piece
beyond is in the jump beside it.  So the limit has kappa kinks if a jump counts two: levels are
distinct, and at an X the active units are either z_1 or the others, which bend the same way. At the
first jump (y rising) one point lies at its foot, where q / eps -> 2 H > z_1, and its left neighbour
so near that no mean but the foot itself, which [d, c) does not contain, is between.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

from cadlink.networks.curve import Curve
from cadlink.networks.theorems.theorem import Case, data_witness
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.paths import Units, meeting, on_paths, reached, reaching

__all__ = [
    "Line",
    "cover",
    "existence",
    "lines",
    "on_line",
    "seen_of",
    "some_data",
    "three_to_a_gap",
]

# The inputs that move, the output, the ancestors per hidden layer.
Line: TypeAlias = tuple[list[int], int, list[Units]]

MAX_WORK = 1_000_000  # points times weights of the curve: some seconds
MOST_OUTPUTS = 20  # that are tried
MOST_INPUTS = 5  # that are tried alone


def existence(case: Case) -> dict[str, Any] | None:
    """The witness without data, or None when the theorem does not apply.

    >>> existence(Case.of(Pattern.of(["1/1/1", "111/111", "11"]), (True, True, False)))
    {'theorem': 'R17', 'claim': 'some_targets', 'inputs': [0], 'output': 0}
    """
    for inputs, output, layers in case.once(_saturated)[:1]:
        return {
            "theorem": "R17",
            "claim": "some_targets",
            "inputs": cover(case, inputs, layers[0]),
            "output": output,
        }
    return None


def some_data(case: Case) -> dict[str, Any] | None:
    """The witness with the fewest points found, or None if it would be too large.

    >>> len(some_data(Case.of(Pattern.of(["1/1/1", "111/111", "11"]), (True, True, False)))["X"])
    30
    """
    able = case.once(_saturated)
    if not able:
        return None
    inputs, output, layers = min(able, key=lambda line: _kinks(line[2]))
    widths = [len(layer) for layer in layers]
    weights = sum(a * b for a, b in pairwise((1, *widths, 1)))
    if 3 * _kinks(layers) * weights > MAX_WORK:
        return None
    return _witness(case, cover(case, inputs, layers[0]), output, layers)


def lines(case: Case) -> list[Line]:
    """Lines and outputs, for hidden layers with biases.

    All inputs at once, and single inputs that fewer first-layer units see, the fewest first.
    """
    pattern, clock = case.pattern, case.clock
    if pattern.depth < 3 or not all(case.biases[:-1]):
        return []
    found: list[Line] = []
    up, live = reached(pattern, None), on_paths(pattern)
    below = pattern.layers[-2][:, live[-3]]
    down = {}
    for output in live[-1][:MOST_OUTPUTS].tolist():
        clock.check()
        feeding = np.intersect1d(pattern.layers[-1][[output], :].indices, live[-2])
        seen_by = below[feeding, :]
        if (np.diff(seen_by.indptr) < len(np.unique(seen_by.indices))).any():
            continue  # one that does not see all
        down[output] = reaching(pattern, [output])
        units = meeting(up, down[output])
        found.append((units[0].tolist(), output, units[1:-1]))
    columns = pattern.layers[0][live[1], :].tocsc()
    seen: dict[tuple[int, ...], int] = {}
    sizes = np.diff(columns.indptr)[live[0]]
    for place in live[0][np.argsort(sizes, kind="stable")].tolist():
        clock.check()
        column = row(columns, place).tolist()
        if len(column) == len(live[1]) or len(seen) == MOST_INPUTS:
            break
        seen.setdefault(tuple(sorted(column)), place)
    for key in seen:
        up = reached(pattern, [seen[key]])
        for output in live[-1][:MOST_INPUTS].tolist():
            clock.check()
            if output not in down:
                down[output] = reaching(pattern, [output])
            found.append(([seen[key]], output, meeting(up, down[output])[1:-1]))
    return found


def cover(case: Case, inputs: Sequence[int], units: Units) -> list[int]:
    """A few inputs such that each of these first-layer units sees one."""
    seen = case.pattern.layers[0][units, :][:, inputs].toarray()
    found = []
    while len(seen):
        case.clock.check()
        best = int(seen.sum(axis=0).argmax())
        found.append(inputs[best])
        seen = seen[~seen[:, best]]
    return sorted(found)


def _saturated(case: Case) -> list[Line]:
    """The lines whose ancestors are wide enough and fully connected."""
    found = []
    for line in case.once(lines):
        case.clock.check()
        if _saturates(case.pattern, line[2]):
            found.append(line)
    return found


def _saturates(pattern: Pattern, layers: Sequence[Units]) -> bool:
    if len(layers[-1]) < 2 or min(len(layer) for layer in layers[:-1]) < 3:
        return False
    return all(
        pattern.layers[place][above, :][:, below].nnz == len(above) * len(below)
        for place, (below, above) in enumerate(pairwise(layers), 1)
    )


def _kinks(layers: Sequence[Units]) -> int:
    """kappa of fully connected ancestors."""
    return prod(len(layer) + 1 for layer in layers) - 1


# -- the data --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A piece of the line on which all hidden layers but the last are affine.

    From ``start`` to ``end`` the argument of the last zigzag runs from ``low`` to ``high``, and the
    zigzag itself from ``first`` to ``last``.
    """

    start: Fraction
    end: Fraction
    low: Fraction
    high: Fraction
    first: Fraction
    last: Fraction


Break: TypeAlias = tuple[Fraction, str]  # where, and what: "kink", "jump" or "foot"


def _heights(layers: Sequence[Units]) -> list[int]:
    """H of the zigzag of every hidden layer but the last."""
    levels = 1 << len(layers[-1]).bit_length()
    return [2 * len(layer) + 1 for layer in layers[1:-1]] + [levels]


def _pieces(layers: Sequence[Units]) -> list[_Piece]:
    """The line cut at the kinks of all hidden layers but the last."""
    whole = Fraction(2 * len(layers[0]) + 1)
    pieces = [_Piece(Fraction(0), whole, Fraction(0), whole, Fraction(0), whole)]
    for layer, height in zip(layers[:-1], _heights(layers), strict=True):
        edges = [0, *range(1, 2 * len(layer), 2), 2 * len(layer) + 1]
        cut: list[_Piece] = []
        for whole_piece in pieces:
            at, rate = whole_piece.start, whole_piece.end - whole_piece.start
            rate /= abs(whole_piece.last - whole_piece.first)
            steps = list(enumerate(pairwise(edges)))
            up = whole_piece.last > whole_piece.first
            for number, (low, high) in steps if up else reversed(steps):
                end = at + rate * (high - low)
                values = [Fraction(number % 2 * height), Fraction((number + 1) % 2 * height)]
                sides = [Fraction(low), Fraction(high)]
                if not up:
                    values.reverse()
                    sides.reverse()
                cut.append(_Piece(at, end, *sides, *values))
                at = end
        pieces = cut
    return pieces


def _witness(case: Case, inputs: list[int], output: int, layers: Sequence[Units]) -> dict[str, Any]:
    n, count = len(layers[-2]), len(layers[-1])
    sign = 1 if n % 2 else -1
    pieces = _pieces(layers)

    def off(piece: _Piece) -> bool:
        """Whether z_1 is switched off there."""
        low = min(piece.low, piece.high)
        return low >= 2 * n - 1 or (n == 3 and low < 1)

    levels = [Fraction(j + 1) for j in range(count)]
    breaks: list[Break] = []
    for place, piece in enumerate(pieces):
        case.clock.check()
        slope = (piece.last - piece.first) / (piece.end - piece.start)
        for level in levels[1:] if off(piece) else levels:
            breaks.append((piece.start + (level - piece.first) / slope, "kink"))
        if place + 1 < len(pieces):
            jump = off(piece) != off(pieces[place + 1])
            rising = piece.high == 2 * n - 1 and piece.low < piece.high
            first = jump and rising and all(kind != "foot" for _, kind in breaks)
            breaks.append((piece.end, "foot" if first else "jump" if jump else "kink"))
    breaks.sort()
    special = next(i for i, (_, kind) in enumerate(breaks) if kind == "foot")

    def limit(t: Fraction, piece: _Piece) -> Fraction:
        case.clock.check()
        psi = piece.first + (t - piece.start) * (piece.last - piece.first) / (
            piece.end - piece.start
        )
        total = sum((max(-sign * (psi - level), Fraction(0)) for level in levels[1:]), Fraction(0))
        return total if off(piece) else total + max(sign * (psi - levels[0]), Fraction(0))

    # all changes of slope nearby are equal, so means are midpoints
    before = [t for t, _ in breaks[special - count : special]]
    after = [t for t, _ in breaks[special + 1 : special + count]]
    means = [(s + t) / 2 for s in before for t in after]
    times = three_to_a_gap(breaks, [*means, before[-1]])
    starts = [piece.start for piece in pieces]
    targets = [limit(t, pieces[max(bisect_right(starts, t) - 1, 0)]) for t in times]
    points = on_line(times, inputs)
    curve = _curve(case.pattern, inputs, output, layers)
    return data_witness(
        "R17", inputs, [output], points, [[y] for y in targets], curve, jump=special
    )


def three_to_a_gap(breaks: Sequence[Break], means: Sequence[Fraction]) -> list[Fraction]:
    """Three points in every gap between breaks, and before and after them.

    One lies on the foot of the jump, its left neighbour beyond all the means to the left of it.

    >>> points = three_to_a_gap([(Fraction(0), "kink"), (Fraction(4), "foot")], [Fraction(2)])
    >>> [str(t) for t in points]
    ['-3', '-2', '-1', '1', '2', '7/2', '4', '6', '7']
    """
    edges = [(breaks[0][0] - 4, "end"), *breaks, (breaks[-1][0] + 4, "end")]
    times = []
    for (start, kind), (end, next_kind) in pairwise(edges):
        gap = end - start
        near, middle, far = (start + gap * Fraction(i, 4) for i in (1, 2, 3))
        if kind == "foot":
            near = start
        if next_kind == "foot":
            room = end - max(mean for mean in means if mean < end)
            step = gap
            while step > min(room / 2, gap / 8):
                step /= 2
            far = end - step
        times += [near, middle, far]
    return times


def on_line(times: Sequence[Fraction], inputs: Sequence[int]) -> list[list[Fraction]]:
    """The points of the line t (1, ..., 1)."""
    return [[t] * len(inputs) for t in times]


def seen_of(pattern: Pattern, unit: int, inputs: Sequence[int]) -> int:
    """One of these inputs that a first-layer unit sees."""
    seen = set(row(pattern.layers[0], unit).tolist())
    return next(k for k in inputs if k in seen)


def _curve(pattern: Pattern, inputs: list[int], output: int, layers: Sequence[Units]) -> Curve:
    curve = Curve(pattern.depth)
    heights = _heights(layers)
    half = Fraction(1, 2)
    rise: list[tuple[int, Fraction]] = []  # the y of the layer below, from its units
    shift = 0  # and the constant in it
    for place, layer in enumerate(layers[:-1]):
        n, height = len(layer), heights[place]
        for i, unit in enumerate(layer.tolist()):
            side = -1 if i == 2 else 1
            bias: dict[int, Fraction | int] = {0: side * (shift - (2 * i + 1))}
            if place == len(layers) - 2 and i == n - 1:
                bias[1] = side * 2 * height
            curve.bias(place, unit, bias)
            if place == 0:
                curve.weight(0, unit, seen_of(pattern, unit, inputs), {0: side})
            for below, slope in rise:
                curve.weight(place, unit, below, {0: side * slope})
        slopes = [-3 * half * height, *(height * (-1) ** (i + 1) for i in range(1, n))]
        rise = [(unit, Fraction(a)) for unit, a in zip(layer.tolist(), slopes, strict=True)]
        shift = 5 * height
    n, top = len(layers[-2]), len(layers) - 1
    killers = {layers[-2][n - 1], layers[-2][0]} if n == 3 else {layers[-2][n - 1]}
    for j, unit in enumerate(layers[-1].tolist()):
        sign = (1 if n % 2 else -1) * (1 if j == 0 else -1)
        bias = {0: sign * (shift - (j + 1))}
        if j == 0 and n == 3:  # q = relu(y - 1) + relu(5 - 2 H eps - y) - (4 - 2 H eps)
            bias = {0: bias[0] - 2 * heights[-1], -1: 4}
        curve.bias(top, unit, bias)
        for below, slope in rise:
            kill = {-1: -1} if j == 0 and below in killers else {}
            curve.weight(top, unit, below, {0: sign * slope, **kill})
        curve.weight(top + 1, output, unit, {0: 1})
    return curve
