"""One layer: nothing to factor, the set is the linear space of the mask."""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf for a chain of one mask.

    >>> find(Pattern.of(["110/011"])).conclusion.value
    'free'
    """
    return Step("one_layer", Conclusion.FREE) if pattern.depth == 1 else None


def explain(chain: Pattern, told: Told) -> Blocks:
    """A linear space."""
    return sentence("There is only one factor: the set is the linear space of its mask.")


RULE = Rule(
    name="one_layer",
    about=Pattern,
    find=find,
    account="a single layer can be any matrix on its mask",
    title="a single factor",
    explain=explain,
    cost="none",
)
