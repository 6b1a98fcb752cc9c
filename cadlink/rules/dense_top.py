"""Dense top: all masks full but the first, whose rows are nested or disjoint: closed.

Theorem and proof: kernel, dense_top.  (Laminar families for L = 2 and flags: see also good_pairs;
low-rank matrices: all masks full.)
"""

from __future__ import annotations

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Paragraph
from cadlink.writing.formulas import math, setof, sub

__all__ = ["RULE", "find", "has_dense_top"]


def has_dense_top(pattern: Pattern) -> bool:
    """Whether the theorem speaks about the pattern as it stands.

    >>> has_dense_top(Pattern.of(["110/100/001", "111/111"]))
    True
    """
    if pattern.depth < 2:
        return False
    if any(mask.nnz != mask.shape[0] * mask.shape[1] for mask in pattern.layers[1:]):
        return False
    rows = pattern.layers[0]
    # Larger sets first; smallest[k] is the last set seen that contains k.  While the sets seen are
    # laminar, that is the smallest one, and a further set fits iff all its elements agree on it.
    smallest = np.full(pattern.widths[0], -1, dtype=np.int64)
    for row in np.argsort(-np.diff(rows.indptr), kind="stable"):
        members = rows.indices[rows.indptr[row] : rows.indptr[row + 1]]
        if members.size:
            if (smallest[members] != smallest[members[0]]).any():
                return False
            smallest[members] = row
    return True


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A closed leaf when the theorem speaks about the pattern.

    >>> find(Pattern.of(["11/11", "11/11", "11/11"])).rule
    'dense_top'
    """
    return Step("dense_top", Conclusion.CLOSED) if has_dense_top(pattern) else None


def explain(chain: Pattern, told: Told) -> Blocks:
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
    if len(sets) <= MOST_ITEMS and max(chain.widths) <= 64:
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
    return tuple(blocks)


RULE = Rule(
    name="dense_top",
    about=Pattern,
    both_ways=True,
    find=find,
    account="all layers but the first are dense, and the inputs the first layer's units see are"
    " nested or disjoint",
    title="full factors above a laminar one",
    explain=explain,
    cost="linear in the edges",
)
