"""Canonical labelling of a coloured graph, by igraph (BLISS).

igraph 0.x returns from ``canonical_permutation`` the new number of every vertex, igraph 1.x the old
vertex at every new number.  ``permute_vertices`` of the same version always understands its
answer, so we let it carry the old numbers along instead of choosing between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["canonical_order"]


def canonical_order(colours: Sequence[int], edges: Iterable[tuple[int, int]]) -> list[int]:
    """The vertices 0..n-1 in canonical order, ``n = len(colours)``.

    If two graphs are isomorphic by a map that keeps colours, then sending the p-th vertex of one
    order to the p-th of the other is such an isomorphism.

    >>> path = canonical_order([0, 0, 0], [(0, 1), (1, 2)])
    >>> other = canonical_order([0, 0, 0], [(0, 1), (0, 2)])
    >>> path.index(1) == other.index(0)
    True
    """
    import igraph  # late: it takes a second to load, and most decisions need no canonical form

    graph = igraph.Graph(n=len(colours), edges=list(edges))
    graph.vs["old"] = list(range(len(colours)))
    moved = graph.permute_vertices(graph.canonical_permutation(color=list(colours)))
    order: list[int] = moved.vs["old"]
    return order
