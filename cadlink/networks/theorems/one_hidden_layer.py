"""One hidden layer: which networks have a finite training set without an optimum (R1, R2, R3).

The network is f(x) = sum_i w_i relu(<a_i, x> + b_i) + c, with w_i supported on the outputs R_i of
unit i and a_i on its inputs C_i; hidden biases are free unless said otherwise.  S(X) is the set
of prediction matrices on the inputs X.  If S(X) is closed, the squared loss has a minimum for
every target; if a limit of predictions is not in S(X), it is a target with infimum 0, not attained.
Units without inputs are constant, units without outputs do not matter.

**R1, the safe side.**  If every connected component of the graph hidden units - outputs has one
unit or one output, S(X) is closed for every finite X.  *Proof.*  Components share neither
parameters nor outputs, so S(X) is a product.  The values (relu(<a, x> + b))_x of a unit form a
finite union of polyhedral cones: fix which points are active; the parameters allowed then form a
polyhedral cone, and the values depend on them linearly.  One output: the predictions are sums of
such cones with signs, and of the line of constants; sums of finitely many polyhedral cones are
polyhedral, hence closed.  One unit: modulo constants the predictions are h w^T with h in a closed
cone (the image of a polyhedral cone under a linear map is polyhedral).  Take |h| = 1 or h = 0;
then w is bounded along a convergent sequence, so the limit is such a product.  The same proof
works without biases, with an output layer without bias, and for leaky ReLU.

**R1 and R2, the other side.**  Let the inputs contain 2r + 1 points x_0, ..., x_2r on a line p + t
u, at t_0 < ... < t_2r.  Let O be two outputs o1, o2; let U be the units that feed O and see an
input in the support of u.  Suppose |U| <= r and 2 <= r.  Let a, b in U both feed o1, let a feed o2,
and let every other unit s = 1, 2, ... of U feed some p_s in O.  Write l(x) for a linear function of
one coordinate k in the support of u that is t - t_2 on the line.  Then the function

    F = g e_o1 + relu(l) e_o2 + sum_s relu(l_s) e_{p_s},   l_s = t - t_{2s+3} on the line,

with g = 0, 1, 2 where l < 0, l = 0, l > 0, is a limit of networks on X and is missed.  *Limit.* a =
relu(l + eps) with weights 1/eps on o1 and 1 on o2, b = relu(l - eps) with -1/eps on o1, and
relu(l_s) for unit s.  Off the line a and b must use the same coordinate k; if all of X lies on the
line, each uses any coordinate it sees.  *Missed.*  On the line every unit of U is affine or has one
kink and all other units contribute affine functions to the outputs O.  Let D_j be the change of
slope of F (outputs O) at t_j between chords to the neighbours.  A kink at tau contributes to D_j
only if t_{j-1} < tau < t_{j+1}, and then a multiple of w_i restricted to O.  The r intervals for
odd j = 1, 3, ..., 2r - 1 are disjoint and D_j != 0 there, so each holds the kink of exactly one
unit, and all of U is used up.  D_1 and D_3 are multiples of e_o1, so are the weights of the two
units with kinks in (t_0, t_2) and (t_2, t_4); only these two can contribute to D_2 (a unit's one
kink is not at t_2), so D_2 is a multiple of e_o1; but its o2 component is not 0.  Contradiction.

For (a) the line is chosen so that U is small: its direction is the indicator of one or two inputs.
If some component has two units and two outputs, it has a unit a with two outputs and (being
connected) a unit b sharing one of them, so the construction applies: R1 is an equivalence.

*Without hidden biases* the line t e_k1 + e_k2, t >= 0, serves: a unit that does not see both k1 and
k2 has no kink at t > 0, and one that does has its weight on k2 for a bias.  The output bias is not
used.

*Leaky ReLU*, r(x) = x for x > 0 and s x otherwise, 0 < s < 1: (r(l + eps) - r(l - eps)) / eps is
2 s, 1 + s, 2 where l < 0, l = 0, l > 0.  Take g with these values and r in place of relu.  The
changes of slope are those above times 1 - s, a unit still has one kink, and the proof is the same.

**R3, four points.**  If U = {a, b}, four points on the line suffice, at t_0 < ... < t_3 with gaps
d1, d2, d3: output o1 is g = (0, al, al + be, al + be) with be/al > d2/d1, output o2 is (0, 0, 1,
(d2 + d3)/d2).  *Limit.*  a = relu(l + al eps), b = relu(l - be eps), l = t - t_1, with weights
(1/eps, 1/d2) and (-1/eps, 0).  *Missed.*  Chord slopes turn constants into 0 and the two outputs
into two independent vectors spanning a plane V of R^3.  Both units are needed, and their slope
vectors span V, so V holds two independent slope vectors of single units.  These are, up to a
factor, (0, th, 1), (th, 1, 1), (1, th, 0), (1, 1, th) with 0 <= th <= 1.  V is {v_2 = q v_1 + v_3}
with q = (be d1)/(d2 al) > 1, which holds only (0, 1, 1).  Contradiction.

Reference for the question: Q.-T. Le, E. Riccietti, R. Gribonval, NeurIPS 2023, arXiv 2306.02666.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations
from typing import Any

import numpy as np

from cadlink.clock import Clock
from cadlink.networks.curve import Curve
from cadlink.networks.obstacles import masks_are_safe
from cadlink.networks.theorems.theorem import Case, data_witness
from cadlink.patterns.pattern import Pattern, row

__all__ = [
    "Obstruction",
    "existence",
    "four_points",
    "guaranteed",
    "obstruction",
    "some_data",
    "these_inputs",
]

Points = Sequence[Sequence[Fraction]]

MAX_TRIALS = 1_000  # combinations of two units, two outputs and a line that are compared
MAX_LINE_WORK = 1_000_000  # pairs of points times coordinates looked at for lines
MOST_UNITS = 400  # on the line, two points for each: more are not written out
PATIENCE = 60  # of them without progress
MOST_SEEING, MAX_INPUTS = 4, 8  # units that see an input, inputs tried after that


@dataclass(frozen=True)
class Obstruction:
    """Units a, b and the others of U; outputs o1, o2; the coordinates the units use, by unit."""

    a: int
    b: int
    others: tuple[int, ...]
    outputs: tuple[int, int]
    direction: tuple[tuple[int, Fraction], ...]  # coordinates and entries of u
    coordinate: tuple[tuple[int, int], ...]  # unit -> input it uses

    @classmethod
    def of(
        cls,
        a: int,
        b: int,
        outputs: tuple[int, int],
        direction: Iterable[tuple[int, Fraction]],
        using: Mapping[int, int],
    ) -> Obstruction:
        """The obstruction whose units, a and b among them, use these inputs."""
        others = tuple(i for i in using if i not in (a, b))
        return cls(a, b, others, outputs, tuple(direction), tuple(sorted(using.items())))


def guaranteed(pattern: Pattern, constant_units: bool = False) -> dict[str, Any] | None:
    """The witness that every finite training set has an optimum, or None.

    ``constant_units``: count hidden units that see no input too (needed when the output layer has
    no bias that could replace them).

    >>> guaranteed(Pattern.of(["11/11", "11"]))["theorem"]
    'R1'
    >>> guaranteed(Pattern.of(["11/11", "11/11"])) is None
    True
    """
    if pattern.depth != 2 or not masks_are_safe(pattern, constant_units):
        return None
    return {"theorem": "R1", "claim": "closed", "constant_units": constant_units}


# -- (a): any data may be chosen -------------------------------------------------------------------


def obstruction(case: Case) -> Obstruction | None:
    """The obstruction with the fewest units found, or None (with biases: if and only if there is
    none).

    >>> found = obstruction(Case.of(Pattern.of(["11/11", "11/11"])))
    >>> found.a, found.b, found.outputs, found.direction
    (0, 1, (0, 1), ((0, Fraction(1, 1)),))
    """
    if case.pattern.depth != 2:
        return None
    best: Obstruction | None = None
    idle = 0
    for trial, candidate in enumerate(_candidates(case)):
        if best is None or len(candidate.others) < len(best.others):
            best, idle = candidate, 0
        idle += 1
        if not best.others or idle > PATIENCE or trial > MAX_TRIALS:
            break
    if best is not None and best.others and case.biases[0]:
        for candidate in _by_input(case):
            if len(candidate.others) < len(best.others):
                best = candidate
    return best


def _by_input(case: Case) -> Iterator[Obstruction]:
    """Candidates on lines in the direction of an input that few units see, e.g. the second input of
    an upper triangular mask; the search by outputs may be lost among units that see much."""
    below, above = case.pattern.layers
    by_input, by_unit = below.tocsc(), above.tocsc()
    seen_by = np.diff(by_input.indptr)
    sees = case.once(_sees)
    few = [int(k) for k in np.argsort(seen_by, kind="stable") if 2 <= seen_by[k] <= MOST_SEEING]
    for k in few[:MAX_INPUTS]:
        units = row(by_input, k).tolist()
        for a, b in permutations(units, 2):
            case.clock.check()
            outputs = row(by_unit, a).tolist()
            common = sorted(set(outputs) & set(row(by_unit, b).tolist()))
            if len(outputs) < 2 or not common:
                continue
            pair = common[0], next(j for j in outputs if j != common[0])
            feeding = np.union1d(row(above, pair[0]), row(above, pair[1]))
            yield _line_for(a, b, pair, feeding.tolist(), sees, seen_by)


def _sees(case: Case) -> list[set[int]]:
    """The inputs of every unit."""
    below, found = case.pattern.layers[0], []
    for unit in range(below.shape[0]):
        case.clock.check()
        found.append(set(row(below, unit).tolist()))
    return found


def _candidates(case: Case) -> Iterator[Obstruction]:
    """Units a, b sharing an output, a second output of a, and few inputs they see."""
    below, above = case.pattern.layers
    by_unit = above.tocsc()
    sees = case.once(_sees)
    fan_out = np.diff(by_unit.indptr)
    order = sorted(
        (unit for unit in range(below.shape[0]) if fan_out[unit] > 1 and sees[unit]),
        key=lambda unit: (fan_out[unit], len(sees[unit]), unit),
    )
    crowd = np.diff(above.indptr)  # units per output
    for a in order:
        outputs = sorted(row(by_unit, a).tolist(), key=lambda j: (crowd[j], j))[:6]
        for o1 in outputs:
            partners = [int(b) for b in row(above, o1) if b != a and sees[b]]
            if not partners:
                continue
            for o2 in outputs:
                if o2 == o1:
                    continue
                feeding = np.union1d(row(above, o1), row(above, o2))
                count = np.bincount(below[feeding, :].indices, minlength=below.shape[1])
                for b in partners:
                    case.clock.check()
                    find = _line_for if case.biases[0] else _line_without_bias
                    found = find(a, b, (int(o1), int(o2)), feeding.tolist(), sees, count)
                    if found is not None:
                        yield found


def _line_for(
    a: int, b: int, outputs: tuple[int, int], feeding: list[int], sees: list[set[int]], count: Any
) -> Obstruction:
    """The direction e_k or e_k + e_k' that the fewest of the units feeding the outputs see."""
    few_a = sorted(sees[a], key=lambda k: (count[k], k))[:4]
    few_b = sorted(sees[b], key=lambda k: (count[k], k))[:4]
    pairs = {(k, k) for k in sorted(sees[a] & sees[b], key=lambda k: (count[k], k))[:2]}
    pairs |= {(k, other) for k in few_a for other in few_b}

    def crowd(pair: tuple[int, int]) -> tuple[int, bool, tuple[int, int]]:
        users = sum(1 for i in feeding if pair[0] in sees[i] or pair[1] in sees[i])
        return users, pair[0] != pair[1], pair

    ka, kb = min(pairs, key=crowd)
    support = sorted({ka, kb})
    using = {i: next(k for k in support if k in sees[i]) for i in feeding if sees[i] & set(support)}
    using[a], using[b] = ka, kb
    return Obstruction.of(a, b, outputs, ((k, Fraction(1)) for k in support), using)


