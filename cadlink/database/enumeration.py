"""All two-factor patterns of given sizes up to isomorphism, each exactly once, in a fixed order.

A two-factor pattern with n outputs, m inputs and r hidden units is a multiset of r *blocks*: hidden
unit i has the rows R_i (a subset of the outputs) and the columns C_i (a subset of the inputs).  A
permutation of outputs and inputs, and for n = m the transposition, permutes the 2^n * 2^m blocks;
two patterns are isomorphic iff their multisets lie in one orbit.

**Orderly generation** (R. C. Read, "Every one a winner", Ann. Discrete Math. 2, 1978; I. A.
Faradzev).  Number the blocks; write a multiset as its sorted tuple; call it *canonical* if it is
the lexicographically least in its orbit.  *Every prefix of a canonical tuple is canonical.*
Proof: let S = (s_1, ..., s_k) and suppose a symmetry g makes g(S') < S' for S' = (s_1, ...,
s_{k-1}), first difference at place d.  g(S) is g(S') with one element x inserted, at place p
say.  If p > d, the entries before d agree and the entry at d is smaller than s_d.  If p <= d, the
entry at p is x <= g(S')_p <= s_p; after it, the entry at q + 1 is g(S')_q <= s_q <= s_{q+1} for p
<= q <= d, and for q = d strictly g(S')_d < s_d.  Either way g(S) < S, so S is not canonical.  Hence
every canonical tuple is reached from its prefix by appending a block not smaller than the last,
and no two kept tuples are isomorphic.  The memory needed is one path of the search tree; a prefix
is a shard.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.errors import InputError
from cadlink.pattern import Pattern

__all__ = ["Blocks", "TwoFactorClasses"]

# One block is (row mask, column mask), two integers whose bits are the rows and the columns.
Blocks: TypeAlias = tuple[tuple[int, int], ...]


class TwoFactorClasses:
    """The isomorphism classes of two-factor patterns with n outputs, m inputs and r hidden units.

    Parameters
    ----------
    outputs, inputs, hidden : int
        n, m, r; at least 1, and 2^(n+m) blocks must fit in memory (n + m <= 12).
    trimmed : bool
        Only patterns without idle units: no empty R_i or C_i, every output and input covered.
    transpose : bool
        For n = m, count a pattern and its transpose as one class.

    Raises InputError for sizes out of range.

    >>> sum(1 for _ in TwoFactorClasses(2, 2, 2, trimmed=False, transpose=False))
    58
    """

    def __init__(
        self,
        outputs: int,
        inputs: int,
        hidden: int,
        trimmed: bool = True,
        transpose: bool = True,
    ) -> None:
        if min(outputs, inputs, hidden) < 1 or outputs + inputs > 12:
            raise InputError(
                f"sizes {outputs} x {inputs} with {hidden} hidden units: "
                "expected positive sizes with outputs + inputs <= 12"
            )
        self.outputs, self.inputs, self.hidden = outputs, inputs, hidden
        self.trimmed = trimmed
        rows = range(1 if trimmed else 0, 1 << outputs)
        cols = range(1 if trimmed else 0, 1 << inputs)
        # Large blocks first, so that the least tuple of an orbit begins with its largest block.
        self.blocks: list[tuple[int, int]] = sorted(
            itertools.product(rows, cols),
            key=lambda block: (-block[0].bit_count() * block[1].bit_count(), block),
        )
        self._images = self._symmetries(transpose and outputs == inputs)

    def _symmetries(self, transpose: bool) -> npt.NDArray[np.int32]:
        """Row g holds the image of every block number under the g-th symmetry."""
        number = {block: index for index, block in enumerate(self.blocks)}
        images = []
        for row_perm in itertools.permutations(range(self.outputs)):
            row_image = _mask_images(row_perm)
            for col_perm in itertools.permutations(range(self.inputs)):
                col_image = _mask_images(col_perm)
                images.append([number[row_image[r], col_image[c]] for r, c in self.blocks])
                if transpose:
                    images.append([number[col_image[c], row_image[r]] for r, c in self.blocks])
        return np.asarray(images, dtype=np.int32)

    def _is_canonical(self, chosen: Sequence[int]) -> bool:
        """Whether the sorted tuple is the least in its orbit."""
        moved = np.sort(self._images[:, list(chosen)], axis=1)
        rest = np.ones(len(moved), dtype=bool)
        for place, block in enumerate(chosen):
            column = moved[:, place]
            if bool(np.any(column[rest] < block)):
                return False
            rest &= column == block
        return True

    def prefixes(self, length: int) -> Iterator[tuple[int, ...]]:
        """The canonical tuples of this length: the shards of the enumeration."""
        yield from self._extend((), length)

    def _extend(self, chosen: tuple[int, ...], length: int) -> Iterator[tuple[int, ...]]:
        if len(chosen) == length:
            yield chosen
            return
        for block in range(chosen[-1] if chosen else 0, len(self.blocks)):
            longer = (*chosen, block)
            if self._is_canonical(longer):
                yield from self._extend(longer, length)

    def _covers(self, chosen: Sequence[int]) -> bool:
        rows = cols = 0
        for number in chosen:
            rows |= self.blocks[number][0]
            cols |= self.blocks[number][1]
        return rows == (1 << self.outputs) - 1 and cols == (1 << self.inputs) - 1

    def shard(self, prefix: tuple[int, ...]) -> Iterator[Blocks]:
        """The classes whose canonical tuple begins with this prefix, in order."""
        for chosen in self._extend(prefix, self.hidden):
            if not self.trimmed or self._covers(chosen):
                yield tuple(self.blocks[number] for number in chosen)

    def __iter__(self) -> Iterator[Blocks]:
        """All classes in order."""
        return self.shard(())

    def pattern(self, blocks: Blocks) -> Pattern:
        """The pattern of these blocks: hidden unit i is the i-th block."""
        lower = [[c >> k & 1 for k in range(self.inputs)] for _, c in blocks]
        upper = [[r >> j & 1 for r, _ in blocks] for j in range(self.outputs)]
        return Pattern.of([lower, upper])


def _mask_images(perm: Sequence[int]) -> list[int]:
    """The image of every bit mask when bit i moves to bit perm[i]."""
    return [
        sum(1 << perm[bit] for bit in range(len(perm)) if mask >> bit & 1)
        for mask in range(1 << len(perm))
    ]
