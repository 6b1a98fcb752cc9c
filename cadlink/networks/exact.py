"""Question (c) for tiny training sets: exact fits, and infima that are not attained.

*Realised targets.*  Parameters that predict the targets exactly are an optimum.  Candidates: kinks
of the units at coordinates of data points, output weights by exact linear algebra.

*Two units on a line.*  One hidden layer, all biases free, one live input, two live units that feed
all outputs, P distinct points t_0 < ... < t_{P-1}.  Modulo constants and nonzero factors, the
vector of a unit on the data is one of finitely many segments: relu(t - tau) with tau in [t_k,
t_{k+1}], k <= P - 3, or relu(tau - t), k >= 1 (tau beyond the last point but one changes only the
factor).  For fixed vectors h_1, h_2 the best output weights and biases are a linear least-squares
problem, so the loss is

    loss(h_1, h_2) = sum_j G(1, h_1, h_2, y_j) / G(1, h_1, h_2),      G the Gram determinant,

if 1, h_1, h_2 are independent.  If they are not, some h_2' makes 1, h_1, h_2' independent with a
span that contains the old one, so the loss is at least that of another pair.  So "every loss is >
v" is a polynomial inequality for each pair of segments, with the kinks as variables, bounded.

A limit of predictions that costs v: let both units tend to one vector h at which the family of
vectors has a corner, i.e. a kink at a data point t_k: then (relu(t - t_k + al eps) - relu(t - t_k -
be eps)) / eps tends to g = al [t >= t_k] + be [t > t_k], and every c + h w^T + g v^T is a limit of
predictions (same for relu(t_k - t); and at the affine corner, kinks at the ends, g = al [t = t_0] +
be [t = t_{P-1}]).  The best one costs v.  If every loss is > v, the infimum is v and is not
attained.  Which corner and which ratio be/al is found numerically and then rounded to a rational;
if that was wrong the inequalities fail, and the answer is UNKNOWN. The inequalities are decided by
a backend, so such a verdict is trusted, not checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, islice, product
from math import lcm
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat

from cadlink.backends.base import Outcome
from cadlink.backends.preferences import Kind, preferred
from cadlink.clock import Clock
from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Limits
from cadlink.deciding.oracle import claim
from cadlink.logic.formula import FALSE, Atom, Formula, Rel, conj, exists
from cadlink.logic.polynomial import Polynomial
from cadlink.networks.curve import Curve
from cadlink.networks.theorems.theorem import Case, Found, Rows, Witness, data_witness, rows_json
from cadlink.patterns.matrix import number_to_json
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.paths import on_paths

__all__ = ["not_attained", "realised"]

Vector = list[Fraction]

MAX_FITS = 3_000  # combinations of kinks tried for an exact fit
FIT_S = 10.0
MAX_FIT_POINTS = 60
MAX_FIT_UNITS = 40
MAX_POINTS = 6  # of the procedure for two units
MAX_DENOMINATOR = 24  # of the rational that the numerical ratio is rounded to


def not_attained(case: Case) -> Found:
    """An infimum that two units on a line do not attain; one hidden layer, all biases free."""
    problem = _Pair.of(case.pattern, *case.exact_data)
    if isinstance(problem, str):
        return _no_answer(problem)
    with case.deciding() as decider:
        return problem.decide(case.limits_left(), decider)


def _no_answer(reason: str) -> Found:
    return Found(why_not=f"gave no answer: {reason}", undecided=True)


# -- exact linear algebra --------------------------------------------------------------------------


def _matrix(rows: Sequence[Sequence[Fraction]]) -> Any:
    entries = [fmpq(v.numerator, v.denominator) for row in rows for v in row]
    return fmpq_mat(len(rows), len(rows[0]), entries)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _combination(vectors: Sequence[Vector], wanted: Vector) -> Vector | None:
    """The coefficients of least squares (vectors independent); None if they are dependent."""
    columns = _matrix(vectors)
    gram = columns * columns.transpose()
    right = columns * _matrix([[v] for v in wanted])
    try:
        solution = gram.solve(right)
    except ZeroDivisionError:
        return None
    return [_fraction(solution[i, 0]) for i in range(len(vectors))]


def _sum(vectors: Sequence[Vector], coefficients: Vector) -> Vector:
    return [
        sum((c * v[p] for c, v in zip(coefficients, vectors, strict=True)), Fraction(0))
        for p in range(len(vectors[0]))
    ]


def _independent(vectors: list[Vector]) -> list[int]:
    """The positions of a maximal independent set, greedily from the first."""
    kept: list[int] = []
    for place in range(len(vectors)):
        trial = [vectors[i] for i in [*kept, place]]
        if _matrix(trial).rank() == len(trial):
            kept.append(place)
    return kept


# -- targets that are realised ---------------------------------------------------------------------

Hinge = tuple[int, int, Fraction]  # input, orientation 1 or -1, place of the kink


def realised(case: Case) -> Witness | None:
    """The witness of constant parameters that predict the targets exactly, or None; one hidden
    layer, all biases free."""
    pattern, clock = case.pattern, case.clock.at_most(FIT_S)
    inputs, targets = case.exact_data
    units = on_paths(pattern)[1].tolist()
    if len({tuple(x) for x in inputs}) < len(inputs):
        return None
    if len(inputs) > MAX_FIT_POINTS or len(units) > MAX_FIT_UNITS:
        return None
    below, above = pattern.layers
    choices = []
    for unit in units:
        seen = row(below, unit).tolist()
        choices.append([hinge for k in seen for hinge in _hinges(k, inputs)])
    for hinges in islice(product(*choices), MAX_FITS):
        values = [[max(s * (x[k] - tau), Fraction(0)) for x in inputs] for k, s, tau in hinges]
        curve = Curve(2)
        for j in range(above.shape[0]):
            clock.check()
            feeding = set(row(above, j).tolist())
            mine = [place for place, unit in enumerate(units) if unit in feeding]
            vectors = [[Fraction(1)] * len(inputs), *(values[place] for place in mine)]
            kept = _independent(vectors)
            wanted = [y[j] for y in targets]
            coefficients = _combination([vectors[i] for i in kept], wanted)
            if coefficients is None or _sum([vectors[i] for i in kept], coefficients) != wanted:
                break
            for i, coefficient in zip(kept, coefficients, strict=True):
                if i == 0:
                    curve.bias(1, j, {0: coefficient})
                else:
                    curve.weight(1, j, units[mine[i - 1]], {0: coefficient})
        else:
            for unit, (k, s, tau) in zip(units, hinges, strict=True):
                curve.weight(0, unit, k, {0: s})
                curve.bias(0, unit, {0: -s * tau})
            return _witness("realised", pattern, inputs, targets, curve, claim="attained")
    return None


def _hinges(k: int, inputs: Rows) -> list[Hinge]:
    """Kinks at the data points' coordinates, one side for each direction that is not empty."""
    places = sorted({x[k] for x in inputs})
    rising: list[Hinge] = [(k, 1, tau) for tau in places[:-1]]
    return [*rising, *((k, -1, tau) for tau in places[1:])]


