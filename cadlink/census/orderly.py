"""Multisets up to a group of symmetries, each orbit exactly once, with the memory of one path.

Things are numbered 0, 1, ..., B - 1; a symmetry is a permutation of these numbers.  Write a
multiset as its sorted tuple and call it *canonical* if it is the lexicographically least in its
orbit.

**Orderly generation** (R. C. Read, "Every one a winner", Ann. Discrete Math. 2, 1978; I. A.
Faradzev).  *Every prefix of a canonical tuple is canonical.*
Proof: let S = (s_1, ..., s_k) and suppose a symmetry g makes g(S') < S' for S' = (s_1, ...,
s_{k-1}), first difference at place d.  g(S) is g(S') with one element x inserted, at place p
say.  If p > d, the entries before d agree and the entry at d is smaller than s_d.  If p <= d, the
entry at p is x <= g(S')_p <= s_p; after it, the entry at q + 1 is g(S')_q <= s_q <= s_{q+1} for p
<= q <= d, and for q = d strictly g(S')_d < s_d.  Either way g(S) < S, so S is not canonical.  Hence
every canonical tuple is reached from its prefix by appending a number not smaller than the last,
and no two kept tuples are equivalent.  A prefix is a shard.

**Counting** (Burnside).  The number of orbits is the mean over the symmetries g of the number h_r
of multisets of size r that g fixes.  With f_k the number of fixed points of g^k, these are the
complete symmetric functions belonging to the power sums f_k: r h_r = f_1 h_{r-1} + ... + f_r h_0
(Newton), because both sides count by the cycles of g: the sum of h_r x^r is the product of
1 / (1 - x^length) over the cycles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["Numbers", "Orderly", "orbits"]

Numbers = npt.NDArray[np.int16]

_AT_ONCE = 1 << 22  # entries of the tables that are compared in one go


class Orderly:
    """The canonical multisets of numbers below ``images.shape[1]``.

    Parameters
    ----------
    images : int16 array, symmetries x numbers
        Row g holds the image of every number under the g-th symmetry; the rows form a group.
    most : sequence of int, optional
        How often a number may occur; constant on orbits.  Default: any number of times.

    >>> flip = np.array([[0, 1], [1, 0]], dtype=np.int16)
    >>> list(Orderly(flip).extend((), 2))
    [(0, 0), (0, 1)]
    """

    def __init__(self, images: Numbers, most: Sequence[int] | None = None) -> None:
        self.images = np.ascontiguousarray(images, dtype=np.int16)
        self.size = int(self.images.shape[1])
        self.most = None if most is None else tuple(most)

    def children(self, chosen: tuple[int, ...]) -> list[int]:
        """The numbers that may be appended to a canonical tuple so that it stays canonical."""
        first = chosen[-1] if chosen else 0
        moved = np.sort(self.images[:, list(chosen)], axis=1)
        columns = [np.ascontiguousarray(moved[:, [place]]) for place in range(len(chosen))]
        step = max(1, _AT_ONCE // len(self.images))
        found: list[int] = []
        for low in range(first, self.size, step):
            found += self._canonical(chosen, columns, low, min(low + step, self.size))
        if self.most is not None:
            found = [x for x in found if chosen.count(x) < self.most[x]]
        return found

    def _canonical(
        self, chosen: tuple[int, ...], columns: list[Numbers], low: int, high: int
    ) -> list[int]:
        """Those of low, ..., high - 1 for which no symmetry makes the longer tuple smaller.

        ``columns`` are the sorted images of ``chosen``; a new image x is put in its place without
        sorting again: the entry at place p becomes max(column p - 1, min(column p, x)).
        """
        new = self.images[:, low:high]
        smaller = np.zeros(new.shape, dtype=bool)
        equal = np.ones(new.shape, dtype=bool)
        for place, number in enumerate(chosen):
            entry = np.minimum(columns[place], new)
            if place:
                entry = np.maximum(columns[place - 1], entry)
            smaller |= equal & (entry < number)
            equal &= entry == number
        last = np.maximum(columns[-1], new) if columns else new
        smaller |= equal & (last < np.arange(low, high, dtype=np.int16))
        return [low + int(place) for place in np.flatnonzero(~smaller.any(axis=0))]

    def extend(self, chosen: tuple[int, ...], length: int) -> Iterator[tuple[int, ...]]:
        """The canonical tuples of this length that begin with a canonical tuple, in order."""
        if len(chosen) == length:
            yield chosen
            return
        for number in self.children(chosen):
            yield from self.extend((*chosen, number), length)

    def below(self, chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        """All canonical tuples that begin with a canonical tuple, itself first.

        They are finitely many only if ``most`` was given.
        """
        yield chosen
        for number in self.children(chosen):
            yield from self.below((*chosen, number))


def orbits(images: Numbers, size: int) -> int:
    """The number of orbits of multisets of ``size`` numbers, without making them.

    >>> orbits(np.array([[0, 1], [1, 0]], dtype=np.int16), 2)
    2
    """
    everything = np.arange(images.shape[1])
    powers = np.broadcast_to(everything, images.shape)
    sums: list[list[int]] = []
    for _ in range(size):
        powers = np.take_along_axis(images, powers, axis=1).astype(np.int64)
        sums.append((powers == everything).sum(axis=1).tolist())
    total = Fraction(0)
    for fixed in zip(*sums, strict=True):
        fixing = [Fraction(1)]
        for r in range(1, size + 1):
            newton = (fixed[k - 1] * fixing[r - k] for k in range(1, r + 1))
            fixing.append(sum(newton, Fraction()) / r)
        total += fixing[size]
    return int(total / len(images)) if size else 1
