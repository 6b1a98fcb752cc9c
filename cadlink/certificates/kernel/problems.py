"""The kernel's own picture of the two kinds of problem, and the operations on them.

Chain: masks I_1, ..., I_L between unit layers 0..L; its set is { X_L ... X_1 : supp X_l in I_l }.
Group: neurons with observed graphs G_i (sets of cells); its set consists of the A on the observed
cells E, the union of the G_i, with A(j, k) = sum of x_i(j) y_i(k) over the i with (j, k) in G_i.

Neurons are connected: x_i and y_i have different entries on different components of G_i, so the
components act as independent neurons (empty ones as nothing).  The rules' proofs use this meaning
of a group alone; that G_i = (R_i x C_i) meet E, true for every group made from a pattern, is never
taken for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = [
    "KEY_BYTES",
    "Cell",
    "Chain",
    "Graph",
    "Group",
    "Mask",
    "Problem",
    "blocks",
    "keys",
    "matched",
    "representatives",
]

Cell: TypeAlias = tuple[int, int]
Graph: TypeAlias = frozenset[Cell]
KEY_BYTES = np.dtype(np.int32).itemsize
Ints: TypeAlias = NDArray[np.signedinteger[Any]]  # 32 bits hold the number of a unit


@dataclass(frozen=True, eq=False)
class Mask:
    """The ones of a mask, at (row[n], col[n]) for n = 0, 1, ..., each once, in any order."""

    rows: int
    cols: int
    row: Ints
    col: Ints

    def transpose(self) -> Mask:
        return Mask(self.cols, self.rows, self.col, self.row)

    def csr(self) -> Any:
        """A scipy matrix of ones, each one byte, indices ascending in each row.  In products it is
        boolean: nothing is counted."""
        ones = np.ones(len(self.row), dtype=np.bool_)
        matrix = csr_array((ones, (self.row, self.col)), shape=(self.rows, self.cols))
        matrix.sort_indices()
        return matrix

    def neighbours(self) -> list[bytes]:
        """For every row its ones, as a key for comparison: KEY_BYTES for each."""
        return keys(self.csr())

    def product_work(self, before: Mask) -> int:
        """Multiplications in (this mask) times (the mask before it): paths of length two."""
        outgoing = np.bincount(self.col, minlength=self.cols)
        incoming = np.bincount(before.row, minlength=self.cols)
        return int(outgoing @ incoming)


def keys(matrix: Any) -> list[bytes]:
    """For every row of a sparse matrix the places of its entries: KEY_BYTES for each."""
    indices = matrix.indices.astype(np.int32, copy=False)
    return [indices[a:b].tobytes() for a, b in pairwise(matrix.indptr.tolist())]


class Chain:
    """Masks in forward order; mask l - 1 leads from layer l - 1 to layer l."""

    def __init__(self, masks: tuple[Mask, ...]) -> None:
        self.masks = masks
        self.widths = (masks[0].cols, *(mask.rows for mask in masks))

    @property
    def depth(self) -> int:
        return len(self.masks)

    @property
    def ones(self) -> int:
        """How many entries of the factors may be nonzero."""
        return sum(len(mask.row) for mask in self.masks)

    @property
    def cost(self) -> int:
        """What a pass over the problem costs, in nanoseconds."""
        return 30_000 * self.depth + 60 * (sum(self.widths) + self.ones)

    def transpose(self) -> Chain:
        return Chain(tuple(mask.transpose() for mask in reversed(self.masks)))

    def select(self, units: Sequence[Ints]) -> Chain:
        """The chain on chosen units; unit p of layer l is the old unit units[l][p]."""
        places = []
        for width, chosen in zip(self.widths, units, strict=True):
            place = np.full(width, -1, dtype=np.int32)
            place[chosen] = np.arange(len(chosen))
            places.append(place)
        masks = []
        for layer, mask in enumerate(self.masks):
            row, col = places[layer + 1][mask.row], places[layer][mask.col]
            kept = (row >= 0) & (col >= 0)
            masks.append(Mask(len(units[layer + 1]), len(units[layer]), row[kept], col[kept]))
        return Chain(tuple(masks))

    def keep(self, chosen: Mapping[int, Ints]) -> Chain:
        """The chain on chosen units of some layers, by layer."""
        every = enumerate(self.widths)
        return self.select([chosen.get(layer, np.arange(width)) for layer, width in every])

    def reached(self, start: NDArray[np.bool_], layers: int) -> list[NDArray[np.bool_]]:
        """The units reachable from the marked inputs, in layers 0 .. ``layers``."""
        marks = [start]
        for mask in self.masks[:layers]:
            mark = np.zeros(mask.rows, dtype=np.bool_)
            mark[mask.row[marks[-1][mask.col]]] = True
            marks.append(mark)
        return marks

    def on_paths(self) -> list[Ints]:
        """In every layer, the units on some path from an input to an output."""
        down = self.reached(np.ones(self.widths[0], dtype=np.bool_), self.depth)
        up = self.transpose().reached(np.ones(self.widths[-1], dtype=np.bool_), self.depth)
        return [np.flatnonzero(a & b) for a, b in zip(down, reversed(up), strict=True)]

    def components(self, spend: Callable[[int], None]) -> list[Chain]:
        """The connected components of the layered graph, by smallest unit, inputs first; the work
        is charged as soon as their number is known."""
        from scipy.sparse.csgraph import connected_components  # late: slow to load

        first = np.concatenate(([0], np.cumsum(self.widths)))
        total = int(first[-1])
        ends = np.concatenate([mask.row + first[n + 1] for n, mask in enumerate(self.masks)])
        starts = np.concatenate([mask.col + first[n] for n, mask in enumerate(self.masks)])
        graph = csr_array((np.ones(len(ends)), (ends, starts)), shape=(total, total))
        _, raw = connected_components(graph, directed=False)
        _, smallest, inverse = np.unique(raw, return_index=True, return_inverse=True)
        count = len(smallest)
        spend(2000 * count * self.depth)
        rank = np.empty(count, dtype=np.int64)
        rank[np.argsort(smallest)] = np.arange(count)
        label = rank[inverse]
        place = np.empty(total, dtype=np.int64)  # of a unit inside its layer of its component
        sizes = []
        for low, high in pairwise(first):
            mine = label[low:high]
            order = np.argsort(mine, kind="stable")
            size = np.bincount(mine, minlength=count)
            before = np.concatenate(([0], np.cumsum(size)[:-1])) if count else size
            place[low + order] = np.arange(high - low) - before[mine[order]]
            sizes.append(size.tolist())
        pieces: list[list[Mask]] = [[] for _ in range(count)]
        for n, mask in enumerate(self.masks):
            mine = label[mask.row + first[n + 1]]
            order = np.argsort(mine, kind="stable")
            cuts = np.searchsorted(mine[order], np.arange(count + 1)).tolist()
            row = place[mask.row + first[n + 1]][order]
            col = place[mask.col + first[n]][order]
            for c, piece in enumerate(pieces):
                cut = slice(cuts[c], cuts[c + 1])
                piece.append(Mask(sizes[n + 1][c], sizes[n][c], row[cut], col[cut]))
        return [Chain(tuple(piece)) for piece in pieces]


def blocks(below: Mask, above: Mask) -> tuple[list[set[int]], list[set[int]]]:
    """For every unit between two masks its outputs, and its inputs."""
    rows: list[set[int]] = [set() for _ in range(below.rows)]
    cols: list[set[int]] = [set() for _ in range(below.rows)]
    for j, i in zip(above.row.tolist(), above.col.tolist(), strict=True):
        rows[i].add(j)
    for i, k in zip(below.row.tolist(), below.col.tolist(), strict=True):
        cols[i].add(k)
    return rows, cols


def _connected(graph: Collection[Cell]) -> list[Graph]:
    """The components of a bipartite graph given by its edges."""
    rows, cols = {j for j, _ in graph}, {k for _, k in graph}
    if len(graph) == len(rows) * len(cols):  # complete: connected, or empty
        return [frozenset(graph)] if graph else []
    leader: dict[int, int] = {}  # vertex: row j as j, column k as -1 - k

    def find(vertex: int) -> int:
        while leader.setdefault(vertex, vertex) != vertex:
            leader[vertex] = leader[leader[vertex]]
            vertex = leader[vertex]
        return vertex

    for j, k in graph:
        leader[find(j)] = find(-1 - k)
    parts: dict[int, set[Cell]] = {}
    for cell in graph:
        parts.setdefault(find(cell[0]), set()).add(cell)
    return [frozenset(part) for part in parts.values()]


class Group:
    """Neurons in normal form: connected, none empty, sorted by their sorted cells.

    What every rule asks for is computed at once: functools.cached_property of Python 3.10 and 3.11
    has a lock for all instances, which a child forked while another thread holds it waits for.
    """

    def __init__(self, neurons: tuple[Graph, ...]) -> None:
        self.neurons = neurons
        self.row_sets = tuple(frozenset(j for j, _ in graph) for graph in neurons)  # R_i
        self.col_sets = tuple(frozenset(k for _, k in graph) for graph in neurons)  # C_i
        self.cells: Graph = frozenset().union(*neurons)
        self.rows: frozenset[int] = frozenset().union(*self.row_sets)
        self.cols: frozenset[int] = frozenset().union(*self.col_sets)

    @classmethod
    def of(cls, graphs: Iterable[Collection[Cell]]) -> Group:
        first: dict[Cell, list[Graph]] = {}  # most neurons differ in their first cell
        for graph in graphs:
            for part in _connected(graph):
                first.setdefault(min(part), []).append(part)
        ordered = (first[cell] for cell in sorted(first))
        return cls(tuple(part for alike in ordered for part in _sorted(alike)))

    @property
    def ones(self) -> int:
        """How many cells the neurons have, all together."""
        return sum(len(graph) for graph in self.neurons)

    @property
    def cost(self) -> int:
        """What a pass over the problem costs, in nanoseconds."""
        return 6000 * len(self.neurons) + 700 * self.ones

    @property
    def complete(self) -> bool:
        """Whether every G_i is R_i x C_i; then the set is that of a two-mask chain."""
        sets = zip(self.neurons, self.row_sets, self.col_sets, strict=True)
        return all(len(graph) == len(rows) * len(cols) for graph, rows, cols in sets)

    def owners(self) -> dict[Cell, list[int]]:
        """For every cell the neurons whose graph has it, ascending."""
        found: dict[Cell, list[int]] = {}
        for i, graph in enumerate(self.neurons):
            for cell in graph:
                found.setdefault(cell, []).append(i)
        return found

    def covering(self, cell: Cell) -> list[int]:
        """The neurons whose graph has this cell."""
        return [i for i, graph in enumerate(self.neurons) if cell in graph]

    def map(self, rename: Callable[[Cell], Cell]) -> Group:
        return Group.of({rename(cell) for cell in graph} for graph in self.neurons)

    def transpose(self) -> Group:
        return self.map(lambda cell: (cell[1], cell[0]))

    def components(self) -> list[Group]:
        """Neurons sharing cells, directly or through others; by smallest cell."""
        leader = list(range(len(self.neurons)))

        def find(i: int) -> int:
            while leader[i] != i:
                leader[i] = leader[leader[i]]
                i = leader[i]
            return i

        first: dict[Cell, int] = {}
        for i, graph in enumerate(self.neurons):
            for cell in graph:
                leader[find(i)] = find(first.setdefault(cell, i))
        parts: dict[int, list[Graph]] = {}
        for i, graph in enumerate(self.neurons):
            parts.setdefault(find(i), []).append(graph)
        return sorted((Group(tuple(part)) for part in parts.values()), key=lambda g: min(g.cells))


def _sorted(graphs: list[Graph]) -> list[Graph]:
    return graphs if len(graphs) == 1 else sorted(graphs, key=sorted)


Problem: TypeAlias = Chain | Group


def matched(matrix: Any) -> Ints | None:
    """For every row of a sparse 0/1 matrix a column with a one there, all different; or None.

    scipy proposes the matching; that it is one is verified here.
    """
    rows, cols = matrix.shape
    if rows == 0:
        return np.zeros(0, dtype=np.int64)
    if rows > cols or matrix.nnz == 0:
        return None
    from scipy.sparse.csgraph import maximum_bipartite_matching  # late: slow to load

    partner = np.asarray(maximum_bipartite_matching(matrix, perm_type="column"))
    if partner.shape != (rows,) or (partner < 0).any():
        return None
    if np.bincount(partner, minlength=cols).max() > 1:
        return None
    hits = matrix.indices == np.repeat(partner, np.diff(matrix.indptr))
    return partner if int(np.count_nonzero(hits)) == rows else None


def representatives(sets: Sequence[Collection[int]]) -> list[int] | None:
    """Distinct representatives of the sets, or None."""
    number: dict[int, int] = {}
    indices = [number.setdefault(v, len(number)) for one in sets for v in sorted(one)]
    if len(number) < len(sets):
        return None
    ones, starts = np.ones(len(indices), dtype=np.bool_), np.cumsum([0, *map(len, sets)])
    found = matched(csr_array((ones, indices, starts), shape=(len(sets), len(number))))
    values = list(number)
    return None if found is None else [values[place] for place in found.tolist()]
