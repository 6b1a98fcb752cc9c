"""Merged cross: a block of ones shared between three neurons, also when there are as many as rows.

Theorem and proof: kernel, merged_cross (notation: ``merged.py``).  Searched with |J| = |K| = 2, all
of them, by bit operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits
from cadlink.rules.merged import COLLIDE, Budget, collision, room
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MISSED, ONE
from cadlink.writing.document import Blocks, Items, Paragraph
from cadlink.writing.formulas import TIMES, setof, these

__all__ = ["RULE", "Cross", "find", "search"]

_ROOMS = 250  # pairs of matchings per orientation


@dataclass(frozen=True)
class Cross:
    """By position: neurons a, b, c; rows j0, j1 and columns k0, k1 of J and K."""

    a: int
    b: int
    c: int
    j0: int
    j1: int
    k0: int
    k1: int


def search(view: View, clock: Clock = UNLIMITED) -> Cross | None:
    """Such a cross with |J| = |K| = 2, or None."""
    if not view.all_complete or view.neurons < 3:
        return None
    if view.neurons > min(len(view.rows), len(view.cols)):
        return None
    rooms = Budget(_ROOMS)
    for cross in _candidates(view, clock):
        if not rooms.spend():
            return None
        rows, cols = 1 << cross.j0 | 1 << cross.j1, 1 << cross.k0 | 1 << cross.k1
        if room(view, cross.a, cross.b, (cross.c,), rows, cols, clock):
            return cross
    return None


def _candidates(view: View, clock: Clock) -> Iterator[Cross]:
    in_row, in_col = view.in_row, view.in_col
    for j0, with_j0 in enumerate(in_row):
        clock.check()
        # For every k0 the columns k1 such that no neuron sees (j0, k0) and (j0, k1).
        apart = [0] * len(in_col)
        for k0, with_k0 in enumerate(in_col):
            seen = 0
            for i in bits(with_j0 & with_k0):
                seen |= view.col_sets[i]
            apart[k0] = ((1 << len(in_col)) - 1) & ~seen & ~(1 << k0)
        for j1, with_j1 in enumerate(in_row):
            both = with_j0 & with_j1
            if j1 == j0 or not both:
                continue
            clock.check()
            for k0, with_k0 in enumerate(in_col):
                if both & with_k0 or not with_j0 & with_k0 or not with_j1 & with_k0:
                    continue
                k1 = next((k for k in bits(apart[k0]) if both & in_col[k]), None)
                if k1 is None:
                    continue
                for a in bits(with_j0 & with_k0):
                    for b in bits(with_j1 & with_k0):
                        if view.row_sets[a] & view.row_sets[b]:
                            c = (both & in_col[k1]).bit_length() - 1
                            yield Cross(a, b, c, j0, j1, k0, k1)


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such a cross is found.

    >>> blocks = [({0, 2}, {0, 2}), ({1, 2}, {0, 2}), ({0, 1}, {1})]
    >>> find(Group.of_blocks(blocks)).rule
    'merged_cross'
    """
    view = View.of(group)
    found = search(view, clock)
    if found is None:
        return None
    data = {
        "a": found.a,
        "b": found.b,
        "i1": found.c,
        "J": sorted((view.rows[found.j0], view.rows[found.j1])),
        "K": sorted((view.cols[found.k0], view.cols[found.k1])),
        "j0": view.rows[found.j0],
        "k0": view.cols[found.k0],
    }
    return Step("merged_cross", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """The same with three neurons."""
    one, two, third = told.data["a"], told.data["b"], told.data["i1"]
    J, K, j0, k0 = told.data["J"], told.data["K"], told.data["j0"], told.data["k0"]
    curve = collision(group, (one, two), (third,), told.facts, (J, [k0]))
    curve.x(third, J, ONE)
    curve.y(third, [k for k in K if k != k0], ONE)
    r = len(group.neurons)
    return (
        *curve.shown(group, COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r - 1} and is 1 on {setof(J) + TIMES + setof(K)}. No neuron"
            f" covers {setof(J) + TIMES + setof([k0])}, and none {setof([j0]) + TIMES + setof(K)}."
            f" Suppose A = XY. By Sylvester's inequality the ranks of X and Y add up to at most"
            f" {2 * r - 1}, so one of them has the rank {r - 1} of A.",
            MISSED,
        ),
        Items(
            (
                f"If X has, it has the column space of A, in which the entries"
                f" of {these('row', J)} are equal; so a neuron nonzero in one of these rows has all"
                f" of them, and none can make column {k0} of A nonzero in them, although it is 1.",
                f"If Y has, it has the row space of A, and in the same way no neuron can make row"
                f" {j0} of A nonzero in {these('column', K)}, although it is 1.",
            )
        ),
    )


RULE = Rule(
    name="merged_cross",
    about=Group,
    both_ways=True,
    find=find,
    account="two colliding hidden units fill a cross of entries that no unit covers",
    title="two neurons collide beside a third",
    explain=explain,
    cost="rows x rows x columns set operations, 250 matchings",
)
