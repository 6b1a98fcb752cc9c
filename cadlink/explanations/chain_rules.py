"""The rules about chains of masks, one function each; theorems and proofs as in the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from cadlink.certificates.read import proof_from
from cadlink.explanations.document import (
    Block,
    Display,
    Items,
    Math,
    Matrix,
    Paragraph,
    joined,
)
from cadlink.explanations.draw import on_paths, parts_of
from cadlink.explanations.formulas import (
    INSIDE,
    NE,
    TIMES,
    a,
    cell,
    factor,
    laurent_of,
    math,
    setof,
    sub,
    these,
)
from cadlink.explanations.summary import CLOSED, FREE, NOT_CLOSED, Account, matching, sentence
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern

__all__ = [
    "block_tiling",
    "dense_top",
    "matchings",
    "merge",
    "one_layer",
    "relabel",
    "restrict",
    "split",
    "transpose",
    "trim",
    "two_factors",
    "unique_cut",
]

MOST_CLASSES = 16  # of twins, or of columns, that are listed one by one
ZERO, ONE, STAR = Math("0", "0"), Math("1", "1"), Math("*", r"\ast")


def transpose(chain: Pattern, data: dict[str, Any]) -> Account:
    """(X_L ... X_1)^T = X_1^T ... X_L^T."""
    return Account(
        "transposition",
        sentence(
            "Transposing a product reverses the order of its factors, and A is in the set exactly"
            " if its transpose is in the set of the reversed chain of transposed masks. So we may"
            " treat that one."
        ),
        (chain.transpose(),),
    )


def relabel(chain: Pattern, data: dict[str, Any]) -> Account:
    """Renaming units."""
    lists = [
        f"layer {layer}: the new order of the old units is {', '.join(map(str, units))}"
        for layer, units in enumerate(data["units"])
        if units != list(range(len(units))) and len(units) <= 40
    ]
    blocks = sentence(
        "Renumbering the units of a layer permutes rows and columns of the factors on both sides"
        " of it, and for inputs and outputs those of A; this changes nothing of interest."
    )
    if lists:
        blocks += (Items(tuple(lists)),)
    return Account("renumbering", blocks, (chain.permute(data["units"]),))


def restrict(chain: Pattern, data: dict[str, Any]) -> Account:
    """Fewer inputs and outputs."""
    outputs, inputs = data["outputs"], data["inputs"]
    return Account(
        "restriction",
        sentence(
            f"Keep only {these('output', outputs)} and {these('input', inputs)}. The set of the"
            " restricted chain, padded with zeros, is the intersection of our set with the linear"
            " space of the matrices that vanish outside these rows and columns: for such a"
            " product, put the other rows of the last factor and the other columns of the first"
            " one to zero. That space is closed, so if the restricted set is not closed, neither"
            " is ours."
        ),
        (chain.restrict(outputs, inputs),),
        "obstruction",
    )


def split(chain: Pattern, data: dict[str, Any]) -> Account:
    """Connected components."""
    parts = tuple(parts_of(chain))
    return Account(
        "components",
        sentence(
            f"The layered graph of the masks has {len(parts)} connected components. No path joins"
            " two of them, so A consists of one block for each component, and zeros; the blocks"
            " have different parameters and may be chosen independently. Such a set is closed"
            " (consists of all matrices on its support) exactly if every block's set is."
        ),
        parts,
        "all",
    )


def trim(chain: Pattern, data: dict[str, Any]) -> Account:
    """Units on no path."""
    kept = on_paths(chain)
    names = ["input", *[f"unit of layer {layer}" for layer in range(1, chain.depth)], "output"]
    gone = []
    for layer, (units, width) in enumerate(zip(kept, chain.widths, strict=True)):
        lost = sorted(set(range(width)) - set(units.tolist()))
        if lost:
            name = names[layer] if layer in (0, chain.depth) else "unit"
            where = "" if layer in (0, chain.depth) else f" of layer {layer}"
            gone.append(these(name, lost) + where)
    what = ", ".join(gone) if gone else "nothing here"
    return Account(
        "trimming",
        sentence(
            "An entry of the product is a sum over the paths from its input to its output. Units"
            f" on no such path take part in no entry and are dropped: {what}. Dropping an input or"
            " output leaves out a column or row of A that is always zero. The other units are"
            " renumbered in their order."
        ),
        (chain.select(kept),),
    )


def merge(chain: Pattern, data: dict[str, Any]) -> Account:
    """Two factors replaced by one."""
    layer = data["layer"]
    pair = chain.part(layer - 1, layer + 1)
    merged = chain.joined(layer)
    blocks = sentence(
        f"By the lemma below, the products {factor(layer + 1)}{factor(layer)} are all matrices"
        f" supported on the boolean product of the masks of layers {layer} and {layer + 1}. So the"
        " two factors may be replaced by a single one with that mask."
    )
    proof = proof_from(data["proof"], "proof")
    return Account(
        f"merging {factor(layer + 1)} and {factor(layer)}",
        blocks,
        (merged,),
        "same",
        (pair.select(on_paths(pair)), proof),
    )


def one_layer(chain: Pattern, data: dict[str, Any]) -> Account:
    """A linear space."""
    return Account(
        "a single factor",
        sentence("There is only one factor: the set is the linear space of its mask."),
        conclusion=FREE,
    )


def unique_cut(chain: Pattern, data: dict[str, Any]) -> Account:
    """Three corners through one unit, the fourth not."""
    layer, unit = data["layer"], data["unit"]
    (j1, j2), (k1, k2) = data["outputs"], data["inputs"]
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
    return Account("one unit owns three entries", tuple(blocks), conclusion=NOT_CLOSED)


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


def block_tiling(chain: Pattern, data: dict[str, Any]) -> Account:
    """Unique paths up to twins."""
    if not chain.nnz:
        return Account(
            "no edge", sentence("No path is left, so the set is {0}."), conclusion=CLOSED
        )
    if all(mask.nnz == mask.shape[0] * mask.shape[1] for mask in chain.layers):
        r = min(chain.widths)
        return Account(
            "full factors",
            sentence(
                "All masks are full. The products of such factors are all matrices of rank at most"
                f" {r}, the smallest width: a matrix of that rank factors through every layer. This"
                " set is closed, being given by the vanishing of minors."
            ),
            conclusion=CLOSED,
        )
    blocks: list[Block] = [
        Paragraph(
            "Call two units of one layer twins if they have the same neighbours below and the"
            " same neighbours above, and merge twins to one class g, of"
            f" {sub('p', 'g')} units; let {sub('R', 'g')} and {sub('C', 'g')} be the outputs and"
            " inputs joined to g by a path. After this merging there is at most one path from any"
            " input to any output. Then the set consists exactly of the matrices A on the support"
            f" with rank {math('A[R_g, C_g] <= p_g')} for every class g"
            " of hidden units; these are closed conditions."
        )
    ]
    blocks += _rank_conditions(chain)
    blocks.append(
        Paragraph(
            "Every product satisfies them, because all paths between these rows and columns pass"
            f" through the {sub('p', 'g')} units of g. Conversely, let A satisfy them, and let h"
            " run over the classes of the first hidden layer: their blocks"
            f" {sub('R', 'h') + TIMES + sub('C', 'h')} tile the support. Factor"
            f" {math('A[R_h, C_h] = B_h Y_h')} with at most"
            f" {sub('p', 'h')} columns in {sub('B', 'h')}, all in the column space of the block;"
            f" the {sub('Y', 'h')} make up {factor(1)}, and A = B {factor(1)}."
            + (f" This B is our {factor(2)}." if chain.depth == 2 else "")
        )
    )
    if chain.depth > 2:
        blocks.append(
            Paragraph(
                "We go on with B, which satisfies the conditions of the chain without its first"
                " mask: for a later class g reached from h,"
                f" {sub('R', 'g') + INSIDE + sub('R', 'h')} and"
                f" {sub('C', 'h') + INSIDE + sub('C', 'g')}, so that the columns of B in rows"
                f" {sub('R', 'g')} lie in the column space of {math('A[R_g, C_g]')}, of dimension"
                f" at most {sub('p', 'g')}. Induction on the number of factors finishes the proof."
            )
        )
    return Account("blocks that tile the support", tuple(blocks), conclusion=CLOSED)


def _rank_conditions(chain: Pattern) -> list[Block]:
    """The blocks of the hidden classes, one line each; nothing for a large chain."""
    if max(chain.widths) > 64:
        count = sum(len(set(labels.tolist())) for labels in chain.twins()[1:-1])
        return [Paragraph(f"(There are {count} classes in the hidden layers.)")]
    below = [np.eye(chain.widths[0], dtype=np.bool_)]  # which inputs each unit reaches down to
    for mask in chain.layers:
        below.append((mask.toarray().astype(int) @ below[-1].astype(int)) > 0)
    above = [np.eye(chain.widths[-1], dtype=np.bool_)]
    for mask in reversed(chain.layers):
        above.append((mask.toarray().T.astype(int) @ above[-1].astype(int)) > 0)
    above.reverse()
    lines = []
    for layer, labels in enumerate(chain.twins()):
        if layer in (0, chain.depth):
            continue
        for label in sorted(set(labels.tolist())):
            units = np.flatnonzero(labels == label).tolist()
            rows = np.flatnonzero(above[layer][units[0]]).tolist()
            cols = np.flatnonzero(below[layer][units[0]]).tolist()
            bound = Math(" <= ", r" \le ") + str(len(units))
            block = Math("A[", "A[") + setof(rows) + ", " + setof(cols) + "]"
            always = len(units) >= min(len(rows), len(cols))
            lines.append(
                f"layer {layer}, {these('unit', units)}: rank {block}{bound}"
                + (" (no condition)" if always else "")
            )
    if len(lines) > MOST_CLASSES:
        rest = f"... and {len(lines) - MOST_CLASSES} more"
        lines = [*lines[:MOST_CLASSES], rest]
    if not lines:
        return [Paragraph("Here there is no hidden layer, and no condition.")]
    return [Items(tuple(lines))]


def dense_top(chain: Pattern, data: dict[str, Any]) -> Account:
    """Full masks above a laminar one."""
    bottom = chain.layers[0]
    sets = [
        bottom.indices[bottom.indptr[i] : bottom.indptr[i + 1]].tolist()
        for i in range(bottom.shape[0])
    ]
    blocks: list[Block] = [
        Paragraph(
            "All masks but the first are full, and the sets of inputs seen by the units of the"
            " first hidden layer are, any two of them, nested or disjoint."
        )
    ]
    if len(sets) <= MOST_CLASSES and max(chain.widths) <= 64:
        listed = [f"{sub('C', i)} = {setof(its)}" for i, its in enumerate(sets)]
        blocks.append(Paragraph("They are " + ", ".join(listed) + "."))
    r = min(chain.widths[1:])
    dimension = math(f"d_C = min({r}, m_C + d_parent)")
    blocks.append(
        Paragraph(
            f"The product of the full factors is an arbitrary matrix B of rank at most {r}."
            " So A is in the set exactly if there are vectors (the columns of such a B) such that"
            " column k of A is a combination of those whose set contains k. Equivalently: there"
            f" are a space V of dimension {r} and, for every different set C, a subspace"
            f" {sub('V', 'C')} of V of dimension"
            f" {dimension}"
            f" (where {sub('m', 'C')} units have the set C, and the parent is the next larger"
            " set), containing that of the parent, such that column k of A lies in the space of"
            " the smallest set that contains k, and is 0 if there is none: enlarge the spans of"
            " the columns of B from the largest sets downwards, or choose the columns of B to span"
            " the given spaces. This is a closed condition on A and a point of a compact manifold"
            " of flags, so its projection to A is closed."
        )
    )
    return Account("full factors above a laminar one", tuple(blocks), conclusion=CLOSED)


def matchings(chain: Pattern, data: dict[str, Any]) -> Account:
    """Matchings in every column, for two masks."""
    blocks: list[Block] = [
        Paragraph(
            f"Column k of {factor(2)}{factor(1)} is {factor(2)} times column k of {factor(1)},"
            " whose nonzero entries are at the hidden units that see input k. For every input k"
            " the outputs reached by these units can be matched to different ones of them along"
            f" the mask of {factor(2)}. So this part of {factor(2)} has a minor, with all these"
            f" rows, that is not the zero polynomial. Choose {factor(2)} such that none of these"
            " minors vanishes: then every column of A is the solution of a linear system in"
            " unknowns of its own."
        )
    ]
    if max(chain.widths) <= MOST_CLASSES:
        blocks.append(Items(tuple(_matched_columns(chain))))
    return Account("matchings in every column", tuple(blocks), conclusion=FREE)


def _matched_columns(chain: Pattern) -> list[str]:
    into, out = chain.layers[0].toarray(), chain.layers[1].toarray()
    lines: dict[str, list[int]] = {}
    for k in range(chain.widths[0]):
        units = np.flatnonzero(into[:, k])
        rows = np.flatnonzero(out[:, units].any(axis=1)).tolist()
        found = matching([units[out[j, units]].tolist() for j in rows])
        pairs = [f"output {rows[place]} to unit {unit}" for place, unit in found.items()]
        lines.setdefault(", ".join(pairs) if pairs else "no output is reached", []).append(k)
    return [f"{these('input', inputs)}: {pairs}" for pairs, inputs in lines.items()]


def two_factors(chain: Pattern, data: dict[str, Any]) -> Account:
    """Two masks: a group."""
    into, out = chain.layers[0], chain.layers[1].tocsc()
    graphs = []
    for i in range(chain.widths[1]):
        rows = out.indices[out.indptr[i] : out.indptr[i + 1]].tolist()
        cols = into.indices[into.indptr[i] : into.indptr[i + 1]].tolist()
        if rows and cols:
            graphs.append(frozenset((j, k) for j in rows for k in cols))
    group = Group(tuple(sorted(graphs, key=sorted)))
    blocks: list[Block] = [
        Paragraph(
            f"Write {sub('x', 'i')} for column i of {factor(2)} and {sub('y', 'i')} for row i of"
            f" {factor(1)}. The product is the sum of the matrices"
            f" {math('x_i y_i^T')}, of rank one each. The hidden unit i, from now"
            f" on called neuron i, contributes to the cells of a block"
            f" {sub('R', 'i') + TIMES + sub('C', 'i')} of A, its outputs times its inputs. Call"
            f" these cells its graph {sub('G', 'i')}; a cell is observed if it is in some graph,"
            " and A is zero in the other cells. So the set consists of all A with, in every"
            " observed cell,"
        ),
        Display(
            (
                Math(
                    "A(j,k) = sum of x_i(j) y_i(k) over the neurons i with (j,k) in G_i.",
                    r"A(j,k) = \sum_{i \,:\, (j,k) \in G_i} x_i(j)\, y_i(k).",
                ),
            )
        ),
    ]
    return Account("a sum of rank-one blocks", tuple(blocks), (group,))
