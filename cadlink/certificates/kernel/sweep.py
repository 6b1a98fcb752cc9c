"""Matchings in all columns of a two-mask chain at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.problems import Mask
from cadlink.certificates.kernel.reader import Reader

__all__ = ["swept"]

BLOCK = 2**18  # entries of tables for some of the rows


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
    asking = _asking(above, turns)
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
    at.spend(rows * (20_000 + 2 * width + 60 * columns))
    fine = np.ones(columns, dtype=np.bool_)
    taken = np.zeros_like(here)
    step = max(1, BLOCK // max(width, columns))
    for start in range(0, rows, step):
        sees = above[start : start + step].toarray()
        partners = partner[start : start + step]
        j, k = np.nonzero(partners >= 0)
        neuron = partners[j, k]
        fine[k[~(sees[j, neuron] & here[neuron, k])]] = False
        taken[neuron, k] = True
        lacking = np.flatnonzero((partners < 0).any(axis=0))
        at.spend(len(sees) * width * len(lacking) // 10)
        covered = sees.astype(np.float32) @ here[:, lacking].astype(np.float32) > 0
        fine[lacking] &= ~(covered & (partners[:, lacking] < 0)).any(axis=0)
    fine &= np.count_nonzero(taken, axis=0) == np.count_nonzero(partner >= 0, axis=0)
    return fine


def _asking(above: Any, turns: int) -> Any:
    """A row for every turn: the rows of ``above`` that ask a neuron of theirs."""
    row = np.repeat(np.arange(above.shape[0], dtype=np.int32), np.diff(above.indptr))
    turn = (above.indices - row) % np.int32(turns)
    return Mask(turns, above.shape[0], turn, row).csr()
