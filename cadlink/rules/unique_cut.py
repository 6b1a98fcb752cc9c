"""Unique cut: three corners of a 2 x 2 minor owned by one hidden unit, the fourth not: not closed.

Theorem and proof: kernel, unique_cut.  For L = 2 this settles LU of any size and most sparse random
masks.

*Search.*  Let N = P Q be the integer product of the boolean masks P (outputs x layer l) and Q
(layer l x inputs); the cells with N = 1 are owned by one unit.  For a unit g let U_g(j) be the
columns k with N(j,k) = 1 owned by g.  The theorem applies iff two rows have U_g(j1) and U_g(j2)
that meet and differ: (j2,k2) then lies in R_g x C_g (g reaches j2, k2 reaches g), and N(j2,k2) >
1.  First a few units are probed on a small piece of their blocks, rows and columns with few paths
first; then all of N is made, in row blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Block, Blocks, Display, Math, Matrix, Paragraph, joined
from cadlink.writing.formulas import NE, a, cell, factor, laurent_of, math

__all__ = ["RULE", "find", "search"]

PROBES = 64  # units looked at before the full product
FEW_PROBES = 8  # of these, where that takes no longer than the probes
QUICK = 200_000_000  # multiplications of such a product
DENSE = 4_000_000  # entries of masks that are probed as dense matrices
MOST_FEW = 48, 16  # rows (columns) of a probe: with the fewest and with the most paths
BLOCK = 4_000_000  # entries of N held at once
MAX_TERMS = 200_000_000  # multiplications of sparse products we are ready to make, all layers
FASTER = 30  # times as many multiplications the dense product makes in the same time
MAX_REACH = 50_000_000  # multiplications for the P, and for the Q, of all layers of a deep chain

Ints: TypeAlias = npt.NDArray[np.int64]
ZERO, ONE, STAR = Math("0", "0"), Math("1", "1"), Math("*", r"\ast")

Found: TypeAlias = tuple[int, int, int, int, int]  # g, j1, j2, k1, k2


def _partial_products(masks: Any, clock: Clock) -> list[Mask | None]:
    """The boolean products of the first one, two, ... masks; None once they are too much work."""
    found: list[Mask | None] = []
    product: Mask | None = None
    work = 0
    for mask in masks:
        clock.check()
        if not found:
            product = mask
        elif product is not None:
            work += int(np.diff(product.indptr)[mask.indices].sum(dtype=np.int64))
            product = mask @ product if work <= MAX_REACH else None
        found.append(product)
    return found


def search(p: Mask, q: Mask, most_terms: int = MAX_TERMS, clock: Clock = UNLIMITED) -> Found | None:
    """(g, j1, j2, k1, k2) for boolean P (outputs x units) and Q (units x inputs), or None.

    None is final when the full product was affordable, else it only says that nothing was found.
    """
    by_unit = p.tocsc()
    by_input = q.T.tocsr()
    # Pieces of small masks are taken and multiplied faster when they are dense.
    small = max(p.shape[0], q.shape[1]) * q.shape[0] <= DENSE
    p_count, q_count = (
        mask.toarray().astype(np.float32) if small else mask.astype(np.int32)
        for mask in (p, by_input)
    )
    quick = p.shape[0] * p.shape[1] * q.shape[1] <= QUICK
    for unit in _candidates(p, by_unit, q, by_input)[: FEW_PROBES if quick else PROBES]:
        clock.check()
        rows = _some(by_unit.indices[by_unit.indptr[unit] : by_unit.indptr[unit + 1]], p.indptr)
        cols = _some(q.indices[q.indptr[unit] : q.indptr[unit + 1]], by_input.indptr)
        counts = p_count[rows] @ q_count[cols].T
        corner = _corner((counts if small else counts.toarray()) == 1)
        if corner is not None:
            j1, j2, k1, k2 = corner
            return int(unit), int(rows[j1]), int(rows[j2]), int(cols[k1]), int(cols[k2])
    return _full(p.astype(np.int32), q.astype(np.int32), most_terms, clock)


def _candidates(p: Mask, by_unit: Any, q: Mask, by_input: Any) -> list[int]:
    """Units worth a probe: those with the loneliest row and column, then some spread evenly."""
    out, into = np.diff(by_unit.indptr), np.diff(q.indptr)
    units = np.flatnonzero((out > 1) & (into > 1))
    if not units.size:
        return []
    row = _least(np.diff(p.indptr), by_unit)[units].astype(np.float64)
    col = _least(np.diff(by_input.indptr), q)[units].astype(np.float64)
    best = units[np.argsort(row * col, kind="stable")[: PROBES // 2]]
    spread = units[np.linspace(0, units.size - 1, min(units.size, PROBES // 2)).astype(np.int64)]
    return list(dict.fromkeys([*best.tolist(), *spread.tolist()]))


def _least(degree: npt.NDArray[Any], compressed: Any) -> Ints:
    """For every row of a CSR (column of a CSC) array the least degree among its indices."""
    least = np.full(len(compressed.indptr) - 1, np.iinfo(np.int64).max)
    full = np.flatnonzero(np.diff(compressed.indptr))
    if full.size:
        starts = compressed.indptr[full]
        least[full] = np.minimum.reduceat(degree[compressed.indices], starts)
    return least


def _some(lines: npt.NDArray[Any], indptr: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All the lines, or those with the fewest and the most units when there are many."""
    few, many = MOST_FEW
    if lines.size <= few + many:
        return lines
    order = lines[np.argsort(indptr[lines + 1] - indptr[lines], kind="stable")]
    return np.concatenate((order[:few], order[-many:]))


