"""Matchings in all columns of a two-mask chain at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.problems import Mask
from cadlink.certificates.kernel.reader import Reader

__all__ = ["swept"]


def swept(above: Any, below: Any, at: Reader) -> NDArray[np.bool_]:
    """For which columns a verified matching saturates the covered rows.

    ``above`` has the neurons of every row, ``below`` those of every column.  In turn t row j asks
    for neuron j + t, cyclically, in all the columns where it has none: no two rows ask for the same
    one.  The order of the turns is arbitrary, so that all neurons are asked equally soon.
    """
    (rows, width), columns = above.shape, below.shape[0]
    here = np.zeros((width, columns), dtype=np.bool_)
    here[below.indices, np.repeat(np.arange(columns), np.diff(below.indptr))] = True
    turns = max(rows, width)
    row = np.repeat(np.arange(rows), np.diff(above.indptr))
    asking = Mask(turns, rows, (above.indices - row) % turns, row).csr()
    partner = np.full((rows, columns), -1, dtype=np.int32)
    free = np.packbits(here, axis=1)  # a bit for every column
    waiting = np.packbits(partner < 0, axis=1)
    open_ = np.ones(rows, dtype=np.bool_)  # rows that wait in some column
    for turn in np.random.default_rng(0).permutation(turns):
        its = asking.indices[asking.indptr[turn] : asking.indptr[turn + 1]]
        its = its[open_[its]]
        at.spend(30_000 + 2 * len(its) * columns)
        asked = (its + turn) % turns
        takes = waiting[its] & free[asked]
        waiting[its] ^= takes
        free[asked] ^= takes
        which, k = np.divmod(np.flatnonzero(np.unpackbits(takes, axis=1, count=columns)), columns)
        partner[its[which], k] = asked[which]
        open_[its] = waiting[its].any(axis=1)
        if not open_.any():
            break
    # Nothing above is relied on: every partner must be a neuron of its row and its column, no
    # neuron may be taken twice in a column, and a row without one must not be covered.
    at.spend(rows * (50_000 + width // 10 + 40 * columns))
    fine = np.ones(columns, dtype=np.bool_)
    taken = np.zeros_like(here)
    for j, partners in enumerate(partner):
        mine = np.zeros(width, dtype=np.bool_)
        mine[above.indices[above.indptr[j] : above.indptr[j + 1]]] = True
        has = np.flatnonzero(partners >= 0)
        neurons = partners[has]
        fine[has] &= mine[neurons] & here[neurons, has] & ~taken[neurons, has]
        taken[neurons, has] = True
        lacks = np.flatnonzero(partners < 0)
        if len(lacks):
            at.spend(2 * int(mine.sum()) * len(lacks))
            fine[lacks] &= ~here[np.ix_(mine, lacks)].any(axis=0)
    return fine
