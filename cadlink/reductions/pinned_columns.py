"""Pinned columns: freeness by matchings when some neurons are spent on copying a column of A.

Matchings (``matching.py``) solve every column with one generic X, whatever A is.  Here X may depend
on A: a neuron *pinned* to a column takes that column as its vector x.

*Theorem.*  Let D_k be the rows observed in column k, and let P be a set of pairs (a, p) of a neuron
and a column, no neuron and no column in two pairs, such that a observes all of column p: (j, p) is
in G_a for every j in D_p.  Call the pair (row j, neuron i) *variable* if i is in no pair of P, or
is in (i, p) of P and j is not in D_p.  Suppose every column k that is in no pair of P satisfies

    (1) some matching of variable pairs (j, i), (j, k) in G_i, saturates the rows D_k; or
    (2) for some (a, p) in P and every j in D_p, some matching saturates D_k that uses variable
        pairs and, if (j, k) is in G_a, perhaps the pair (j, a).

Then the set is R^E.

*Proof.*  Given A, for every (a, p) in P let v be column p of A on D_p.  If v is not 0, put x_a = v
on D_p; if v = 0 treat all entries of x_a as variables.  Column p is then solved by y_a(p) = 1 (or
0), y_i(p) = 0 for the other i.  Any other column k is a linear system with a matrix M_k(j, i) =
x_i(j) for (j, k) in G_i, else 0, and unknowns of its own; it is solvable if M_k has full row rank.
Under (1), the minor of M_k on the matched neurons contains the product of the matched variables
with coefficient +-1: the variables stand at different places, so no other term of the determinant
is a multiple of that product.  Under (2) choose j in D_p with v(j) not 0 (any j if v = 0).  If the
matching for this j does not use (j, a), argue as before.  If it does, the terms of the minor that
contain all the other matched variables contain the place (j, a) too, so the product of these
variables has the coefficient +-v(j), not 0 (for v = 0 use (1)'s argument with x_a(j) a variable as
well).  In each case the minor is not the zero polynomial in the variables.  Choose values of the
variables for which none of these finitely many minors vanishes.

No pairs: the theorem of ``matching.py``.  Smallest case beyond it: `.##/.## + ..#/#.#`.
"""

from __future__ import annotations

from itertools import combinations
from typing import TypeAlias

from cadlink.problem import Group
from cadlink.reductions.bits import View, bits, matching
from cadlink.reductions.step import Conclusion, Problem, Step
from cadlink.reductions.turn import transposed

__all__ = ["apply", "find"]

Pin: TypeAlias = tuple[int, int]  # neuron, column position

MOST_PINS = 2  # pins tried together
MOST_CANDIDATES = 60  # of which at most this many are combined


def find(view: View) -> tuple[Pin, ...] | None:
    """Pins (neuron, column position) to which the theorem applies, as few as possible, or None.

    >>> square = [{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}]
    >>> find(View.of(Group.of(square)))
    ((0, 1),)
    """
    candidates = [
        (a, p)
        for p, rows in enumerate(view.seen_in_col)
        for a in bits(view.in_col[p])
        if not rows & ~view.row_sets[a]
    ][:MOST_CANDIDATES]
    # Columns without a matching of their own can only be helped by a pin.
    order = sorted(range(len(view.cols)), key=lambda k: _saturated(view, k, (), None))
    for size in range(1, MOST_PINS + 1):
        for pins in combinations(candidates, size):
            different = len({a for a, _ in pins}) == len({p for _, p in pins}) == size
            # The hard columns first: most choices fail there.
            if different and all(_served(view, k, pins) for k in order):
                return pins
    return None


def _served(view: View, k: int, pins: tuple[Pin, ...]) -> bool:
    """Whether column k is pinned or satisfies (1) or (2)."""
    if any(p == k for _, p in pins) or _saturated(view, k, pins, None):
        return True
    return any(
        all(_saturated(view, k, pins, (j, a)) for j in bits(view.seen_in_col[p])) for a, p in pins
    )


def _saturated(view: View, k: int, pins: tuple[Pin, ...], extra: tuple[int, int] | None) -> bool:
    """Whether variable pairs, and ``extra`` = (row, neuron), can match all rows of column k."""
    sets = []
    for j in bits(view.seen_in_col[k]):
        neurons = view.covers(j, k)
        for a, p in pins:
            if view.seen_in_col[p] >> j & 1 and extra != (j, a):
                neurons &= ~(1 << a)
        if not neurons:
            return False
        sets.append(neurons)
    return -1 not in matching(sets)


def apply(problem: Problem) -> Step | None:
    """A free leaf when the theorem applies to the group or to its transpose.

    >>> apply(Group.of([{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}])).data
    {'pins': [[0, 1]]}
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    pins = find(view)
    if pins is not None:
        return Step(
            "pinned_columns",
            Conclusion.FREE,
            {"pins": [[a, view.cols[p]] for a, p in pins]},
        )
    if find(view.transpose()) is not None:
        return transposed(problem)
    return None
