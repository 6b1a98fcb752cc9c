"""The solution set of a formula without quantifiers in one or two variables, drawn.

The plane is cut by the irreducible factors of the polynomials.  A cell of full dimension is filled
if the formula holds there.  Along the zeros of a factor the formula is evaluated with that factor
set to exactly 0: a solid line belongs to the set, a dotted one does not.  A zero where the factor
does not change its sign, such as that of x^2 + y^2, is not seen in the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import flint
import numpy as np
import numpy.typing as npt

from cadlink.errors import FormulaError
from cadlink.logic.formula import (
    And,
    Atom,
    Formula,
    Or,
    Truth,
    atoms,
    free_variables,
    is_quantifier_free,
)
from cadlink.logic.notation import to_text
from cadlink.logic.polynomial import Polynomial
from cadlink.networks.experiments.plots import BLUE, SKY, new_figure

__all__ = ["solutions_figure"]

Signs = Callable[[Atom], npt.NDArray[np.float64]]
GRID = 600  # points along each axis
WINDOWS = (2.0, 5.0, 20.0, 100.0)


def solutions_figure(f: Formula) -> Any:
    """A matplotlib figure.  FormulaError unless f has one or two variables and no quantifier."""
    names = free_variables(f)
    if not is_quantifier_free(f) or not 1 <= len(names) <= 2:
        raise FormulaError(
            f"a formula in {len(names)} variables: expected one or two to draw, no quantifier left"
        )
    figure = new_figure(6, 6 if len(names) == 2 else 2)
    axes = figure.add_subplot()
    (_plane if len(names) == 2 else _line)(axes, f, names)
    axes.set_title(f"{to_text(f):.70}", fontsize=9)
    return figure


def _values(poly: Polynomial, point: dict[str, Any]) -> Any:
    """A polynomial at many points at once, in floating point."""
    total: Any = 0.0
    for monomial, coefficient in poly.terms:
        term: Any = float(coefficient)
        for name, exponent in monomial:
            term = term * point[name] ** exponent
        total = total + term
    return total


def _holds(f: Formula, signs: Signs) -> Any:
    """Where f holds, for given signs of its atoms' polynomials."""
    if isinstance(f, Truth):
        return np.array(f.value)
    if isinstance(f, Atom):
        return np.isin(signs(f), sorted(f.rel.signs))
    if not isinstance(f, And | Or):
        raise FormulaError("a quantifier is left: eliminate it first")
    parts = [_holds(part, signs) for part in f.args]
    start = np.array(isinstance(f, And))
    for part in parts:
        start = start & part if isinstance(f, And) else start | part
    return start


def _factors(f: Formula) -> list[Polynomial]:
    """The irreducible factors of all polynomials, each once."""
    found: dict[Polynomial, None] = {}
    for atom in atoms(f):
        found.update((factor, None) for factor, _ in atom.poly.factors()[1])
    return list(found)


def _signs(point: dict[str, Any], zero: Polynomial | None = None) -> Signs:
    """The signs at the points, all of which lie on the zeros of ``zero`` if that is given."""

    def sign(atom: Atom) -> npt.NDArray[np.float64]:
        vanishes = zero is not None and any(p == zero for p, _ in atom.poly.factors()[1])
        found = np.sign(_values(atom.poly, point)) + 0.0 * next(iter(point.values()))
        return np.zeros_like(found) if vanishes else found

    return sign


def _plane(axes: Any, f: Formula, names: tuple[str, ...]) -> None:
    factors = _factors(f)
    for window in WINDOWS:
        ticks = np.linspace(-window, window, GRID)
        x, y = np.meshgrid(ticks, ticks)
        point = dict(zip(names, (x, y), strict=True))
        values = [_values(p, point) + 0.0 * x for p in factors]
        if all(v.min() < 0 < v.max() for v in values):
            break
    inside = _holds(f, _signs(point)) & np.ones_like(x, dtype=bool)
    if inside.any():
        axes.contourf(x, y, inside.astype(float), levels=[0.5, 1.5], colors=[SKY], alpha=0.5)
    for p, v in zip(factors, values, strict=True):
        if not v.min() < 0 < v.max():
            continue
        lines = axes.contour(x, y, v, levels=[0.0], alpha=0)
        for line in lines.allsegs[0]:
            on = _holds(f, _signs(dict(zip(names, line.T, strict=True)), p)) & np.ones(
                len(line), dtype=bool
            )
            for belongs, style in ((True, "-"), (False, ":")):
                shown = np.where((on == belongs)[:, None], line, np.nan)
                axes.plot(*shown.T, style, color=BLUE, linewidth=1.6 if belongs else 0.8)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.set_aspect("equal")


def _line(axes: Any, f: Formula, names: tuple[str, ...]) -> None:
    (name,) = names
    roots: list[tuple[float, Polynomial]] = []
    for p in _factors(f):
        coefficients = [0] * (p.total_degree + 1)
        for monomial, coefficient in p.terms:
            coefficients[monomial[0][1] if monomial else 0] = coefficient
        isolated: Any = flint.fmpz_poly(coefficients).complex_roots()
        for root, _ in isolated:
            if root.imag == 0:  # exactly so for a real root
                roots.append((float(root.real), p))
    roots.sort(key=lambda pair: pair[0])
    places = [place for place, _ in roots]
    first, last = (places[0], places[-1]) if places else (0.0, 0.0)
    margin = max(1.0, 0.3 * (last - first))
    ends = [first - margin, *places, last + margin]
    for left, right in pairwise(ends):
        middle = {name: np.array([(left + right) / 2])}
        if _holds(f, _signs(middle)).all():
            axes.plot([left, right], [0, 0], "-", color=SKY, linewidth=6, solid_capstyle="butt")
    for place, p in roots:
        on = _holds(f, _signs({name: np.array([place])}, p)).all()
        axes.plot([place], [0], "o", color=BLUE, markerfacecolor=BLUE if on else "white")
    axes.set_xlim(ends[0], ends[-1])
    axes.set_yticks([])
    axes.set_xlabel(name)
