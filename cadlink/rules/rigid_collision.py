"""Rigid collision: two neurons that must share a direction which one alone can carry.

Nothing looks for it any more: it was needed for no known pattern.  Theorem and proof: kernel,
rigid_collision.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.writing.curves import APPROACHED, MISSED
from cadlink.writing.document import Blocks, Items, Math, Paragraph
from cadlink.writing.formulas import TIMES, setof, sub, these

__all__ = ["RULE"]

_UNCROSSED = Math("u (w' + w'')^T + (u' + u'') z^T", "u (w' + w'')^{T} + (u' + u'') z^{T}")


def explain(group: Group, told: Told) -> Blocks:
    """Two neurons that must share a direction."""
    one, two = told.data["a"], told.data["b"]
    (rows_a, cols_a), (rows_b, cols_b) = group.supports[one], group.supports[two]
    others = [i for i in range(len(group.neurons)) if i not in (one, two)]
    r = len(group.neurons)
    columns, outside_a, outside_b = (
        told.facts[key] for key in ("columns", "outside_a", "outside_b")
    )
    rest = f" The other neurons, {these('neuron', others)}, stay as they are." if others else ""
    meet, join = setof(rows_a & rows_b), setof(rows_a | rows_b)
    cols_join, cols_meet = setof(cols_a | cols_b), setof(cols_a & cols_b)
    lines = [
        f"{_those('column', columns)} for the sets of columns {cols_join}, {cols_meet}"
        + (" and those of the others" if others else ""),
        f"{_those('row', outside_a)} outside {sub('R', one)}, one for each neuron but {one}",
        f"{_those('row', outside_b)} outside {sub('R', two)}, one for each neuron but {two}",
    ]
    V, X, A = Math("V", "V"), Math("X", "X"), Math("A", "A")
    return (
        Paragraph(
            f"Let neurons {one} and {two} collide, that is, become parallel. Let a vector u live on"
            f" their common rows {meet}, u' and u'' on the rows of neuron {one} and of neuron"
            f" {two}, z on the common columns {cols_meet}, w' and w'' on the columns of the two."
            " With"
        ),
        Items(
            (
                f"{sub('x', one)} = u + t u', {sub('y', one)} = w' + z/t",
                f"{sub('x', two)} = u - t u'', {sub('y', two)} = w'' - z/t",
            )
        ),
        Paragraph(
            f"The two contribute {_UNCROSSED} plus terms that tend to 0 with t. In the limit"
            f" there is one rank-one matrix on {meet + TIMES + cols_join} and one on"
            f" {join + TIMES + cols_meet} instead.{rest}",
            APPROACHED,
        ),
        Paragraph(
            "Take all these vectors generic. There are distinct representatives, which make the"
            " minors in question nonzero:"
        ),
        Items(tuple(lines)),
        Paragraph(
            f"Let {V} be the span of u, u' + u'' and the other x. By the second line the {r - 1} of"
            f" them without u are independent outside {sub('R', one)}, so dim {V} = {r}, and the"
            f" vectors of {V} supported in {sub('R', one)} are the multiples of u; by the third"
            f" line likewise for {sub('R', two)}. By the first line the limit {A} has rank {r} and"
            f" column space {V}. If {A} were a product XY, the {r} columns of {X} would be a basis"
            f" of {V}; but columns {one} and {two} of {X} are supported in {sub('R', one)} and"
            f" {sub('R', two)}, so both are multiples of u, a contradiction.",
            MISSED,
        ),
    )


def _those(word: str, found: list[int]) -> str:
    return f"{word}{'s' if len(found) > 1 else ''} {', '.join(map(str, found))}"


RULE = Rule(
    name="rigid_collision",
    about=Group,
    account="two hidden units that become parallel produce in the limit what no weights produce",
    title="a rigid collision",
    explain=explain,
)
