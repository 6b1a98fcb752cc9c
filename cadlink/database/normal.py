"""Finitely many sets for given outer sizes: the normal form of a two-factor pattern.

A two-factor pattern stands for the set of all sums of x_i y_i^T, x_i supported on R_i and y_i on
C_i: only its blocks R_i x C_i and how often each occurs matter.

*Theorem 1 (multiplicity).*  min(|R|, |C|) neurons with the same observed graph G, with rows R and
columns C, are free on G: together they realise every matrix on these cells.  More of them change
nothing.
*Proof.*  Let |R| <= |C|, and let the i-th neuron have x_i = the i-th unit vector of R.  Then row i
of the sum is y_i on the cells of row i, hence arbitrary.  The other case is the transpose.  The
sum of further neurons with this graph is supported on G as well, so it can be had without them.

*Theorem 2 (absorption).*  If some neurons are free on a set F of cells, the set is R^F plus the
set of the other neurons, and of each of those only the cells outside F matter: the set is the
product of R^F and the set of the other neurons' graphs without F.
*Proof.*  What the others do on F is made up by the free ones.  (This is ``rules/absorb.py``.)

*Normal form.*  Starting with F empty, add to F: the cells of a connected observed graph that is a
star (one row or one column: free by setting the centre to 1), and of a graph that occurs
min(|R|, |C|) times; what is left of the graphs outside F falls into connected components, which
are neurons of their own (``patterns/group.py``); repeat until nothing is added. Adding cells to F
leaves stars and equal graphs what they are, or makes them disappear or fall into such (a component
of a graph that occurs often enough occurs as often, and has no more rows or columns), so the order
does not matter and the end is unique. It is a set F and finitely many graphs, none of them a star,
each with fewer than min(|R|, |C|) copies: *for fixed outer sizes there are finitely many normal
forms, whatever the number of hidden units, and patterns with one normal form have the same set*.
(The converse is not claimed: two normal forms may have one set.)

A normal form is again written as a pattern: a block R x C for every graph with rows R and columns
C, and for every row (or for every column) with cells in F a block of that line.  Its own normal
form is itself: a graph is (R x C) minus F by the support property of ``patterns/group.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cadlink.rules.bits import bits

__all__ = ["NormalForm", "components", "is_star", "lines", "normal_form"]


@dataclass(frozen=True)
class NormalForm:
    """The free cells and the graphs outside them, as bit sets of cells of an n x m grid."""

    rows: int
    cols: int
    free: int
    graphs: tuple[int, ...]

    def blocks(self, by_rows: bool = True) -> tuple[int, ...]:
        """The pattern of this normal form: one set of cells R x C for every hidden unit.

        The free cells are cut into rows, or into columns.
        """
        found = []
        for graph in self.graphs:
            its_rows, its_cols = lines(graph, self.rows, self.cols)
            spread = sum(its_cols << row * self.cols for row in bits(its_rows))
            found.append(spread)
        row = (1 << self.cols) - 1
        column = sum(1 << place * self.cols for place in range(self.rows))
        if by_rows:
            cuts = [row << place * self.cols for place in range(self.rows)]
        else:
            cuts = [column << place for place in range(self.cols)]
        found += [self.free & cut for cut in cuts if self.free & cut]
        return tuple(sorted(found))


def lines(cells: int, rows: int, cols: int) -> tuple[int, int]:
    """The rows and the columns of a set of cells, as bit sets.

    >>> lines(0b0110, 2, 2)
    (3, 3)
    """
    full = (1 << cols) - 1
    its_rows = its_cols = 0
    for row in range(rows):
        part = cells >> row * cols & full
        its_cols |= part
        its_rows |= bool(part) << row
    return its_rows, its_cols


def components(cells: int, rows: int, cols: int) -> list[int]:
    """The connected components of a bipartite graph given by its set of cells.

    >>> components(0b1001, 2, 2)
    [1, 8]
    """
    full = (1 << cols) - 1
    parts: list[tuple[int, int]] = []  # columns, cells
    for row in range(rows):
        part = cells >> row * cols & full
        if not part:
            continue
        joined_cols, joined = part, part << row * cols
        apart = []
        for its_cols, its_cells in parts:
            if its_cols & part:
                joined_cols, joined = joined_cols | its_cols, joined | its_cells
            else:
                apart.append((its_cols, its_cells))
        parts = [*apart, (joined_cols, joined)]
    return sorted(joined for _, joined in parts)


def is_star(cells: int, rows: int, cols: int) -> bool:
    """Whether all cells lie in one row or in one column."""
    its_rows, its_cols = lines(cells, rows, cols)
    return its_rows.bit_count() <= 1 or its_cols.bit_count() <= 1


def normal_form(neurons: Sequence[int], rows: int, cols: int) -> NormalForm:
    """The normal form of the pattern with these sets of cells, one for each hidden unit.

    >>> square, corner = 0b1111, 0b1000
    >>> normal_form([square, corner, corner], 2, 2)
    NormalForm(rows=2, cols=2, free=8, graphs=(7,))
    """
    free = 0
    graphs = list(neurons)
    while True:
        parts = [p for graph in graphs for p in components(graph & ~free, rows, cols)]
        added = 0
        for part, count in Counter(parts).items():
            its_rows, its_cols = lines(part, rows, cols)
            if count >= min(its_rows.bit_count(), its_cols.bit_count()):
                added |= part
        if not added:
            return NormalForm(rows, cols, free, tuple(sorted(parts)))
        free |= added
        graphs = parts
