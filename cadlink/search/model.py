"""The product map of a problem, written out: which unknowns multiply to give which cell.

Patterns of any depth and groups look the same here.  Every cell of the product is a sum over
*paths*, and a path is a product of one unknown of each factor ("level").  Level 0 is the factor
next to the inputs (X_1 of a chain, the y of a group), the last level the one next to the outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from cadlink.once import cached_property
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.matrix import number_to_json
from cadlink.patterns.pattern import Pattern

__all__ = ["MAX_PATHS", "Limit", "Model", "Problem", "Unknown", "full_limit", "limit_to_json"]

Problem: TypeAlias = Pattern | Group
Limit: TypeAlias = Mapping[Cell, Fraction]

MAX_PATHS = 20_000  # exact search on more is hopeless; the model is then refused


@dataclass(frozen=True)
class Unknown:
    """One entry of one factor.

    ``place`` is (row, column) of the entry for a chain, (neuron, row or column) for a group.
    """

    level: int
    place: tuple[int, int]
    name: str


@dataclass(frozen=True)
class Model:
    """The product map; ``paths[cell]`` lists tuples of unknown numbers, one per level.

    >>> model = Model.of(Group.of([{(0, 0), (0, 1), (1, 0)}]))
    >>> [unknown.name for unknown in model.unknowns], model.paths[0, 1]
    (['y_0_0', 'y_0_1', 'x_0_0', 'x_0_1'], ((1, 2),))
    """

    problem: Problem
    depth: int
    unknowns: tuple[Unknown, ...]
    paths: Mapping[Cell, tuple[tuple[int, ...], ...]]

    @classmethod
    def of(cls, problem: Problem) -> Model | None:
        """The model of a problem, or None if it has more than ``MAX_PATHS`` paths."""
        return _of_group(problem) if isinstance(problem, Group) else _of_pattern(problem)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells in the order in which certificates number the equations."""
        return tuple(sorted(self.paths))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(unknown.name for unknown in self.unknowns)

    @cached_property
    def levels(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of the unknowns of each level."""
        return tuple(
            tuple(u for u, unknown in enumerate(self.unknowns) if unknown.level == level)
            for level in range(self.depth)
        )

    @cached_property
    def blocks(self) -> tuple[tuple[Block, ...], ...]:
        """For every level: the independent linear systems left when the other levels are fixed."""
        return tuple(_blocks(self, level) for level in range(self.depth))


@dataclass(frozen=True)
class Block:
    """Cells and unknowns of one level that are linked; no other unknown of the level matters."""

    cells: tuple[Cell, ...]
    unknowns: tuple[int, ...]
    # terms[unknown][cell]: the paths through that unknown, without it
    terms: Mapping[int, Mapping[Cell, tuple[tuple[int, ...], ...]]]


def full_limit(model: Model, limit: Limit) -> dict[Cell, Fraction]:
    """The limit with its zeros written out.

    Raises ValueError if it has a nonzero value outside the model's cells: it is then no limit.
    """
    outside = [cell for cell, value in limit.items() if value and cell not in model.paths]
    if outside:
        raise ValueError(f"limit: expected 0 outside the support, found a value at {outside[0]}")
    return {cell: Fraction(limit.get(cell, 0)) for cell in model.cells}


def limit_to_json(limit: Limit) -> list[list[int | str]]:
    """The "limit" of a step of the schema: [[row, column, value], ...] in order, without zeros."""
    return [[j, k, number_to_json(value)] for (j, k), value in sorted(limit.items()) if value]


def _of_group(group: Group) -> Model | None:
    if sum(len(graph) for graph in group.neurons) > MAX_PATHS:
        return None
    unknowns: list[Unknown] = []
    number: dict[str, int] = {}
    for level, letter in enumerate("yx"):
        for i, supports in enumerate(group.supports):
            for place in sorted(supports[1 - level]):
                name = f"{letter}_{i}_{place}"
                number[name] = len(unknowns)
                unknowns.append(Unknown(level, (i, place), name))
    paths = {
        (j, k): tuple((number[f"y_{i}_{k}"], number[f"x_{i}_{j}"]) for i in group.owners[j, k])
        for j, k in sorted(group.cells)
    }
    return Model(group, 2, tuple(unknowns), paths)


def _of_pattern(pattern: Pattern) -> Model | None:
    unknowns: list[Unknown] = []
    # partial[(unit, input)]: the paths from that input to that unit of the layer reached so far
    partial: dict[Cell, list[tuple[int, ...]]] = {(k, k): [()] for k in range(pattern.widths[0])}
    for level, mask in enumerate(pattern.layers):
        edges = mask.tocoo()
        grown: dict[Cell, list[tuple[int, ...]]] = {}
        by_unit: dict[int, list[tuple[int, list[tuple[int, ...]]]]] = {}
        for (unit, source), found in partial.items():
            by_unit.setdefault(unit, []).append((source, found))
        total = 0
        for i, j in sorted(zip(edges.row.tolist(), edges.col.tolist(), strict=True)):
            number = len(unknowns)
            unknowns.append(Unknown(level, (i, j), f"x_{level + 1}_{i}_{j}"))
            for source, found in by_unit.get(j, ()):
                grown.setdefault((i, source), []).extend((*path, number) for path in found)
                total += len(found)
            if total > MAX_PATHS:
                return None
        partial = grown
    return Model(
        pattern,
        pattern.depth,
        tuple(unknowns),
        {cell: tuple(partial[cell]) for cell in sorted(partial)},
    )


def _blocks(model: Model, level: int) -> tuple[Block, ...]:
    terms: dict[int, dict[Cell, list[tuple[int, ...]]]] = {u: {} for u in model.levels[level]}
    parent: dict[int | Cell, int | Cell] = {}

    def root(item: int | Cell) -> int | Cell:
        while parent.setdefault(item, item) != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for cell in model.cells:
        for path in model.paths[cell]:
            rest = path[:level] + path[level + 1 :]
            terms[path[level]].setdefault(cell, []).append(rest)
            parent[root(cell)] = root(path[level])
    linked: dict[int | Cell, tuple[list[Cell], list[int]]] = {}
    for cell in model.cells:
        linked.setdefault(root(cell), ([], []))[0].append(cell)
    for unknown in model.levels[level]:
        if terms[unknown]:
            linked.setdefault(root(unknown), ([], []))[1].append(unknown)
    return tuple(
        Block(
            tuple(cells),
            tuple(members),
            {u: {cell: tuple(rest) for cell, rest in terms[u].items()} for u in members},
        )
        for cells, members in linked.values()
    )
