"""Rank peeling: blocks that are all but whole reach every matrix of rank at most their number.

The defect of a neuron is what its block lacks of the rectangle, rows and columns; if the i-th
smallest defect is at most i - 1, the neurons make every matrix of a rank up to their number.
Theorem and proof: kernel, rank_peeling.  As the smallest defect is 0, the rectangle is the block of
one of the neurons.  QR of any size is the case in which all neurons have all rows.
"""

from __future__ import annotations

from collections.abc import Iterator

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Blocks, Math, Paragraph
from cadlink.writing.formulas import math

__all__ = ["RULE", "find", "free_sets"]


def free_sets(view: View, clock: Clock = UNLIMITED) -> Iterator[int]:
    """Sets of min(n, m) neurons (as bits) that are free on their cells, one per rectangle.

    >>> blocks = [(range(3), range(3)), (range(3), range(3)), ({1, 2}, {1, 2})]
    >>> [bin(chosen) for chosen in free_sets(View.of(Group.of_blocks(blocks)))]
    ['0b111']
    """
    frames = dict.fromkeys(zip(view.row_sets, view.col_sets, strict=True))
    for rows, cols in frames:
        clock.check()
        size = min(rows.bit_count(), cols.bit_count())
        chosen = _peelable(view, rows, cols)[:size]
        if len(chosen) == size >= 2:
            yield sum(1 << i for i in chosen)


def _peelable(view: View, rows: int, cols: int) -> list[int]:
    """The longest list of neurons inside the rectangle, by defect, with c_i <= i - 1."""
    inside = []
    for i, (its_rows, its_cols) in enumerate(zip(view.row_sets, view.col_sets, strict=True)):
        if not its_rows & ~rows and not its_cols & ~cols:
            defect = (rows & ~its_rows).bit_count() + (cols & ~its_cols).bit_count()
            inside.append((defect, i))
    chosen: list[int] = []
    for defect, i in sorted(inside):
        if defect > len(chosen):
            break
        chosen.append(i)
    return chosen


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free or closed leaf when the theorem speaks about the whole group.

    >>> find(Group.of_blocks([(range(3), range(3)), ({1, 2}, {0, 1, 2})])).conclusion.value
    'closed'
    """
    view = View.of(group)
    n, m = len(view.rows), len(view.cols)
    chosen = _peelable(view, (1 << n) - 1, (1 << m) - 1)
    if len(chosen) >= min(n, m):
        return Step("rank_peeling", Conclusion.FREE)
    if len(chosen) == view.neurons and len(group.cells) == n * m:
        return Step("rank_peeling", Conclusion.CLOSED)
    return None


def explain(group: Group, told: Told) -> Blocks:
    """Nearly whole blocks."""
    n, m = len(group.rows), len(group.cols)
    defects, fit = told.facts["defects"], told.facts["peeled"]
    free = told.conclusion == "free"
    s, V, W = Math("s", "s"), Math("V", "V"), Math("W", "W")
    end = (
        "Every matrix here (zeros put in unobserved cells) has rank at most"
        f" {min(n, m)}, so every one is reached."
        if free
        else f"A sum of {len(defects)} products has rank at most {len(defects)}, and all cells are"
        f" observed: the set is the closed set of all matrices of rank at most {len(defects)}."
    )
    shown = ", ".join(map(str, defects[:MOST_ITEMS])) + (
        ", ..." if len(defects) > MOST_ITEMS else ""
    )
    return (
        Paragraph(
            f"There are {n} rows and {m} columns, and each neuron observes all observed cells"
            " of its block. Let the defect of a neuron be the number of rows it lacks plus the"
            f" number of columns it lacks; in ascending order the defects are {shown}, and the"
            f" i-th smallest is at most i - 1, for i up to {fit if not free else min(n, m)}."
        ),
        Paragraph(
            f"Then the first {s} of them make every A of rank at most {s}, by induction. Let"
            f" rank A = {s} (if it is less, drop a neuron), with column space {V} and row space"
            f" {W}. For A v in {V} and {math('u^T A')} in {W} the pairing"
            f" {math('<u^T A, A v> = u^T A v')} is"
            f" well defined and perfect. The vectors of {V} that vanish in the rows neuron {s}"
            f" lacks, and those of {W} that vanish in the columns it lacks, form spaces of"
            f" dimensions adding up to at least 2s minus the defect, more than {s}; so they are"
            " not orthogonal, and contain x = A v and y with"
            f" {math('<y, x> = 1')}. Now"
            f" {math('A - x y')} kills the kernel of A and v besides: its rank is"
            f" {math('s - 1')}, and the other neurons make it."
        ),
        Paragraph(end),
    )


RULE = Rule(
    name="rank_peeling",
    about=Group,
    find=find,
    account="the hidden units see nearly everything, so the products are all matrices of rank up to"
    " their number",
    title="peeling off ranks",
    explain=explain,
    cost="a sort of the neurons by defect",
)