def _witness(
    theorem: str, pattern: Pattern, inputs: Rows, targets: Rows, curve: Curve, **more: Any
) -> Witness:
    """The witness about these very data."""
    places, outputs = range(pattern.widths[0]), range(pattern.widths[-1])
    return data_witness(theorem, places, outputs, inputs, targets, curve, **more)


# -- two units on a line ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Corner:
    """A limit of two units: h and the two rates in g, and how to move away from it."""

    kind: str  # "right", "left" (of a kink at point k) or "affine"
    k: int
    h: Vector
    first: Vector  # g = al * first + be * second
    second: Vector


@dataclass(frozen=True)
class _Pair:
    """A problem with two units and points on a line; order[i] is the row of the i-th point."""

    pattern: Pattern
    inputs: Rows
    targets: Rows
    units: tuple[int, int]
    coordinate: int
    order: list[int]
    times: Vector
    columns: list[Vector]  # targets by output, in the order of the times

    @classmethod
    def of(cls, pattern: Pattern, inputs: Rows, targets: Rows) -> _Pair | str:
        """The problem, or why the procedure does not apply."""
        live = on_paths(pattern)
        units = live[1].tolist()
        if len(units) != 2 or live[0].size != 1:
            return "the exact procedure is for two hidden units and one input"
        if pattern.layers[1][:, units].nnz < 2 * pattern.widths[2]:
            return "the exact procedure is for units that feed all outputs"
        k = int(live[0][0])
        order = sorted(range(len(inputs)), key=lambda i: inputs[i][k])
        times = [inputs[i][k] for i in order]
        if not 4 <= len(times) <= MAX_POINTS or len(set(times)) < len(times):
            return f"the exact procedure is for 4 to {MAX_POINTS} different points"
        columns = [[targets[i][j] for i in order] for j in range(pattern.widths[2])]
        return cls(pattern, inputs, targets, (units[0], units[1]), k, order, times, columns)

    def decide(self, limits: Limits, decider: Decider) -> Found:
        """The infimum and the proof that it is not attained, or the reason for neither."""
        clock = Clock.of(limits.wall_s)
        best = min(
            (self._best_ratio(corner) for corner in self._corners()), key=lambda found: found[0]
        )
        _, corner, ratio = best
        limit, value = self._limit(corner, ratio)
        seen = self._smallest_seen()
        if seen < float(value) - 1e-9:
            return _no_answer(
                f"weights with squared error {seen:.6g} exist, and whether these can be improved"
                " without bound is not decided"
            )
        claims = []
        for cells in combinations_with_replacement(self._segments(), 2):
            question = self._not_larger(cells, value)
            statement = f"loss > {value} for {cells[0]} and {cells[1]}"
            run = self._ask(question, statement, limits, clock, decider)
            if run is None:
                return _no_answer(f"no backend could show that {statement}")
            claims.append(claim(statement, [run], cells=[list(c) for c in cells]))
        witness = _witness(
            "exact",
            self.pattern,
            self.inputs,
            self.targets,
            self._curve(corner, ratio),
            claim="not_attained",
            infimum=number_to_json(value),
            limit=rows_json(limit),
            claims=claims,
        )
        return Found(witness)

    @staticmethod
    def _ask(
        question: Formula, statement: str, limits: Limits, clock: Clock, decider: Decider
    ) -> Any:
        """A run of some backend that answered "false: no kinks are that good", or None."""
        for name in preferred(Kind.POINT, decider.engine.available()):
            wall = limits.wall_s / 2
            if clock.expired():
                return None
            run = decider.engine.ask(question, name, wall, limits.memory_mib, statement, clock)
            if run.outcome is Outcome.ANSWERED and run.answer is not None:
                return run if run.answer.formula == FALSE else None
        return None

    # limits

    def _corners(self) -> Iterator[_Corner]:
        times, last = self.times, len(self.times) - 1

        def marks(test: Callable[[int], bool]) -> Vector:
            return [Fraction(int(test(p))) for p in range(last + 1)]

        zero = Fraction(0)
        for k in range(1, last - 1):
            h = [max(t - times[k], zero) for t in times]
            yield _Corner("right", k, h, marks(lambda p, k=k: p >= k), marks(lambda p, k=k: p > k))  # type: ignore[misc]
        for k in range(2, last):
            h = [max(times[k] - t, zero) for t in times]
            yield _Corner("left", k, h, marks(lambda p, k=k: p <= k), marks(lambda p, k=k: p < k))  # type: ignore[misc]
        yield _Corner("affine", 0, list(times), marks(lambda p: p == 0), marks(lambda p: p == last))

    def _best_ratio(self, corner: _Corner) -> tuple[float, _Corner, Fraction]:
        """The least cost of a limit at this corner and the rational ratio be/al near it."""
        from scipy.optimize import minimize_scalar  # late: slow to load

        ones = np.ones(len(self.times))
        fixed = [ones, np.array(corner.h, dtype=float)]
        first, second = np.array(corner.first, dtype=float), np.array(corner.second, dtype=float)
        columns = np.array(self.columns, dtype=float).T

        def cost(angle: float) -> float:
            span = np.stack([*fixed, np.cos(angle) * first + np.sin(angle) * second], axis=1)
            rest = columns - span @ np.linalg.lstsq(span, columns, rcond=None)[0]
            return float((rest**2).sum())

        grid = np.linspace(0, np.pi / 2, 181)
        start = int(np.argmin([cost(angle) for angle in grid]))
        low, high = grid[max(start - 1, 0)], grid[min(start + 1, 180)]
        found = minimize_scalar(
            cost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
        )
        angle = min((found.x, grid[start]), key=cost)
        if np.cos(angle) < 1e-6:
            return cost(angle), corner, Fraction(10**6)
        return cost(angle), corner, Fraction(np.tan(angle)).limit_denominator(MAX_DENOMINATOR)

    def _span(self, corner: _Corner, ratio: Fraction) -> list[Vector]:
        g = [a + ratio * b for a, b in zip(corner.first, corner.second, strict=True)]
        return [[Fraction(1)] * len(self.times), corner.h, g]

    def _limit(self, corner: _Corner, ratio: Fraction) -> tuple[Rows, Fraction]:
        """The limit of predictions (rows in the order of the data) nearest to the targets."""
        span = self._span(corner, ratio)
        value = Fraction(0)
        rows: Rows = [[Fraction(0)] * len(self.columns) for _ in self.inputs]
        for j, column in enumerate(self.columns):
            coefficients = _combination(span, column)
            assert coefficients is not None  # 1, h and g are independent at every corner
            image = _sum(span, coefficients)
            value += sum(((a - b) ** 2 for a, b in zip(image, column, strict=True)), Fraction(0))
            for place, i in enumerate(self.order):
                rows[i][j] = image[place]
        return rows, value

    def _curve(self, corner: _Corner, ratio: Fraction) -> Curve:
        a, b = self.units
        times, k0, k = self.times, self.coordinate, corner.k
        curve = Curve(2)
        one = Fraction(1)
        if corner.kind == "affine":
            curve.weight(0, a, k0, {0: one})
            curve.bias(0, a, {0: -times[0], 1: -one})
            curve.weight(0, b, k0, {0: -one})
            curve.bias(0, b, {0: times[-1], 1: -ratio})
        else:
            side = 1 if corner.kind == "right" else -1
            for unit, shift in ((a, one), (b, -ratio)):
                curve.weight(0, unit, k0, {0: Fraction(side)})
                curve.bias(0, unit, {0: -side * times[k], 1: shift})
        span = self._span(corner, ratio)
        for j, column in enumerate(self.columns):
            found = _combination(span, column)
            assert found is not None
            c, w, v = found
            if corner.kind == "affine":
                # a + b = times[-1] - times[0] - (1 + ratio) eps + eps g; a tends to t - times[0]
                curve.weight(1, j, a, {-1: v, 0: w})
                curve.weight(1, j, b, {-1: v})
                width = times[-1] - times[0]
                curve.bias(1, j, {-1: -v * width, 0: c + w * times[0] + v * (1 + ratio)})
            else:
                curve.weight(1, j, a, {-1: v, 0: w})
                curve.weight(1, j, b, {-1: -v})
                curve.bias(1, j, {0: c})
        return curve

    # attained losses

    def _segments(self) -> list[tuple[str, int]]:
        """Orientation and interval [t_k, t_{k+1}] of the kink."""
        last = len(self.times) - 1
        right = [("right", k) for k in range(last - 1)]
        return right + [("left", k) for k in range(1, last)]

    def _smallest_seen(self) -> float:
        """The least loss on a grid of kinks: an upper bound on the infimum."""
        shapes = []
        for side, k in self._segments():
            for s in np.linspace(0, 1, 9):
                tau = float(self.times[k]) * (1 - s) + float(self.times[k + 1]) * s
                gaps = np.array([float(t) - tau for t in self.times])
                shapes.append(np.maximum(gaps if side == "right" else -gaps, 0))
        columns = np.array(self.columns, dtype=float).T
        least = np.inf
        for one, other in combinations_with_replacement(shapes, 2):
            span = np.stack([np.ones(len(self.times)), one, other], axis=1)
            if np.linalg.matrix_rank(span, tol=1e-6) < 3:
                continue
            rest = columns - span @ np.linalg.lstsq(span, columns, rcond=None)[0]
            least = min(least, float((rest**2).sum()))
        return least

    def _not_larger(self, cells: Sequence[tuple[str, int]], value: Fraction) -> Formula:
        """Some kinks in these segments have independent vectors and a loss at most ``value``."""
        scale = lcm(*(t.denominator for t in self.times))
        times = [int(t * scale) for t in self.times]
        size = lcm(value.denominator, *(v.denominator for y in self.columns for v in y))
        columns = [[Polynomial.constant(int(v * size)) for v in y] for y in self.columns]
        vectors = [[Polynomial.constant(1)] * len(times)]
        bounds: list[Formula] = []
        names = []
        for name, (side, k) in zip(("p", "q"), cells, strict=True):
            tau = Polynomial.variable(name)
            names.append(name)
            bounds += [Atom(tau - times[k], Rel.GE), Atom(tau - times[k + 1], Rel.LE)]
            sign = 1 if side == "right" else -1
            on = [p > k if side == "right" else p <= k for p in range(len(times))]
            vectors.append(
                [
                    (Polynomial.constant(t) - tau) * sign if active else Polynomial.constant(0)
                    for t, active in zip(times, on, strict=True)
                ]
            )
        whole = _gram(vectors)
        part = Polynomial.constant(0)
        for y in columns:
            part = part + _gram([*vectors, y])
        threshold = value * size * size
        excess = part * threshold.denominator - whole * threshold.numerator
        whole, excess = _without_squares(whole, excess)
        return exists(names, conj(*bounds, Atom(whole, Rel.GT), Atom(excess, Rel.LE)))


