"""GOOD pairs: closed because every two blocks fit together.

Blocks R_a x C_a and R_b x C_b are GOOD if they have no common row or no common column; or are
*anti-nested* (R_a inside R_b and C_a contains C_b, or the other way round); or R_a = R_b is one
row; or C_a = C_b is one column.  If every graph is complete and every pair GOOD, the set is closed.
Theorem and proof: kernel, good_pairs.

Contained in it: one complete block (rank <= 1), p equal blocks (rank <= p), laminar families, the
cross, disjoint blocks.  A pair that is not GOOD makes the two neurons alone not closed, but other
neurons may repair that, so failing the test says nothing.
"""

from __future__ import annotations

from itertools import combinations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Items, Paragraph, sentence
from cadlink.writing.formulas import INSIDE, TIMES, math, setof, sub

__all__ = ["RULE", "find", "good"]


def good(rows_a: int, cols_a: int, rows_b: int, cols_b: int) -> bool:
    """Whether two blocks, given as bit sets, are GOOD.

    >>> good(0b11, 0b11, 0b01, 0b11), good(0b11, 0b11, 0b11, 0b01), good(0b11, 0b11, 0b10, 0b10)
    (True, True, False)
    """
    rows, cols = rows_a & rows_b, cols_a & cols_b
    if not rows or not cols:
        return True
    if (rows == rows_a and cols == cols_b) or (rows == rows_b and cols == cols_a):
        return True
    if rows_a == rows_b and rows_a.bit_count() == 1:
        return True
    return cols_a == cols_b and cols_a.bit_count() == 1


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A closed leaf when every graph is complete and every pair GOOD.

    >>> find(Group.of_blocks([(range(3), range(3)), (range(2), range(3))])).rule
    'good_pairs'
    """
    view = View.of(group)
    if not view.neurons or not view.all_complete:
        return None
    blocks = list(dict.fromkeys(zip(view.row_sets, view.col_sets, strict=True)))
    for position, a in enumerate(blocks):
        clock.check()
        if not all(good(*a, *b) for b in blocks[:position]):
            return None
    return Step("good_pairs", Conclusion.CLOSED)


def explain(group: Group, told: Told) -> Blocks:
    """Blocks that are disjoint or nested the opposite ways."""
    total = len(group.neurons)
    if total == 1:
        rows, cols = group.supports[0]
        return sentence(
            f"A single neuron observes the whole block {setof(rows) + TIMES + setof(cols)}: the"
            " set is that of all matrices of rank at most 1 there, given by the vanishing of"
            " all 2 x 2 minors."
        )
    if len(set(group.neurons)) == 1:
        rows, cols = group.supports[0]
        return sentence(
            f"All {total} neurons observe the same whole block"
            f" {setof(rows) + TIMES + setof(cols)}: the set is that of all matrices of rank at"
            f" most {total} there, given by the vanishing of minors."
        )
    pairs = [
        f"neurons {i} and {j}: {_relation(group, i, j)}" for i, j in combinations(range(total), 2)
    ]
    blocks: list[Block] = [
        Paragraph(
            f"Every graph is a whole block {sub('R', 'i') + TIMES + sub('C', 'i')}, and every two"
            " blocks have no common row, or no common column, or the same single row or column, or"
            " are nested in opposite ways (the one with fewer rows has more columns):"
        )
    ]
    if len(pairs) <= MOST_ITEMS:
        blocks.append(Items(tuple(pairs)))
    else:
        blocks.append(Paragraph(f"({len(pairs)} pairs, checked one by one.)"))
    below = math("a <= b")
    d = math("d_i = min(|R_i|, m_i + sum of d)")
    blocks.append(
        Paragraph(
            "First set aside the neurons with a single row or column: they have arbitrary values"
            " on their cells, and what remains are again whole blocks, disjoint or oppositely"
            f" nested. Write {below} for {sub('R', 'a') + INSIDE + sub('R', 'b')} and"
            f" {sub('C', 'b') + INSIDE + sub('C', 'a')}, and let {sub('m', 'i')} neurons have the"
            f" block i. Put {d}, the sum over the maximal blocks strictly below i; these have"
            " disjoint rows. Then A is in the set exactly if there are subspaces"
            f" {sub('V', 'i')} of {math('R^R_i')}, of dimension {sub('d', 'i')}, each"
            " containing those of the blocks below, such that in every column k the part of A in"
            f" rows {sub('R', 'i')} is in {sub('V', 'i')}, for the maximal blocks i having column"
            " k, and the other rows are 0. For, given the x, enlarge their spans from below; and"
            f" given the {sub('V', 'i')}, choose {sub('m', 'i')} vectors that span {sub('V', 'i')}"
            " together with the spaces below. This is a closed condition on A and a point of a"
            " compact product of Grassmannians, so its projection to A is closed."
        )
    )
    return tuple(blocks)


def _relation(group: Group, one: int, other: int) -> str:
    """Why two blocks are a good pair."""
    (rows_a, cols_a), (rows_b, cols_b) = group.supports[one], group.supports[other]
    if rows_a.isdisjoint(rows_b):
        return "no common row"
    if cols_a.isdisjoint(cols_b):
        return "no common column"
    if (rows_a, cols_a) == (rows_b, cols_b):
        return "equal"
    if rows_a <= rows_b and cols_a >= cols_b:
        r = sub("R", one) + INSIDE + sub("R", other)
        return f"{r} and {sub('C', other) + INSIDE + sub('C', one)}"
    if rows_a >= rows_b and cols_a <= cols_b:
        return _relation(group, other, one)
    if rows_a == rows_b:
        return "the same single row"
    return "the same single column"


RULE = Rule(
    name="good_pairs",
    about=Group,
    find=find,
    account="every two hidden units are disjoint or nested the opposite ways, so that products are"
    " exactly the matrices compatible with some choice of subspaces",
    title="oppositely nested blocks",
    explain=explain,
    cost="quadratic in the different blocks",
)
