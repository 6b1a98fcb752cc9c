"""Matchings: freeness by linear algebra, one column at a time, for masks of any size.

*Theorem.*  For every column k join row j to neuron i when neuron i observes (j, k).  If in every
column some matching saturates the rows (those observed in that column), the set is R^E.
*Proof.*  Fix X with its prescribed zeros.  Column k asks for y with X_k y = A[rows, k], where X_k
has the observed rows of column k and the neurons covering the column, zero where a neuron does
not observe the cell.  The matching is a nonzero term of a maximal minor of X_k whose entries are
different variables, so the minor is not the zero polynomial.  Choose X outside the finitely many
hypersurfaces where these minors vanish: every column is a solvable linear system.

The whole group need not satisfy this.  *There is a unique largest set Q of neurons that does*, as
a group of its own.  In a column take a maximum matching of the rows Q covers, and let S be the
neurons that alternating paths reach from an unmatched row.  By Dulmage and Mendelsohn every
nonempty S' in S is seen by more than |S'| rows that see no neuron outside S; a set that satisfies
the theorem and contains S' = its part in S would have to match those rows into S'.  So no such
set meets S: delete S from Q, and repeat until nothing changes.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, crowded
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "largest"]


def largest(view: View) -> int:
    """The largest set of neurons (as bits) that is free by matchings in the columns.

    >>> square = {(j, k) for j in range(2) for k in range(2)}
    >>> largest(View.of(Group.of([square]))), largest(View.of(Group.of([square, square])))
    (0, 3)
    """
    chosen = (1 << view.neurons) - 1
    pending = set(range(len(view.cols)))
    while pending:
        q = pending.pop()
        rows = [view.in_row[p] & view.in_col[q] & chosen for p in bits(view.seen_in_col[q])]
        crowd = crowded([neurons for neurons in rows if neurons])
        if crowd:
            chosen &= ~crowd
            # Only columns in which a deleted neuron took part can have changed.
            for i in bits(crowd):
                pending.update(bits(view.col_sets[i]))
    return chosen


def apply(problem: Problem) -> Step | None:
    """A free leaf when every column (or every row) has saturating matchings.

    >>> apply(Group.of_blocks([({0, 1}, {0, 1}), ({0}, {0, 1})])).rule
    'matching'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    everything = (1 << view.neurons) - 1
    if largest(view) == everything:
        return Step("matching", Conclusion.FREE)
    if largest(view.transpose()) == everything:
        return transposed(problem)
    return None
