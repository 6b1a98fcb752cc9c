"""Forcing: a cell that must vanish although the limit is 1 there.

Some zeros and nonzeros at cells that one neuron observes alone force a zero at another cell.
Theorem and proof: kernel, forcing.  With one neuron at that cell it is the *unique owner*
obstruction: a neuron alone on three of the four cells of {j*, j_s} x {k*, k_s}.  In particular a
connected graph alone in its group that is not complete is not closed, and LU patterns of any size
are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MINUS, MISSED, ONE, UNDER, Curve, T
from cadlink.writing.document import Blocks, Items, Paragraph, joined
from cadlink.writing.formulas import NE, a, cell, these, x, y

__all__ = ["RULE", "Forced", "find", "search"]


@dataclass(frozen=True)
class Forced:
    """By position: the target cell, (neuron, row, column) per witness, start, helper."""

    row: int
    col: int
    witnesses: tuple[tuple[int, int, int], ...]
    start: int
    helper: int | None


def search(view: View, clock: Clock = UNLIMITED) -> Forced | None:
    """A target with its witnesses, or None."""
    alone = _alone(view)
    for p in range(len(view.rows)):
        clock.check()
        # shared[i][row]: columns in which neuron i alone observes both p and that row.
        shared: dict[int, dict[int, int]] = {}
        for i in bits(view.in_row[p]):
            own = view.col_sets[i] & alone[p]
            if own:
                rows = bits(view.row_sets[i] & ~(1 << p))
                shared[i] = {row: cols for row in rows if (cols := own & alone[row])}
        if not shared:
            continue
        for q in bits(view.observed[p]):
            found = _at(view, p, q, shared)
            if found is not None:
                return found
    return None


def _alone(view: View) -> list[int]:
    """For every row the columns observed by exactly one neuron."""
    found = []
    for p, observed in enumerate(view.observed):
        once = twice = 0
        for i in bits(view.in_row[p]):
            cols = view.col_sets[i] & observed
            twice |= once & cols
            once |= cols
        found.append(once & ~twice)
    return found


def _at(view: View, p: int, q: int, shared: dict[int, dict[int, int]]) -> Forced | None:
    owners = view.covers(p, q)
    rest = ~(1 << q)
    usable: dict[int, dict[int, int]] = {}
    for i in bits(owners):
        rows = {row: cols & rest for row, cols in shared.get(i, {}).items() if cols & rest}
        if not rows:
            return None
        usable[i] = rows
    for start in bits(owners):
        for row, cols in usable[start].items():
            helper = _helper(view, q, owners, start, row, usable)
            if helper == start:
                continue
            witnesses = []
            for i in bits(owners):
                if i == start:
                    witnesses.append((i, row, lowest(cols)))
                elif i == helper:
                    witnesses.append((i, row, lowest(usable[i][row])))
                else:
                    its_row, its_cols = next(iter(usable[i].items()))
                    witnesses.append((i, its_row, lowest(its_cols)))
            return Forced(p, q, tuple(witnesses), start, helper)
    return None


def _helper(
    view: View, q: int, owners: int, start: int, row: int, usable: dict[int, dict[int, int]]
) -> int | None:
    """The helper for this start and row; None if none is needed, ``start`` if there is none."""
    if not view.observed[row] >> q & 1:
        return None
    others = view.covers(row, q) & ~(1 << start)
    if others & ~owners:
        return lowest(others & ~owners)
    return next((h for h in bits(others) if row in usable[h]), start)


def _data(view: View, found: Forced) -> dict[str, object]:
    def cell(p: int, q: int) -> Sequence[int]:
        return [view.rows[p], view.cols[q]]

    return {
        "cell": cell(found.row, found.col),
        "witnesses": [[i, *cell(p, q)] for i, p, q in found.witnesses],
        "start": found.start,
        "helper": found.helper,
    }


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when a cell is forced.

    >>> find(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])).data["helper"]
    1
    """
    view = View.of(group)
    found = search(view, clock)
    return None if found is None else Step("forcing", Conclusion.NOT_CLOSED, _data(view, found))


def explain(group: Group, told: Told) -> Blocks:
    """Some zeros force another zero."""
    j, k = told.data["cell"]
    witnesses = {i: (row, col) for i, row, col in told.data["witnesses"]}
    start, helper = told.data["start"], told.data["helper"]
    one = len(witnesses) == 1
    curve = Curve()
    for i, (row, col) in witnesses.items():
        curve.x(i, [row], ONE)
        curve.y(i, [col], ONE)
    curve.x(start, [j], T)
    curve.y(start, [k], UNDER)
    top = witnesses[start][0]
    if helper is not None:
        if helper not in witnesses:
            curve.x(helper, [top], ONE)
        curve.y(helper, [k], MINUS)
    forced = [
        f"neuron {i} is alone in observing the cells {cell(j, col)} and {cell(row, col)}. If"
        f" {a(row, col) + ' = ' + x(i, row) + ' ' + y(i, col) + NE + '0'} and"
        f" {a(j, col) + ' = ' + x(i, j) + ' ' + y(i, col) + ' = 0'}, then {x(i, j) + ' = 0'}."
        for i, (row, col) in witnesses.items()
    ]
    only = f"only neuron {next(iter(witnesses))}" if one else f"only {these('neuron', witnesses)}"
    zeros = joined([x(i, j) for i in witnesses])
    cancel = (
        f"Neuron {start} does not observe the cell {cell(top, k)}, so its entry 1/t there does not"
        " count."
        if helper is None
        else f"In the cell {cell(top, k)} neuron {helper} cancels the 1/t of neuron {start}."
    )
    ones = joined([a(row, col) for row, col in witnesses.values()])
    nils = joined([a(j, col) for _, col in witnesses.values()])
    return (
        Paragraph(
            f"To the cell {cell(j, k)} {only} can contribute. We show that certain zeros and"
            f" nonzeros elsewhere force {a(j, k) + ' = 0'}."
        ),
        Items(tuple(forced)),
        Paragraph(
            f"So if {ones} {'is' if one else 'are'} nonzero and {nils}"
            f" {'is' if one else 'are'} 0, then {zeros} {'is' if one else 'are'} 0, and"
            f" {a(j, k) + ' = 0'}.",
            MISSED,
        ),
        *curve.shown(group, f"As t tends to 0, let all entries be 0 except as shown. {cancel}"),
        Paragraph(
            f"The limit has {a(j, k) + ' = 1'}, {ones + ' = 1'} and {nils + ' = 0'}, so it is"
            " missed."
        ),
    )


RULE = Rule(
    name="forcing",
    about=Group,
    both_ways=True,
    find=find,
    account="some zero entries force a weight of every hidden unit behind one entry to zero, so"
    " this entry cannot be nonzero, though it can in the limit",
    title="a forced zero",
    explain=explain,
    cost="rows x rows x neurons set operations",
)
