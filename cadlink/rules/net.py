"""A chain with drawn factors, and what sets of pins lack to serve every matrix (kernel, cut)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cadlink.clock import Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.modular import PRIME, Matrix, drawn, left_kernel, product, rank

__all__ = ["MOST_ENTRIES", "Marks", "Missing", "Net", "Pins", "affordable"]

MOST_ENTRIES = 20_000_000  # of a factor, of the support, of the demands on the pins
CHEAP_ENTRIES = 400_000  # of a Jacobian that is worth its rank
SPARE = 4  # columns beyond full row rank in a first look at a rank

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


@dataclass(frozen=True)
class Missing:
    """How many dimensions a set of pins lacks, and the inputs whose columns are short of them."""

    dimensions: int
    columns: list[int]


@dataclass
class Net:
    """A chain with drawn factors and what does not depend on the pins."""

    pattern: Pattern
    seed: int = 0
    _kernels: dict[tuple[bytes, int, bytes], Matrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layers = self.pattern.layers
        self.depth = len(layers)
        self.masks: list[Marks] = [mask.toarray() for mask in layers]
        self.factors = [drawn(mask, n, self.seed) for n, mask in enumerate(layers, start=1)]
        reached = np.asarray(self.pattern.support().toarray())
        self.outputs = [np.flatnonzero(column) for column in reached.T]  # R_k
        self.fed = [np.flatnonzero(column) for column in self.masks[0].T]  # S_k

    def may_be_free(self, clock: Clock) -> bool:
        """Whether the dimension of the set may be the number of cells: that is the rank of the
        product map at a generic point, looked at only where it is cheap; raises OutOfTime."""
        cells = sum(rows.size for rows in self.outputs)
        # A hidden unit can be scaled without effect.
        if cells > self.pattern.nnz - sum(self.pattern.widths[1:-1]):
            return False
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

    def narrowest_first(self) -> list[int]:
        """The inputs, those that feed the fewest units beyond the outputs they reach first."""
        spare = [its.size - rows.size for its, rows in zip(self.fed, self.outputs, strict=True)]
        return np.argsort(spare, kind="stable").tolist()  # type: ignore[no-any-return]

    @cached_property
    def _unpinned(self) -> Matrix:
        return self.upwards(self.no_pins())[0]

    def short(self, k: int, clock: Clock) -> bool:
        """Whether column k lacks something without pins; raises OutOfTime."""
        rows, heads = self.outputs[k], self.fed[k]
        clock.afford(1e-8 * rows.size * heads.size * (10 + rows.size / 20))
        for some in (heads[: rows.size + SPARE], heads):
            if rank(self._unpinned[np.ix_(rows, some)]) == rows.size:
                return False
        return True

    def upwards(self, pins: Pins) -> list[Matrix]:
        """For layers 1, 2, ..., L the sums over paths to the outputs outside U: outputs x units."""
        found = [np.eye(self.pattern.widths[-1], dtype=np.int64)]
        for layer in range(self.depth - 1, 0, -1):
            fixed = self.factors[layer] * ~pins[layer - 1]
            if layer < self.depth - 1:
                fixed = fixed * ~pins[layer][:, None]
            found.append(product(found[-1], fixed))
        return found[::-1]

    def missing(self, pins: Pins, clock: Clock) -> Missing:
        """What the pins lack; raises OutOfTime."""
        up = self.upwards(pins)
        above = b"".join(np.packbits(mark).tobytes() for mark in pins[1:])
        kernels: dict[int, Matrix] = {}
        for k, rows in enumerate(self.outputs):
            heads = self.fed[k][~pins[0][self.fed[k]]] if pins else self.fed[k]
            if heads.size > rows.size + SPARE:
                some = heads[: rows.size + SPARE]
                if rank(up[0][np.ix_(rows, some)]) == rows.size:
                    continue
            key = (above, k, heads.tobytes())
            if key not in self._kernels:
                clock.check()
                self._kernels[key] = left_kernel(up[0][np.ix_(rows, heads)])
            if len(self._kernels[key]):
                kernels[k] = self._kernels[key]
        total = sum(len(kernel) for kernel in kernels.values())
        if not total:
            return Missing(0, [])
        blocks, below, width = self._variables(pins, up)
        if total * width > MOST_ENTRIES or not width:
            return Missing(total, list(kernels))
        demands = np.zeros((total, width), dtype=np.int64)
        owner: list[int] = []
        for k, kernel in kernels.items():
            top = len(owner)
            owner += [k] * len(kernel)
            for (start, span), weight in zip(blocks, below[:, k], strict=True):
                if weight:
                    seen = product(kernel, span[self.outputs[k]]) * weight % PRIME
                    demands[top : len(owner), start : start + span.shape[1]] = seen
        clock.check()
        relations = left_kernel(demands)
        short = sorted({owner[row] for row in np.flatnonzero(relations.any(axis=0))})
        return Missing(len(relations), short)

    def _variables(
        self, pins: Pins, up: list[Matrix]
    ) -> tuple[list[tuple[int, Matrix]], Matrix, int]:
        """For every pin (first variable, basis of the up(w) at its unpinned heads); the down(u, k),
        pins x inputs; and the number of variables."""
        blocks: list[tuple[int, Matrix]] = []
        below: list[Matrix] = []
        width = 0
        down = self.factors[0]
        for layer, mark in enumerate(pins, start=1):
            if layer > 1:
                down = product(self.factors[layer - 1] * pins[layer - 2], down)
            down = down * mark[:, None]
            for u in np.flatnonzero(mark):
                heads = self.masks[layer][:, u].copy()
                if layer < self.depth - 1:
                    heads &= ~pins[layer]
                span = _basis(up[layer][:, heads])
                if span.shape[1] and down[u].any():
                    blocks.append((width, span))
                    below.append(down[u])
                    width += span.shape[1]
        table = np.array(below, dtype=np.int64).reshape(len(below), self.pattern.widths[0])
        return blocks, table, width


def _basis(columns: Matrix) -> Matrix:
    """A basis of the column space modulo PRIME."""
    if columns.shape[1] <= 1:
        return columns[:, columns.any(axis=0)]
    return np.ascontiguousarray(left_kernel(left_kernel(columns).T.copy()).T)
