"""Twins: of hidden units with the same neighbours only so many matter.

Theorem and proof: kernel, twins; the theorem is its own transpose.
"""

from __future__ import annotations

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """The chain without superfluous twins, or None if there are none.

    >>> find(Pattern.of(["11/11/11", "111"])).parts[0].inline()
    '11;1'
    """
    smaller = pattern
    for layer in range(1, pattern.depth):
        clock.check()
        into = np.diff(smaller.layers[layer - 1].indptr)
        out = np.bincount(smaller.layers[layer].indices, minlength=smaller.widths[layer])
        most = np.minimum(into, out)
        units = [np.arange(width) for width in smaller.widths]
        units[layer] = np.flatnonzero(_earlier(smaller.twins()[layer]) < most)
        if len(units[layer]) < smaller.widths[layer]:
            smaller = smaller.select(units)
    if smaller.widths == pattern.widths:
        return None
    return Step("twins", Conclusion.SAME, {}, (smaller,))


def _earlier(labels: np.ndarray) -> np.ndarray:
    """For every unit, how many of its class come before it."""
    count: dict[int, int] = {}
    found = []
    for label in labels.tolist():
        found.append(count.get(label, 0))
        count[label] = found[-1] + 1
    return np.array(found)


def explain(chain: Pattern, told: Told) -> Blocks:
    """Superfluous twins dropped."""
    (part,) = told.parts
    assert isinstance(part, Pattern)
    return sentence(
        "Hidden units of one layer with the same a inputs and the same b outputs contribute an"
        " arbitrary matrix of rank at most their number on this b by a block: of more than"
        " min(a, b) of them the others are dropped. The layers have"
        f" {', '.join(map(str, part.widths))} units then."
    )


RULE = Rule(
    name="twins",
    about=Pattern,
    find=find,
    account="of hidden units with the same neighbours only as many matter as they have neighbours",
    title="superfluous twins",
    explain=explain,
    cost="linear in the edges",
)
