"""R20: two hidden layers of which the first is narrow; with R13, R14, R17 all dense d-n-N-m.

The network has two hidden layers and free biases in them.  Fix some inputs and outputs; N >= 2 is
the number of second-layer units between them.  Windows, kinks and crossings are those of R17
(``theorems/saturated.py``).

**(i) Two first-layer units, one output.**  Let exactly two first-layer units lie between the inputs
and the output, and let all N second-layer units see both.  Then some finite training set on a line
has infimum 0, not attained.

*Kinks.*  Let the two units bend at X_1 < X_2 and z_j have slopes s_0, s_1, s_2 on the pieces of the
line.  Both open to the right: s_0 = 0; both to the left: s_2 = 0; towards each other or
away from each other: s_1 = s_0 + s_2 or s_1 = 0.  A third crossing would need slopes of alternating
signs, so there are two at most, and 2 N + 2 kinks of the output.

*Data.*  Windows: a single one with a negative change a at K_1; N single positive ones K_2, ..., the
last at K; a double one [d, c], negative at d; N - 1 single positive ones.  That is 2 N + 2.  No
mean of kinks before and after the double window with changes of one sign lies in [d, c), and the
change b < 0 of the targets' slope at d satisfies |b| > |a| (K - K_1) / (d - K).

*Missed.*  All kinks are distinct, every z_j crosses twice, and the changes at its crossings have
the sign of its output weight.  As in R17, d <= k_1 < k_2 <= c; the slope between k_1 and k_2 is
at most that of the targets from d to c, so o bends by b < 0 or less at k_1 and upwards at k_2.
The only negative changes are at K_1 and k_1.  If K_1 is the first X, no z_j crosses before it, so
all cross once on each of the later pieces: k_1 is the second X, k_2 a crossing, and another unit
contradicts the means as in R17.  Else K_1 is a crossing of some z_j with negative output weight,
whose other crossing can only be k_1.  Its slopes s, s' there have |s'| / |s| >= |b| / |a|.  First
kink of all, K_1 lies on the first piece, so s_0 != 0.  If s_1 = 0, the N crossings
on the first piece are followed by X_1 and X_2, and number N + 2, k_1, is no crossing.  If k_1 is on
the second piece, |s| (X_1 - K_1) = |s'| (k_1 - X_1); if on the third, s_1 = s_0 + s_2 and
s (X_2 - K_1) + s' (k_1 - X_1) = 0.  The X in question lie between K_1 and k_1, so they are at most
K; k_1 >= d; hence |s'| / |s| <= (K - K_1) / (d - K), which is below |b| / |a|.  Contradiction.

*Approached.*  h_1 = relu(t), h_2 = relu(t - 8 + 4 eps), z_1 = h_1 - 6 - h_2 / eps,
z_j = b_j - h_1 + 2 h_2 with distinct b_j in (0, 4), all output weights 1.  Kinks at 0 (change
1 - N), at b_j and 6, a jump from 2 to 0 at 8, kinks at 16 - b_j.

**(ii) One first-layer unit, two outputs.**  Let exactly one first-layer unit lie between the inputs
and two outputs, let a second-layer unit feed both outputs and another one of them.  Then some
finite training set on a line has infimum 0, not attained.

*Missed.*  On the line the unit is 0 on one side of its kink, so every z_j crosses once at most, and
both outputs together have N + 1 kinks.  Let the targets have changes of slope other than 0 at N + 1
points, no two of them neighbours.  The open intervals between a point's neighbours are disjoint, so
each holds exactly one kink, and there are no others.  Let i - 1 and i + 1 be two of these points,
with parallel changes of slope.  The kinks in their intervals bend the outputs in this direction,
and only they bear on the change of slope at i.  So if that is not parallel, the targets are missed.

*Approached.*  h = relu(t); F = (2, 1, 0 for t <, =, > 4) e_1 + relu(4 - t) e_2 + sum_s relu(5 + 2 s
- t) e_{p_s}, where unit s = 1, ..., N - 2 feeds p_s, at the points -1, 0, ..., 2 N + 2: the bends
are at 0, 3, 5, 7, ..., and at 4 between.  F is the limit of a = relu(4 - h + eps) with e_1 / eps +
e_2, b = relu(4 - h - eps) with -e_1 / eps, and relu(5 + 2 s - h); all are constant for t <= 0.

**(iii) 1-1-N-1 is safe.**  Let one input, one first-layer unit and one output lie on paths, and let
all biases be free, that of the output too.  Then for every finite set of inputs the set of
predictions is closed.  *Proof.*  Equal inputs have equal predictions; let t_1 < ... < t_P be
distinct.  Up to weights of the second layer the first unit is constant, and so is the output, or
relu(t - tau), or by symmetry its mirror image.  Let t_i be the first active point.  If i = 1, the
unit is an affine function of the inputs, and the predictions are those of R1, closed.  Else g = t_i
- tau is in (0, t_i - t_{i-1}], the unit is 0 at all inactive points and g, g + t_{i+1} - t_i, ...
at the others.  A hidden layer of N units with one output on such values has, modulo constants,
slopes (s_0; s_1, s_2, ...) between neighbours, which form a finite union of polyhedral cones that
does not depend on the values: relu(+-(x - xi)) has slopes 0 or +-1 but for the one gap that holds
xi, where it is between. Let predictions converge; pass to a subsequence with one i and one cone.
s_1, s_2, ... converge and g s_0 -> J.  If g -> g* > 0, the limit has slopes J / g*, s_1, ... in the
cone and is realised. Let g -> 0.  If J = 0, all points up to t_i have the same value, and s_1, s_2,
... are slopes on the values without the first (restrictions of networks, closed): take tau = t_i.
If J != 0, then s_0 -> +-oo.  The cone is given by rows a_0 s_0 + <a, s> >= 0; none has a_0 J < 0,
those with a_0 = 0 hold for the limit of s, the others once |s_0| is large.  So (J / g, lim s) is in
the cone for a small g, which realises the limit.

**Dense d-n-N-m.**  Every finite training set has an optimum iff N = 1 (R13) or d = n = m = 1 (iii):
else n >= 3 and N >= 2 is R17, n = 2 is (i), n = 1 and d >= 2 is R14, n = d = 1 and m >= 2 is (ii).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cadlink.networks.curve import Curve
from cadlink.networks.theorems.saturated import cover, lines, on_line, seen_of, three_to_a_gap
from cadlink.networks.theorems.theorem import Case, data_witness
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import Units, on_paths

__all__ = ["existence", "guaranteed", "some_data"]

MAX_WORK = 1_000_000  # points times units of the second layer
MOST_PAIRS = 100  # outputs beside the first that are tried


def guaranteed(pattern: Pattern, biases: Sequence[bool]) -> dict[str, Any] | None:
    """The witness that every finite training set has an optimum, or None.

    >>> guaranteed(Pattern.of(["1", "1/1", "11"]), (True, True, True))
    {'theorem': 'R20', 'claim': 'closed'}
    """
    if pattern.depth != 3 or not all(biases):
        return None
    live = on_paths(pattern)
    if all(len(live[place]) == 1 for place in (0, 1, 3)):
        return {"theorem": "R20", "claim": "closed"}
    return None


def existence(case: Case) -> dict[str, Any] | None:
    """The witness without data, or None when the theorem does not apply.

    >>> existence(Case.of(Pattern.of(["1/1", "11/11", "11"]), (True, True, False)))
    {'theorem': 'R20', 'claim': 'some_targets', 'inputs': [0], 'outputs': [0]}
    """
    found = case.once(_applying)
    if found is None:
        return None
    inputs, outputs, _ = found
    return {"theorem": "R20", "claim": "some_targets", "inputs": inputs, "outputs": outputs}


def some_data(case: Case) -> dict[str, Any] | None:
    """The witness with data, or None when the theorem does not apply or there are too many.

    >>> len(some_data(Case.of(Pattern.of(["1/1", "11/11", "11"]), (True, True, False)))["X"])
    18
    >>> len(some_data(Case.of(Pattern.of(["1", "1/1", "11/11"]), (True, True, False)))["X"])
    8
    """
    found = case.once(_applying)
    if found is None or 6 * len(found[2][1]) ** 2 > MAX_WORK:
        return None
    if len(found[1]) == 1:
        return _two_units(case, *found)
    return _one_unit(case.pattern, *found)


def _applying(case: Case) -> tuple[list[int], list[int], list[Units]] | None:
    """Inputs, outputs and hidden units to which (i) or (ii) applies, the fewest units first."""
    pattern = case.pattern
    if pattern.depth != 3:
        return None
    able = []
    for inputs, output, layers in case.once(lines):
        first, second = layers
        if len(first) == 2 and len(second) >= 2:
            mask = pattern.layers[1][second, :][:, first]
            if mask.nnz == 2 * len(second):
                able.append((inputs, [output], layers))
        if len(first) == 1:
            mask = pattern.layers[2]
            reached = mask[:, on_paths(pattern, inputs)[2]]
            counts = reached.sum(axis=1)
            shared = mask[:, second].sum(axis=1)
            for other in [j for j in range(len(counts)) if j != output and shared[j]][:MOST_PAIRS]:
                case.clock.check()
                units = on_paths(pattern, inputs, [output, other])
                if len(units[1]) == 1 and max(counts[output], counts[other]) >= 2:
                    able.append((inputs, [output, other], units[1:-1]))
    if not able:
        return None
    inputs, ends, layers = min(able, key=lambda found: len(found[2][1]))
    return cover(case, inputs, layers[0]), ends, layers


def _two_units(
    case: Case, inputs: list[int], outputs: list[int], layers: list[Units]
) -> dict[str, Any]:
    """(i)"""
    (first, second), units = layers[0].tolist(), layers[1].tolist()
    count, foot = len(units), Fraction(8)
    levels = [Fraction(4 * j, 1 << count.bit_length()) for j in range(1, count)]  # b_j
    after = [16 - level for level in levels]
    breaks = [(t, "kink") for t in (Fraction(0), *levels, Fraction(6), *after)]
    breaks = sorted([*breaks, (foot, "foot")])
    means = [(s + t) / 2 for s in (*levels, Fraction(6)) for t in after]
    # steep enough: a fall of 2 over 1 / (2 N) beats (N - 1) 6 / (8 - 1 - 6)
    times = three_to_a_gap(breaks, [*means, foot - Fraction(1, 2 * count)])

    def limit(t: Fraction) -> Fraction:
        case.clock.check()
        bent = max(t, Fraction(0)) - 2 * max(t - foot, Fraction(0))
        one = max(t - 6, Fraction(0)) if t < foot else Fraction(0)
        return sum((max(level - bent, Fraction(0)) for level in levels), one)

    curve = Curve(3)
    curve.weight(0, first, seen_of(case.pattern, first, inputs), {0: 1})
    curve.weight(0, second, seen_of(case.pattern, second, inputs), {0: 1})
    curve.bias(0, second, {0: -8, 1: 4})
    curve.weight(1, units[0], first, {0: 1})
    curve.weight(1, units[0], second, {-1: -1})
    curve.bias(1, units[0], {0: -6})
    for unit, level in zip(units[1:], levels, strict=True):
        curve.weight(1, unit, first, {0: -1})
        curve.weight(1, unit, second, {0: 2})
        curve.bias(1, unit, {0: level})
    for unit in units:
        curve.weight(2, outputs[0], unit, {0: 1})
    targets = [[limit(t)] for t in times]
    return data_witness("R20", inputs, outputs, on_line(times, inputs), targets, curve)


def _one_unit(
    pattern: Pattern, inputs: list[int], outputs: list[int], layers: list[Units]
) -> dict[str, Any]:
    """(ii)"""
    unit, units = int(layers[0][0]), layers[1].tolist()
    count = len(units)
    feeds = {j: set(pattern.layers[2][[j], :].indices.tolist()) & set(units) for j in outputs}
    one, two = outputs if len(feeds[outputs[0]]) >= 2 else outputs[::-1]
    a = min(feeds[one] & feeds[two])
    b = min(feeds[one] - {a})
    others = [u for u in units if u not in (a, b)]
    place = {one: outputs.index(one), two: outputs.index(two)}
    times = [Fraction(t) for t in range(-1, 2 * count + 3)]
    targets = []
    curve = Curve(3)
    curve.weight(0, unit, seen_of(pattern, unit, inputs), {0: 1})
    for u, shift in ((a, 1), (b, -1)):
        curve.weight(1, u, unit, {0: -1})
        curve.bias(1, u, {0: 4, 1: shift})
        curve.weight(2, one, u, {-1: shift})
    curve.weight(2, two, a, {0: 1})
    for s, u in enumerate(others, 1):
        curve.weight(1, u, unit, {0: -1})
        curve.bias(1, u, {0: 5 + 2 * s})
        curve.weight(2, one if u in feeds[one] else two, u, {0: 1})
    for t in times:
        h = max(t, Fraction(0))
        row = [Fraction(0), Fraction(0)]
        row[place[one]] += 1 + (h < 4) - (h > 4)
        row[place[two]] += max(4 - h, Fraction(0))
        for s, u in enumerate(others, 1):
            row[place[one if u in feeds[one] else two]] += max(5 + 2 * s - h, Fraction(0))
        targets.append(row)
    bends = [1, *range(4, 2 * count + 3, 2)]
    points = on_line(times, inputs)
    return data_witness("R20", inputs, outputs, points, targets, curve, bends=bends, jump=5)
