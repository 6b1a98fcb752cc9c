"""A chain with drawn factors, and what sets of pins lack to serve every matrix (kernel, cut)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.modular import (
    PRIME,
    Matrix,
    drawn,
    full_row_rank,
    left_kernel,
    product,
    rank,
)
from cadlink.patterns.pattern import Mask, Pattern, row

__all__ = ["ENTRY_S", "MOST_ENTRIES", "Marks", "Net", "Pins", "affordable", "served"]

MOST_ENTRIES = 20_000_000  # of a factor, of the support, of the demands on the pins
ENTRY_S = 4e-8  # seconds to draw an entry
ENTER_S, STEP_S = 4e-7, 5e-10  # and to hand it to flint, beside a step of elimination
CHEAP_ENTRIES = 400_000  # of a Jacobian that is worth its rank
SPARE = 4  # columns beyond full row rank in a first look at a rank
FEW_ROWS = 40  # of matrices that are eliminated together
STACK = 50_000  # entries of these, about

Marks = npt.NDArray[np.bool_]
Pins = tuple[Marks, ...]  # one array for every hidden layer


def affordable(pattern: Pattern) -> bool:
    """Whether there are two masks or more, units in all layers, and room for dense matrices.

    >>> affordable(Pattern.of(["11/01"])), affordable(Pattern.of(["11/01", "10/11"]))
    (False, True)
    """
    if pattern.depth < 2 or 0 in pattern.widths:
        return False
    sizes = [mask.shape[0] * mask.shape[1] for mask in pattern.layers]
    return bool(max(*sizes, pattern.widths[0] * pattern.widths[-1]) <= MOST_ENTRIES)


def served(up: Matrix, heads: Mask, outputs: Mask, clock: Clock) -> Marks:
    """For which inputs the first of their units have full row rank on their outputs.

    ``up`` is outputs x units; the masks have a row for every input, with its units and with its
    outputs.  Small matrices are eliminated together.  Raises OutOfTime.

    >>> mask = Pattern.of(["11/01"]).layers[0]
    >>> served(np.array([[1, 1], [1, 1]]), mask, mask, UNLIMITED).tolist()
    [False, True]
    """
    fed, reached = np.diff(heads.indptr), np.diff(outputs.indptr)
    found: Marks = reached == 0
    enough = (reached > 0) & (fed >= reached)
    for size in np.unique(reached[enough & (reached <= FEW_ROWS)]).tolist():
        alike = np.flatnonzero(enough & (reached == size))
        for inputs in np.array_split(alike, 1 + alike.size * size * size // STACK):
            clock.check()
            rows = outputs.indices[outputs.indptr[inputs, None] + np.arange(size)]
            places = np.arange(size + SPARE) % fed[inputs, None]  # a unit twice does no harm
            units = heads.indices[heads.indptr[inputs, None] + places]
            found[inputs] = full_row_rank(up[rows[:, :, None], units[:, None]])
    for k in np.flatnonzero(enough & (reached > FEW_ROWS)).tolist():
        rows, units = row(outputs, k), row(heads, k)[: reached[k] + SPARE]
        clock.afford(1e-8 * rows.size * units.size * (10 + rows.size / 20))
        found[k] = rank(up[np.ix_(rows, units)]) == rows.size
    return found


@dataclass
class Net:
    """A chain with drawn factors and what does not depend on the pins."""

    pattern: Pattern
    clock: Clock = UNLIMITED
    seed: int = 0

    def __post_init__(self) -> None:
        layers = self.pattern.layers
        self.clock.afford(ENTRY_S * sum(mask.shape[0] * mask.shape[1] for mask in layers))
        self.depth = len(layers)
        self.masks: list[Marks] = [mask.toarray() for mask in layers]
        self.factors = [drawn(mask, n, self.seed) for n, mask in enumerate(layers, start=1)]
        self.reached = self.pattern.support(self.clock.afford)
        self.outputs = [np.flatnonzero(column) for column in self.reached.toarray().T]  # R_k
        self.fed = [np.flatnonzero(column) for column in self.masks[0].T]  # S_k

    def may_be_free(self, clock: Clock) -> bool:
        """Whether the dimension of the set may be the number of cells: that is the rank of the
        product map at a generic point, looked at only where it is cheap; raises OutOfTime."""
        cells = sum(rows.size for rows in self.outputs)
        if cells * self.pattern.nnz > CHEAP_ENTRIES:
            return True
        clock.check()
        below = [np.eye(self.pattern.widths[0], dtype=np.int64)]
        for factor in self.factors[:-1]:
            below.append(product(factor, below[-1]))
        above = [np.eye(self.pattern.widths[-1], dtype=np.int64)]
        for factor in self.factors[:0:-1]:
            above.append(product(above[-1], factor))
        j = np.concatenate(self.outputs)
        k = np.repeat(np.arange(len(self.outputs)), [rows.size for rows in self.outputs])
        columns = []
        for mask, lower, upper in zip(self.masks, below, reversed(above), strict=True):
            head, tail = mask.nonzero()
            columns.append(upper[j][:, head] * lower[tail][:, k].T % PRIME)
        return rank(np.hstack(columns)) == cells

    def no_pins(self) -> Pins:
        """All hidden units outside U."""
        return tuple(np.zeros(width, dtype=np.bool_) for width in self.pattern.widths[1:-1])

    def upwards(self, pins: Pins) -> list[Matrix]:
        """For layers 1, 2, ..., L the sums over paths to the outputs outside U: outputs x units."""
        found = [np.eye(self.pattern.widths[-1], dtype=np.int64)]
        for layer in range(self.depth - 1, 0, -1):
            fixed = self.factors[layer] * ~pins[layer - 1]
            if layer < self.depth - 1:
                fixed = product(found[-1], fixed * ~pins[layer][:, None], self.clock)
            found.append(fixed)
        return found[::-1]

    def missing(self, pins: Pins, clock: Clock) -> int:
        """How many dimensions the pins lack; raises OutOfTime."""
        up = self.upwards(pins)
        kernels = self._kernels(pins, up[0], clock)
        total = sum(len(kernel) for kernel in kernels.values())
        if not total:
            return 0
        spans, below = self._variables(pins, up)
        width = spans.shape[1]
        if total * width > MOST_ENTRIES or not width:
            return total
        clock.check()
        demands = np.zeros((total, width), dtype=np.int64)
        top = 0
        for k, kernel in kernels.items():
            seen = np.flatnonzero(below[:, k])
            some = product(kernel, spans[np.ix_(self.outputs[k], seen)]) * below[seen, k] % PRIME
            demands[top : top + len(kernel), seen] = some
            top += len(kernel)
        clock.afford(total * width * (ENTER_S + STEP_S * total))
        return total - rank(demands)

    def _kernels(self, pins: Pins, up: Matrix, clock: Clock) -> dict[int, Matrix]:
        """For the inputs whose unpinned units do not do, what these units leave."""
        kernels: dict[int, Matrix] = {}
        unpinned = self.masks[0] & ~pins[0][:, None] if pins else self.masks[0]
        heads, outputs = sp.csr_array(unpinned.T), self.reached.T.tocsr()
        for k in np.flatnonzero(~served(up, heads, outputs, clock)).tolist():
            clock.check()
            kernel = left_kernel(up[np.ix_(row(outputs, k), row(heads, k))])
            if len(kernel):
                kernels[k] = kernel
        return kernels

    def _variables(self, pins: Pins, up: list[Matrix]) -> tuple[Matrix, Matrix]:
        """For every variable at a pin u its up(w), outputs x variables (few for every pin), and
        down(u, .), variables x inputs."""
        spans = [np.zeros((self.pattern.widths[-1], 0), dtype=np.int64)]
        below = [np.zeros((0, self.pattern.widths[0]), dtype=np.int64)]
        down = self.factors[0]
        for layer, mark in enumerate(pins, start=1):
            if layer > 1:
                down = product(self.factors[layer - 1] * pins[layer - 2], down)
            down = down * mark[:, None]
            for u in np.flatnonzero(down.any(axis=1)).tolist():
                heads = self.masks[layer][:, u]
                if layer < self.depth - 1:
                    heads = heads & ~pins[layer]
                spans.append(_basis(up[layer][:, heads]))
                below.append(np.repeat(down[u][None], spans[-1].shape[1], axis=0))
        return np.hstack(spans), np.vstack(below)


def _basis(columns: Matrix) -> Matrix:
    """Few columns that span the column space modulo PRIME."""
    if columns.shape[1] <= len(columns):  # looking would take longer than it saves
        return columns[:, columns.any(axis=0)]
    return np.ascontiguousarray(left_kernel(left_kernel(columns).T.copy()).T)
