"""Matchings in all columns of a two-mask chain at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.reader import Reader

__all__ = ["swept"]

TRIED = 8  # neurons a row asks first; later ever more at once


def swept(above: Any, below: Any, at: Reader) -> NDArray[np.bool_]:
    """For which columns a verified matching saturates the covered rows.

    ``above`` has the neurons of every row, ``below`` those of every column.
    """
    here = np.zeros((above.shape[1], below.shape[0]), dtype=np.bool_)  # neuron x column
    here[below.indices, np.repeat(np.arange(below.shape[0]), np.diff(below.indptr))] = True
    open_ = here.copy()
    partner = np.full((above.shape[0], below.shape[0]), -1, dtype=np.int32)
    for j in range(above.shape[0]):
        at.spend(100_000 + 40 * below.shape[0])
        mine = above.indices[above.indptr[j] : above.indptr[j + 1]]
        todo = np.arange(below.shape[0])
        at_first = j * len(mine) // above.shape[0]  # where the rows before have taken least
        mine = np.concatenate((mine[at_first:], mine[:at_first]))
        done = 0
        while done < len(mine) and len(todo):
            asked = mine[done : 2 * done + TRIED]
            done = 2 * done + TRIED
            few = min(len(asked), len(todo))
            at.spend(10 * len(asked) * len(todo) + 10_000 * few)
            for neuron in asked if len(todo) > len(asked) else ():
                takes = open_[neuron, todo]
                partner[j, todo[takes]] = neuron
                open_[neuron, todo[takes]] = False
                todo = todo[~takes]
            if len(todo) <= len(asked):
                for k in todo:
                    free = asked[open_[asked, k]]
                    if len(free):
                        partner[j, k] = free[0]
                        open_[free[0], k] = False
                todo = todo[partner[j, todo] < 0]
    # Nothing above is relied on: every partner must be a neuron of its row and its column, no
    # neuron may be taken twice in a column, and a row without one must not be covered.
    fine = np.ones(below.shape[0], dtype=np.bool_)
    taken = np.zeros_like(here)
    for j, partners in enumerate(partner):
        mine = np.zeros(above.shape[1], dtype=np.bool_)
        mine[above.indices[above.indptr[j] : above.indptr[j + 1]]] = True
        has = np.flatnonzero(partners >= 0)
        neurons = partners[has]
        fine[has] &= mine[neurons] & here[neurons, has] & ~taken[neurons, has]
        taken[neurons, has] = True
        lacks = np.flatnonzero(partners < 0)
        at.spend(2 * int(mine.sum()) * len(lacks))
        fine[lacks] &= ~here[np.ix_(mine, lacks)].any(axis=0)
    return fine
