"""Frames: nearly whole neurons that produce every matrix (see ``group_rules``).

A *plan* splits m neurons, m the number of columns, into N1 and N2 = P0 + P1 + P2 and chooses
disjoint G1, G2 in N1.  D_i are the rows outside R_i, E_i the columns outside C_i, a_i = |D_i|.
C'_i = C_i, without the columns of the E_g, g in G1, for i in P1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cadlink.certificates.kernel.group_rules import observe_their_blocks
from cadlink.certificates.kernel.problems import Group, representatives
from cadlink.certificates.kernel.reader import FREE, Found, Outcome, Reader

__all__ = ["PLAN", "high_and_low_rank", "two_frames"]

Sets = list[frozenset[int]]


@dataclass(frozen=True)
class _Rectangle:
    """The rows and columns of the group that each neuron misses."""

    rows: int
    cols: int
    all_cols: frozenset[int]
    missed_rows: Sets
    missed_cols: Sets


def _rectangle(group: Group, neurons: Sequence[int], at: Reader) -> _Rectangle:
    """What is missing, once it is sure that these neurons observe all they could."""
    at.spend(200 * len(group.cells) + 40 * len(group.neurons) * (len(group.rows) + len(group.cols)))
    observe_their_blocks(group, neurons, at)
    return _Rectangle(
        len(group.rows),
        len(group.cols),
        group.cols,
        [group.rows - rows for rows in group.row_sets],
        [group.cols - cols for cols in group.col_sets],
    )


def _neurons(at: Reader, value: object, count: int, what: str) -> list[int]:
    """A list of different neurons, possibly empty."""
    found = [at.integer(i, f"a neuron of {what}", 0, count) for i in at.items(value, what)]
    at.demand(len(set(found)) == len(found), f"different neurons in {what}", found)
    return found


def _steps(sizes: Sequence[int], length: int) -> list[int]:
    """The s < length for which fewer than s + 1 of the sizes are at most s."""
    return [s for s in range(length) if sum(1 for a in sizes if a <= s) < s + 1]


def two_frames(group: Group, at: Reader) -> Outcome:
    """m neurons, m the number of columns, with a plan (see the module); a* = the largest a_i of N2.
    (0) a_i = 0 on P0.  (1) For s < |N1| at least s + 1 neurons of N1 have a_i <= s.  (2) For every
    i in N2 the C' of N2, with a* more copies of C'_i, have distinct representatives.  (3) For i in
    N1 the columns k in E_i have distinct representatives among the t in N2 (for i in G1: in P0 +
    P2; in G2: in P0 + P1) with k in C'_t.  (4) For s < max of a_t over P1 at least s + 1 neurons of
    G1 have a_i <= s; the same for P2 and G2.  Free.

    Proof.  Fill A with zeros to n x m.  Choose y_i, i in N2, generic on C'_i: by (2) and Rado they
    are independent and their span Y2 meets each span(A_j : j in D_t), t in N2, in 0 only.  Let Q =
    R^m / Y2, of dimension p = |N1|.  Choose m_i in Q*, i in N1, generic among those that vanish on
    the images of the A_j, j in D_i: by (1) and Rado a basis; let y_i^0 in R^m be lifts of the dual
    basis, X(j, i) = m_i(A_j), which is 0 for j in D_i.  So A_j = sum over N1 of X(j, i) y_i^0 + sum
    over N2 of X0(j, t) y_t.  Other lifts y_i = y_i^0 + sum over t of v(i, t) y_t turn X0(j, t) into
    X(j, t) = X0(j, t) - sum over i of X(j, i) v(i, t).  Wanted: (I) y_i(k) = 0 for i in N1, k in
    E_i; (II) X(j, t) = 0 for t in N2, j in D_t.  (II) for t in P1 can be solved by the v(i, t), i
    in G1, whatever the other v(., t) are: by (4) and Rado the m_i, i in G1, span the dual of the
    span of the images of the A_j, j in D_t; so if c on D_t has sum c_j X(j, G1) = 0, then sum c_j
    A_j lies in Y2, hence is 0, and the same relation holds for all X(j, i) and X0(j, t).  For P2
    and G2 likewise.  (I) for i in G1 involves v(i, P0 + P2) only, since y_t vanishes on E_i for t
    in P1, and is solvable by (3); for i in G2 it is solvable by v(i, P0 + P1) when v(i, P2) is
    given.  Order: v(i, .) for i in neither, by (I); v(G1, P0 + P2) by (I); v(G2, P2) by (II); v(G2,
    P0 + P1) by (I); v(G1, P1) by (II).  Then A = X Y with the prescribed supports."""
    _plan(group, at, at.data, None)
    return Found(FREE)


def high_and_low_rank(group: Group, at: Reader) -> Outcome:
    """n = m = r neurons and a number sigma >= 1; ``low`` covers the A of rank at most n - sigma -
    1, ``high`` those of rank at least n - sigma.  Free.

    *Low*: rho + sigma + 1 neurons N', rho >= 0, and s = n - sigma - 1 - rho others.  If every row
    lies in at most mu of the D_i and every column in at most nu of the E_i, i in N', and mu + nu <=
    sigma + 1, and the t-th smallest defect (|D_i| + |E_i|) of the others is at most rho + t - 1,
    then every A of rank <= rho + s is a product.  Proof: while rank A = rho + t > rho, the t-th
    other lowers the rank by one (``rank_peeling``).  Then A = U V with rho columns.  Let P0, P1 be
    generic with |N'| columns and sigma + 1 - nu >= mu and rho rows.  Column k of Y: P0 y = 0, P1 y
    = V_k with support on at least |N'| - nu neurons is solvable.  Row j of X is U_j P1 + alpha P0,
    zero at no more than mu given neurons, by the choice of alpha.

    *High*: a plan as in ``two_frames`` with weaker conditions.  In (1), s may also satisfy s +
    sigma + 2 <= |I0|, where I0 in N1 have pairwise disjoint D_i; in (4), for t in P1 (P2), s may
    also satisfy s + sigma + 1 <= |I_t|, where I_t in G1 (G2) and t have pairwise disjoint D's; a*
    is then also at least the sum of the sigma + 2 largest a_i of I0, and at least a_t plus the
    sum of the sigma + 1 largest of I_t.  Proof: (1) and (4) serve to bound by s the dimension of
    the intersection of the spans of the images of A[D_i], i in J, for the J that miss s members
    (in (4): met with that of A[D_t]).  It is at most a_i for every i in J.  If J contains sigma +
    2 of I0 (sigma + 1 of I_t, and t), a nonzero common vector is a combination of rows in each of
    these disjoint sets: sigma + 1 independent relations between the images of rows, hence, as Y2
    meets the span of these rows in 0 by the new a*, between rows of A: more than n - rank A."""
    n = len(group.rows)
    square = n == len(group.cols) == len(group.neurons)
    at.demand(square, "as many neurons as rows and columns", len(group.neurons))
    sigma = at.integer(at.data["sigma"], "sigma", 1, n)
    low = at.keys(at.data["low"], ("frame", "others"), "low")
    frame = _neurons(at, low["frame"], n, "frame")
    others = _neurons(at, low["others"], n, "others")
    at.demand(not set(frame) & set(others), "frame and others apart", sorted(frame))
    missing = _rectangle(group, [*frame, *others], at)
    rho = len(frame) - sigma - 1
    at.demand(rho >= 0, f"at least {sigma + 1} neurons in the frame", len(frame))
    reached = rho + len(others)
    at.demand(reached == n - sigma - 1, f"rank {n - sigma - 1} reached", reached)
    mu = max(sum(1 for i in frame if j in missing.missed_rows[i]) for j in group.rows)
    nu = max(sum(1 for i in frame if k in missing.missed_cols[i]) for k in group.cols)
    at.demand(mu + nu <= sigma + 1, f"at most {sigma + 1} neurons missing a row or column", mu + nu)
    defects = sorted(len(missing.missed_rows[i]) + len(missing.missed_cols[i]) for i in others)
    for t, defect in enumerate(defects):
        at.demand(defect <= rho + t, f"a defect of at most {rho + t}", defect)
    high = at.keys(at.data["high"], (*PLAN, "I0", "I"), "high")
    _plan(group, at, high, sigma)
    return Found(FREE)


PLAN = ("N1", "G1", "G2", "P0", "P1", "P2")


def _plan(group: Group, at: Reader, data: object, sigma: int | None) -> None:
    """The conditions of ``two_frames``, or with ``sigma`` the weaker ones of high rank."""
    keys = PLAN if sigma is None else (*PLAN, "I0", "I")
    given = at.keys(data, keys, "a plan")
    n1, g1, g2, p0, p1, p2 = (_neurons(at, given[key], len(group.neurons), key) for key in PLAN)
    n2 = [*p0, *p1, *p2]
    m = len(group.cols)
    chosen = {*n1, *n2}
    at.demand(len(chosen) == len(n1) + len(n2) == m, f"{m} different neurons", sorted(chosen))
    at.demand(m > 0, "at least one column", "none")
    at.demand(set(g1) | set(g2) <= set(n1), "G1 and G2 inside N1", [g1, g2])
    at.demand(not set(g1) & set(g2), "G1 and G2 apart", [g1, g2])
    missing = _rectangle(group, sorted(chosen), at)
    a = [len(rows) for rows in missing.missed_rows]
    at.demand(all(a[i] == 0 for i in p0), "whole rows in P0", p0)
    least = max((a[i] for i in n2), default=0)
    at.spend(200 * m * (len(p1) + len(p2) + 1) * (max(a) + 1))
    short = _steps([a[i] for i in n1], len(n1))
    if sigma is not None:
        first = _apart(at, given["I0"], n1, missing.missed_rows, frozenset(), "I0")
        if short and max(short) + sigma + 2 <= len(first):
            least = max(least, sum(sorted((a[i] for i in first), reverse=True)[: sigma + 2]))
            short = []
    at.demand(not short, "condition (1)", f"too few neurons of N1 missing at most {short[:1]} rows")
    spare = _families(at, given["I"], (g1, g2), (p1, p2), missing) if sigma is not None else {}
    for part, pool in ((p1, g1), (p2, g2)):
        for t in part:
            short = _steps([a[i] for i in pool], a[t])
            family = spare.get(t, [])
            if sigma is not None and short and max(short) + sigma + 1 <= len(family):
                largest = sorted((a[i] for i in family), reverse=True)[: sigma + 1]
                least = max(least, a[t] + sum(largest))
                short = []
            at.demand(not short, f"condition (4) for neuron {t}", f"s = {short[:1]}")
    hidden = frozenset().union(*(missing.missed_cols[g] for g in g1))
    seen = {t: group.col_sets[t] - (hidden if t in set(p1) else frozenset()) for t in n2}
    at.spend(400 * (len(n1) + len(n2)) * (len(n2) + least) * m)
    for i in n2:
        sets = [*seen.values(), *([seen[i]] * least)]
        at.demand(
            representatives(sets) is not None, f"condition (2) for neuron {i}", "no representatives"
        )
    for i in n1:
        allowed = [*p0, *p2] if i in set(g1) else [*p0, *p1] if i in set(g2) else n2
        columns = [[t for t in allowed if k in seen[t]] for k in sorted(missing.missed_cols[i])]
        at.demand(
            representatives(columns) is not None,
            f"condition (3) for neuron {i}",
            "no representatives",
        )


def _apart(
    at: Reader,
    value: object,
    pool: Sequence[int],
    missed: Sets,
    taken: frozenset[int],
    what: str,
) -> list[int]:
    """Different neurons of the pool that miss pairwise disjoint rows, all outside ``taken``."""
    family = [at.member(i, pool, f"neuron of {what}") for i in at.items(value, what)]
    at.demand(len(set(family)) == len(family), f"different neurons in {what}", family)
    union = set(taken)
    for i in family:
        at.demand(not missed[i] & union, f"disjoint missing rows in {what}", sorted(missed[i]))
        union |= missed[i]
    return family


def _families(
    at: Reader,
    value: object,
    pools: tuple[list[int], list[int]],
    parts: tuple[list[int], list[int]],
    missing: _Rectangle,
) -> dict[int, list[int]]:
    """The I_t: [t, neurons] for some t in P1 or P2."""
    found: dict[int, list[int]] = {}
    for entry in at.items(value, "I"):
        t, listed = at.items(entry, "[t, I_t]", 2)
        t = at.member(t, [*parts[0], *parts[1]], "neuron of P1 or P2")
        at.demand(t not in found, "every t once", t)
        pool = pools[0] if t in parts[0] else pools[1]
        rows = missing.missed_rows
        found[t] = _apart(at, listed, pool, rows, rows[t], f"I_{t}")
    return found
