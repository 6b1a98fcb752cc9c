"""A curve of products whose limit not even two factors on the boolean products of masks reach."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from cadlink.certificates.kernel.drawn import rank_at_least
from cadlink.certificates.kernel.polynomials import Laurent, Sum, laurent_product, read_laurent
from cadlink.certificates.kernel.problems import Chain
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Reader

__all__ = ["sandwich"]

Rows: TypeAlias = "dict[int, dict[int, Laurent]]"  # the nonzero entries of a matrix, by row


def sandwich(chain: Chain, at: Reader) -> Found:
    """A hidden layer l of which r units are on paths; factors over Q[t, 1/t] on the masks whose
    product has no negative power of t and constant term A; outputs J, all with the same row of A,
    inputs K, all with the same column, j0 in J and k0 in K with A(j0, k0) != 0; rank A >= r - 1.
    No unit of the layer has paths to all of J and from k0, none to j0 and from all of K.
    Not closed.

    Proof.  The real matrices at t -> 0 have products in the set that tend to A.  Missed: a product
    is U V, where U = X_L ... X_{l+1} and V = X_l ... X_1 are supported where there are paths, and
    of which the r units on paths are enough, since others are without a path on one side.  If
    A = U V, Sylvester's inequality says rank U + rank V <= r + rank A <= 2 rank A + 1.  Neither
    rank is smaller than that of A, so one is the same.  If it is rank U, then U and A have the same
    column space, and the same relations between their rows: rows J of U are equal.  Some unit i has
    U(j0, i) V(i, k0) != 0, so U(j, i) != 0 for all j in J: it has paths to all of J and from k0.
    If it is rank V, in the same way columns K of V are equal, and some unit has paths to j0 and
    from all of K."""
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    J = at.ascending(at.data["rows"], range(chain.widths[-1]), "row")
    K = at.ascending(at.data["columns"], range(chain.widths[0]), "column")
    j0, k0 = at.member(at.data["row"], J, "row"), at.member(at.data["column"], K, "column")

    at.spend((4 + len(J) + len(K)) * chain.cost)
    back, height, width = chain.transpose(), chain.widths[-1], chain.widths[0]
    above = np.array([back.reached(np.arange(height) == j, chain.depth - layer)[-1] for j in J])
    below = np.array([chain.reached(np.arange(width) == k, layer)[-1] for k in K])
    seen = np.flatnonzero(above.all(axis=0) & below[K.index(k0)]).tolist()
    at.demand(not seen, "no unit with paths to all the rows and from the column", f"{seen}")
    seen = np.flatnonzero(above[J.index(j0)] & below.all(axis=0)).tolist()
    at.demand(not seen, "no unit with paths to the row and from all the columns", f"{seen}")

    product = _product(_factors(chain, at), at)
    limit = {}
    for j, row in product.items():
        at.spend(2000 * len(row))
        for k, entry in row.items():
            least = min(entry)
            at.demand(least >= 0, f"no negative power of t at ({j}, {k})", f"t^{least}")
            if least == 0:
                limit[j, k] = entry[0]
    at.demand((j0, k0) in limit, "a limit other than 0 at the row and the column", "0")
    at.spend(1000 * (len(J) * width + len(K) * height))
    alike = all(limit.get((j, k)) == limit.get((j0, k)) for j in J for k in range(width))
    at.demand(alike, "equal rows of the limit", f"others, {J}")
    alike = all(limit.get((j, k)) == limit.get((j, k0)) for k in K for j in range(height))
    at.demand(alike, "equal columns of the limit", f"others, {K}")
    units = len(chain.on_paths()[layer])
    rows, cols = (sorted({cell[side] for cell in limit}) for side in (0, 1))
    rank = rank_at_least(limit, rows, cols, at)
    at.demand(rank >= units - 1, f"a limit of rank {units - 1} at least", f"rank {rank}")
    return Found(NOT_CLOSED, facts={"limit": limit, "units": units})


def _factors(chain: Chain, at: Reader) -> list[Rows]:
    """The field ``factors``: for every factor a list of [row, column, LAURENT]."""
    found = []
    listed = at.items(at.data["factors"], "factors", chain.depth)
    for number, (entries, mask) in enumerate(zip(listed, chain.masks, strict=True), start=1):
        at.spend(200 * (mask.rows + len(mask.row)))
        ones = mask.csr()
        rows: Rows = {}
        for entry in at.items(entries, f"factor {number}"):
            at.spend(10_000)
            row, col, value = at.items(entry, "[row, column, value]", 3)
            i = at.integer(row, f"a row of factor {number}", 0, mask.rows)
            j = at.integer(col, f"a column of factor {number}", 0, mask.cols)
            support = ones.indices[ones.indptr[i] : ones.indptr[i + 1]]
            place = int(np.searchsorted(support, j))
            on = place < len(support) and support[place] == j
            at.demand(on, f"entries of factor {number} on the support", f"({i}, {j})")
            values = rows.setdefault(i, {})
            at.demand(j not in values, f"every entry of factor {number} once", f"({i}, {j})")
            values[j] = read_laurent(value, at)
        found.append(rows)
    return found


def _product(factors: list[Rows], at: Reader) -> Rows:
    """X_L ... X_1, from X_1 on; entries that cancel are left out.

    Nothing is expanded along paths: a matrix is made of every two, so that many layers cost little.
    """
    product = factors[0]
    for upper in factors[1:]:
        longer: Rows = {}
        for i, row in upper.items():
            sums: dict[int, Sum] = {}
            for unit, left in row.items():
                below = product.get(unit, {})
                at.spend(10_000 * (1 + len(below)))
                for k, right in below.items():
                    sums.setdefault(k, Sum(at)).add(laurent_product((left, right), at))
            longer[i] = {k: total.terms for k, total in sums.items() if total.terms}
        product = longer
    return product
