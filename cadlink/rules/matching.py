"""Matchings: a group is free if in every column the observed rows can be matched to neurons.

Theorem and proof: kernel, matching (of groups).  Works for masks of any size.
"""

from __future__ import annotations

from collections.abc import Mapping

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, crowded
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Items, Paragraph
from cadlink.writing.formulas import math, these

__all__ = ["RULE", "find", "largest"]


def largest(view: View, clock: Clock = UNLIMITED) -> int:
    """The largest set of neurons (as bits) that is free by matchings in the columns.

    There is a unique one.  In a column take a maximum matching of the rows Q covers, and let S be
    the neurons that alternating paths reach from an unmatched row.  By Dulmage and Mendelsohn every
    nonempty S' in S is seen by more than |S'| rows that see no neuron outside S; a set that
    satisfies the theorem and contains S' = its part in S would have to match those rows into S'.
    So no such set meets S: delete S from Q, and repeat until nothing changes.

    >>> square = {(j, k) for j in range(2) for k in range(2)}
    >>> largest(View.of(Group.of([square]))), largest(View.of(Group.of([square, square])))
    (0, 3)
    """
    chosen = (1 << view.neurons) - 1
    pending = set(range(len(view.cols)))
    while pending:
        q = pending.pop()
        rows = [view.in_row[p] & view.in_col[q] & chosen for p in bits(view.seen_in_col[q])]
        crowd = crowded([neurons for neurons in rows if neurons], clock)
        if crowd:
            chosen &= ~crowd
            # Only columns in which a deleted neuron took part can have changed.
            for i in bits(crowd):
                pending.update(bits(view.col_sets[i]))
    return chosen


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when every column has a saturating matching.

    >>> find(Group.of_blocks([({0, 1}, {0, 1}), ({0}, {0, 1})])).rule
    'matching'
    """
    view = View.of(group)
    everything = (1 << view.neurons) - 1
    return Step("matching", Conclusion.FREE) if largest(view, clock) == everything else None


def explain(group: Group, told: Told) -> Blocks:
    """Matchings in every column."""
    blocks: list[Block] = [
        Paragraph(
            "In every column k of A join the observed rows j to the neurons i that observe (j, k)."
            " Each time the rows can be matched to different neurons. Column k of A is the matrix"
            f" {math('M_k')} with the entries x_i(j) at the joined pairs, 0 elsewhere,"
            f" times the vector of the {math('y_i(k)')}; by the matching,"
            f" {math('M_k')} has a minor with all its rows that is not the zero polynomial"
            " in the x. Choose the x such that none of these minors vanishes. Then every column of"
            " A is a solvable linear system in unknowns of its own."
        )
    ]
    if len(group.cols) <= MOST_ITEMS and len(group.rows) <= MOST_ITEMS:
        blocks.append(Items(tuple(_matched(told.facts["pairs"]))))
    return tuple(blocks)


def _matched(pairs: Mapping[int, Mapping[int, int]]) -> list[str]:
    """The matchings {column: {row: neuron}}; columns with the same one together."""
    alike: dict[str, list[int]] = {}
    for k, found in pairs.items():
        listed = ", ".join(f"row {j} to neuron {i}" for j, i in sorted(found.items()))
        alike.setdefault(listed, []).append(k)
    return [f"{these('column', columns)}: {listed}" for listed, columns in alike.items()]


RULE = Rule(
    name="matching",
    about=Group,
    both_ways=True,
    find=find,
    account="in every column each entry has a hidden unit of its own: anything is possible",
    title="matchings in every column",
    explain=explain,
    cost="a bipartite matching for every column",
)
