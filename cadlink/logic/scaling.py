"""Cases for "for all A": by the zeros of A, the rest normalised by scaling rows and columns.

*Theorem.*  Let a statement about matrices A on a set of cells be invariant when rows and columns of
A are multiplied by nonzero numbers.  It holds for all A iff it holds for every A such that, for the
bipartite graph of its nonzero entries (rows on one side, columns on the other), the entries along
one fixed spanning forest of that graph are 1. *Proof.*  Let A have the nonzero cells S, with
spanning forest T of the graph S.  Root every tree of T; going outwards from the root, scale each
new row or column so that the entry on the edge to it becomes 1.  Every vertex is scaled once, each
edge of T is settled when its outer end is, and the zeros stay.  The scaled matrix is among those
listed, and the statement holds for A iff it does for it.

Being a product with given supports is invariant: scale the x_i by rows and the y_i by columns.  So
is "these columns are served and every other column has full row rank" (``encode.columns_served``).

With |S| nonzero cells, |S| - |T| parameters are left, few enough for an eliminator to answer in a
fraction of a second where the question with all entries free runs out of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from cadlink.logic.encode import cell_name
from cadlink.logic.formula import Atom, Formula, Rel, assign, disj, forall
from cadlink.logic.polynomial import Polynomial
from cadlink.patterns.group import Cell

__all__ = ["cases", "spanning_forest"]


def spanning_forest(cells: Sequence[Cell]) -> list[Cell]:
    """The cells that join two components when added in order.

    >>> spanning_forest([(0, 0), (0, 1), (1, 0), (1, 1)])
    [(0, 0), (0, 1), (1, 0)]
    """
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(vertex: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(vertex, vertex) != vertex:
            vertex = parent[vertex]
        return vertex

    forest = []
    for row, col in cells:
        above, below = root(("row", row)), root(("col", col))
        if above != below:
            parent[above] = below
            forest.append((row, col))
    return forest


def cases(body: Formula, cells: Sequence[Cell]) -> Iterator[Formula]:
    """Sentences that together say "body for all values of these cells".

    ``body`` has the cells' variables a_j_k free and is invariant as the theorem demands.  There
    are 2^n cases for n cells.

    >>> from cadlink.logic.notation import to_text
    >>> invertible = Atom(Polynomial.variable("a_0_0"), Rel.NE)
    >>> [to_text(case) for case in cases(invertible, [(0, 0)])]
    ['0 != 0', '1 != 0']
    """
    for size in range(len(cells) + 1):
        for nonzero in combinations(cells, size):
            ones = spanning_forest(nonzero)
            left = [cell_name(cell) for cell in nonzero if cell not in ones]
            values = {cell_name(cell): 0 for cell in cells if cell not in nonzero}
            values |= {cell_name(cell): 1 for cell in ones}
            zero = [Atom(Polynomial.variable(name), Rel.EQ) for name in left]
            yield forall(left, disj(*zero, assign(body, values)))
