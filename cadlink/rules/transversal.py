"""Transversals: neurons on all columns, row sets in general position: all matrices of that rank.

Theorem and proof: kernel, transversal.  Smallest case beyond the other rules: three neurons on all
columns that lack one row each of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Blocks, Paragraph
from cadlink.writing.formulas import INSIDE, many, math, sub

__all__ = ["RULE", "find", "holds"]

MOST_NEURONS = 10  # the subsets of the neurons are enumerated


def holds(rows: int, sets: Sequence[int], clock: Clock = UNLIMITED) -> bool:
    """The condition of the theorem, for n = ``rows`` and the R_i as bits.

    >>> holds(4, [0b1011, 0b1101, 0b1110]), holds(4, [0b0011, 0b0011, 0b1111])
    (True, False)
    """
    r = len(sets)
    everything = (1 << rows) - 1
    width = [max(0, r - rows + part.bit_count()) for part in sets]
    for size in range(1, r + 1):
        for chosen in combinations(range(r), size):
            clock.check()
            bound = max(width[i] for i in chosen)
            for smaller in range(2, size + 1):
                for part in combinations(chosen, smaller):
                    common = everything
                    for i in part:
                        common &= sets[i]
                    spare = sum(width[i] for i in part) - common.bit_count()
                    bound = max(bound, -(-spare // (smaller - 1)))
            if bound < size:
                return False
    return True


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A closed (free) leaf when the theorem speaks about the group.

    >>> lacking = [({0, 1, 3}, range(4)), ({0, 2, 3}, range(4)), ({1, 2, 3}, range(4))]
    >>> find(Group.of_blocks(lacking)).conclusion.value
    'closed'
    """
    if not 1 <= len(group.neurons) <= MOST_NEURONS:
        return None
    view = View.of(group)
    n, every_column = len(view.rows), (1 << len(view.cols)) - 1
    if not view.all_complete or any(cols != every_column for cols in view.col_sets):
        return None
    if view.neurons > n or not holds(n, view.row_sets, clock):
        return None
    return Step("transversal", Conclusion.FREE if view.neurons == n else Conclusion.CLOSED)


def explain(group: Group, told: Told) -> Blocks:
    """All columns, and row sets in general position."""
    n, r = len(group.rows), len(group.neurons)
    width = [max(0, r - n + len(rows)) for rows, _ in group.supports]
    shown = ", ".join(f"w_{i} = {value}" for i, value in enumerate(width[:MOST_ITEMS]))
    d, J, V = math("d"), math("J"), math("V")
    inner = math("J'")
    return (
        Paragraph(
            f"There are {many(n, 'row')}, and {many(r, 'neuron')} observing whole blocks with all"
            f" columns. We show that every A of rank at most {r} is in the set. Let {V}, of"
            f" dimension {r}, contain the columns of A. The vectors of {V} that vanish outside the"
            f" rows {sub('R', 'i')} of neuron i form a space {sub('W', 'i')}, of dimension at least"
            f" {math(f'w_i = max(0, {r} - {n} + |R_i|)')}; these numbers are {shown}."
        ),
        Paragraph(
            f"For every set {J} of neurons, the sum of their spaces has a dimension {d} of at least"
            f" the size of {J}: either one of the {sub('w', 'i')} alone is so large, or it follows"
            f" from some {inner}{INSIDE}{J} of at least two neurons. For the intersection of the"
            f" {sub('W', 'i')} over {inner} has dimension at least {d} minus the sum of the"
            f" {math('d - w_i')}, and its vectors vanish outside the rows common to all neurons of"
            f" {inner}. So {math(f'(|J{chr(39)}| - 1) d')} is at least the sum of the"
            f" {sub('w', 'i')} minus the number of these common rows, and this exceeds"
            f" {math(f'(|J{chr(39)}| - 1) (|J| - 1)')}; that was checked for all {J}."
        ),
        Paragraph(
            f"By Rado's theorem the {sub('W', 'i')} contain a basis of {V}, one vector"
            f" {sub('x', 'i')} from each, and the columns of A are combinations of these: A = XY."
            + (
                f" Every A here has rank at most {n}, so every one is reached."
                if r == n
                else f" Conversely, products have rank at most {r}: the set is the closed set of"
                f" all matrices of rank at most {r}."
            )
        ),
    )


RULE = Rule(
    name="transversal",
    about=Group,
    both_ways=True,
    find=find,
    account="the hidden units see every input and enough different outputs, so the products are all"
    " matrices of rank up to their number",
    title="row sets in general position",
    explain=explain,
    cost="4^r for r neurons, r at most 10",
)
