"""Smaller chains with the same set, and with a set that is closed iff the given one is."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.problems import KEY_BYTES, Chain, Group, Mask, blocks
from cadlink.certificates.kernel.reader import Lemma, Needs, Outcome, Reader

__all__ = ["absorb_edges", "cap_outputs", "pendants", "twins"]

MOST_COUNTS = 10**5  # count vectors of outputs that are enumerated
MOST_CELLS = 4 * 10**6  # of the blocks between two layers

Ints = NDArray[np.int64]


def twins(chain: Chain, at: Reader) -> Outcome:
    """In every hidden layer, from the first to the last, keep of the units that have the same
    a inputs and the same b outputs (in the masks as they are then) the first min(a, b).

    Proof.  p such units contribute to X_{l+1} X_l an arbitrary matrix of rank at most p on their
    b x a block, hence of rank at most min(p, a, b)."""
    for layer in range(1, chain.depth):
        below, above = chain.masks[layer - 1], chain.masks[layer]
        at.spend(10 * (len(below.row) + len(above.row) + chain.widths[layer]))
        into, out = below.neighbours(), above.transpose().neighbours()
        count: dict[tuple[bytes, bytes], int] = {}
        kept = []
        for unit, kind in enumerate(zip(into, out, strict=True)):
            count[kind] = count.get(kind, 0) + 1
            if count[kind] <= min(len(kind[0]), len(kind[1])) // KEY_BYTES:
                kept.append(unit)
        chain = chain.keep({layer: np.array(kept, dtype=np.int64)})
    return Needs((chain,))


def pendants(chain: Chain, at: Reader) -> Outcome:
    """In every hidden layer, from the first to the last: the units whose only input is u
    become one, the first of them, with the outputs of all; for every u.  Then likewise the units
    whose only output is v.

    Proof.  The first kind contributes to X_{l+1} X_l an arbitrary column u on the union of their
    outputs: every cell is served by one of them, at 1 on the edge from u.  One unit does the same.
    The second kind is its transpose."""
    for layer in range(1, chain.depth):
        at.spend(10 * (len(chain.masks[layer - 1].row) + len(chain.masks[layer].row)))
        below, above, kept = _joined(chain.masks[layer - 1], chain.masks[layer])
        chain = _with(chain, layer, below, above).keep({layer: kept})
        above, below, kept = _joined(
            chain.masks[layer].transpose(), chain.masks[layer - 1].transpose()
        )
        chain = _with(chain, layer, below.transpose(), above.transpose()).keep({layer: kept})
    return Needs((chain,))


def _joined(below: Mask, above: Mask) -> tuple[Mask, Mask, Ints]:
    """The masks with all units of one input u served by the first, and the units that remain."""
    degree = np.bincount(below.row, minlength=below.rows)
    first: dict[int, int] = {}
    stands_for = np.arange(below.rows)
    order = np.argsort(below.row, kind="stable")
    for unit, u in zip(below.row[order].tolist(), below.col[order].tolist(), strict=True):
        if degree[unit] == 1:
            stands_for[unit] = first.setdefault(u, unit)
    pairs = np.unique(np.stack((above.row, stands_for[above.col])), axis=1)
    kept = np.flatnonzero(stands_for == np.arange(below.rows))
    return below, Mask(above.rows, above.cols, pairs[0], pairs[1]), kept


def _with(chain: Chain, layer: int, below: Mask, above: Mask) -> Chain:
    return Chain((*chain.masks[: layer - 1], below, above, *chain.masks[layer + 1 :]))


def absorb_edges(chain: Chain, at: Reader) -> Outcome:
    """Units Q of one hidden layer, with the blocks R_i x C_i of outputs and inputs, are free
    on F, the cells of their blocks (the proof in the data).  As long as there is one, delete an
    edge of a unit i outside Q: (j, i) if {j} x C_i lies in F, (i, k) if R_i x {k} does.

    Proof.  The products X_{l+1} X_l of the two masks are R^F + (the others' products off F).
    Deleting such an edge changes the others' products on F only, so this set stays the same."""
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    below, above = chain.masks[layer - 1], chain.masks[layer]
    chosen = at.ascending(at.data["units"], range(chain.widths[layer]), "unit")
    work = above.product_work(below)
    room = above.rows * below.cols
    at.demand(max(work, room) <= MOST_CELLS, f"at most {MOST_CELLS} cells in all blocks", f"{work}")
    at.spend(10 * work + room)
    rows, cols = blocks(below, above)
    at.spend(700 * sum(len(rows[i]) * len(cols[i]) for i in chosen))
    free = Group.of({(j, k) for j in rows[i] for k in cols[i]} for i in chosen)
    absorbed = np.zeros((above.rows, below.cols), dtype=np.bool_)
    for j, k in free.cells:
        absorbed[j, k] = True
    for i in sorted(set(range(chain.widths[layer])) - set(chosen)):
        changed = True
        while changed and rows[i] and cols[i]:
            at.spend(len(rows[i]) * len(cols[i]))
            its, those = np.array(sorted(rows[i])), np.array(sorted(cols[i]))
            gone = absorbed[np.ix_(its, those)].all(axis=1)
            rows[i] = set(its[~gone].tolist())
            gone = absorbed[np.ix_(its[~gone], those)].all(axis=0)
            cols[i] = set(those[~gone].tolist())
            changed = (len(rows[i]), len(cols[i])) != (len(its), len(those))
    upper = sorted((j, i) for i, its_ in enumerate(rows) for j in its_)
    lower = sorted((i, k) for i, those_ in enumerate(cols) for k in those_)
    masks = []
    for old, ones in ((below, lower), (above, upper)):
        table = np.array(ones, dtype=np.int64).reshape(-1, 2)
        masks.append(Mask(old.rows, old.cols, table[:, 0], table[:, 1]))
    return Needs((_with(chain, layer, *masks),), lemmas=(Lemma(free, at.data["proof"]),))


def cap_outputs(chain: Chain, at: Reader) -> Outcome:
    """T_j = the units of the last hidden layer that feed output j; outputs with equal T form a
    class; b(T) = the least of |T| and the widths of all layers below the outputs.  A set J of
    outputs is allowed if every chain of classes T_1 < ... < T_q has at most b(T_q) members of J
    altogether.  If every allowed J lies, after exchanging outputs of one class, in one of the sets
    listed, the set is closed iff its restrictions to the listed outputs, all inputs, are.

    Proof.  Closed sets have closed restrictions.  Conversely let A be in the closure.  Run through
    the outputs, small T first; put j into J unless its row A_j is a combination of the rows A_j',
    j' in J, T_j' inside T_j.  Along a chain of classes the rows chosen are independent, for each
    but the last comes later; they are rows of limits of X[., T_q] Y with Y = X_{L-1} ... X_1, so of
    rank at most b(T_q).  So J is allowed.  The rows J of A are in the closure of the restriction
    to J (a restriction of a listed one, up to the order of outputs of a class), so A_J = X_J Y.  A
    row j outside J is A_j = sum of c_j' A_j' = (sum of c_j' X_j') Y, with a support inside T_j.

    Free parts do not make the whole free: dropped outputs depend on the others."""
    at.demand(chain.depth >= 2, "at least two masks", f"{chain.depth}")
    last = chain.masks[-1]
    least = min(chain.widths[:-1])
    sets = [frozenset[int]()] * last.rows
    grouped: dict[int, set[int]] = {}
    for j, i in zip(last.row.tolist(), last.col.tolist(), strict=True):
        grouped.setdefault(j, set()).add(i)
    for j, its in grouped.items():
        sets[j] = frozenset(its)
    classes = sorted(set(sets), key=lambda its: (len(its), sorted(its)))
    number = {its: place for place, its in enumerate(classes)}
    size = [0] * len(classes)
    for its_ in sets:
        size[number[its_]] += 1
    bound = [min(len(its), least) for its in classes]
    listed = []
    restrictions = []
    for outputs in at.items(at.data["outputs"], "lists of outputs"):
        at.spend(chain.cost)
        chosen = at.ascending(outputs, range(chain.widths[-1]), "output")
        count = [0] * len(classes)
        for j in chosen:
            count[number[sets[j]]] += 1
        listed.append(count)
        restrictions.append(chain.keep({chain.depth: np.array(chosen, dtype=np.int64)}))
    at.demand(bool(listed), "at least one list of outputs", "none")
    most = [min(s, b) for s, b in zip(size, bound, strict=True)]
    if any(all(a >= b for a, b in zip(count, most, strict=True)) for count in listed):
        return Needs(tuple(restrictions), "closed")
    counts = 1
    for limit in most:
        counts *= limit + 1
    at.demand(counts <= MOST_COUNTS, f"at most {MOST_COUNTS} count vectors", f"{counts}")
    at.spend(200 * counts * len(classes) * (len(classes) + len(listed) + 5))
    smaller = [[b for b in range(a) if classes[b] < classes[a]] for a in range(len(classes))]
    for vector in product(*(range(limit + 1) for limit in most)):
        heaviest: list[int] = []
        for place, within in enumerate(smaller):
            heaviest.append(vector[place] + max((heaviest[b] for b in within), default=0))
        if all(weight <= b for weight, b in zip(heaviest, bound, strict=True)):
            inside = any(
                all(a >= b for a, b in zip(count, vector, strict=True)) for count in listed
            )
            at.demand(inside, "every allowed choice of outputs in a listed one", f"{vector}")
    return Needs(tuple(restrictions), "closed")
