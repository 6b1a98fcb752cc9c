"""Block tiling: dense chains, butterflies, Monarch matrices and their kin are closed.

Up to twins (units of one layer with the same in- and out-neighbours) at most one path joins an
input to an output.  Theorem and proof: kernel, block_tiling.

References: butterfly factorisation, Le, Riccietti, Gribonval, "Spurious valleys, NP-hardness, and
tractability of sparse matrix factorization with fixed support", arXiv 2112.00386.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.paths import is_trimmed
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Items, Math, Paragraph, sentence
from cadlink.writing.formulas import INSIDE, TIMES, factor, math, setof, sub, these

__all__ = ["MAX_PATHS", "RULE", "find", "has_one_path_per_cell"]

MAX_PATHS = 25_000_000  # from the inputs to all layers: whoever checks the step counts them too
BLOCK = 4_000_000  # entries of a partial product held at once


def has_one_path_per_cell(layers: tuple[Mask, ...], clock: Clock = UNLIMITED) -> bool:
    """Whether no input has two paths to one output; every unit must be on a path.

    Partial products are looked at from the outputs down: two paths from a unit to an output give
    two from any input of that unit.  Before a product is made its number of terms is compared with
    the room there is, so the work is bounded by the number of cells.
    """
    outputs = layers[-1].shape[0]
    inputs = [mask.shape[1] for mask in layers]
    paths = np.ones(inputs[0])
    total = 0.0
    for mask in layers:
        paths = mask.astype(np.float64) @ paths  # to every unit of the layer; in doubles, no wrap
        total += paths.sum()
        if paths.sum() > mask.shape[0] * inputs[0] or total > MAX_PATHS:
            return False
    step = max(1, BLOCK // max(inputs))
    for start in range(0, outputs, step):
        product = layers[-1][start : start + step, :].astype(np.int32)
        for mask in reversed(layers[:-1]):
            clock.check()
            terms = int(np.diff(mask.indptr)[product.indices].sum(dtype=np.int64))
            if terms > product.shape[0] * mask.shape[1]:
                return False
            product = product @ mask.astype(np.int32)
            if product.nnz and int(product.data.max()) > 1:
                return False
    return True


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A closed leaf when the trimmed pattern's quotient has at most one path per cell.

    >>> find(Pattern.of(["1100/1100/0011/0011", "1010/0101/1010/0101"])).conclusion.value
    'closed'
    >>> find(Pattern.of(["11/01", "10/11"])) is None
    True
    """
    if not is_trimmed(pattern):
        return None
    firsts: list[npt.NDArray[np.int64]] = []
    for labels in pattern.twins():
        firsts.append(np.unique(labels, return_index=True)[1])
    quotient = pattern.select([np.sort(first) for first in firsts])
    if 0 not in quotient.widths and not has_one_path_per_cell(quotient.layers, clock):
        return None
    return Step("block_tiling", Conclusion.CLOSED)


def explain(chain: Pattern, told: Told) -> Blocks:
    """Unique paths up to twins."""
    if not chain.nnz:
        return sentence("No path is left, so the set is {0}.")
    if all(mask.nnz == mask.shape[0] * mask.shape[1] for mask in chain.layers):
        r = min(chain.widths)
        return sentence(
            "All masks are full. The products of such factors are all matrices of rank at most"
            f" {r}, the smallest width: a matrix of that rank factors through every layer. This"
            " set is closed, being given by the vanishing of minors."
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
    return tuple(blocks)


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
    if len(lines) > MOST_ITEMS:
        rest = f"... and {len(lines) - MOST_ITEMS} more"
        lines = [*lines[:MOST_ITEMS], rest]
    if not lines:
        return [Paragraph("Here there is no hidden layer, and no condition.")]
    return [Items(tuple(lines))]


RULE = Rule(
    name="block_tiling",
    about=Pattern,
    find=find,
    account="up to copies of units there is at most one path between an input and an output, so"
    " products are exactly the matrices with certain blocks of bounded rank",
    title="blocks that tile the support",
    explain=explain,
    cost="the product of the quotient masks, if it has few terms",
)