def _line_without_bias(
    a: int, b: int, outputs: tuple[int, int], feeding: list[int], sees: list[set[int]], count: Any
) -> Obstruction | None:
    """Two inputs that both a and b see: one is varied, the other one serves as bias."""
    common = sorted(sees[a] & sees[b], key=lambda k: (count[k], k))[:4]
    pairs = [(k, other) for k in common for other in common if k != other]
    if not pairs:
        return None

    def users(pair: tuple[int, int]) -> list[int]:
        return [i for i in feeding if pair[0] in sees[i] and pair[1] in sees[i]]

    k1, k2 = min(pairs, key=lambda pair: (len(users(pair)), pair))
    using = dict.fromkeys(users((k1, k2)), k2)
    return Obstruction.of(a, b, outputs, [(k1, Fraction(1))], using)


def some_data(case: Case, four: bool = False) -> dict[str, Any] | None:
    """The witness of R1 (``four``: of R3, if two units allow it) for data of our choice, or None.

    >>> case = Case.of(Pattern.of(["11/11", "11/11"]))
    >>> witness = some_data(case)
    >>> witness["X"], witness["Y"]
    ([[0], [1], [2], [3], [4]], [[0, 0], [0, 0], [1, 0], [2, 1], [2, 2]])
    >>> some_data(case, four=True)["Y"]
    [[0, 0], [1, 0], [3, 1], [3, 2]]
    """
    found = case.once(obstruction)
    if found is None or len(found.others) > (0 if four else MOST_UNITS):
        return None
    size = 4 if four else 2 * len(found.others) + 5
    times = [Fraction(t) for t in range(size)]
    if case.biases[0]:
        inputs = [k for k, _ in found.direction]
        points = [[t] * len(inputs) for t in times]
        bias_input = None
    else:
        ((k1, _),) = found.direction
        bias_input = found.coordinate[0][1]
        inputs = [k1, bias_input]
        points = [[t, Fraction(1)] for t in times]
        found = replace(found, coordinate=tuple((i, k1) for i, _ in found.coordinate))
    base = [Fraction(0)] * len(inputs)
    return _witness(
        case,
        "R3" if four else "R1",
        found,
        inputs,
        points,
        list(range(size)),
        times,
        base,
        bias_input,
    )