def _gram(vectors: Sequence[Sequence[Polynomial]]) -> Polynomial:
    """The Gram determinant, by expansion: there are four vectors at most."""
    entries = []
    for v in vectors:
        row = []
        for w in vectors:
            total = Polynomial.constant(0)
            for a, b in zip(v, w, strict=True):
                total = total + a * b
            row.append(total)
        entries.append(row)
    return _determinant(entries)


def _determinant(rows: list[list[Polynomial]]) -> Polynomial:
    if len(rows) == 1:
        return rows[0][0]
    total = Polynomial.constant(0)
    for column, entry in enumerate(rows[0]):
        minor = [row[:column] + row[column + 1 :] for row in rows[1:]]
        term = entry * _determinant(minor)
        total = total - term if column % 2 else total + term
    return total


def _without_squares(whole: Polynomial, excess: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Both divided by their common square factors, which changes no sign where ``whole`` > 0."""
    if excess.is_constant or whole.is_constant:
        return whole, excess
    number, factors = whole.factors()
    other_number, other = excess.factors()
    shared = dict(other)
    left, right = Polynomial.constant(number), Polynomial.constant(other_number)
    taken = {}
    for poly, power in factors:
        common = min(power, shared.get(poly, 0)) // 2 * 2
        taken[poly] = common
        left = left * poly ** (power - common)
    for poly, power in other:
        right = right * poly ** (power - taken.get(poly, 0))
    return left, right
