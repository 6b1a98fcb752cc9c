"""The merged cross of two masks, without making a group of them (see ``group_rules``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.chain_rules import MOST_TOLD
from cadlink.certificates.kernel.problems import Chain, Mask, matched
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Reader

__all__ = ["merged_cross"]

Marks = NDArray[np.bool_]


def merged_cross(chain: Chain, at: Reader) -> Found:
    """Two masks; R_i are the outputs and C_i the inputs of hidden unit i.  The units are the r
    neurons of a complete group, and the theorem, its hypotheses and its proof are those of the rule
    of the same name on groups.  A unit without outputs or inputs has no representative."""
    at.demand(chain.depth == 2, "two masks", f"{chain.depth}")
    below, above = chain.masks
    units = [at.integer(at.data[key], f"unit {key}", 0, below.rows) for key in ("a", "b", "i1")]
    a, b, i1 = units
    at.demand(len(set(units)) == 3, "different units a, b, i1", units)
    J = at.ascending(at.data["J"], range(above.rows), "row of J")
    K = at.ascending(at.data["K"], range(below.cols), "column of K")
    j0, k0 = at.member(at.data["j0"], J, "j0 in J"), at.member(at.data["k0"], K, "k0 in K")
    at.spend((len(J) + len(K)) * (20_000 + 2 * below.rows) + 4 * chain.cost)
    with_rows = np.array([_units(above, j) for j in J])
    with_cols = np.array([_units(below.transpose(), k) for k in K])
    first, cross = with_rows[J.index(j0)], with_cols[K.index(k0)]
    at.demand(bool((with_rows[:, a] | with_rows[:, b]).all()), f"rows of a or b, {J}", "others")
    at.demand(bool(cross[a] and cross[b]), f"column {k0} in a and b", "not so")
    for rows, cols, what in (
        (with_rows, cross[None], "J x k0"),
        (first[None], with_cols, "j0 x K"),
    ):
        covering = np.flatnonzero(rows.all(axis=0) & cols.all(axis=0)).tolist()
        at.demand(not covering, f"no unit covering {what}", f"{covering}")
    others = [n for n, k in enumerate(K) if k != k0]
    covers = bool(with_rows[:, i1].all() and with_cols[others, i1].all())
    at.demand(covers, f"unit {i1} to cover J x (K without k0)", "not so")
    facts = {
        "rows": _representatives(above.transpose(), units, J, np.logical_and, "rows", at),
        "cols": _representatives(below, units, K, np.logical_or, "columns", at),
    }
    return Found(NOT_CLOSED, facts=facts if max(chain.widths) <= MOST_TOLD else {})


def _units(mask: Mask, row: int) -> Marks:
    """The columns of a row, as marks."""
    marks = np.zeros(mask.cols, dtype=np.bool_)
    marks[mask.col[mask.row == row]] = True
    return marks


def _representatives(
    mask: Mask, units: list[int], used: list[int], joined: np.ufunc, what: str, at: Reader
) -> list[int]:
    """Distinct representatives outside ``used``: first for the rows a and b of the mask joined,
    then for the others, but i1, ascending."""
    a, b, _ = units
    both = joined(_units(mask, a), _units(mask, b))
    place = np.full(mask.rows, -1, dtype=np.int64)
    rest = np.setdiff1d(np.arange(mask.rows), units)
    place[rest] = 1 + np.arange(len(rest))
    at.spend(3000 * mask.rows + 300 * len(mask.row))
    kept = (place[mask.row] >= 0) & ~np.isin(mask.col, used)
    head = np.setdiff1d(np.flatnonzero(both), used)
    row = np.concatenate((np.zeros(len(head), dtype=np.int64), place[mask.row[kept]]))
    col = np.concatenate((head, mask.col[kept]))
    found = matched(Mask(1 + len(rest), mask.cols, row, col).csr())
    at.demand(found is not None, f"distinct {what} outside {used}", "none")
    return [] if found is None else [int(n) for n in found]
