"""R25: a network whose parameters can be read off its functions has bad data, at any depth.

*The part.*  Let there be two hidden layers or more, with free biases in all of them.  Let c be an
input and T some other inputs such that every first-layer unit that sees c and reaches an output
sees an input of T.  Consider the network of the inputs t_0, which stands for all inputs of T at one
value, and t_1, ..., t_{D-1}, the other inputs but c: a first-layer unit sees t_0 if it sees an
input of T (with any weight, the sum of those on T); hidden units and outputs are those on paths
from these inputs.  Other hidden units that feed such a unit or output are constant, in c too, for a
path from c leads by a unit that sees T: into hidden units they are part of the bias, and an output
that they feed has as good as a bias.  Let n be the number of weights and biases of the part (of an
output if it has as good as one), and H the number of its hidden units.

*Limits.*  Let u be a first-layer unit that sees c, and k a second-layer unit that sees u.  As the
weight of u in k tends to minus infinity, k is off wherever u is on.  Let g be that limit, a
function of t for the n - 1 other parameters theta.  A pattern says which hidden units are on in a
region of the space of t.  There the values h_v and what the units receive, z_v, are affine
functions of t, and G_v is the derivative of the outputs by the value of v.

*Theorem.*  Let there be theta and patterns of some regions such that (i) for every hidden unit w
there are pairs of patterns that differ in w only, with G_w not 0, such that the only x, y and
numbers s, one for each pair, with

    sum of x_v h_v over the v that w sees (without u for w = k) + y  =  s z_w,  for all pairs,

are multiples of the weights, the bias and all s = 1 (in the first layer h_v = t_v); (ii) for every
output, the values h_v of the units that feed it, and 1 if it has as good as a bias, are
independent on these patterns together; (iii) at some point alpha u receives 0 and no other hidden
unit does, k is on, and G_k is not 0.  Then some finite training set has infimum 0, not attained.

*The limits have dimension n - 1 - H.*  Let the derivative of g along a change theta' of the
parameters vanish on these regions.  Formally the outputs on the two patterns of a pair differ by
G_w z_w (if w = u, k is off in both), so G_w' z_w + G_w z_w' = 0 and z_w' is a multiple of z_w.  The
functions do not change when w is rescaled: weights into w and its bias by a factor > 0, weights out
of it by the inverse.  Layer by layer: when theta' is 0 in the layers below, z_w' is the sum of
x_v h_v + y with x and y the changes of weights and bias, by (i) a multiple of them; subtract that
rescaling.  At last theta' is 0 but for the last layer, and there, too, by (ii).  So the H
rescalings, which are independent, span the changes that do not show, and on finitely many points
Q, some in general position in each region, the g fill a set of dimension n - 1 - H.

*Data.*  Points (t, x_c): all t of Q with x_c = 1, 2, ..., J, and targets g(t); (alpha, 0) with
target g(alpha), u being off; and (alpha, 1) with what g would be if k received slightly less, by
lambda: another target, by (iii).  The targets of other outputs are 0.

*Approached.*  The weight of u on c is eps and in k -lambda / eps; no other unit sees c.

*Missed.*  On the points with one x_c a network is the part with the biases of its first layer moved
by x_c b, where b has the weights on c.  If b = 0 its outputs at the two points alpha are equal.  If
not: as x_c moves, the activities at the points of Q change at most J_0 times, whatever the network;
if J > J_0 + 1, then between two of its values the outputs on Q are affine in x_c with constant
activities, equal at both, and hence have derivative 0: for some parameters psi of the part,

    sum of b_w G_w over the first-layer units w that are on  =  0  at every point of Q.       (*)

For given activities the outputs on Q are polynomials Phi of psi.  Where (*) holds for some b other
than 0, the kernel of the derivative of Phi contains the change b of the biases, the same change of
the weights on t_0 (its effect is t_0 times the left side of (*)), and the H rescalings.  If no
weight is 0 they are independent, and Phi has rank at most n - H - 2.  If some are: call a hidden
unit dead if no path of other weights leads from it to an output.  Among psi with these weights 0
Phi depends on the others into outputs and units that are not dead, and on the biases there; the
rescalings of the latter units are independent.  So the rank is at most n - H - m, m being the
number of weights that are 0 or lead into dead units.  If there is a dead unit, m >= 2: one
into it and one out of it.  If there is none and m = 1, the change b is independent of the
rescalings, and the rank is again at most n - H - 2.  So the targets on Q of networks with b other
than 0 lie in finitely many sets of dimension n - H - 2, which do not contain all g: some g near the
one of theta is missed.  (alpha moves with it.)

Drawn parameters have these properties nearly always where the layers are not very narrow, also in
sparse networks; the points of the data are too many to be written out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

import numpy as np

from cadlink.networks.kernel.identified import MOST_CELLS, Exact, Part, Severed, part_of
from cadlink.networks.kernel.witness import Marks
from cadlink.networks.theorems.saturated import cover
from cadlink.networks.theorems.theorem import Case
from cadlink.rules.paths import on_paths

__all__ = ["existence"]

BOX = 1 << 10  # points have coordinates up to this
STEPS = BOX  # of a line through the box
SAMPLES = 200  # points by which biases are chosen
NOISE = 8  # added to biases
OFF = (0.1, 0.5)  # shares of the samples where a unit is off
PATIENCE = 12  # lines one after the other that say nothing new
TRIES, MOST_TRIES = 20, 100  # parameters that are drawn, more for small networks
MOST_EDGES = 20_000  # of all tries together, if there are more tries
MOST_WORK = 3 * 10**9  # edges times cells of the masks, as the check takes time with these
SPARE = 8  # equations beyond those that could suffice
MOST_CHOICES = 5  # of the input left out


def existence(case: Case) -> dict[str, Any] | None:
    """The witness, or None when no parameters were found that can be read off.

    >>> from cadlink import read
    >>> found = existence(Case.of(read("dense:3-4-4-2")))
    >>> found["input"], found["together"], found["unit"]
    (0, [1], 3)
    """
    pattern = case.pattern
    cells = sum(a * b for a, b in pairwise(pattern.widths))
    if pattern.depth < 3 or not all(case.biases[:-1]):
        return None
    if cells > MOST_CELLS or pattern.nnz * cells > MOST_WORK:
        return None
    rng = np.random.default_rng(0)
    choices = list(islice(_choices(case), MOST_CHOICES))
    tries = max(TRIES, min(MOST_TRIES, MOST_EDGES // max(pattern.nnz, 1)))
    for number in range(tries if choices else 0):
        case.clock.check()
        found = _identified(case, choices[number % len(choices)], number, rng)
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class _Choice:
    """An input to leave out, others that its units see, the part, and places of units u and k."""

    left_out: int
    together: list[int]
    part: Part
    pairs: list[tuple[int, int]]


def _choices(case: Case) -> Iterator[_Choice]:
    """Inputs on few units first."""
    pattern, live = case.pattern, on_paths(case.pattern)
    columns = pattern.layers[0][live[1], :].tocsc()
    for place in np.argsort(np.diff(columns.indptr)[live[0]], kind="stable"):
        case.clock.check()
        left_out = int(live[0][place])
        seeing = live[1][columns[:, [left_out]].indices]
        others = live[0][live[0] != left_out]
        if (pattern.layers[0][seeing, :][:, others].sum(axis=1) == 0).any():
            continue
        together = cover(case, others.tolist(), seeing)
        units = on_paths(pattern, others.tolist())
        part = part_of(pattern, case.biases, units, together)
        above = part.masks[1]
        # k must be off for other reasons where u changes, and that must show elsewhere
        pairs = [
            (unit, severed)
            for unit in np.flatnonzero(np.isin(units[1], seeing)).tolist()
            for severed in np.flatnonzero(above[:, unit]).tolist()
            if above[:, unit].sum() >= 2 and above[severed].sum() >= 2
        ]
        if pairs:
            yield _Choice(left_out, together, part, pairs)


def _identified(
    case: Case, choice: _Choice, seed: int, rng: np.random.Generator
) -> dict[str, Any] | None:
    """A witness with the parameters of this seed."""
    part = choice.part
    unit, severed = choice.pairs[rng.integers(len(choice.pairs))]
    try:
        limit, point = _parameters(part, unit, severed, seed, rng)
        if not _jumps(limit, point):
            return None
        lines = _lines(case, limit, rng)
    except OverflowError:
        return None
    if lines is None:
        return None
    return {
        "theorem": "R25",
        "claim": "some_targets",
        "input": choice.left_out,
        "together": choice.together,
        "unit": int(part.units[1][unit]),
        "severed": int(part.units[2][severed]),
        "seed": seed,
        "biases": [_integers(row) for row in limit.biases],
        "point": _integers(point),
        "lines": lines,
    }


def _integers(row: Exact) -> list[int]:
    return row.astype(np.int64).tolist()  # type: ignore[no-any-return]


def _parameters(
    part: Part, unit: int, severed: int, seed: int, rng: np.random.Generator
) -> tuple[Severed, Exact]:
    """Drawn weights, biases that turn the units off at a part of some points, and alpha."""
    limit = Severed(part, unit, severed, seed, [np.zeros(width) for width in part.hidden])
    inputs = part.masks[0].shape[1]
    point = np.asarray(1 + 2 * rng.integers(-BOX // 4, BOX // 4, inputs), dtype=np.float64)
    values = rng.integers(-BOX, BOX + 1, (SAMPLES, inputs)).astype(np.float64)
    on = None
    for layer, width in enumerate(part.hidden):
        received, _ = limit.layer_values(layer, values, on)
        off = (SAMPLES * rng.uniform(*OFF, width)).astype(np.int64)
        bias: Exact = -np.sort(received, axis=0)[off, np.arange(width)] - rng.integers(
            0, NOISE, width
        )
        if layer == 0:  # odd, and the points of lines even: no unit receives 0
            bias += 1 - bias % 2
            bias[unit] = -(limit.weights[0][unit] @ point)
        limit.biases[layer] = bias
        received, active = limit.layer_values(layer, values, on)
        on = active if layer == 0 else on
        values = np.where(active, received, 0.0)
    return limit, point


def _jumps(limit: Severed, point: Exact) -> bool:
    """Whether the point is as alpha must be."""
    active, zero = limit.activity(point[None, :])
    if zero.sum() != 1 or not active[0, limit.starts[1] + limit.severed]:
        return False
    return bool(limit.derivatives(active)[1][limit.severed, 0])


@dataclass
class _Unit:
    """What is known of a unit so far: its changes, and which units below were on at one."""

    covered: Marks
    wanted: int = 1  # changes, if they are not enough
    below: set[bytes] = field(default_factory=set)  # activities below at the changes
    received: list[Exact] = field(default_factory=list)
    values: list[Exact] = field(default_factory=list)
    known: bool = False


def _lines(case: Case, limit: Severed, rng: np.random.Generator) -> list[Any] | None:
    """Lines and the steps on them at which single units change, enough to know all parameters."""
    part = limit.part
    inputs = part.masks[0].shape[1]
    units = {
        (layer, unit): _Unit(~limit.seen[layer][unit])
        for layer, width in enumerate(part.hidden)
        for unit in range(width)
    }
    lines: list[Any] = []
    last: list[Exact] = []
    idle = 0
    while idle < PATIENCE:
        case.clock.check()
        direction = 2 * rng.integers(-1, 2, inputs)
        start = 2 * rng.integers(-BOX // 2, BOX // 2, inputs) - STEPS // 2 * direction
        active, zero = limit.activity(start + np.arange(STEPS)[:, None] * direction.astype(float))
        used = _learnt(limit, units, active, zero, last)
        idle += 1
        if used:
            idle = 0
            steps = sorted({step for row in used for step in (row, row + 1)})
            lines.append([start.tolist(), direction.tolist(), steps])
        if all(unit.known for unit in units.values()):
            return lines if limit.outputs_known(np.concatenate(last, axis=1)) else None
    return None


def _learnt(
    limit: Severed,
    units: dict[tuple[int, int], _Unit],
    active: Marks,
    zero: Marks,
    last: list[Exact],
) -> list[int]:
    """The rows whose changes say more of units that are not known yet."""
    wanted = [
        (row, layer, unit)
        for row, layer, unit in limit.changes(active)
        if not units[layer, unit].known and not zero[row : row + 2].any()
    ]
    slopes = limit.derivatives(active[[row for row, _, _ in wanted]])
    marks = limit.split(active)
    chosen = []
    for place, (row, layer, unit) in enumerate(wanted):
        state, seen = units[layer, unit], limit.seen[layer][unit]
        if not slopes[layer][unit, place]:
            continue
        more = seen & ~state.covered
        if layer:
            more &= marks[layer - 1][:, row]
        enough = (seen.sum() + SPARE) / (limit.columns - 1)
        few = len(state.below) < max(state.wanted, enough)
        below = active[row, : limit.starts[layer]].tobytes()
        if below not in state.below and (more.any() or (few and state.covered.all())):
            state.covered |= more
            state.below.add(below)
            chosen.append((row, layer, unit))
    rows = [row for row, _, _ in chosen]
    if not rows:
        return rows
    received, values = limit.affine(active[rows], len(limit.part.hidden))
    last.append(values[-1].reshape(limit.part.hidden[-1], -1))
    for place, (_, layer, unit) in enumerate(chosen):
        units[layer, unit].received.append(received[layer][unit, place])
        units[layer, unit].values.append(values[layer][limit.seen[layer][unit], place])
    for layer, unit in {(layer, unit) for _, layer, unit in chosen}:
        state = units[layer, unit]
        enough = len(state.below) * (limit.columns - 1) >= limit.seen[layer][unit].sum()
        if layer == 0:
            state.known = True  # the values below are the coordinates themselves
        elif state.covered.all() and enough:
            state.known = limit.known(np.array(state.received), np.stack(state.values, axis=1))
            state.wanted = len(state.below) + 1  # if they did not suffice
    return rows
