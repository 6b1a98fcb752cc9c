"""Problems as pictures, and the operations on chains that drawing the parts of a step needs."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.writing.document import Block, Math, Panel, Paragraph, Pictures
from cadlink.writing.formulas import factor, many, sub, these

__all__ = [
    "Problem",
    "draw",
    "in_one_line",
    "panel",
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