def _corner(owned: npt.NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """(j1, j2, k1, k2) with three cells owned and (j2, k2) not: two rows that meet and differ."""
    ones = owned.astype(np.float32)
    common = ones @ ones.T
    bad = (common > 0) & (common < np.diag(common)[:, None])
    if not bad.any():
        return None
    j1, j2 = (int(index) for index in np.argwhere(bad)[0])
    k1 = int(np.flatnonzero(owned[j1] & owned[j2])[0])
    k2 = int(np.flatnonzero(owned[j1] & ~owned[j2])[0])
    return j1, j2, k1, k2


def _full(p: Any, q: Any, most_terms: int, clock: Clock) -> Found | None:
    """The same from all of N, one block of rows after the other.

    Every row set U_g(j) gets a hash; all rows of g that contain k must show the same one.
    Remembering for every edge k -> g the first row and its hash needs no more memory than Q.
    """
    chance = np.random.default_rng(0)
    column_hash = chance.integers(0, 2**63, size=q.shape[1], dtype=np.uint64)
    q.sort_indices()  # a product need not come sorted; astype has made it our own copy
    units, inputs = q.shape
    edges = np.repeat(np.arange(units), np.diff(q.indptr)) * inputs + q.indices  # ascending
    first_row = np.full(edges.size, -1, dtype=np.int64)
    first_hash = np.zeros(edges.size, dtype=np.uint64)
    for rows, cols, owners in _owned_cells(p, q, most_terms):
        clock.check()
        if not rows.size:
            continue
        order = np.lexsort((owners, rows))
        rows, cols, owners = rows[order], cols[order], owners[order]
        new = np.flatnonzero(np.diff(rows, prepend=-1) | np.diff(owners, prepend=-1))
        sums = np.add.reduceat(column_hash[cols], new)
        hashes = np.repeat(sums, np.diff(np.append(new, rows.size)))
        at = np.searchsorted(edges, owners * inputs + cols)
        fresh, which = np.unique(at, return_index=True)
        which, fresh = which[first_row[fresh] < 0], fresh[first_row[fresh] < 0]
        first_row[fresh], first_hash[fresh] = rows[which], hashes[which]
        differ = np.flatnonzero(first_hash[at] != hashes)
        if differ.size:
            cell = differ[0]
            unit = int(owners[cell])
            pair = np.array([first_row[at[cell]], rows[cell]])
            inside = q.indices[q.indptr[unit] : q.indptr[unit + 1]]
            counts = (p[pair, :] @ q[:, inside]).toarray()
            corner = _corner(counts == 1)
            if corner is not None:
                j1, j2, k1, k2 = corner
                return unit, int(pair[j1]), int(pair[j2]), int(inside[k1]), int(inside[k2])
    return None


def _owned_cells(p: Any, q: Any, most_terms: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """(rows, columns, owners) of the cells with N = 1, in blocks of rows; nothing if unaffordable.

    Dense products give the numbers of paths, and the sum of the units of these, which is exact
    where there is one.  A sparse product gives both: every path of unit g weighs 2^s + g, with 2^s
    larger than any sum of unit numbers.
    """
    units = q.shape[0]
    number = np.arange(units, dtype=np.int64)
    terms = int(np.dot(np.bincount(p.indices, minlength=units), np.diff(q.indptr).astype(np.int64)))
    dense_terms = p.shape[0] * units * q.shape[1]
    dense = dense_terms < FASTER * terms and units * q.shape[1] <= 50_000_000
    if (dense_terms > FASTER * most_terms) if dense else (terms > most_terms):
        return
    shift = int(units * units).bit_length()
    if shift + units.bit_length() >= 63:  # the weights would not fit
        return
    right = q.toarray().astype(np.float32) if dense else q.astype(np.int64)
    step = max(1, BLOCK // q.shape[1])
    for start in range(0, p.shape[0], step):
        piece = p[start : start + step, :]
        if dense:
            left = piece.toarray().astype(np.float32)
            rows, cols = np.nonzero(left @ right == 1)
            sums = (left * number.astype(np.float32)) @ right if rows.size else left
            owners = sums[rows, cols].astype(np.int64)
        else:
            weighed = sp.csr_array(
                ((1 << shift) + piece.indices.astype(np.int64), piece.indices, piece.indptr),
                shape=piece.shape,
            )
            product = (weighed @ right).tocoo()
            single = np.flatnonzero((product.data >> shift) == 1)
            rows, cols = product.row[single], product.col[single]
            owners = product.data[single] - (1 << shift)
        yield rows.astype(np.int64) + start, cols.astype(np.int64), owners


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when some hidden layer has such a unit.

    >>> dict(find(Pattern.of(["11/01", "10/11"])).data)
    {'layer': 1, 'unit': 0, 'outputs': [0, 1], 'inputs': [0, 1]}
    """
    if pattern.depth < 2 or 0 in pattern.widths:
        return None
    below = _partial_products(pattern.layers[:-1], clock)
    above = _partial_products([mask.T.tocsr() for mask in reversed(pattern.layers[1:])], clock)
    for layer in range(1, pattern.depth):
        lower = below[layer - 1]
        upper = above[pattern.depth - layer - 1]
        if lower is None or upper is None:
            continue
        found = search(upper.T.tocsr(), lower, MAX_TERMS // (pattern.depth - 1), clock)
        if found is not None:
            unit, j1, j2, k1, k2 = found
            data = {"layer": layer, "unit": unit, "outputs": [j1, j2], "inputs": [k1, k2]}
            return Step("unique_cut", Conclusion.NOT_CLOSED, data)
    return None


def explain(chain: Pattern, told: Told) -> Blocks:
    """Three corners through one unit, the fourth not."""
    layer, unit = told.data["layer"], told.data["unit"]
    (j1, j2), (k1, k2) = told.data["outputs"], told.data["inputs"]
    two = chain.depth == 2
    unit_name = f"unit {unit} of layer {layer}" if chain.depth > 2 else f"hidden unit {unit}"
    if two:
        own = [
            a(j, k) + " = " + factor(2, j, unit) + Math(" ", r"\,") + factor(1, unit, k)
            for j, k in ((j1, k1), (j1, k2), (j2, k1))
        ]
        reason = f"We have {own[0]}, {own[1]} and {own[2]}."
    else:
        own = [a(j, k) + f" = u({j}) v({k})" for j, k in ((j1, k1), (j1, k2), (j2, k1))]
        reason = (
            f"Let {math('u(j)')} be the sum over the paths from the unit to output j, and"
            f" {math('v(k)')} the sum over the paths from input k to the unit, of the products of"
            f" weights. Then {own[0]}, {own[1]} and {own[2]}."
        )
    corners = f"{cell(j1, k1)}, {cell(j1, k2)} and {cell(j2, k1)}"
    far = cell(j2, k2)
    path = _path_avoiding(chain, k2, j2, layer, unit)
    blocks: list[Block] = [
        Paragraph(
            f"Look at the four entries of A in rows {j1}, {j2} and columns {k1}, {k2}. All paths"
            f" of the entries {corners} go through {unit_name}. The entry {far} has a path through"
            " this unit too, but also one "
            + (
                f"through hidden unit {path[1]}."
                if two
                else f"that avoids it: {_arrows(path)} (input, hidden units, output)."
            )
        ),
        Paragraph(
            f"{reason} If the last two are nonzero, {a(j1, k1)} is nonzero as well. So no matrix"
            f" with {a(j1, k1) + ' = 0'}, {a(j1, k2) + NE + '0'}, {a(j2, k1) + NE + '0'} is in the"
            " set.",
            "What is missed.",
        ),
    ]
    if two:
        blocks += _two_mask_curve(chain, unit, path[1], (j1, j2), (k1, k2))
    else:
        low, high = path[layer - 1], path[layer]
        edge = factor(layer, high, low)
        blocks.append(
            Paragraph(
                f"Put all other rows of the last factor and columns of the first one to zero, and"
                f" take all weights generic, except e = {edge}, the edge by which the path above"
                f" enters layer {layer}. No path through {unit_name} uses it, so {a(j2, k2)} is"
                " affine in e with nonzero slope, while the other three entries do not depend on e"
                f" and are nonzero: choose e such that {a(j2, k2) + ' = 0'}. Now multiply row"
                f" {j1} of the last factor by t and column {k2} of the first by 1/t. All these"
                f" products are in the set, and as t tends to 0 these four entries tend to",
                "What is approached.",
            )
        )
        blocks.append(Display((Matrix(((ZERO, STAR), (STAR, ZERO))),)))
        blocks.append(Paragraph("with nonzero stars: a matrix that is missed."))
    return tuple(blocks)


def _two_mask_curve(
    chain: Pattern, unit: int, helper: int, rows: tuple[int, int], cols: tuple[int, int]
) -> list[Block]:
    """The explicit curve in rows j1, j2, hidden units unit, helper, columns k1, k2."""
    t, under = laurent_of(1), laurent_of(-1)
    left = Matrix(((t, ZERO), (ONE, ONE)))
    right = Matrix(((ONE, under), (ZERO, laurent_of(-1, -1))))
    product = Matrix(((t, ONE), (ONE, ZERO)))
    limit = Matrix(((ZERO, ONE), (ONE, ZERO)))
    times, tends = Math("  ", r"\,"), Math("  ->  ", r"\;\longrightarrow\; ")
    equals = Math("  =  ", " = ")
    return [
        Paragraph(
            f"Let all weights be zero except for rows {rows[0]}, {rows[1]} of {factor(2)} and"
            f" columns {cols[0]}, {cols[1]} of {factor(1)} at the hidden units {unit} and {helper}"
            " (in this order), where we take",
            "What is approached.",
        ),
        Display((left, times, right, equals, product, tends, limit)),
        Paragraph(
            f"as t tends to 0. The limit has {a(rows[0], cols[0]) + ' = 0'} and"
            f" {a(rows[0], cols[1]) + ' = ' + a(rows[1], cols[0]) + ' = 1'}: it is missed."
        ),
    ]


def _path_avoiding(chain: Pattern, start: int, end: int, layer: int, unit: int) -> list[int]:
    """A path from an input to an output not through this unit, as one unit per layer."""
    marks = [np.arange(chain.widths[0]) == start]
    for number, mask in enumerate(chain.layers, start=1):
        reached = mask @ marks[-1]
        if number == layer:
            reached[unit] = False
        marks.append(reached)
    path = [end]
    for mask, mark in zip(reversed(chain.layers), reversed(marks[:-1]), strict=True):
        row = path[0]
        below = mask.indices[mask.indptr[row] : mask.indptr[row + 1]]
        path.insert(0, int(below[mark[below]][0]))
    return path


def _arrows(path: list[int]) -> Math:
    return joined(map(str, path), Math(" -> ", r" \to "))


RULE = Rule(
    name="unique_cut",
    about=Pattern,
    find=find,
    account="in some 2 x 2 block of the product one hidden unit alone carries three entries"
    " and shares the fourth: if both neighbours of the corner are nonzero, so is the corner, but"
    " not in the limit",
    title="one unit owns three entries",
    explain=explain,
    cost="a few probes, then the product of the masks",
)
