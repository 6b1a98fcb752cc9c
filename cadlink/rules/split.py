"""Split: connected components of the layered graph are independent.

Theorem and proof: kernel, split (of chains).
"""

from __future__ import annotations

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import components, is_connected, is_trimmed
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """One part per component, ordered by smallest input, when the trimmed pattern has several.

    >>> [part.inline() for part in find(Pattern.of(["101/010", "10/01"])).parts]
    ['11;1', '1;1']
    """
    if not is_trimmed(pattern) or is_connected(pattern):
        return None
    count, labels = components(pattern)
    if count < 2:
        return None
    # Sorting the units by component once keeps this linear however many components there are.
    _, start = np.unique(np.concatenate(labels), return_index=True)
    parts = []
    by_layer = []
    for of_layer in labels:
        order = np.argsort(of_layer, kind="stable")
        cuts = np.searchsorted(of_layer[order], np.arange(count + 1))
        by_layer.append((order, cuts))
    for component in np.argsort(start, kind="stable"):
        units = [order[cuts[component] : cuts[component + 1]] for order, cuts in by_layer]
        parts.append(pattern.select(units))
    return Step("split", Conclusion.ALL, {}, tuple(parts))


def explain(chain: Pattern, told: Told) -> Blocks:
    """Connected components."""
    return sentence(
        f"The layered graph of the masks has {len(told.parts)} connected components. No path joins"
        " two of them, so A consists of one block for each component, and zeros; the blocks"
        " have different parameters and may be chosen independently. Such a set is closed"
        " (consists of all matrices on its support) exactly if every block's set is."
    )


RULE = Rule(
    name="split",
    about=Pattern,
    find=find,
    account="the network falls into parts that share nothing",
    title="components",
    explain=explain,
    cost="linear in the edges",
)