def existence(case: Case) -> dict[str, Any] | None:
    """The witness of R1 without the data, for networks that need too many points; or None.

    >>> existence(Case.of(Pattern.of(["11/11", "11/11"])))
    {'theorem': 'R1', 'claim': 'some_targets', 'units': [0, 1]}
    """
    found = case.once(obstruction)
    if found is None:
        return None
    return {"theorem": "R1", "claim": "some_targets", "units": [found.a, found.b]}


# -- (b): the inputs are given ---------------------------------------------------------------------


def these_inputs(case: Case) -> dict[str, Any] | None:
    """The witness of R2 or R3 for the inputs of the case, or None.

    Lines through two of the points are tried; only a bounded number of them when there are many.

    >>> from dataclasses import replace
    >>> case = Case.of(Pattern.of(["1/1", "11/11"]))
    >>> line = [[Fraction(t)] for t in range(5)]
    >>> these_inputs(replace(case, inputs=line))["theorem"]
    'R3'
    >>> these_inputs(replace(case, inputs=line[:3])) is None
    True
    """
    pattern, points = case.pattern, case.inputs
    if points is None or pattern.depth != 2 or not case.biases[0]:
        return None
    for base, direction, members in _lines(points, case.clock):
        support = [k for k, value in enumerate(direction) if value]
        k0 = support[0]
        order = sorted(members, key=lambda i: (points[i][k0] - base[k0]) / direction[k0])
        times = [(points[i][k0] - base[k0]) / direction[k0] for i in order]
        all_on_line = len(set(map(tuple, points))) == len(order)
        found = _on_line(case, set(support), direction, all_on_line, len(order))
        if found is None:
            continue
        four = not found.others
        size = 4 if four else 2 * len(found.others) + 5
        return _witness(
            case,
            "R3" if four else "R2",
            found,
            list(range(len(base))),
            points,
            order[:size],
            times[:size],
            base,
            None,
        )
    return None


