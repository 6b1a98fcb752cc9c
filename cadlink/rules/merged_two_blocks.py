"""Two merged blocks: three products that one neuron cannot have at once.

*Theorem.*  (Notation and lemmas: ``merged.py``.)  Let a, b, f be distinct neurons, J1, J2
disjoint sets of rows, K1, K2 disjoint sets of columns, none empty; J1 inside R_a | R_b, K1 inside
C_a & C_b, and f covers J2 x K2.  Let no neuron but f cover J1 x K1, nor J1 x K2, nor J2 x K2.
Let {R_a & R_b, R_i (i != a, b, f)} have distinct representatives outside J1 | J2, and {C_a | C_b,
C_i} outside K1 | K2.  Then the set is not closed.

*Proof.*  A = 1_J1 1_K1^T + 1_J2 1_K2^T + e_j* e_k*^T + sum over i != a, b, f of e_(j_i) e_(k_i)^T
is a limit by the uncrossing lemma, of rank r.  If A = XY, the merge lemma applies to J1, J2, K1
and K2; on the three products only f can be nonzero, with constants p1, p2 on J1, J2 and q1, q2 on
K1, K2.  So p1 q1 = 1, p2 q2 = 1 and p1 q2 = 0.

This reaches patterns with one neuron f that sees everything.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.merged import Budget, covering, room, shrink
from cadlink.rules.merged_block import candidates
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "find"]

_ROOMS = 150  # pairs of matchings per orientation
_NEURONS = 4  # how many neurons f are tried, largest blocks first

Found = tuple[int, int, int, int, int, int, int]


def find(view: View) -> Found | None:
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
        exempt = 1 << f
        for a, b, rows, cols in candidates(view, exempt):
            second = _second(view, exempt, f, rows, cols)
            if second is None:
                continue
            if not rooms.spend():
                return None
            if room(view, a, b, (f,), rows | second[0], cols | second[1]):
                return a, b, f, rows, cols, *second
    return None


def _second(view: View, exempt: int, f: int, rows: int, cols: int) -> tuple[int, int] | None:
    """J2 and K2 for these J1 and K1: first K2 so that only f covers J1 x K2, then both."""
    more_rows, more_cols = view.row_sets[f] & ~rows, view.col_sets[f] & ~cols
    first = shrink(view, rows, 0, 0, more_cols, lambda p, q: covering(view, p, q) & ~exempt)
    if first is None:
        return None
    chosen = first[1] or more_cols & -more_cols
    both = shrink(
        view, 0, chosen, more_rows, more_cols, lambda p, q: covering(view, p, q) & ~exempt
    )
    if both is None or not both[1]:
        return None
    chosen_rows = both[0] or more_rows & -more_rows
    return (chosen_rows, both[1]) if chosen_rows else None


def apply(problem: Problem) -> Step | None:
    """A not-closed leaf when such blocks are found, in the group or its transpose."""
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    found = find(view)
    if found is None:
        return transposed(problem) if find(view.transpose()) is not None else None
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
