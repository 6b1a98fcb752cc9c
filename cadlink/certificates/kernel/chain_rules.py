"""The rules about chains of masks, of any depth.  Each docstring is the theorem and its proof."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from cadlink.certificates.kernel.problems import Chain, Group, Mask, blocks, keys, matched
from cadlink.certificates.kernel.reader import (
    CLOSED,
    FREE,
    NOT_CLOSED,
    Found,
    Lemma,
    Needs,
    Outcome,
    Reader,
)
from cadlink.certificates.kernel.sweep import swept

__all__ = [
    "block_tiling",
    "boolean_product",
    "dense_top",
    "matching",
    "merge",
    "merge_layers",
    "one_layer",
    "relabel",
    "restrict",
    "split",
    "transpose",
    "trim",
    "two_factors",
    "unique_cut",
]

MAX_PRODUCT = 3 * 10**7  # entries of a product of masks we are willing to hold
CHUNK = 10**6  # size of the graphs in which matchings are sought
SWEPT = 3 * 10**7  # (rows + neurons) x columns matched in one sweep
MANY = 4  # neurons covering a cell, on average, from which sweeping pays
MAX_CELLS = 4 * 10**6  # cells of a group, all neurons together
MOST_TOLD = 64  # widths up to which the matchings found are handed to the reader of the proof


def transpose(chain: Chain, at: Reader) -> Outcome:
    """(X_L ... X_1)^T = X_1^T ... X_L^T: the set of the reversed chain of transposes."""
    return Needs((chain.transpose(),))


def relabel(chain: Chain, at: Reader) -> Outcome:
    """Renaming units permutes the entries of the factors and the rows and columns of A."""
    listed = at.items(at.data["units"], "units", len(chain.widths))
    units = []
    for width, perm in zip(chain.widths, listed, strict=True):
        its = [at.whole(unit, "a unit") for unit in at.items(perm, "units", width)]
        at.demand(sorted(its) == list(range(width)), f"a permutation of {width} units", perm)
        units.append(np.array(its, dtype=np.int64))
    return Needs((chain.select(units),))


def restrict(chain: Chain, at: Reader) -> Outcome:
    """The set of the restriction, padded with zeros, is the set intersected with the matrices
    supported on outputs x inputs: put the other rows of X_L and columns of X_1 to zero, which
    changes no entry inside.  That space is closed, so a closed set has closed restrictions."""
    outputs = at.ascending(at.data["outputs"], range(chain.widths[-1]), "output")
    inputs = at.ascending(at.data["inputs"], range(chain.widths[0]), "input")
    part = chain.keep({0: np.array(inputs), chain.depth: np.array(outputs)})
    return Needs((part,), "obstruction")


def split(chain: Chain, at: Reader) -> Outcome:
    """No path joins two components, so A is a block for every component and 0 elsewhere; the
    blocks are independent, and a product of nonempty sets is closed (or everything) iff all are."""
    at.spend(5 * chain.cost)
    return Needs(tuple(chain.components(at.spend)), "all")


def trim(chain: Chain, at: Reader) -> Outcome:
    """The entries of A are sums over paths.  A unit on no path occurs in none of them; without
    an input or output unit on no path, a column or row of A that is always 0 goes."""
    at.spend(2 * chain.cost)
    kept = chain.on_paths()
    return Needs((chain.select(kept),), facts={"kept": [units.tolist() for units in kept]})


def merge(chain: Chain, at: Reader) -> Outcome:
    """The case of two masks of ``merge_layers``."""
    layer = at.integer(at.data["layer"], "layer", 1, chain.depth)
    return _merged(chain, layer, layer, at)


def merge_layers(chain: Chain, at: Reader) -> Outcome:
    """If the products X_{b+1} ... X_a are exactly the matrices supported on the boolean product
    M of their masks, they may be replaced by one factor with mask M.  Freeness is shown for these
    masks trimmed: trimming drops only rows and columns where M is 0."""
    ends = at.items(at.data["layers"], "first and last layer", 2)
    first = at.integer(ends[0], "first layer", 1, chain.depth)
    last = at.integer(ends[1], "last layer", first, chain.depth)
    return _merged(chain, first, last, at)


def _merged(chain: Chain, first: int, last: int, at: Reader) -> Outcome:
    part = Chain(chain.masks[first - 1 : last + 1])
    at.spend(2 * chain.cost * (last - first + 1))
    merged = (*chain.masks[: first - 1], boolean_product(part.masks, at), *chain.masks[last + 1 :])
    return Needs((Chain(merged),), lemmas=(Lemma(part.select(part.on_paths()), at.data["proof"]),))


def boolean_product(masks: Sequence[Mask], at: Reader) -> Mask:
    """Where a product with these masks, in forward order, may be nonzero."""
    found = masks[0]
    for above in masks[1:]:
        work, room = above.product_work(found), above.rows * found.cols
        at.demand(min(work, room) <= MAX_PRODUCT, "a product of moderate size", work)
        at.spend(5 * work + 60 * min(work, room))
        row, col = (above.csr() @ found.csr()).nonzero()
        found = Mask(above.rows, found.cols, row.astype(np.int32), col.astype(np.int32))
    return found


def one_layer(chain: Chain, at: Reader) -> Outcome:
    """One mask: the set is all matrices with that support."""
    at.demand(chain.depth == 1, "one mask", f"{chain.depth}")
    return Found(FREE)


def unique_cut(chain: Chain, at: Reader) -> Outcome:
    """Unit g of a hidden layer, outputs j1 != j2, inputs k1 != k2.  The cells (j1,k1),
    (j1,k2), (j2,k1) have paths, all of them through g; (j2,k2) has a path through g and one that
    avoids g.  Not closed.

    Missed: with u_j, v_k the sums over the paths g -> j and k -> g, those three entries are u_j1
    v_k1, u_j1 v_k2, u_j2 v_k1; if the last two are not 0, neither is the first.  Reached: let e be
    the edge by which a path k2 -> j2 avoiding g enters this layer.  It is on no path through g.
    Take all entries of rows j1, j2 and columns k1, k2 generic, the other rows of X_L and columns of
    X_1 zero; A(j2,k2) is affine in the entry at e with a nonzero slope, so choose that entry to
    make A(j2,k2) = 0.  Multiply row j1 by t and column k2 by 1/t: the limit is [[0, *], [*, 0]].

    A path from k to j through unit u of the layer exists iff k reaches u and u reaches j."""
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    unit = at.integer(at.data["unit"], "unit", 0, chain.widths[layer])
    outputs = at.items(at.data["outputs"], "outputs", 2)
    inputs = at.items(at.data["inputs"], "inputs", 2)
    for number in outputs:
        at.integer(number, "an output", 0, chain.widths[-1])
    for number in inputs:
        at.integer(number, "an input", 0, chain.widths[0])
    at.demand(
        outputs[0] != outputs[1] and inputs[0] != inputs[1], "two outputs, two inputs", at.data
    )
    at.spend(2 * chain.cost)
    back = chain.transpose()
    down = [chain.reached(np.arange(chain.widths[0]) == k, layer)[-1] for k in inputs]
    up = [back.reached(np.arange(chain.widths[-1]) == j, chain.depth - layer)[-1] for j in outputs]
    for row, col in ((0, 0), (0, 1), (1, 0), (1, 1)):
        through = np.flatnonzero(up[row] & down[col]).tolist()
        cell = (outputs[row], inputs[col])
        if row and col:
            at.demand(
                unit in through and len(through) > 1, f"paths avoiding {unit} at {cell}", through
            )
        else:
            at.demand(through == [unit], f"paths at {cell}, all through unit {unit}", through)
    return Found(NOT_CLOSED, facts={"through": through})


def block_tiling(chain: Chain, at: Reader) -> Outcome:
    """A trimmed chain; twins (same layer, same in- and out-neighbours) form classes g of size
    p_g.  If in the quotient chain at most one path joins any input and output class, the set is

        { A on the support : rank A[R_g, C_g] <= p_g for every hidden class g },  which is closed,

    R_g and C_g the outputs and inputs that g reaches.  Every product qualifies: all paths between
    C_g and R_g go through g.  Conversely, by induction on the depth L: the classes h of layer 1
    have disjoint blocks R_h x C_h covering the support.  Factor A[R_h, C_h] = B[R_h, h] X_1[h, C_h]
    with the columns of B[R_h, h] spanning the column space of A[R_h, C_h] (p_h columns suffice).
    For L = 2 we are done.  For L >= 3, a class g of layer >= 2 and any h reaching g have R_g inside
    R_h and C_h inside C_g, so the columns of B[R_g, h] lie in the column space of A[R_g, C_g], of
    dimension <= p_g: B qualifies for the chain I_2, ..., I_L, which again has unique paths.

    Path counts of a trimmed chain only grow by further layers, so the test may stop early."""
    at.spend(2 * chain.cost)
    for layer, (units, width) in enumerate(zip(chain.on_paths(), chain.widths, strict=True)):
        at.demand(len(units) == width, "a trimmed chain", f"units on no path in layer {layer}")
    at.spend(3 * chain.cost + 1000 * sum(chain.widths) + 400_000 * chain.depth)
    incoming = [[b""] * chain.widths[0], *(mask.neighbours() for mask in chain.masks)]
    outgoing = [*(mask.transpose().neighbours() for mask in chain.masks), [b""] * chain.widths[-1]]
    chosen = []
    for ins, outs in zip(incoming, outgoing, strict=True):
        first = {
            twin: unit for unit, twin in reversed(list(enumerate(zip(ins, outs, strict=True))))
        }
        chosen.append(np.array(sorted(first.values()), dtype=np.int64))
    quotient = chain.select(chosen)
    paths = None
    for number, mask in enumerate(quotient.masks, start=1):
        if paths is None:
            paths = mask.csr().astype(np.int64)
            continue
        step = mask.csr().astype(np.int64)
        leaving = np.bincount(mask.col, minlength=mask.cols)
        work = int(leaving @ np.diff(paths.indptr))  # the number of paths so far
        room = mask.rows * paths.shape[1]
        at.demand(work <= room, f"at most one path per cell up to layer {number}", f"{work} paths")
        at.demand(work <= MAX_PRODUCT, "a product of moderate size", f"{work} entries")
        at.spend(20 * work)
        paths = step @ paths
        most = int(paths.max()) if paths.nnz else 0
        at.demand(most <= 1, f"at most one path per cell up to layer {number}", f"{most} paths")
    return Found(CLOSED)


def dense_top(chain: Chain, at: Reader) -> Outcome:
    """I_2, ..., I_L all ones (L >= 2), the rows C_i of I_1 pairwise nested or disjoint:
    closed.

    Proof.  X_L ... X_2 is any matrix B of rank <= q = min of the widths 1..L, and A = B X_1: column
    k lies in the span of the columns b_i of B with k in C_i.  Let s_C count the i with C_i
    containing the class C.  A is in the set iff there are a subspace W of dimension q (of R^{N_L})
    and, for every class C, a subspace V_C of W of dimension min(q, s_C), V_C containing V_D for D
    containing C, with column k in V_C for the smallest class C containing k and 0 if there is none:
    given B, enlarge its spans from the largest classes down; given the V_C, choose the b_i from the
    largest classes down, those of C spanning V_C modulo the V of the next larger class.  This is a
    closed condition on A and a point of a compact flag variety, so the projection to A is
    closed."""
    at.demand(chain.depth >= 2, "at least two masks", f"{chain.depth}")
    for number, mask in enumerate(chain.masks[1:], start=2):
        at.demand(len(mask.row) == mask.rows * mask.cols, f"all ones in mask {number}", "a zero")
    at.spend(20_000 * chain.masks[0].rows)
    bottom = chain.masks[0].csr()
    ends = bottom.indptr
    smallest = np.full(bottom.shape[1], -1)  # of the sets seen so far, the smallest at each column
    # From large to small: a set is nested or disjoint with all before it iff its columns agree.
    for i in np.argsort(-np.diff(ends), kind="stable"):
        its = bottom.indices[ends[i] : ends[i + 1]]
        if len(its):
            at.demand(
                (smallest[its] == smallest[its[0]]).all(), "nested or disjoint rows", f"row {i}"
            )
            smallest[its] = i
    return Found(CLOSED)


def matching(chain: Chain, at: Reader) -> Outcome:
    """Matchings for two masks; see the rule of the same name on groups.  For every input k the rows
    that the hidden units above k cover must be matched to these units along I_2.

    A matching in every column is proposed for all columns at once, each row taking neurons that are
    still free; the proposals are verified (see ``sweep``).  Columns in which a covered row went
    without are matched one by one, columns with the same neurons once."""
    at.demand(chain.depth == 2, "two masks", f"{chain.depth}")
    at.spend(2 * chain.cost + 1000 * chain.widths[0])
    height = chain.widths[2]
    above = chain.masks[1].transpose().csr()  # row i: the outputs of neuron i
    outputs = np.diff(above.indptr)
    below = chain.masks[0].transpose().csr()  # row k: the neurons of input k
    alike = keys(below)
    chosen = sorted({key: k for k, key in enumerate(alike)}.values())
    pairs: dict[bytes, dict[int, int]] = {}  # output: hidden unit, for inputs with these neurons
    step = max(1, SWEPT // max(1, height + chain.widths[1]))
    work = chain.masks[1].product_work(chain.masks[0])
    crowded = max(chain.widths) > MOST_TOLD and work > MANY * height * chain.widths[0]
    unserved: list[int] = [] if crowded else chosen
    for start in range(0, len(chosen) if crowded else 0, step):
        some = np.array(chosen[start : start + step])
        at.spend(len(some) * (height + chain.widths[1]))
        unserved.extend(some[~swept(chain.masks[1].csr(), below[some], at)].tolist())
    while unserved:
        size = 0
        columns: list[int] = []
        while unserved and (not columns or size < CHUNK):
            columns.append(unserved.pop())
            neurons = below.indices[below.indptr[columns[-1]] : below.indptr[columns[-1] + 1]]
            pairs_of = int(outputs[neurons].sum())
            at.spend(20_000 + 200 * pairs_of)
            size += height + pairs_of
        part = below[columns]
        pair_column = np.repeat(np.arange(len(columns)), np.diff(part.indptr))
        pair = np.repeat(np.arange(part.nnz), outputs[part.indices])
        rows = above[part.indices].indices + height * pair_column[pair]
        covered = np.zeros(height * len(columns), dtype=np.bool_)
        covered[rows] = True
        number = (np.cumsum(covered) - 1)[rows]
        joined = Mask(int(covered.sum()), part.nnz, number.astype(np.int64), pair)
        found = matched(joined.csr())
        where = f"none in one of {len(columns)} columns from {columns[0]} down"
        at.demand(found is not None, "a matching of the rows in every column", where)
        if found is not None and max(chain.widths) <= MOST_TOLD:
            pairs |= {alike[k]: {} for k in columns}
            for row, which in zip(np.flatnonzero(covered).tolist(), found.tolist(), strict=True):
                key = alike[columns[int(pair_column[which])]]
                pairs[key][row % height] = int(part.indices[which])
    return Found(FREE, facts={"pairs": [pairs.get(key, {}) for key in alike]})


def two_factors(chain: Chain, at: Reader) -> Outcome:
    """Two masks: A is the sum over the hidden units i of x_i y_i^T, x_i supported on the outputs
    and y_i on the inputs of i; the cells in no block are always 0."""
    at.demand(chain.depth == 2, "two masks", f"{chain.depth}")
    work = chain.masks[1].product_work(chain.masks[0])
    at.demand(work <= MAX_CELLS, f"at most {MAX_CELLS} cells in all blocks", work)
    at.spend(700 * work + 10_000 * chain.widths[1])
    sides = zip(*blocks(*chain.masks), strict=True)
    return Needs((Group.of(frozenset(product(rows, cols)) for rows, cols in sides),))
