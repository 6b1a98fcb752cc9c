"""Forced row: one more rule about groups (see ``group_rules``)."""

from __future__ import annotations

from cadlink.certificates.kernel.problems import Group, representatives
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Outcome, Reader

__all__ = ["forced_row"]


def forced_row(group: Group, at: Reader) -> Outcome:
    """Rows R, columns C, |R| = |C| = p >= 1, row j not in R, column k not in C, (j, k) observed; Q
    = (R + j) x C and (j, k); T = the neurons covering a cell of Q, |T| = p, each observing all
    of (R_i x C_i) meet Q. The row sets and the column sets of T have perfect matchings with R
    and C. Neuron s covers (j, k); every cell (a, k), a in R and R_s, is not observed by s, or
    is covered by a neuron not in T. Not closed.

    Missed: on Q the product is X[., T] Y[T, .]. If det A[R, C] != 0, then Y[T, C] is
    invertible; if A[j, C] = 0 besides, X[j, T] = 0 and A(j, k) = 0. The limit has A(j, k) = 1.
    Reached: on R and C the x_i, y_i of T generic on their supports, so that det A[R, C] != 0 by
    the matchings; x_s(j) = t, y_s(k) = 1/t; for every a in R and R_s with (a, k) observed a
    neuron h not in T covering it, y_h(k) = 1, x_h(a) = -x_s(a)/t; all else 0. Then A[j, C] = t
    y_s tends to 0, A(j, k) = 1, A(a, k) = 0."""
    rows = at.ascending(at.data["rows"], group.rows, "row")
    cols = at.ascending(at.data["cols"], group.cols, "column")
    j = at.member(at.data["row"], group.rows, "row")
    k = at.member(at.data["col"], group.cols, "column")
    at.demand(j not in rows, "row j outside the rows", j)
    at.demand(k not in cols, "column k outside the columns", k)
    at.demand(len(rows) == len(cols), "as many rows as columns", f"{len(rows)}, {len(cols)}")
    R, C = frozenset(rows), frozenset(cols)
    team = []
    for i, graph in enumerate(group.neurons):
        observed = sum(((a in R or a == j) and b in C) or (a, b) == (j, k) for a, b in graph)
        if not observed:
            continue
        team.append(i)
        its_rows, its_cols = group.row_sets[i], group.col_sets[i]
        corner = j in its_rows and k in its_cols
        inside = len(its_rows & {*R, j}) * len(its_cols & C) + corner
        at.demand(
            observed == inside,
            f"neuron {i} to observe all cells of the block in its rows and columns",
            f"{inside - observed} unobserved",
        )
    at.demand(len(team) == len(rows), f"{len(rows)} neurons covering the block", f"{team}")
    matched = {}
    for what, lines, sets in (("row", R, group.row_sets), ("column", C, group.col_sets)):
        found = representatives([sets[i] & lines for i in team])
        at.demand(found is not None, f"a perfect matching of {what}s and neurons", "none")
        matched[what] = dict(zip(team, found or (), strict=True))
    owners = group.owners()
    s = at.member(at.data["neuron"], owners.get((j, k), []), f"neuron covering {(j, k)}")
    its = frozenset(team)
    for a in rows:
        if (a, k) in group.neurons[s]:
            at.demand(
                not its.issuperset(owners[a, k]),
                f"a neuron outside the block covering {(a, k)}",
                "none",
            )
    return Found(NOT_CLOSED, facts=matched)
