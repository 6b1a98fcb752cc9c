"""The two kinds of problem a proof step speaks about: a pattern (a chain of masks) and a group.

A **group** is the general two-factor object of the reductions.  There is a finite set E of
*observed* cells (row, column) and a list of neurons, each with an observed bipartite graph G_i, a
subset of E; the set in question is

    K = { (sum_i x_i y_i^T) restricted to E } ,   neuron i contributing on the cells of G_i only.

Two facts are built in.

*Component split.*  Neuron i contributes x_i(j) y_i(k) on the cells (j, k) of G_i.  If G_i falls
into connected components, the entries of x_i and y_i of different components are different
variables, so the components contribute as independent neurons.  Hence every graph of a ``Group``
is connected.

*Support.*  Let R_i, C_i be the rows and columns of a (connected) graph.  Starting from complete
graphs, every graph stays equal to (R_i x C_i) intersected with E: removing a cell from E removes
it from every graph, and a component of G_i contains every observed cell of G_i between its rows
and its columns.  A neuron therefore is its set of cells, and E is the union of the graphs; a cell
no neuron covers is identically zero and is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cadlink.once import cached_property
from cadlink.patterns.labelling import canonical_order

__all__ = ["Cell", "Graph", "Group", "components"]

Cell: TypeAlias = tuple[int, int]
Graph: TypeAlias = frozenset[Cell]


def components(graph: Collection[Cell]) -> list[Graph]:
    """The connected components of a bipartite graph given by its edges (row, column).

    >>> [sorted(c) for c in components({(0, 0), (0, 1), (2, 2)})]
    [[(0, 0), (0, 1)], [(2, 2)]]
    """
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(vertex: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(vertex, vertex) != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for row, col in graph:
        parent[root(("row", row))] = root(("col", col))
    found: dict[tuple[str, int], set[Cell]] = {}
    for cell in sorted(graph):
        found.setdefault(root(("row", cell[0])), set()).add(cell)
    return [frozenset(cells) for cells in found.values()]


@dataclass(frozen=True)
class Group:
    """A two-factor problem in normal form: connected graphs, none empty, in sorted order.

    Build one with :meth:`of`, which brings any list of graphs into that form.  Rows and columns
    keep their original numbers through every reduction; neurons are numbered by their place in the
    sorted list (sorted by ``sorted(graph)``).

    >>> Group.of([{(0, 0), (0, 1)}, {(1, 1)}, set()]).rows
    (0, 1)
    """

    neurons: tuple[Graph, ...]

    @classmethod
    def of(cls, graphs: Iterable[Collection[Cell]]) -> Group:
        """The group of these observed graphs, split into components, empty ones dropped."""
        parts = [part for graph in graphs for part in components(graph)]
        return cls(tuple(sorted(parts, key=sorted)))

    @classmethod
    def of_blocks(cls, blocks: Iterable[tuple[Collection[int], Collection[int]]]) -> Group:
        """The group in which neuron i observes all of ``rows x cols`` of the i-th pair."""
        return cls.of({(j, k) for j in rows for k in cols} for rows, cols in blocks)

    @cached_property
    def cells(self) -> Graph:
        """E: all observed cells."""
        return frozenset().union(*self.neurons)

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The rows with an observed cell, ascending."""
        return tuple(sorted({j for j, _ in self.cells}))

    @cached_property
    def cols(self) -> tuple[int, ...]:
        """The columns with an observed cell, ascending."""
        return tuple(sorted({k for _, k in self.cells}))

    @cached_property
    def supports(self) -> tuple[tuple[frozenset[int], frozenset[int]], ...]:
        """(R_i, C_i) for every neuron."""
        return tuple((frozenset(j for j, _ in g), frozenset(k for _, k in g)) for g in self.neurons)

    @cached_property
    def owners(self) -> Mapping[Cell, tuple[int, ...]]:
        """For every observed cell the neurons covering it, ascending."""
        found: dict[Cell, list[int]] = {}
        for i, graph in enumerate(self.neurons):
            for cell in graph:
                found.setdefault(cell, []).append(i)
        return {cell: tuple(who) for cell, who in found.items()}

    def is_complete(self, neuron: int) -> bool:
        """Whether the neuron's graph is all of R_i x C_i."""
        rows, cols = self.supports[neuron]
        return len(self.neurons[neuron]) == len(rows) * len(cols)

    @cached_property
    def all_complete(self) -> bool:
        """Whether every graph is complete: then the group is a two-factor pattern."""
        return all(self.is_complete(i) for i in range(len(self.neurons)))

    def transpose(self) -> Group:
        """Rows and columns exchanged."""
        turned = (frozenset((k, j) for j, k in graph) for graph in self.neurons)
        return Group(tuple(sorted(turned, key=sorted)))

    def restrict(self, rows: Collection[int], cols: Collection[int]) -> Group:
        """The group on the cells of rows x cols, row and column numbers kept."""
        keep_rows, keep_cols = frozenset(rows), frozenset(cols)
        return Group.of(
            {(j, k) for j, k in graph if j in keep_rows and k in keep_cols}
            for graph in self.neurons
        )

    def subgroup(self, chosen: Collection[int]) -> Group:
        """The group of the chosen neurons alone, observed on their own cells."""
        return Group.of(self.neurons[i] for i in chosen)

    def absorb(self, chosen: Collection[int]) -> Group:
        """What is left when the chosen neurons, free on their cells F, go and F is forgotten."""
        gone: set[Cell] = set()
        for i in chosen:
            gone |= self.neurons[i]
        return Group.of(
            graph - gone for i, graph in enumerate(self.neurons) if i not in frozenset(chosen)
        )

    def relabel(self, rows: Mapping[int, int], cols: Mapping[int, int]) -> Group:
        """Rows and columns renamed, old number -> new number (injective maps)."""
        renamed = (frozenset((rows[j], cols[k]) for j, k in graph) for graph in self.neurons)
        return Group(tuple(sorted(renamed, key=sorted)))

    def canonical_maps(self) -> tuple[dict[int, int], dict[int, int]]:
        """Renamings of rows and columns such that isomorphic groups become equal.

        Isomorphic means equal up to permutations of rows, columns and neurons.  The group is
        encoded as a graph with three colours: rows, columns, neurons; edges row-neuron and
        column-neuron for membership, row-column for observed cells.  By the support property
        above this determines every G_i.
        """
        rows = {j: index for index, j in enumerate(self.rows)}
        cols = {k: len(rows) + index for index, k in enumerate(self.cols)}
        first = len(rows) + len(cols)
        edges = [(rows[j], cols[k]) for j, k in self.cells]
        for i, (its_rows, its_cols) in enumerate(self.supports):
            edges += [(rows[j], first + i) for j in its_rows]
            edges += [(cols[k], first + i) for k in its_cols]
        colours = [0] * len(rows) + [1] * len(cols) + [2] * len(self.neurons)
        place = {old: new for new, old in enumerate(canonical_order(colours, sorted(edges)))}
        # Only the order inside a colour class matters; we number rows and columns from 0.
        new_rows = {j: new for new, j in enumerate(sorted(rows, key=lambda j: place[rows[j]]))}
        new_cols = {k: new for new, k in enumerate(sorted(cols, key=lambda k: place[cols[k]]))}
        return new_rows, new_cols

    def canonical(self) -> Group:
        """The same for all isomorphic groups."""
        return self.relabel(*self.canonical_maps())

    def to_json(self) -> list[list[list[int]]]:
        """The group as the kernel and the data files read it: neurons, each a list of cells.

        >>> Group.of([{(0, 0), (0, 1)}]).to_json()
        [[[0, 0], [0, 1]]]
        """
        return [[list(cell) for cell in sorted(graph)] for graph in self.neurons]

    def picture(self) -> str:
        """One neuron after the other: '#' observed by it, '.' not, rows separated by '/'.

        >>> Group.of([{(0, 0), (0, 1), (1, 0)}]).picture()
        '##/#.'
        """
        return " + ".join(
            "/".join("".join("#" if (j, k) in g else "." for k in self.cols) for j in self.rows)
            for g in self.neurons
        )
