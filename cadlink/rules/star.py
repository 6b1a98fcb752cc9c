"""Stars: a group in which every graph is a star is free.

*Theorem.*  If every observed graph has all its cells in one row, or all in one column, the set is
R^E.  *Proof.*  Give the centre of the star (that row or column) the value 1 in its neuron; the
neuron then contributes an arbitrary value on each of its cells, independently.  Distribute the
entries of A among the neurons: every observed cell gives its whole entry to one neuron covering
it.
"""

from __future__ import annotations

from cadlink.patterns.group import Graph, Group
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "is_star"]


def is_star(graph: Graph) -> bool:
    """Whether the cells lie in one row or in one column.

    >>> is_star(frozenset({(0, 1), (0, 2)})), is_star(frozenset({(0, 0), (0, 1), (1, 0)}))
    (True, False)
    """
    return len({j for j, _ in graph}) == 1 or len({k for _, k in graph}) == 1


def apply(problem: Problem) -> Step | None:
    """A free leaf when every graph is a star.

    >>> apply(Group.of([{(0, 0), (0, 1)}, {(0, 0), (1, 0)}])).rule
    'star'
    """
    if isinstance(problem, Group) and problem.neurons and all(map(is_star, problem.neurons)):
        return Step("star", Conclusion.FREE)
    return None
