"""Independent transversals: neurons that all see all columns, with row sets in general position.

*Theorem.*  Let r <= n neurons on n rows have complete graphs, and all see all columns.  Put w_i =
max(0, r - (n - |R_i|)).  For a set J of neurons let d(J) be the largest of the numbers w_i, i in J,
and

    ( sum of w_i over J' - |intersection of R_i over J'| ) / (|J'| - 1),   J' in J, |J'| >= 2,

rounded up.  If d(J) >= |J| for every nonempty J, the set is { A : rank A <= r }, closed, and
everything if r = n.

*Proof.*  Products have rank at most r.  Let rank A <= r, and let V be an r-dimensional space
containing the columns of A.  W_i = the vectors of V with support in R_i has dimension at least w_i.
Let S be the sum of the W_i over J, of dimension d.  For J' in J, the W_i, i in J', are subspaces of
S of codimension at most d - w_i, so their intersection has dimension at least d - sum (d - w_i); it
lies in the space of vectors supported on the intersection of the R_i.  Hence d (|J'| - 1) >= sum
w_i - |intersection|, and d >= d(J) >= |J|.  By Rado's theorem there are linearly independent x_i in
W_i, a basis of V, and the columns of A are combinations of them.

Smallest case beyond the other rules: three neurons on all columns that lack one row each of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "holds"]

MOST_NEURONS = 10  # the subsets of the neurons are enumerated


def holds(rows: int, sets: Sequence[int]) -> bool:
    """The condition of the theorem, for n = ``rows`` and the R_i as bits.

    >>> holds(4, [0b1011, 0b1101, 0b1110]), holds(4, [0b0011, 0b0011, 0b1111])
    (True, False)
    """
    r = len(sets)
    everything = (1 << rows) - 1
    width = [max(0, r - rows + part.bit_count()) for part in sets]
    for size in range(1, r + 1):
        for chosen in combinations(range(r), size):
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


def apply(problem: Problem) -> Step | None:
    """A closed (free) leaf when the theorem speaks about the group or its transpose.

    >>> lacking = [({0, 1, 3}, range(4)), ({0, 2, 3}, range(4)), ({1, 2, 3}, range(4))]
    >>> apply(Group.of_blocks(lacking)).conclusion.value
    'closed'
    """
    if not isinstance(problem, Group) or not 1 <= len(problem.neurons) <= MOST_NEURONS:
        return None
    view = View.of(problem)
    if not view.all_complete:
        return None
    found = _applies(view)
    if found is not None:
        return Step("transversal", found)
    return None if _applies(view.transpose()) is None else transposed(problem)


def _applies(view: View) -> Conclusion | None:
    n, every_column = len(view.rows), (1 << len(view.cols)) - 1
    if view.neurons > n or any(cols != every_column for cols in view.col_sets):
        return None
    if not holds(n, view.row_sets):
        return None
    return Conclusion.FREE if view.neurons == n else Conclusion.CLOSED
