"""Pinned columns: matchings when some neurons are spent on copying a column of A.

Matchings (``matching.py``) solve every column with one generic X, whatever A is.  Here X may depend
on A: a neuron *pinned* to a column takes that column as its vector x.

*Theorem.*  Let D_k be the rows observed in column k, and let a *pin* be a neuron a with a nonempty
set P of columns that all have the same observed rows D, all of them observed by a: (j, p) is in G_a
for j in D, p in P.  If P has two columns or more, no other neuron covers a cell of them.  No neuron
and no column is in two pins.  Call the pair (row j, neuron i) *variable* unless i is the neuron of
a pin and j is in its D.  Suppose every column k that is in no pin satisfies

    (1) some matching of variable pairs (j, i), (j, k) in G_i, saturates the rows D_k; or
    (2) for some pin (a, P) and every j in its D, some matching saturates D_k that uses variable
        pairs and, if (j, k) is in G_a, perhaps the pair (j, a).

Then the set is { A : rank A[D, P] <= 1 for every pin }, which is closed; it is R^E if every P is
one column.

*Proof.*  Where a pin has two columns or more, A[D, P] = x_a y_a^T there, of rank at most 1.
Conversely let A satisfy the rank conditions.  For every pin let v be a nonzero column of A[D, P],
if there is one, and put x_a = v on D; otherwise treat these entries of x_a as variables.  The
columns of P are multiples of v: y_a makes them, the other y_i being 0 there.  Any other column k is
a linear system with a matrix M_k(j, i) = x_i(j) for (j, k) in G_i, else 0, and unknowns of its own;
it is solvable if M_k has full row rank.  Under (1), the minor of M_k on the matched neurons
contains the product of the matched variables with coefficient +-1: the variables stand at different
places, so no other term of the determinant is a multiple of that product.  Under (2) choose j in D
with v(j) not 0 (any j if there is no v).  If the matching for this j does not use (j, a), argue as
before.  If it does, the terms of the minor that contain all the other matched variables contain the
place (j, a) too, so the product of these variables has the coefficient +-v(j), not 0 (without v,
x_a(j) is a variable as well).  In each case the minor is not the zero polynomial in the variables.
Choose values of the variables for which none of these finitely many minors vanishes.

No pairs: the theorem of ``matching.py``.  Smallest case beyond it: `.##/.## + ..#/#.#`.
"""

from __future__ import annotations

from itertools import combinations
from typing import TypeAlias

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, lowest, matching
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "find"]

Pin: TypeAlias = tuple[int, int]  # neuron, column positions as bits

MOST_PINS = 2  # pins tried together
MOST_CANDIDATES = 60  # of which at most this many are combined


def find(view: View) -> tuple[Pin, ...] | None:
    """Pins (neuron, column positions as bits) to which the theorem applies, few if possible.

    >>> square = [{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}]
    >>> find(View.of(Group.of(square)))
    ((0, 2),)
    """
    candidates = _candidates(view)[:MOST_CANDIDATES]
    # Columns without a matching of their own can only be helped by a pin: most choices fail there.
    order = sorted(range(len(view.cols)), key=lambda k: _saturated(view, k, (), None))
    for size in range(1, MOST_PINS + 1):
        for pins in combinations(candidates, size):
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


def apply(problem: Problem) -> Step | None:
    """A free or closed leaf when the theorem applies to the group or to its transpose.

    >>> apply(Group.of([{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}])).data
    {'pins': [[0, [1]]]}
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    pins = find(view)
    if pins is not None:
        single = all(cols.bit_count() == 1 for _, cols in pins)
        return Step(
            "pinned_columns",
            Conclusion.FREE if single else Conclusion.CLOSED,
            {"pins": [[a, view.col_numbers(cols)] for a, cols in pins]},
        )
    if find(view.transpose()) is not None:
        return transposed(problem)
    return None
