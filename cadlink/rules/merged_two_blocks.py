"""Two merged blocks: three products that one neuron cannot have at once.

Theorem and proof: kernel, merged_two_blocks (notation: ``merged.py``).  This reaches patterns with
one neuron f that sees everything; the four largest neurons are tried as f.
"""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.merged import COLLIDE, Budget, collision, covering, room, shrink
from cadlink.rules.merged_block import candidates
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.curves import MISSED, ONE
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import TIMES, setof, sub

__all__ = ["RULE", "find", "search"]

_ROOMS = 150  # pairs of matchings per orientation
_NEURONS = 4  # how many neurons f are tried, largest blocks first

Found = tuple[int, int, int, int, int, int, int]


def search(view: View, clock: Clock = UNLIMITED) -> Found | None:
    """a, b, f, J1, K1, J2, K2 (bit sets) to which the theorem applies, or None."""
    r = view.neurons
    # J1 and J2 have three rows or more, K1 and K2 two columns; r - 2 representatives lie outside.
    if not view.all_complete or r < 3 or r > min(len(view.rows) - 1, len(view.cols)):
        return None
    rooms = Budget(_ROOMS)
    largest = sorted(
        range(r), key=lambda i: -view.row_sets[i].bit_count() * view.col_sets[i].bit_count()
    )
    for f in largest[:_NEURONS]:
        for a, b, rows, cols in candidates(view, 1 << f, clock):
            second = _second(view, f, rows, cols, clock)
            if second is None:
                continue
            if not rooms.spend():
                return None
            if room(view, a, b, (f,), rows | second[0], cols | second[1], clock):
                return a, b, f, rows, cols, *second
    return None


def _second(view: View, f: int, rows: int, cols: int, clock: Clock) -> tuple[int, int] | None:
    """J2 and K2 for these J1 and K1: first K2 so that only f covers J1 x K2, then both."""
    more_rows, more_cols = view.row_sets[f] & ~rows, view.col_sets[f] & ~cols

    def left(p: int, q: int) -> int:
        return covering(view, p, q) & ~(1 << f)

    first = shrink(view, rows, 0, 0, more_cols, left, clock)
    if first is None:
        return None
    chosen = first[1] or more_cols & -more_cols
    both = shrink(view, 0, chosen, more_rows, more_cols, left, clock)
    if both is None or not both[1]:
        return None
    chosen_rows = both[0] or more_rows & -more_rows
    return (chosen_rows, both[1]) if chosen_rows else None


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when such blocks are found."""
    view = View.of(group)
    found = search(view, clock)
    if found is None:
        return None
    a, b, f, rows1, cols1, rows2, cols2 = found
    data = {
        "a": a,
        "b": b,
        "f": f,
        "J1": view.row_numbers(rows1),
        "K1": view.col_numbers(cols1),
        "J2": view.row_numbers(rows2),
        "K2": view.col_numbers(cols2),
    }
    return Step("merged_two_blocks", Conclusion.NOT_CLOSED, data)


def explain(group: Group, told: Told) -> Blocks:
    """Three blocks that one neuron cannot serve at once."""
    one, two, f = told.data["a"], told.data["b"], told.data["f"]
    J1, K1, J2, K2 = told.data["J1"], told.data["K1"], told.data["J2"], told.data["K2"]
    curve = collision(group, (one, two), (f,), told.facts, (J1, K1))
    curve.x(f, J2, ONE)
    curve.y(f, K2, ONE)
    r = len(group.neurons)
    b11, b12 = setof(J1) + TIMES + setof(K1), setof(J1) + TIMES + setof(K2)
    b22 = setof(J2) + TIMES + setof(K2)
    return (
        *curve.shown(group, COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r}, the number of neurons; it is 1 on {b11} and on {b22}, and 0"
            f" on {b12}. No neuron but {f} covers one of these three blocks. Suppose A = XY; then X"
            f" and Y have rank {r}, too. Rows {setof(J1)} of A are equal, and Y has independent"
            " rows; so these rows of X are equal, and a neuron that is nonzero in one of them is"
            f" nonzero in all. The same holds for rows {setof(J2)}, columns {setof(K1)} and"
            f" columns {setof(K2)}. So in these three blocks only neuron {f} can contribute. As A"
            f" is 1 on {b11} and {b22}, {sub('x', f)} is nonzero on {setof(J1)} and {sub('y', f)}"
            f" on {setof(K2)}. But then A is nonzero on {b12}: a contradiction.",
            MISSED,
        ),
    )


RULE = Rule(
    name="merged_two_blocks",
    about=Group,
    both_ways=True,
    find=find,
    account="two colliding hidden units fill a block of entries that contradicts another one",
    title="two neurons collide, and a third would be needed twice",
    explain=explain,
    cost="2000 greedy searches for each f, 150 matchings",
)
