"""Triangle: a few neurons alone on and below a diagonal (see ``group_rules``)."""

from __future__ import annotations

from cadlink.certificates.kernel.problems import Group, representatives
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Outcome, Reader
from cadlink.errors import CertificateError

__all__ = ["triangle"]


def triangle(group: Group, at: Reader) -> Outcome:
    """T = p >= 1 neurons, distinct rows r_0, .., r_p and columns k_0, .., k_p.  For a >= b the cell
    (r_a, k_b) is observed, covered by neurons of T only, and observed by every t in T with r_a in
    R_t and k_b in C_t.  For some i < j a neuron s of T covers (r_i, k_i), (r_j, k_i), (r_j, k_j),
    and (r_i, k_j) is not observed by s, or is covered by a neuron h not in T.  The neurons of T but
    s have a perfect matching with the l other than i, j, such that t covers (r_l, k_l).  Not
    closed.

    Missed: A with 1 at the (r_l, k_l) and 0 elsewhere.  If it were in the set, M = X[r, T] Y[T, k]
    would agree with A in the cells a >= b (a t with r_a not in R_t or k_b not in C_t contributes
    nothing to M or A), so M is unitriangular, of rank p + 1 > |T|.  Reached: x_s = e_r_i + t e_r_j,
    y_s = e_k_i + e_k_j / t; if s observes (r_i, k_j), x_h = e_r_i, y_h = - e_k_j / t; the neuron
    matched with l has e_r_l, e_k_l; all else 0.  The product is A + t e_r_j e_k_i^T.

    One neuron and two rows and columns are the unique owner of LU."""
    team = at.ascending(at.data["team"], range(len(group.neurons)), "neuron")
    p = len(team)
    rows = [at.member(j, group.rows, "row") for j in at.items(at.data["rows"], "rows", p + 1)]
    cols = [at.member(k, group.cols, "column") for k in at.items(at.data["cols"], "cols", p + 1)]
    at.demand(len(set(rows)) == p + 1, "different rows", rows)
    at.demand(len(set(cols)) == p + 1, "different columns", cols)
    at.spend(300 * (p + 1) ** 2 * (len(group.neurons) + p) + 1000 * p * p)
    for a, row in enumerate(rows):
        for col in cols[: a + 1]:
            covering = group.covering((row, col))
            at.demand(bool(covering), f"an observed cell {(row, col)}", "unobserved")
            alone = set(covering) <= set(team)
            at.demand(alone, f"only neurons of the team at {(row, col)}", covering)
            could = [t for t in team if row in group.row_sets[t] and col in group.col_sets[t]]
            at.demand(could == covering, f"neurons {could} to observe {(row, col)}", covering)
    i = at.integer(at.data["first"], "first", 0, p + 1)
    j = at.integer(at.data["second"], "second", 0, p + 1)
    at.demand(i < j, "first before second", [i, j])
    s = at.member(at.data["neuron"], team, "neuron of the team")
    for cell in ((rows[i], cols[i]), (rows[j], cols[i]), (rows[j], cols[j])):
        at.demand(cell in group.neurons[s], f"neuron {s} covering {cell}", "not so")
    corner = (rows[i], cols[j])
    helper = None
    if corner in group.neurons[s]:
        outside = [h for h in group.covering(corner) if h not in team]
        at.demand(bool(outside), f"a neuron outside the team covering {corner}", "none")
        helper = outside[0]
    diagonal = [d for d in range(p + 1) if d not in (i, j)]
    others = [t for t in team if t != s]
    sets = [[d for d in diagonal if (rows[d], cols[d]) in group.neurons[t]] for t in others]
    found = representatives(sets)
    if found is None:
        expected = "the other neurons matched with the rest of the diagonal"
        raise CertificateError(at.path, expected, "no matching")
    facts = {"diagonal": dict(zip(others, found, strict=True)), "helper": helper}
    return Found(NOT_CLOSED, facts=facts)
