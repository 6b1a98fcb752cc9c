"""Merged block: a block of ones that equal rows and columns leave to no neuron.

Theorem and proof: kernel, merged_block (notation: ``merged.py``).  Blocks that no neuron covers are
grown greedily from pairs of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits
from cadlink.rules.merged import (
    COLLIDE,
    Budget,
    collision,
    covering,
    crossing,
    merging,
    room,
    shrink,
)
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MISSED
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import TIMES, setof

__all__ = ["RULE", "candidates", "find", "search"]

_STARTS = 2000  # greedy searches per orientation
_ROOMS = 150  # pairs of matchings per orientation
_CHOICES = 3  # rows tried on either side of a pair


def search(view: View, clock: Clock = UNLIMITED) -> tuple[int, int, int, int] | None:
    """a, b, J, K (bit sets) to which the theorem applies, or None."""
    # J has two rows or more, K a column or more, and r - 1 representatives lie outside.
    if not view.all_complete or view.neurons > min(len(view.rows) - 1, len(view.cols)):
        return None
    rooms = Budget(_ROOMS)
    for a, b, rows, cols in candidates(view, 0, clock):
        if not rooms.spend():
            return None
        if room(view, a, b, (), rows, cols, clock):
            return a, b, rows, cols
    return None


def candidates(view: View, exempt: int, clock: Clock) -> Iterator[tuple[int, int, int, int]]:
    """a, b, J, K such that at most the neurons ``exempt`` cover all of J x K."""
    starts = Budget(_STARTS)
    for a, b in crossing(view, clock):
        if exempt & (1 << a | 1 << b):
            continue
        rows_a, rows_b = view.row_sets[a], view.row_sets[b]
        shared = view.col_sets[a] & view.col_sets[b]
        for p in _rarest(view, rows_a & ~rows_b):
            for q in _rarest(view, rows_b & ~rows_a):
                if not starts.spend():
                    return
                found = shrink(
                    view,
                    1 << p | 1 << q,
                    0,
                    rows_a | rows_b,
                    shared,
                    lambda rows, cols: covering(view, rows, cols) & ~exempt,
                    clock,
                )
                if found is not None:
                    rows, cols = found
                    yield a, b, rows, cols or shared & -shared


def _rarest(view: View, rows: int) -> list[int]:
    return sorted(bits(rows), key=lambda p: view.in_row[p].bit_count())[:_CHOICES]


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such a block is found.

    >>> blocks = [({0, 1, 3}, {0, 1, 3}), ({0, 2, 4}, {0, 2, 3})]
    >>> find(Group.of_blocks(blocks)).data
    {'a': 1, 'b': 0, 'J': [1, 2], 'K': [0]}
    """
    view = View.of(group)
    found = search(view, clock)
    if found is None:
        return None
    a, b, rows, cols = found
    data = {"a": a, "b": b, "J": view.row_numbers(rows), "K": view.col_numbers(cols)}
    return Step("merged_block", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """A block that no neuron covers is filled with ones."""
    one, two, J, K = told.data["a"], told.data["b"], told.data["J"], told.data["K"]
    curve = collision(group, (one, two), (), told.facts, (J, K))
    r = len(group.neurons)
    return (
        *curve.shown(group, COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r}, which is the number of neurons, and is 1 on"
            f" {setof(J) + TIMES + setof(K)}, a block that no neuron covers. Suppose A = XY. Then X"
            f" and Y have rank {r}, too. {merging(J, K)} So every entry of A in this block would"
            " be 0, because a neuron nonzero there would cover the block: a contradiction.",
            MISSED,
        ),
    )


RULE = Rule(
    name="merged_block",
    about=Group,
    both_ways=True,
    find=find,
    account="two colliding hidden units fill a block of entries that no unit covers",
    title="two neurons collide",
    explain=explain,
    cost="2000 greedy searches, 150 matchings",
)
