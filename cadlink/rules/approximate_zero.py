"""Approximate zero: a point near which the product takes every small value: free.

The theorem and its proof are in ``certificates/kernel/approximate_zero.py``.  An exact zero with
small entries is the business of ``zero_submersion.py``; here the zero may be irrational.

*Search.*  Levenberg-Marquardt for X Y = 0 on the observed cells, from seeded random starts.  Some
entries are held where they are, for without that the search runs into the singular zeros X = 0 or
Y = 0.  A start counts if the least singular value of the Jacobian stays away from 0; then the point
is rounded.  Cost: some hundred steps of (cells)^3 a start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import math

__all__ = ["RULE", "find"]

MOST_CELLS = 150
_STARTS = 12
_STEPS = 150
_SCALE = 1 << 26
_REGULAR = 1e-3  # the least singular value from which a zero is worth rounding

Floats = NDArray[np.float64]


class _Product:
    """The product on the observed cells, as a function of all entries of X and Y in a row."""

    def __init__(self, group: Group) -> None:
        place = {cell: row for row, cell in enumerate(sorted(group.cells))}
        xs = [(i, j) for i, (rows, _) in enumerate(group.supports) for j in sorted(rows)]
        ys = [(i, k) for i, (_, cols) in enumerate(group.supports) for k in sorted(cols)]
        x_at = {entry: n for n, entry in enumerate(xs)}
        y_at = {entry: n for n, entry in enumerate(ys, start=len(xs))}
        terms = [
            (place[j, k], x_at[i, j], y_at[i, k])
            for i, graph in enumerate(group.neurons)
            for j, k in sorted(graph)
        ]
        self.cells, self.size, self.left = len(place), len(xs) + len(ys), len(xs)
        self.cell, self.x, self.y = (np.array(part) for part in zip(*terms, strict=True))

    def value(self, at: Floats) -> Floats:
        """The cells, in ascending order."""
        found = np.zeros(self.cells)
        np.add.at(found, self.cell, at[self.x] * at[self.y])
        return found

    def jacobian(self, at: Floats) -> Floats:
        """Cells by entries."""
        found = np.zeros((self.cells, self.size))
        np.add.at(found, (self.cell, self.x), at[self.y])
        np.add.at(found, (self.cell, self.y), at[self.x])
        return found


def _zero(product: _Product, rng: np.random.Generator, clock: Clock) -> Floats | None:
    """A regular zero of the product, nearly, from a random start."""
    at = rng.standard_normal(product.size)
    held = rng.random(product.size) < rng.choice((0.05, 0.15, 0.25))
    free = np.where(held, 0.0, 1.0)
    value = product.value(at)
    cost, damping = float(value @ value), 1.0
    for _ in range(_STEPS):
        clock.check()
        if cost < 1e-26:
            break
        slopes = product.jacobian(at) * free
        normal = slopes @ slopes.T
        for _ in range(8):
            try:
                step = slopes.T @ np.linalg.solve(normal + damping * np.eye(product.cells), value)
            except np.linalg.LinAlgError:
                return None
            moved = at - step
            new = product.value(moved)
            if float(new @ new) < cost:
                at, value, cost, damping = moved, new, float(new @ new), max(damping / 5, 1e-14)
                break
            damping *= 4
        else:
            return None
    least = np.linalg.svd(product.jacobian(at), compute_uv=False)[-1]
    return at if cost < 1e-20 and least > _REGULAR else None


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf, or None.

    >>> hollow = [{(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}] * 2
    >>> find(Group.of(hollow)).conclusion.value
    'free'
    """
    if not 0 < len(group.cells) <= MOST_CELLS:
        return None
    product, rng = _Product(group), np.random.default_rng(0)
    if product.size < product.cells:
        return None
    for _ in range(_STARTS):
        with np.errstate(over="ignore", invalid="ignore"):  # no such step lowers the cost
            at = _zero(product, rng, clock)
        if at is None:
            continue
        numbers = [int(v) for v in np.rint(at * _SCALE)]
        sizes = [len(rows) for rows, _ in group.supports] + [len(c) for _, c in group.supports]
        parts = []
        for size in sizes:
            parts.append(numbers[:size])
            numbers = numbers[size:]
        count = len(group.neurons)
        data = {"scale": _SCALE, "x": parts[:count], "y": parts[count:]}
        return Step("approximate_zero", Conclusion.FREE, data)
    return None


def explain(group: Group, told: Told) -> Blocks:
    """A point with an almost vanishing product."""
    return sentence(
        "The certificate gives rational entries of all x and y, with the common denominator"
        f" {told.data['scale']}, at which the product nearly vanishes: its norm is below"
        f" {told.facts['size']}. The linear part of the product there has a right inverse of norm"
        f" below {told.facts['inverse']}, up to an error of norm below {told.facts['error']}, and"
        " the quadratic part is at most half the square of a step. So Brouwer's theorem, applied to"
        " the steps that the inverse proposes, shows that every matrix at a distance of at most"
        f" {told.facts['reach']} from that product is a product itself: 0 and all matrices near it"
        f" are among these, and with A also its multiples, since {math('(s X) Y = s A')}. So the"
        " set contains every matrix."
    )


RULE = Rule(
    name="approximate_zero",
    about=Group,
    find=find,
    account="near a point with an almost vanishing product, every direction can be reached: every"
    " matrix can",
    title="an approximate zero",
    explain=explain,
    cost=f"{_STARTS} searches of {_STEPS} steps, each of (cells)^3; up to {MOST_CELLS} cells",
)
