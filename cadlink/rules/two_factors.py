"""Two factors: a pattern with two masks is a group, the sum of the hidden units' rank-one blocks.

Theorem and proof: kernel, two_factors.
"""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import block_cells
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Block, Blocks, Display, Math, Paragraph
from cadlink.writing.formulas import TIMES, factor, math, sub

__all__ = ["MAX_AREA", "RULE", "find"]

MAX_AREA = 2_000_000  # cells of all blocks together; a group is made of Python sets
_CELL_S = 1e-6  # seconds for one of them


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """The group of the hidden units' blocks; None when it would be too large to write down.

    >>> find(Pattern.of(["11/01", "10/11"])).parts[0].picture()
    '##/## + ../.#'
    """
    if pattern.depth != 2:
        return None
    area = block_cells(*pattern.layers)
    if area > MAX_AREA:
        return None
    clock.afford(_CELL_S * area)
    into, out = pattern.layers[0], pattern.layers[1].tocsc()
    blocks = []
    for unit in range(pattern.widths[1]):
        cols = into.indices[into.indptr[unit] : into.indptr[unit + 1]].tolist()
        rows = out.indices[out.indptr[unit] : out.indptr[unit + 1]].tolist()
        if rows and cols:
            blocks.append(frozenset((j, k) for j in rows for k in cols))
    # Blocks are connected, so Group.of would only look for components in vain.
    group = Group(tuple(sorted(blocks, key=sorted)))
    return Step("two_factors", Conclusion.SAME, {}, (group,))


def explain(chain: Pattern, told: Told) -> Blocks:
    """Two masks: a group."""
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
    return tuple(blocks)


RULE = Rule(
    name="two_factors",
    about=Pattern,
    find=find,
    account="two layers, written as a sum of rank-one blocks, one for each hidden unit",
    title="a sum of rank-one blocks",
    explain=explain,
    cost="linear in the cells of the blocks, at most 2 000 000",
)
