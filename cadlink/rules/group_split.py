"""Split: neurons that share no cell, directly or through others, form independent groups.

*Theorem.*  Let E be the disjoint union of E_1, ..., E_s such that every neuron observes cells of
one E_c only.  Then the set is the product of the sets of the groups (E_c, its neurons); it is
closed
(free) iff every one of them is.
*Proof.*  Different neurons have different parameters, so the projections to the E_c are chosen
independently.  A product of nonempty sets is closed (everything) iff every factor is.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply"]


def apply(problem: Problem) -> Step | None:
    """One part per connected component, ordered by smallest cell, when there are several.

    >>> step = apply(Group.of([{(0, 0), (0, 1)}, {(0, 1)}, {(1, 1)}]))
    >>> [part.picture() for part in step.parts]
    ['## + .#', '#']
    """
    if not isinstance(problem, Group):
        return None
    parent = list(range(len(problem.neurons)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for first, *others in problem.owners.values():
        for i in others:
            parent[root(i)] = root(first)
    members: dict[int, list[int]] = {}
    for i in range(len(parent)):
        members.setdefault(root(i), []).append(i)
    if len(members) < 2:
        return None
    parts = sorted((problem.subgroup(m) for m in members.values()), key=lambda g: min(g.cells))
    return Step("split", Conclusion.ALL, {}, tuple(parts))
