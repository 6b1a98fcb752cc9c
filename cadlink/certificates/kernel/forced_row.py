"""A few neurons alone on a block: forced row, and owners (see ``group_rules``)."""

from __future__ import annotations

from cadlink.certificates.kernel.problems import Group, representatives
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Outcome, Reader

__all__ = ["forced_row", "owners"]

Lines = frozenset[int]
Block = tuple[Lines, Lines]


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
    R, C, j, k = _lines(group, at)
    facts = _alone(group, at, R, C, (R | {j}, C), (frozenset({j}), frozenset({k})))
    team = facts["row"].keys()
    owners = group.owners()
    s = at.member(at.data["neuron"], owners.get((j, k), []), f"neuron covering {(j, k)}")
    for a in sorted(R):
        if (a, k) in group.neurons[s]:
            at.demand(
                not team >= set(owners[a, k]),
                f"a neuron outside the block covering {(a, k)}",
                "none",
            )
    return Found(NOT_CLOSED, facts=facts)


def owners(group: Group, at: Reader) -> Outcome:
    """Rows R, columns C, |R| = |C| = p >= 1, row j not in R, column k not in C; Q = the cells
    R x (C + k) and {j} x C; T = the neurons covering a cell of Q, |T| = p.  Every i in T observes
    all of (R_i x C_i) meet Q.  The row sets and the column sets of T have perfect matchings with R
    and C.  Neuron i0 in T has row j and column k, and either does not observe (j, k), or a neuron h
    not in T covers (j, k).  Not closed.

    On Q the product is X[., T] Y[T, .], by the demand on T.  Missed: if A[R, C + k] has rank p, so
    has X[R, T]; if A[R + j, C] has rank p, so has Y[T, C]; then det A[R, C] != 0.  Reached with det
    = 0: on R and C the x_i, y_i of T generic on their supports, u and v those of i0; replace x_i0
    by t u on R and 1 at j, y_i0 by v on C and 1/t at k; h has x = 1 at j, y = -1/t at k, all else
    0.  In the limit i0 gives u in column k, v in row j, 0 on R x C.  By the matchings X[R, T] and
    Y[T, C] are invertible: A[R, C + k] = X[R, T] * (Y[T - i0, C] with row i0 = e_k) has rank p, A[R
    + j, C] likewise, and A[R, C] has rank p - 1.  Off Q only (j, k) is touched."""
    R, C, j, k = _lines(group, at)
    facts = _alone(group, at, R, C, (R, C | {k}), (frozenset({j}), C))
    team = facts["row"].keys()
    first, helper = at.member(at.data["neuron"], team, "neuron of the block"), at.data["helper"]
    both = j in group.row_sets[first] and k in group.col_sets[first]
    at.demand(both, f"row {j} and column {k} in neuron {first}", "not so")
    if helper is None:
        at.demand((j, k) not in group.neurons[first], f"{(j, k)} unobserved", "observed")
    else:
        at.member(helper, group.covering((j, k)), f"helper at {(j, k)}")
        at.demand(helper not in team, "a helper outside the block", helper)
    return Found(NOT_CLOSED, facts=facts)


def _lines(group: Group, at: Reader) -> tuple[Lines, Lines, int, int]:
    """R, C, j and k: as many rows as columns, and one of each outside."""
    rows = at.ascending(at.data["rows"], group.rows, "row")
    cols = at.ascending(at.data["cols"], group.cols, "column")
    j = at.member(at.data["row"], group.rows, "row")
    k = at.member(at.data["col"], group.cols, "column")
    at.demand(j not in rows, "row j outside the rows", j)
    at.demand(k not in cols, "column k outside the columns", k)
    at.demand(len(rows) == len(cols), "as many rows as columns", f"{len(rows)}, {len(cols)}")
    return frozenset(rows), frozenset(cols), j, k


def _alone(
    group: Group, at: Reader, R: Lines, C: Lines, one: Block, other: Block
) -> dict[str, dict[int, int]]:
    """The matchings of T with R ("row") and with C ("column"); T = the neurons that cover a cell of
    Q, the union of two disjoint blocks, |T| = p, each observing all of (R_i x C_i) meet Q."""
    (rows, cols), (more_rows, more_cols) = one, other
    team = []
    for i, graph in enumerate(group.neurons):
        observed = sum(
            (a in rows and b in cols) or (a in more_rows and b in more_cols) for a, b in graph
        )
        if not observed:
            continue
        team.append(i)
        its_rows, its_cols = group.row_sets[i], group.col_sets[i]
        inside = len(its_rows & rows) * len(its_cols & cols)
        inside += len(its_rows & more_rows) * len(its_cols & more_cols)
        at.demand(
            observed == inside,
            f"neuron {i} to observe all cells of the block in its rows and columns",
            f"{inside - observed} unobserved",
        )
    at.demand(len(team) == len(R), f"{len(R)} neurons covering the block", f"{team}")
    matched = {}
    for what, lines, sets in (("row", R, group.row_sets), ("column", C, group.col_sets)):
        found = representatives([sets[i] & lines for i in team])
        at.demand(found is not None, f"a perfect matching of {what}s and neurons", "none")
        matched[what] = dict(zip(team, found or (), strict=True))
    return matched
