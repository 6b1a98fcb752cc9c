"""Trim: units on no path from an input to an output do not matter.

Theorem and proof: kernel, trim.  When nothing is on a path the set is {0}; the trimmed chain has no
units at all, and block_tiling (or one_layer, or two_factors) says that it is closed.
"""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import is_trimmed, on_paths
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import these

__all__ = ["RULE", "find"]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """The pattern of the units on paths, unless all of them are.

    >>> find(Pattern.of(["110/001", "10/10"])).parts[0].inline()
    '11;1/1'
    """
    if is_trimmed(pattern):
        return None
    return Step("trim", Conclusion.SAME, {}, (pattern.select(on_paths(pattern)),))


def explain(chain: Pattern, told: Told) -> Blocks:
    """Units on no path."""
    names = ["input", *[f"unit of layer {layer}" for layer in range(1, chain.depth)], "output"]
    gone = []
    for layer, (units, width) in enumerate(zip(told.facts["kept"], chain.widths, strict=True)):
        lost = sorted(set(range(width)) - set(units))
        if lost:
            name = names[layer] if layer in (0, chain.depth) else "unit"
            where = "" if layer in (0, chain.depth) else f" of layer {layer}"
            gone.append(these(name, lost) + where)
    what = ", ".join(gone) if gone else "nothing here"
    return sentence(
        "An entry of the product is a sum over the paths from its input to its output. Units"
        f" on no such path take part in no entry and are dropped: {what}. Dropping an input or"
        " output leaves out a column or row of A that is always zero. The other units are"
        " renumbered in their order."
    )


RULE = Rule(
    name="trim",
    about=Pattern,
    find=find,
    account="units on no path from an input to an output dropped",
    title="trimming",
    explain=explain,
    cost="linear in the edges",
)
