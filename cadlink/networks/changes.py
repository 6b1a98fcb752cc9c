"""Changes of masks: entries masked and unmasked, what a set of changes makes of a pattern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from cadlink.patterns.pattern import Pattern

__all__ = ["Change", "changed", "difference", "entries", "fewer", "places"]


@dataclass(frozen=True, order=True)
class Change:
    """One entry of one mask (layer, row, column from 0); ``add`` unmasks it, else it is masked."""

    layer: int
    row: int
    column: int
    add: bool

    def __str__(self) -> str:
        what = "unmask" if self.add else "mask"
        return f"{what} row {self.row}, column {self.column} of layer {self.layer}"


def places(pattern: Pattern) -> int:
    """How many entries the masks have, 0 or 1.

    >>> places(Pattern.of(["10", "1"]))
    3
    """
    return sum(mask.shape[0] * mask.shape[1] for mask in pattern.layers)


def entries(pattern: Pattern) -> list[Change]:
    """Every single change, layer by layer."""
    found = []
    for layer, mask in enumerate(pattern.layers):
        dense = mask.toarray()
        for row, column in np.ndindex(*mask.shape):
            found.append(Change(layer, row, column, not dense[row, column]))
    return found


def changed(pattern: Pattern, changes: Sequence[Change]) -> Pattern:
    """The pattern after these changes.

    >>> changed(Pattern.of(["11", "1"]), [Change(0, 0, 1, False)])
    <Pattern 2-1-1: 10;1>
    """
    masks: list[Any] = list(pattern.layers)
    for layer in sorted({change.layer for change in changes}):
        chosen = [change for change in changes if change.layer == layer]
        flip = sp.csr_array(
            (
                np.ones(len(chosen), dtype=np.bool_),
                ([change.row for change in chosen], [change.column for change in chosen]),
            ),
            shape=masks[layer].shape,
        )
        masks[layer] = masks[layer] != flip
    return Pattern.of(masks)


def difference(before: Pattern, after: Pattern) -> list[Change]:
    """The entries in which two patterns differ.

    >>> difference(Pattern.of(["11", "1"]), Pattern.of(["10", "1"]))
    [Change(layer=0, row=0, column=1, add=False)]
    """
    found = []
    for layer, (old, new) in enumerate(zip(before.layers, after.layers, strict=True)):
        differ = (old != new).tocoo()
        added = new.tocsr()
        found += [
            Change(layer, row, column, bool(added[row, column]))
            for row, column in zip(differ.row.tolist(), differ.col.tolist(), strict=True)
        ]
    return found


def fewer(
    changes: Sequence[Change],
    enough: Callable[[Sequence[Change]], bool],
    late: Callable[[], bool],
) -> list[Change]:
    """Some of the changes that are still enough; large pieces are left out first, then single ones,
    until no single one can be, or it is too late.

    >>> three = [Change(0, 0, column, True) for column in range(3)]
    >>> fewer(three, lambda some: three[1] in some, lambda: False)
    [Change(layer=0, row=0, column=1, add=True)]
    """
    left = list(changes)
    size = max(1, len(left) // 2)
    while True:
        start = 0
        while start < len(left):
            if late():
                return left
            rest = left[:start] + left[start + size :]
            if enough(rest):
                left = rest
            else:
                start += size
        if size == 1:
            return left
        size //= 2