def _lines(
    points: Points, clock: Clock
) -> Iterator[tuple[Sequence[Fraction], list[Fraction], list[int]]]:
    """(base, direction, one index per distinct point on it) of lines with four points or more."""
    first: dict[tuple[Fraction, ...], int] = {}
    for index, point in enumerate(points):
        first.setdefault(tuple(point), index)
    coordinates = max(len(points[0]), 1)
    distinct = list(first.items())[: max(20, min(200, int((MAX_LINE_WORK / coordinates) ** 0.5)))]
    seen: set[frozenset[int]] = set()
    for place, (base, start) in enumerate(distinct):
        by_direction: dict[tuple[Fraction, ...], list[int]] = {}
        for point, index in distinct[place + 1 :]:
            clock.check()
            step = [value - origin for value, origin in zip(point, base, strict=True)]
            lead = next(value for value in step if value)
            by_direction.setdefault(tuple(value / lead for value in step), []).append(index)
        for direction, others in by_direction.items():
            members = frozenset([start, *others])
            if len(members) < 4 or any(members <= old for old in seen):
                continue
            seen.add(members)
            yield base, list(direction), sorted(members)


def _on_line(
    case: Case, support: set[int], direction: list[Fraction], alone: bool, size: int
) -> Obstruction | None:
    """Units and outputs for a line with this support and this many points, with fewest units."""
    below, above = case.pattern.layers
    sees = [seen & support for seen in case.once(_sees)]
    by_unit = above.tocsc()
    best: Obstruction | None = None
    for a in range(below.shape[0]):
        if not sees[a]:
            continue
        outputs = row(by_unit, a).tolist()
        for o1 in outputs:
            partners = [int(b) for b in row(above, o1) if b != a and sees[b]]
            partners = [b for b in partners if alone or sees[a] & sees[b]]
            if not partners:
                continue
            b = partners[0]
            for o2 in outputs:
                case.clock.check()
                if o2 == o1:
                    continue
                feeding = np.union1d(row(above, o1), row(above, o2)).tolist()
                using = {i: min(sees[i]) for i in feeding if sees[i]}
                need = 4 if len(using) == 2 else 2 * len(using) + 1
                if need > size or (best is not None and len(using) - 2 >= len(best.others)):
                    continue
                common = sees[a] & sees[b]
                if common:
                    using[a] = using[b] = min(common)
                along = ((k, direction[k]) for k in sorted(support))
                best = Obstruction.of(a, b, (o1, o2), along, using)
    return best


