"""Pinned columns: matchings when some neurons are spent on copying a column of A.

Matchings (``matching.py``) solve every column with one generic X, whatever A is.  Here X may depend
on A: a neuron pinned to a column takes that column as its vector x.  Theorem and proof: kernel,
pinned_columns.  Smallest case beyond matchings: `.##/.## + ..#/#.#`.

All choices of up to two pins out of some candidates are tried: every neuron with each column it
sees whole, or with all such columns it has alone.
"""

from __future__ import annotations

from itertools import combinations
from typing import TypeAlias

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, matching
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Block, Blocks, Items, Math, Paragraph, joined
from cadlink.writing.formulas import setof, these

__all__ = ["RULE", "find", "search"]

Pin: TypeAlias = tuple[int, int]  # neuron, column positions as bits

MOST_PINS = 2  # pins tried together
MOST_CANDIDATES = 60  # of which at most this many are combined


def search(view: View, clock: Clock = UNLIMITED) -> tuple[Pin, ...] | None:
    """Pins (neuron, column positions as bits) to which the theorem applies, few if possible.

    >>> square = [{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}]
    >>> search(View.of(Group.of(square)))
    ((0, 2),)
    """
    candidates = _candidates(view)[:MOST_CANDIDATES]
    # Columns without a matching of their own can only be helped by a pin: most choices fail there.
    order = sorted(range(len(view.cols)), key=lambda k: _saturated(view, k, (), None))
    for size in range(1, MOST_PINS + 1):
        for pins in combinations(candidates, size):
            clock.check()
            neurons = {a for a, _ in pins}
            columns = 0
            for _, cols in pins:
                columns |= cols
            apart = columns.bit_count() == sum(cols.bit_count() for _, cols in pins)
            if len(neurons) == size and apart and all(_served(view, k, pins) for k in order):
                return pins
    return None


def _candidates(view: View) -> list[Pin]:
    """Every neuron with each column it sees whole, or with all such columns it has alone."""
    found: dict[Pin, None] = {}
    for p, rows in enumerate(view.seen_in_col):
        for a in bits(view.in_col[p]):
            if rows & ~view.row_sets[a]:
                continue
            cols = 1 << p
            if _alone(view, a, p):
                for q in bits(view.col_sets[a]):
                    if view.seen_in_col[q] == rows and _alone(view, a, q):
                        cols |= 1 << q
            found[a, cols] = None
    return list(found)


def _alone(view: View, a: int, k: int) -> bool:
    """Whether no neuron but a covers a cell of column k."""
    return all(view.covers(j, k) == 1 << a for j in bits(view.seen_in_col[k]))


def _rows(view: View, cols: int) -> int:
    """The rows of a pin: those observed in its columns, the same in each."""
    return view.seen_in_col[lowest(cols)]


def _served(view: View, k: int, pins: tuple[Pin, ...]) -> bool:
    """Whether column k is pinned or satisfies (1) or (2)."""
    if any(cols >> k & 1 for _, cols in pins) or _saturated(view, k, pins, None):
        return True
    return any(
        all(_saturated(view, k, pins, (j, a)) for j in bits(_rows(view, cols))) for a, cols in pins
    )


def _saturated(view: View, k: int, pins: tuple[Pin, ...], extra: tuple[int, int] | None) -> bool:
    """Whether variable pairs, and ``extra`` = (row, neuron), can match all rows of column k."""
    sets = []
    for j in bits(view.seen_in_col[k]):
        neurons = view.covers(j, k)
        for a, cols in pins:
            if _rows(view, cols) >> j & 1 and extra != (j, a):
                neurons &= ~(1 << a)
        if not neurons:
            return False
        sets.append(neurons)
    return -1 not in matching(sets)


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free or closed leaf when the theorem applies to the group.

    >>> find(Group.of([{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}])).data
    {'pins': [[0, [1]]]}
    """
    view = View.of(group)
    pins = search(view, clock)
    if pins is None:
        return None
    single = all(cols.bit_count() == 1 for _, cols in pins)
    return Step(
        "pinned_columns",
        Conclusion.FREE if single else Conclusion.CLOSED,
        {"pins": [[a, view.col_numbers(cols)] for a, cols in pins]},
    )


def explain(group: Group, told: Told) -> Blocks:
    """Neurons that copy a column of A."""
    pins = told.data["pins"]
    rows_of = {k: sorted(j for j in group.rows if (j, k) in group.cells) for k in group.cols}
    listed = [
        f"neuron {i} copies {these('column', columns)}, with the rows {setof(rows_of[columns[0]])}"
        for i, columns in pins
    ]
    single = all(len(columns) == 1 for _, columns in pins)
    blocks: list[Block] = [
        Paragraph("Some neurons are pinned to columns of the wanted matrix A:"),
        Items(tuple(listed)),
    ]
    if not single:
        wide = joined(
            [
                Math("rank A[", r"\operatorname{rank} A[")
                + setof(rows_of[columns[0]])
                + ", "
                + setof(columns)
                + "]"
                + Math(" <= 1", r" \le 1")
                for _, columns in pins
                if len(columns) > 1
            ]
        )
        blocks.append(
            Paragraph(
                "No other neuron observes a cell of a pin with two columns or more, so every A in"
                f" the set satisfies {wide}. We show that nothing else is"
                " required; these are closed conditions."
            )
        )
    blocks.append(
        Paragraph(
            f"Given {'any' if single else 'such an'} A, let the x of a pinned neuron be a nonzero"
            " column of A among those it copies (if they are all zero, any vector), on the rows of"
            " these columns; then its y makes these columns, the others being 0 there. All other"
            " entries of the x are variables. In every other column the observed rows"
            " can be matched to neurons that observe them there, at variables; or else, for some"
            " pin and every row j of it, at variables and perhaps at the one place of the pinned"
            " vector in row j. In the second case take a row j where the pinned vector is not 0."
            " Either way the minor of the"
            " matched places has the product of the matched variables with a nonzero coefficient,"
            " so it is not the zero polynomial. Choose the variables such that none of these"
            " minors vanishes: the remaining columns are solvable linear systems in unknowns of"
            " their own."
        )
    )
    return tuple(blocks)


RULE = Rule(
    name="pinned_columns",
    about=Group,
    both_ways=True,
    find=find,
    account="some units copy columns of the wanted matrix and the others suffice for the rest:"
    " anything is possible, up to ranks at most one",
    title="pinned columns",
    explain=explain,
    cost="some 2000 choices of pins, matchings for each",
)
