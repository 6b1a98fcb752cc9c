"""Kronecker-sparse factors: supports I_a (x) 1_{b x c} (x) I_d, the pieces of all butterflies.

Such a factor, written a,b,c,d, has a b d rows and a c d columns, b entries in a column and c in a
row.  Two of them, the upper one (a, b, c, d) next to the outputs and the lower one (a', b', c', d')
next to the inputs, are *chainable* if a divides a', d' divides d, and

    r = a c / a' = b' d' / d      is a positive integer,

the two quotients being equal exactly if the widths fit.  Then the product of their 0/1 supports is
r times that of the factor (a, b d / d', a' c' / a, d'), so that a chain can be multiplied out in
any order.  Every chain of chainable neighbours has a closed set of products.

Reference: Q.-T. Le, L. Zheng, E. Riccietti, R. Gribonval, "Butterfly factorization with error
guarantees", arXiv 2411.04506, where the factors stand in the order of the product; here, as
everywhere, in forward order: the first is next to the inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

__all__ = ["Factor", "first_break", "mask"]


class Factor(NamedTuple):
    """The support I_a (x) 1_{b x c} (x) I_d."""

    a: int
    b: int
    c: int
    d: int

    @property
    def rows(self) -> int:
        return self.a * self.b * self.d

    @property
    def cols(self) -> int:
        return self.a * self.c * self.d

    @property
    def nnz(self) -> int:
        return self.rows * self.c

    def follows(self, lower: Factor) -> bool:
        """Whether the two are chainable, this one being next to the outputs.

        >>> Factor(1, 2, 2, 2).follows(Factor(2, 2, 2, 1)), Factor(2, 2, 2, 1).follows(
        ...     Factor(1, 2, 2, 2))
        (True, False)
        """
        return (
            self.cols == lower.rows
            and lower.a % self.a == 0
            and self.d % lower.d == 0
            and (self.a * self.c) % lower.a == 0
        )

    def times(self, lower: Factor) -> Factor:
        """The support of the product of two chainable ones."""
        return Factor(self.a, self.b * self.d // lower.d, lower.a * lower.c // self.a, lower.d)


def first_break(factors: Sequence[Factor]) -> int | None:
    """The first place in a chain (forward order) whose factor and the next are not chainable.

    >>> first_break([Factor(4, 2, 2, 1), Factor(2, 2, 2, 2), Factor(1, 2, 2, 4)]) is None
    True
    """
    for place, (lower, upper) in enumerate(pairwise(factors)):
        if not upper.follows(lower):
            return place
    return None


def mask(factor: Factor) -> Any:
    """The support as a scipy matrix.

    >>> mask(Factor(2, 1, 2, 1)).toarray().astype(int).tolist()
    [[1, 1, 0, 0], [0, 0, 1, 1]]
    """
    a, b, c, d = factor
    grid = np.ogrid[:a, :b, :c, :d]
    rows = (grid[0] * b + grid[1]) * d + grid[3] + 0 * grid[2]
    cols = (grid[0] * c + grid[2]) * d + grid[3] + 0 * grid[1]
    ones = np.ones(factor.nnz, dtype=np.bool_)
    shape = (factor.rows, factor.cols)
    return sp.coo_array((ones, (rows.ravel(), cols.ravel())), shape=shape).tocsr()
