"""Candidates for missed limit points, given a quantifier-free formula phi of the set.

Two sources: limits of curves at which phi is false, which are certainly in the closure; and
rational points at which phi is false but its relaxation is true, taken on the zero sets of
phi's polynomials by solving one of them for an unknown in which it is linear.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

from cadlink.clock import UNLIMITED, Clock
from cadlink.logic.formula import Formula, atoms, evaluate
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import relax
from cadlink.patterns.group import Cell
from cadlink.search.curves import candidates
from cadlink.search.model import Limit, Model, Problem

__all__ = ["points"]

_MOST = 4  # points that are wanted
_CURVES = 300
_TRIALS = 3000


def points(
    problem: Problem, phi: Formula, seed: int = 0, clock: Clock = UNLIMITED
) -> list[dict[Cell, Fraction]]:
    """Some points (values of all cells) likely to be in the closure and not in the set.

    ``phi`` is quantifier-free in the a_{j}_{k} of the observed cells.  Limits of curves come first,
    and among each kind those with the most zeros.
    """
    model = Model.of(problem)
    if model is None:
        return []
    limits = []
    for count, curve in enumerate(candidates(problem, seed, clock)):
        if not evaluate(phi, _named(curve.limit)):
            limits.append(dict(curve.limit))
        if len(limits) >= 3 * _MOST or count >= _CURVES:
            break
    limits.sort(key=_weight)
    if len(limits) >= _MOST:
        return limits[:_MOST]
    wide = relax(phi)
    boundary = []
    for point in _boundary_points(model, phi, seed):
        if clock.expired():
            break
        if point in boundary or point in limits:
            continue
        named = _named(point)
        if not evaluate(phi, named) and evaluate(wide, named):
            boundary.append(point)
            if len(boundary) >= 3 * _MOST:
                break
    boundary.sort(key=_weight)
    return (limits + boundary)[:_MOST]


def _named(point: Limit) -> dict[str, Fraction | int]:
    return {f"a_{j}_{k}": value for (j, k), value in point.items()}


def _weight(point: dict[Cell, Fraction]) -> tuple[int, Fraction]:
    values = [abs(value) for value in point.values() if value]
    return len(values), sum(values, Fraction(0))


def _boundary_points(model: Model, phi: Formula, seed: int) -> Iterator[dict[Cell, Fraction]]:
    """Small integer points, moved onto the zero sets of one to three of phi's polynomials."""
    rng = random.Random(seed)
    polynomials = list(dict.fromkeys(atom.poly for atom in atoms(phi)))
    cell_of = {f"a_{j}_{k}": (j, k) for j, k in model.cells}
    for _ in range(_TRIALS):
        zeros = rng.choice((0.2, 0.5, 0.8))
        point = {
            cell: Fraction(0 if rng.random() < zeros else rng.choice((1, 1, -1, 2, -2, 3)))
            for cell in model.cells
        }
        for poly in rng.sample(polynomials, min(len(polynomials), rng.randint(1, 3))):
            if poly.variables:
                name = rng.choice(poly.variables)
                _move(point, poly, name, cell_of[name])
        yield point


def _move(point: dict[Cell, Fraction], poly: Polynomial, name: str, cell: Cell) -> None:
    """Change one cell such that the polynomial vanishes, if it is linear in it and this can be."""
    if any(dict(monomial).get(name, 0) > 1 for monomial, _ in poly.terms):
        return
    named = _named(point)
    constant = Fraction(poly.evaluate({**named, name: 0}))
    slope = Fraction(poly.evaluate({**named, name: 1})) - constant
    if slope:
        point[cell] = -constant / slope
