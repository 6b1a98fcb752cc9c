"""Lines: p neurons with one and the same observed graph, free by deleting lines.

*Theorem.*  Let all p graphs be equal to G.  If q < p rows and columns can be deleted from G so
that what remains is a disjoint union of stars (or is empty), the set is R^G.
*Proof.*  One neuron per deleted line: for a row j take x = e_j, so that it contributes y(k) on
the cells (j, k) and nothing elsewhere; likewise for a column.  Hence the deleted lines carry
arbitrary values.  One more neuron, zero on the deleted lines, has its stars on different rows and
columns: with every centre set to 1 it carries arbitrary values on them.

(Deleting p lines and leaving nothing is the same condition: put one of them back, and the rest is
a star.)  Which lines to delete is found by trying all small sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

from cadlink.patterns.group import Graph, Group, components
from cadlink.rules.star import is_star
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "find"]

Line = tuple[str, int]

_TRIES = 5000  # sets of lines looked at before giving up


def find(graph: Graph, copies: int) -> list[Line] | None:
    """Fewer than ``copies`` lines whose deletion leaves disjoint stars, or None.

    >>> find(frozenset({(0, 0), (0, 1), (1, 0), (1, 1)}), 2)
    [('row', 0)]
    """
    lines: list[Line] = [("row", j) for j in sorted({j for j, _ in graph})]
    lines += [("col", k) for k in sorted({k for _, k in graph})]
    for size in range(min(copies, len(lines))):
        if comb(len(lines), size) > _TRIES:
            return None
        for chosen in combinations(lines, size):
            if _leaves_stars(graph, chosen):
                return list(chosen)
    return None


def _leaves_stars(graph: Graph, lines: Sequence[Line]) -> bool:
    gone = set(lines)
    rest = [(j, k) for j, k in graph if ("row", j) not in gone and ("col", k) not in gone]
    return all(map(is_star, components(rest)))


def apply(problem: Problem) -> Step | None:
    """A free leaf when all graphs are equal and few lines break the graph into stars.

    >>> square = {(j, k) for j in range(2) for k in range(2)}
    >>> apply(Group.of([square, square])).data
    {'lines': [['row', 0]]}
    """
    if not isinstance(problem, Group) or not problem.neurons or len(set(problem.neurons)) != 1:
        return None
    lines = find(problem.neurons[0], len(problem.neurons))
    if lines is None:
        return None
    return Step("lines", Conclusion.FREE, {"lines": [list(line) for line in lines]})
