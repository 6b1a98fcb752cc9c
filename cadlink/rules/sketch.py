"""A chain in floating point: about how much sets of pins lack, and what another pin would give.

Only a guide for the search (``pin_search``), many times faster than the ranks modulo a prime of
``net``, which have the last word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cadlink.clock import Clock
from cadlink.rules.net import Net, Pins

__all__ = ["Look", "Sketch", "sketchable"]

MOST_ENTRIES = 4_000_000  # of an array
MOST_RELATIONS = 40  # that are looked at; of more, so many random combinations
ZERO = 1e-10  # squares of lengths, relative to 1
STEP_S = 5e-10  # seconds for a step of elimination

Floats = npt.NDArray[np.float64]


def sketchable(net: Net) -> bool:
    """Whether the arrays have a moderate size."""
    widths = net.pattern.widths
    return widths[-1] ** 2 * max(widths[:-1]) <= MOST_ENTRIES


@dataclass(frozen=True)
class Look:
    """What was seen with some pins.

    Attributes
    ----------
    missing
        The number of relations between the demands, about.
    up
        For layers 0, 1, ... the sums over paths to the outputs outside U, outputs x units.
    down
        For the hidden layers 1, 2, ... the sums over paths inside U but for their end, units x
        inputs; nothing stands at 0.
    demands, owner
        Vectors over the outputs that no unpinned unit serves, and the inputs whose columns they
        belong to, ascending.
    relations
        Relations x demands: independent relations, none if nothing is missing.
    """

    missing: int
    up: list[Floats]
    down: list[Floats]
    demands: Floats
    owner: npt.NDArray[np.int64]
    relations: Floats


class Sketch:
    """The factors of a net with random entries."""

    def __init__(self, net: Net) -> None:
        chance = np.random.default_rng(net.seed)
        self.net = net
        self.factors = [
            mask * chance.uniform(0.5, 1.5, mask.shape) * chance.choice((-1.0, 1.0), mask.shape)
            for mask in net.masks
        ]
        self.fed = net.masks[0].astype(np.float64)
        self.unreached = np.ones((net.pattern.widths[0], net.pattern.widths[-1]))
        for k, rows in enumerate(net.outputs):
            self.unreached[k, rows] = 0

    def look(self, pins: Pins, clock: Clock) -> Look:
        """What these pins lack; raises OutOfTime."""
        clock.check()
        up, down = self._up(pins), self._down(pins)
        each = _squares(up[1], self.fed)
        diagonal = np.arange(each.shape[1])
        each[:, diagonal, diagonal] += self.unreached
        lengths, vectors = np.linalg.eigh(each)
        gone = lengths < ZERO * np.maximum(1, lengths[:, -1:])
        demands, owner = vectors.transpose(0, 2, 1)[gone], np.nonzero(gone)[0]
        if not len(owner):
            return Look(0, up, down, demands, owner, np.zeros((0, 0)))
        spans, below = [], []
        for layer, mark in enumerate(pins, start=1):
            for u in np.flatnonzero(mark & down[layer].any(axis=1)).tolist():
                span = _basis(up[layer + 1][:, self.net.masks[layer][:, u]])
                spans.append(span)
                below.append(np.repeat(down[layer][u][:, None], span.shape[1], axis=1))
        width = sum(span.shape[1] for span in spans)
        relations = np.eye(len(owner))
        if 0 < width <= MOST_ENTRIES / len(owner):
            clock.afford(STEP_S * len(owner) ** 2 * (width + len(owner)))
            relations = _relations(demands @ np.hstack(spans) * np.hstack(below)[owner])
        return Look(len(relations), up, down, demands, owner, relations)

    def gains(self, pins: Pins, look: Look) -> list[Floats]:
        """For every hidden layer and unit the relations that a pin there would break by itself."""
        relations = look.relations
        if len(relations) > MOST_RELATIONS:
            mix = np.random.default_rng(0).standard_normal((MOST_RELATIONS, len(relations)))
            relations = np.linalg.qr(mix.T)[0].T @ relations
        first = np.flatnonzero(np.diff(look.owner, prepend=-1))
        terms = relations[:, :, None] * look.demands
        by_column = np.add.reduceat(terms, first, axis=1)  # relations x columns x outputs
        found = []
        for layer, mark in enumerate(pins, start=1):
            below = look.down[layer][:, look.owner[first]]
            seen = np.tensordot(below, by_column, axes=(1, 1))  # units x relations x outputs
            lengths, vectors = np.linalg.eigh(
                _squares(look.up[layer + 1], self.net.masks[layer].astype(np.float64))
            )
            broken = seen @ (vectors * (lengths > ZERO)[:, None, :])
            lengths = np.linalg.eigvalsh(broken.transpose(0, 2, 1) @ broken)
            found.append((lengths > ZERO * np.maximum(1, lengths[:, -1:])).sum(axis=1) * ~mark)
        return found

    def losses(self, pins: Pins, look: Look) -> list[Floats]:
        """For every hidden layer and unit the columns that cannot do without it (in the first
        layer), or the pins that could no longer use their edge to it."""
        up = look.up[1]
        inverse = np.linalg.pinv(_squares(up, self.fed), rcond=ZERO, hermitian=True)
        # A column of a matrix is in the span of the others iff this is less than 1.
        share = np.einsum("ju,kji,iu->uk", up, inverse, up, optimize=True)
        found = [((share > 1 - 1e-6) & self.net.masks[0]).sum(axis=1)]
        for layer in range(2, self.net.depth):
            used = pins[layer - 2] & look.down[layer - 1].any(axis=1)
            found.append((self.net.masks[layer - 1] & used).sum(axis=1))
        return found

    def _up(self, pins: Pins) -> list[Floats]:
        found = [np.eye(self.net.pattern.widths[-1])]
        for layer in range(self.net.depth - 1, 0, -1):
            sums = _normal(found[-1] @ self.factors[layer]) * ~pins[layer - 1]
            found.append(sums)
        return [*found, np.zeros((len(found[0]), self.net.pattern.widths[0]))][::-1]

    def _down(self, pins: Pins) -> list[Floats]:
        found = [np.zeros((0, 0))]
        inside = np.eye(self.net.pattern.widths[0])
        for layer, mark in enumerate(pins, start=1):
            found.append(_normal((self.factors[layer - 1] @ inside).T).T)
            inside = found[-1] * mark[:, None]
        return found


def _normal(columns: Floats) -> Floats:
    """The columns, of length 1 or 0."""
    lengths = np.linalg.norm(columns, axis=0)
    found: Floats = columns / np.where(lengths > 0, lengths, 1)
    return found


def _squares(columns: Floats, chosen: Floats) -> Floats:
    """For every k the sum of v v^T over the columns v that are chosen by column k."""
    height = len(columns)
    pairs = (columns[:, None, :] * columns[None, :, :]).reshape(height**2, -1)
    found: Floats = (pairs @ chosen).T.reshape(-1, height, height)
    return found


def _basis(columns: Floats) -> Floats:
    """Few columns that span the same space."""
    some: Floats = columns[:, columns.any(axis=0)]
    if some.shape[1] <= len(some):
        return some
    left, lengths, _ = np.linalg.svd(some, full_matrices=False)
    basis: Floats = left[:, lengths**2 > ZERO]
    return basis


def _relations(matrix: Floats) -> Floats:
    """Independent relations between the rows, one in a row."""
    from scipy.linalg import lapack, solve_triangular  # late: slow to load

    lengths = np.linalg.norm(matrix, axis=1)
    rows = matrix * (lengths > ZERO)[:, None]  # the others are 0 but for rounding
    lengths = np.where(lengths > ZERO, lengths, 1)
    rows /= lengths[:, None]
    factor, order, rank, _ = lapack.dpstrf(rows @ rows.T, tol=ZERO)
    order = order - 1
    found = np.zeros((len(rows) - rank, len(rows)))
    found[:, order[rank:]] = np.eye(len(found))
    if rank and len(found):
        found[:, order[:rank]] = -solve_triangular(factor[:rank, :rank], factor[:rank, rank:]).T
    found /= lengths
    return _normal(found.T).T
