"""Full factor: n neurons that all see all n rows, with nearly all columns each.

*Theorem.*  Let n neurons have the same n rows R, column sets C_i, and observe all observed cells
of F in their columns (always so in a group).  Let mu_i be the number of columns of F outside C_i.
If for d = 1, ..., n at most n - d of the neurons have mu_i >= d, the n neurons are free on F.
*Proof.*  Extend A from F to R x (columns of F) by zeros.  Let Z_i be the space of row vectors z
with z A[:, k] = 0 for every column k outside C_i; dim Z_i >= n - mu_i.  By Rado's theorem there
are linearly independent z_i in Z_i iff every set S of neurons has dim(sum of Z_i over S) >= |S|.
With d the smallest mu_i in S the sum has dimension at least n - d, and |S| <= #{mu_i >= d} <= n -
d (for d = 0 because |S| <= n).  Let Z be the invertible matrix of the z_i; then A = Z^-1 (ZA),
Z^-1 has no prescribed zeros, and row i of ZA vanishes outside C_i.

This contains QR: C_i = {i, ..., m}.  Which n neurons with the same rows to take: for each union U
of C_i's tried, the n widest inside U.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.rules.transpose import transposed

__all__ = ["apply", "find", "holds"]

_CLASS = 40  # largest class of neurons for which pairs are tried


def holds(sizes: int, missing: list[int]) -> bool:
    """The counting condition: ``sizes`` = n rows, ``missing`` the n numbers mu_i.

    >>> holds(3, [0, 1, 2]), holds(3, [1, 1, 1]), holds(2, [2, 0])
    (True, False, False)
    """
    return len(missing) == sizes and all(
        sum(mu >= d for mu in missing) <= sizes - d for d in range(1, sizes + 1)
    )


def find(view: View) -> Iterator[int]:
    """Sets of neurons (as bits) to which the theorem applies with R as they are."""
    classes: dict[int, list[int]] = {}
    for i, rows in enumerate(view.row_sets):
        classes.setdefault(rows, []).append(i)
    for rows, members in classes.items():
        n = rows.bit_count()
        if n < 2 or len(members) < n:
            continue
        members.sort(key=lambda i: -view.col_sets[i].bit_count())
        for union in _unions([view.col_sets[i] for i in members]):
            chosen = [i for i in members if not view.col_sets[i] & ~union][:n]
            cols = 0
            for i in chosen:
                cols |= view.col_sets[i]
            if holds(n, [(cols & ~view.col_sets[i]).bit_count() for i in chosen]):
                yield sum(1 << i for i in chosen)


def _unions(sets: list[int]) -> list[int]:
    found = set(sets)
    if len(sets) <= _CLASS:
        found |= {a | b for a, b in combinations(found, 2)}
    everything = 0
    for s in sets:
        everything |= s
    return sorted(found | {everything}, key=lambda s: (-s.bit_count(), s))


def apply(problem: Problem) -> Step | None:
    """A free leaf when the group is one such family, or its transpose is.

    >>> qr = Group.of_blocks([(range(2), {0, 1}), (range(2), {1})])
    >>> apply(qr).rule
    'full_factor'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    view = View.of(problem)
    everything = (1 << view.neurons) - 1
    if everything in find(view):
        return Step("full_factor", Conclusion.FREE)
    if everything in find(view.transpose()):
        return transposed(problem)
    return None
