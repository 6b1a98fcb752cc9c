"""Pendants: the hidden units that see one input, or feed one output, are as good as one.

Theorem and proof: kernel, pendants; the theorem is its own transpose.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """The chain with its pendant units joined, or None if there is nothing to join.

    >>> find(Pattern.of(["10/10/11", "110/011"])).parts[0].inline()
    '10/11;10/11'
    """
    if not any(_pendant(*masks) for masks in pairwise(pattern.layers)):
        return None
    layers = list(pattern.layers)
    for layer in range(1, pattern.depth):
        clock.check()
        layers[layer - 1], layers[layer] = _joined(layers[layer - 1], layers[layer])
        upper, lower = _joined(layers[layer].T.tocsr(), layers[layer - 1].T.tocsr())
        layers[layer - 1], layers[layer] = lower.T.tocsr(), upper.T.tocsr()
    smaller = Pattern.of(layers) if all(0 not in mask.shape for mask in layers) else pattern
    return (
        None
        if smaller.widths == pattern.widths
        else Step("pendants", Conclusion.SAME, {}, (smaller,))
    )


def _pendant(below: Mask, above: Mask) -> bool:
    """Whether some units between these masks see one input or feed one output."""
    return bool((np.diff(below.indptr) == 1).any() or (np.bincount(above.indices) == 1).any())


def _joined(below: Mask, above: Mask) -> tuple[Mask, Mask]:
    """Of the units with one and the same input the first has the outputs of all."""
    degree = np.diff(below.indptr)
    stands_for = np.arange(degree.size)
    first: dict[int, int] = {}
    for unit in np.flatnonzero(degree == 1).tolist():
        stands_for[unit] = first.setdefault(int(below.indices[below.indptr[unit]]), unit)
    kept = np.flatnonzero(stands_for == np.arange(degree.size))
    entries = above.tocoo()
    moved = sp.csr_array(
        (np.ones(entries.nnz, dtype=np.bool_), (entries.row, stands_for[entries.col])),
        shape=above.shape,
    )
    return below[kept, :], moved[:, kept]


def explain(chain: Pattern, told: Told) -> Blocks:
    """Pendant units joined."""
    (part,) = told.parts
    assert isinstance(part, Pattern)
    return sentence(
        "Hidden units of one layer whose only input is the same unit contribute together an"
        " arbitrary column on the union of their outputs, as one unit with all these outputs does;"
        " likewise those whose only output is the same unit. They are joined: the layers have"
        f" {', '.join(map(str, part.widths))} units then."
    )


RULE = Rule(
    name="pendants",
    about=Pattern,
    find=find,
    account="hidden units hanging on the same single unit are replaced by one",
    title="pendant units joined",
    explain=explain,
    cost="linear in the edges",
)
