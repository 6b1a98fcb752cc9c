"""Triangle: p neurons alone on and below the diagonal of a (p+1) x (p+1) square: not closed.

The theorem and its proof are in ``certificates/kernel/triangle.py``; one neuron is the unique owner
of LU, and the squares of ``owners.py`` are among these triangles, and
looked for no more.

*Search.*  For sets T of few neurons (of all sizes in small groups), a depth-first search lays the
pairs (r_0, k_0), (r_1, k_1), .. one after the other on cells whose every owner is in T.  A pair
is given to a neuron of T that covers it, but for two pairs, which the neuron s holds.  What can
still be laid depends on the rows, columns and neurons used and on the first pair of s only, so no
such state is visited twice.  Cost: the states of all T together, each n + m steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, mask
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MINUS, MISSED, ONE, UNDER, Curve, T
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import a, cell, many, math, setof

__all__ = ["RULE", "Triangle", "find", "search"]

_MOST_STATES = 50_000
_MOST_TEAMS = 3_000  # sets of neurons of one size


@dataclass(frozen=True)
class Triangle:
    """The team as bits; rows and columns in order and by position; i, j and s."""

    team: int
    rows: tuple[int, ...]
    cols: tuple[int, ...]
    first: int
    second: int
    neuron: int


@dataclass(frozen=True)
class _Laid:
    """Pairs laid so far; ``left``: neurons of the team without a pair; ``first``: the place of the
    first pair of s, ``second`` that of the other, -1 when they are still to come."""

    rows: tuple[int, ...]
    cols: tuple[int, ...]
    left: int
    first: int = -1
    second: int = -1

    def state(self) -> tuple[int, int, int, int, int]:
        """What decides whether it can be completed: see the module."""
        pair = self.second < 0 <= self.first
        row, col = (self.rows[self.first], self.cols[self.first]) if pair else (self.second, -1)
        return mask(self.rows), mask(self.cols), self.left, row, col


def search(
    view: View, clock: Clock = UNLIMITED, most_states: int = _MOST_STATES
) -> Triangle | None:
    """A triangle, or None.

    >>> lu = View.of(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})]))
    >>> search(lu).cols
    (0, 1)
    """
    left = most_states
    covered_by = _covering_numbers(view, clock)
    cells = 0
    for p in range(1, min(view.neurons, len(view.rows) - 1, len(view.cols) - 1) + 1):
        if comb(view.neurons, p) > _MOST_TEAMS:
            return None
        least = (p + 1) * (p + 2) // 2  # cells that a team of p must have to itself
        cells += covered_by[p]
        if cells < least:
            continue
        for chosen in combinations(range(view.neurons), p):
            clock.check()
            team = mask(chosen)
            own = _own(view, team)
            if sum(cols.bit_count() for cols in own) < least:
                continue
            for s in chosen:
                clock.check()
                for laid in _search(view, own, team, s):
                    if laid is not None:
                        return Triangle(team, laid.rows, laid.cols, laid.first, laid.second, s)
                    left -= 1
                    if left < 0:
                        return None
    return None


def _covering_numbers(view: View, clock: Clock) -> Counter[int]:
    """How many observed cells are covered by 0, 1, 2, ... neurons; raises OutOfTime."""
    found: Counter[int] = Counter()
    for p, observed in enumerate(view.observed):
        clock.check()
        found.update(view.covers(p, q).bit_count() for q in bits(observed))
    return found


def _own(view: View, team: int) -> list[int]:
    """For every row the observed columns that only neurons of the team cover."""
    others = [i for i in range(view.neurons) if not team >> i & 1]
    found = []
    for p, observed in enumerate(view.observed):
        covered = 0
        for i in others:
            if view.row_sets[i] >> p & 1:
                covered |= view.col_sets[i]
        found.append(observed & ~covered)
    return found


def _search(view: View, own: list[int], team: int, s: int) -> Iterator[_Laid | None]:
    """None for every state that is left, and at last a whole triangle if there is one."""
    stack = [_Laid((), (), team & ~(1 << s))]
    seen = set()
    while stack:
        laid = stack.pop()
        if not laid.left and laid.second >= 0:
            yield laid
            return
        yield None
        taken, used = mask(laid.cols), mask(laid.rows)
        for p, columns in enumerate(own):
            if used >> p & 1 or taken & ~columns:
                continue
            for q in bits(columns & ~taken):
                for more in _next(view, team, s, laid, p, q):
                    state = more.state()
                    if state not in seen:
                        seen.add(state)
                        stack.append(more)


def _next(view: View, team: int, s: int, laid: _Laid, p: int, q: int) -> Iterator[_Laid]:
    """What becomes of it with the pair (p, q) at the end."""
    rows, cols, place = (*laid.rows, p), (*laid.cols, q), len(laid.rows)
    covering = view.covers(p, q)
    for i in bits(covering & laid.left):
        yield _Laid(rows, cols, laid.left & ~(1 << i), laid.first, laid.second)
    if not covering >> s & 1 or laid.second >= 0:
        return
    if laid.first < 0:
        yield _Laid(rows, cols, laid.left, place)
        return
    row, col = laid.rows[laid.first], laid.cols[laid.first]
    corner = view.covers(row, q) if view.observed[row] >> q & 1 else 0
    if view.covers(p, col) >> s & 1 and (not corner >> s & 1 or corner & ~team):
        yield _Laid(rows, cols, laid.left, laid.first, place)


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when a triangle is found.

    >>> find(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])).data["team"]
    [0]
    """
    view = View.of(group)
    found = search(view, clock)
    if found is None:
        return None
    data = {
        "team": list(bits(found.team)),
        "rows": [view.rows[p] for p in found.rows],
        "cols": [view.cols[q] for q in found.cols],
        "first": found.first,
        "second": found.second,
        "neuron": found.neuron,
    }
    return Step("triangle", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """p neurons alone on and below a diagonal of p + 1 cells."""
    team, rows, cols = told.data["team"], told.data["rows"], told.data["cols"]
    i, j, s = told.data["first"], told.data["second"], told.data["neuron"]
    curve = Curve()
    curve.x(s, [rows[i]], ONE)
    curve.x(s, [rows[j]], T)
    curve.y(s, [cols[i]], ONE)
    curve.y(s, [cols[j]], UNDER)
    for t, place in told.facts["diagonal"].items():
        curve.x(t, [rows[place]], ONE)
        curve.y(t, [cols[place]], ONE)
    corner, helper = cell(rows[i], cols[j]), told.facts["helper"]
    words = "Let all entries be 0 except as shown."
    if helper is None:
        words += f" Neuron {s} does not observe the cell {corner}."
    else:
        curve.x(helper, [rows[i]], ONE)
        curve.y(helper, [cols[j]], MINUS)
        words += f" Neuron {helper} cancels the 1/t of neuron {s} in the cell {corner}."
    diagonal = [str(cell(row, col)) for row, col in zip(rows, cols, strict=True)]
    return (
        Paragraph(
            f"Look at the cells {', '.join(diagonal)}, in this order, as the diagonal of a square."
            f" In its cells on and below the diagonal only the {many(len(team), 'neuron')} of T ="
            f" {setof(team)} contribute."
        ),
        Paragraph(
            f"Let A be 1 in these {len(rows)} cells and 0 elsewhere. If it were in the set,"
            f" {math('X[rows, T] Y[T, cols]')} would have the ones on its diagonal and zeros below"
            f" it: it would be invertible, of size {len(rows)}, but its rank is at most"
            f" {len(team)}.",
            MISSED,
        ),
        *curve.shown(group, words),
        Paragraph(f"The limit is this A, with {a(rows[i], cols[i])} = {a(rows[j], cols[j])} = 1."),
    )


RULE = Rule(
    name="triangle",
    about=Group,
    find=find,
    account="a few hidden units alone carry the entries on and below a diagonal that is longer"
    " than they are many: they cannot all be one on it and zero below, but nearly",
    title="a triangle with too few neurons",
    explain=explain,
    cost=f"at most {_MOST_STATES} states of a search, small sets of neurons first",
)
