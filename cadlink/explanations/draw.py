"""Problems as pictures, and the operations on chains that drawing the parts of a step needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cadlink.explanations.document import Block, Math, Panel, Paragraph, Pictures
from cadlink.explanations.formulas import factor, many, sub, these
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.pattern import Mask, Pattern

__all__ = [
    "Problem",
    "components",
    "draw",
    "in_one_line",
    "on_paths",
    "panel",
    "parts_of",
    "small",
]

Problem: TypeAlias = Pattern | Group

LARGEST = 40  # rows or columns of a mask that is drawn
MOST = 8  # masks or neurons that are drawn


def small(problem: Problem) -> bool:
    """Whether it is drawn, and its data written out."""
    if isinstance(problem, Pattern):
        return max(problem.widths) <= LARGEST and problem.depth <= MOST
    return max(len(problem.rows), len(problem.cols), 0) <= LARGEST and len(problem.neurons) <= MOST


def in_one_line(problem: Problem) -> str:
    """What it is, in a few words.

    >>> in_one_line(Pattern.of(["11/01", "11"]))
    'a chain of 2 masks, widths 2-2-1, 5 edges'
    """
    if isinstance(problem, Pattern):
        widths = "-".join(map(str, problem.widths))
        return f"a chain of {many(problem.depth, 'mask')}, widths {widths}, {problem.nnz} edges"
    size = f"{len(problem.rows)} x {len(problem.cols)}"
    observed = many(len(problem.cells), "observed cell")
    return f"a group of {many(len(problem.neurons), 'neuron')} on {size} entries, {observed}"


def panel(title: Math, observed: npt.NDArray[np.bool_]) -> Panel:
    """A boolean matrix."""
    return Panel(title, tuple("".join("#" if one else "." for one in row) for row in observed))


def draw(problem: Problem) -> tuple[Block, ...]:
    """The masks, in the order of the product, or the graphs of the neurons."""
    if not small(problem):
        return (Paragraph(f"(Too large to draw: {in_one_line(problem)}.)"),)
    if isinstance(problem, Pattern):
        if not all(problem.widths):
            return (Paragraph("(No unit is left.)"),)
        panels = [
            panel(factor(number), mask.toarray())
            for number, mask in enumerate(problem.layers, start=1)
        ]
        return (Pictures(tuple(reversed(panels))),)
    if not problem.neurons:
        return (Paragraph("(No neuron is left.)"),)
    rows, cols = problem.rows, problem.cols
    panels = [
        panel(sub("G", i), np.array([[(j, k) in graph for k in cols] for j in rows]))
        for i, graph in enumerate(problem.neurons)
    ]
    plain = rows == tuple(range(len(rows))) and cols == tuple(range(len(cols)))
    labels = () if plain else tuple(map(str, rows))
    picture = Pictures(tuple(panels), labels, "+")
    if plain:
        return (picture,)
    return (picture, Paragraph(f"(From left to right: {these('column', cols)}.)"))


def on_paths(pattern: Pattern) -> list[npt.NDArray[np.int64]]:
    """In every layer, the units on some path from an input to an output."""
    down = [np.ones(pattern.widths[0], dtype=np.bool_)]
    for mask in pattern.layers:
        down.append(mask @ down[-1])
    up = [np.ones(pattern.widths[-1], dtype=np.bool_)]
    for mask in reversed(pattern.layers):
        up.append(mask.T @ up[-1])
    return [np.flatnonzero(p & q) for p, q in zip(down, reversed(up), strict=True)]


def components(ends: Sequence[npt.NDArray[np.int64]], total: int) -> npt.NDArray[np.int64]:
    """For every vertex of a graph its component, numbered by smallest vertex."""
    graph = coo_array((np.ones(len(ends[0]), dtype=np.int8), tuple(ends)), shape=(total, total))
    _, labels = connected_components(graph.tocsr(), directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    found: npt.NDArray[np.int64] = rank[inverse]
    return found


def parts_of(problem: Problem) -> list[Problem]:
    """The connected components in the order of the certificates' ``split``.

    >>> [part.inline() for part in parts_of(Pattern.of(["101/010", "10/01"]))]
    ['11;1', '1;1']
    """
    if isinstance(problem, Pattern):
        return list(_chains(problem))
    starts, ends = [], []
    first: dict[Cell, int] = {}
    for i, graph in enumerate(problem.neurons):
        for one in graph:
            starts.append(i)
            ends.append(first.setdefault(one, i))
    edges = (np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))
    labels = components(edges, len(problem.neurons))
    members: dict[int, list[int]] = {}
    for i, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(i)
    groups = [problem.subgroup(its) for its in members.values()]
    groups.sort(key=_first_cell)
    return list(groups)


def _first_cell(group: Group) -> Cell:
    return min(group.cells)


def _chains(pattern: Pattern) -> list[Pattern]:
    first = np.concatenate(([0], np.cumsum(pattern.widths)))
    heads, tails = [], []
    for layer, mask in enumerate(pattern.layers):
        edges = _edges(mask)
        heads.append(edges[0] + first[layer + 1])
        tails.append(edges[1] + first[layer])
    labels = components((np.concatenate(heads), np.concatenate(tails)), int(first[-1]))
    count = int(labels.max()) + 1 if len(labels) else 0
    units = []
    for low, width in zip(first, pattern.widths, strict=False):
        its = labels[low : low + width]
        order = np.argsort(its, kind="stable")
        units.append(np.split(order, np.searchsorted(its[order], np.arange(1, count))))
    return [pattern.select([its[c] for its in units]) for c in range(count)]


def _edges(mask: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    edges = mask.tocoo()
    return edges.row.astype(np.int64), edges.col.astype(np.int64)