# -- the witness -----------------------------------------------------------------------------------


def four_points(times: Sequence[Fraction]) -> tuple[Fraction, Fraction, Fraction]:
    """(al, be, 1/d2) of R3 for four ascending times.

    >>> four_points([Fraction(t) for t in range(4)])
    (Fraction(1, 1), Fraction(2, 1), Fraction(1, 1))
    """
    d1, d2 = times[1] - times[0], times[2] - times[1]
    return Fraction(1), d2 / d1 + 1, 1 / d2


def _witness(
    case: Case,
    theorem: str,
    found: Obstruction,
    inputs: list[int],
    points: Points,
    order: list[int],
    times: Sequence[Fraction],
    base: Sequence[Fraction],
    bias_input: int | None,
) -> dict[str, Any]:
    """Curve and limit; ``order`` are the points on the line at ``times``, the rest come along."""
    above = case.pattern.layers[1]
    place = {k: column for column, k in enumerate(inputs)}
    direction = dict(found.direction)
    using = dict(found.coordinate)
    o1, o2 = found.outputs
    if theorem == "R3":
        turn, (left, right, slope) = times[1], four_points(times)
    else:
        turn, left, right, slope = times[2], Fraction(1), Fraction(1), Fraction(1)
    curve = Curve(2)
    outputs = list(range(above.shape[0])) if len(inputs) == case.pattern.widths[0] else [o1, o2]
    at_output = {j: column for column, j in enumerate(outputs)}
    targets = [[Fraction(0)] * len(outputs) for _ in points]

    def unit(
        i: int, kink: Fraction, shift: Fraction, weights: dict[int, dict[int, Fraction]]
    ) -> None:
        """relu(l - kink + shift * eps) and its outgoing weights."""
        k = using[i]
        rate = 1 / direction[k]
        curve.weight(0, i, k, {0: rate})
        constant = {0: -rate * base[place[k]] - kink, 1: shift}
        if bias_input is None:
            curve.bias(0, i, constant)
        else:
            curve.weight(0, i, bias_input, constant)
        for j, terms in weights.items():
            curve.weight(1, j, i, terms)

    def form(i: int, kink: Fraction, point: Sequence[Fraction]) -> Fraction:
        k = using[i]
        return (point[place[k]] - base[place[k]]) / direction[k] - kink

    unit(found.a, turn, left, {o1: {-1: Fraction(1)}, o2: {0: slope}})
    unit(found.b, turn, -right, {o1: {-1: Fraction(-1)}})
    for y, point in zip(targets, points, strict=True):
        value = form(found.a, turn, point)
        y[at_output[o1]] += left + right if value > 0 else left if value == 0 else 0
        y[at_output[o2]] += slope * max(value, Fraction(0))
    feeds = {j: set(row(above, j).tolist()) for j in (o1, o2)}
    tail = []
    for s, i in enumerate(found.others, start=1):
        case.clock.check()
        kink = times[2 * s + 3]
        target = o1 if i in feeds[o1] else o2
        tail.append([i, target])
        unit(i, kink, Fraction(0), {target: {0: Fraction(1)}})
        for y, point in zip(targets, points, strict=True):
            y[at_output[target]] += max(form(i, kink, point), Fraction(0))
    return data_witness(
        theorem,
        inputs,
        outputs,
        points,
        targets,
        curve,
        hidden_bias=bias_input is None,
        pair=[o1, o2],
        units=[found.a, found.b, *found.others],
        line=order,
    )
