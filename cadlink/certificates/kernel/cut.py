"""Cuts: factors of which one layer of edges is free and all others are fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadlink.certificates.kernel.drawn import (
    MOST_ENTRIES,
    SPARE,
    Matrix,
    chosen_prime,
    factor,
    independent,
    left_kernel,
    rank,
    times,
)
from cadlink.certificates.kernel.problems import Chain, Mask
from cadlink.certificates.kernel.reader import FREE, Found, Reader

__all__ = ["cut", "deep_matching"]

MOST_DEMANDS = 2 * 10**7  # entries of the matrix whose rank decides
FEW_ROWS = 40  # up to which matrices are eliminated together, not one by one
STACK = 2**16  # entries of these

Marks = NDArray[np.bool_]


def cut(chain: Chain, at: Reader) -> Found:
    """P.  U = the inputs and some hidden units, the pins; no output.  Delete the edges into U from
    outside U; the edges Z that leave U are variables, all other edges are fixed at integers that
    are drawn (see ``drawn``).  E = the cells with a path in the whole chain.  If the map Z -> A has
    rank |E| modulo p: free.  Without pins these are matchings along vertex-disjoint paths.

    Proof.  A path starts in U, ends outside and never returns to U: it has exactly one edge of Z.
    So A is linear in Z, with integer coefficients, supported on E, and every A on E is reached.

    The rank is computed in parts.  For an unpinned unit w let up(w) be the sums over the paths
    from w to the outputs, for a pin u let down(u, k) be that over the paths k -> u in U.  The
    variables at the edges of input k to unpinned units T_k give column k the column space of
    up(T_k), all columns separately.  With the complete left kernel L_k of up(T_k) on R_k, the
    outputs that k reaches in the whole chain, the rank is |E| iff the other variables, Z(w, u) at
    edges of pins u, are mapped onto the (L_k sum of down(u, k) Z(w, u) up(w))_k."""
    return _onto(chain, _pins(at.data["pins"], chain, at), at)


def deep_matching(chain: Chain, at: Reader) -> Found:
    """A cut without pins (see ``cut``): for every input k drawn factors X_2, ..., X_L give
    the columns of X_L ... X_2 at the units that k feeds full row rank modulo p on the outputs that
    k reaches.  Free.

    For generic factors this is so iff as many vertex-disjoint paths as k reaches outputs lead from
    these units to these outputs: by Cauchy-Binet and Leibniz a minor is the sum of +- the products
    of the edges of such systems of paths, which no two systems have in common."""
    return _onto(chain, _pins([[]] * (chain.depth - 1), chain, at), at)


def _onto(chain: Chain, pinned: list[Marks], at: Reader) -> Found:
    prime, seed = chosen_prime(at), at.integer(at.data["seed"], "seed", 0, 1 << 32)
    reached = _support(chain, at)  # outputs x inputs
    up = _up(chain, pinned, seed, prime, at)
    down = _down(chain, pinned, seed, prime, at)
    fed = _unpinned(chain.masks[0], pinned[1])
    places, variables = _variables(chain, pinned, at)
    kernels: list[tuple[int, Matrix]] = []
    at.spend(chain.widths[0] * (2000 + 5 * (chain.widths[1] + chain.widths[-1])))
    for k in np.flatnonzero(~_served(up[1], reached, fed, prime, at)).tolist():
        at.spend(15_000)
        rows, heads = np.flatnonzero(reached[:, k]), fed.indices[fed.indptr[k] : fed.indptr[k + 1]]
        kernel = left_kernel(up[1][np.ix_(rows, heads)], prime, at)
        if len(kernel):
            kernels.append((k, kernel))
    size = sum(len(kernel) for _, kernel in kernels)
    at.demand(size <= variables, f"at least {size} edges that leave the pins", f"{variables}")
    at.demand(size * variables <= MOST_DEMANDS, "demands of moderate size", f"{size * variables}")
    demands = np.zeros((size, variables), dtype=np.int64)
    top = 0
    for k, kernel in kernels:
        rows = np.flatnonzero(reached[:, k])
        for layer in range(1, chain.depth):
            below = down[layer - 1][:, k]
            pins = np.flatnonzero(below)
            if not len(pins):
                continue
            at.spend(20_000 * len(pins))
            seen = times(kernel, up[layer + 1][rows], prime, at)
            for u in pins:
                start, heads = places[layer][int(u)]
                block = seen[:, heads] * below[u] % prime
                demands[top : top + len(kernel), start : start + len(heads)] = block
        top += len(kernel)
    found = rank(demands, prime, at)
    at.demand(found == size, f"rank {size} of the demands on the pins", f"rank {found}")
    return Found(FREE, facts={"cells": int(reached.sum()), "demands": size})


def _unpinned(mask: Mask, pinned: Marks) -> Any:
    """For every input, as the rows of a sparse matrix, the unpinned units that it feeds."""
    kept = ~pinned[mask.row]
    return Mask(mask.cols, mask.rows, mask.col[kept], mask.row[kept]).csr()


def _served(up: Matrix, reached: Marks, fed: Any, prime: int, at: Reader) -> Marks:
    """For which inputs the first of their unpinned units have full row rank on the outputs that
    they reach, by a look at all of these with a few outputs; the others are left open."""
    sizes = np.count_nonzero(reached, axis=0)
    found: Marks = np.equal(sizes, 0)
    few = ~found & (sizes <= FEW_ROWS) & (sizes <= np.diff(fed.indptr))
    for size in np.unique(sizes[few]).tolist():
        alike = np.flatnonzero(few & (sizes == size))
        step = max(1, STACK // (size * (size + SPARE)))
        for start in range(0, len(alike), step):
            inputs = alike[start : start + step]
            rows = np.nonzero(reached[:, inputs].T)[1].reshape(len(inputs), size)
            places = fed.indptr[inputs][:, None] + np.arange(size + SPARE)
            own = places < fed.indptr[inputs + 1][:, None]
            heads = fed.indices[np.where(own, places, 0)]
            stack = up[rows[:, :, None], heads[:, None]] * own[:, None]
            found[inputs] = independent(stack, prime, at)
    return found


def _pins(value: object, chain: Chain, at: Reader) -> list[Marks]:
    """U, layer by layer."""
    at.demand(chain.depth >= 2, "at least two masks", f"{chain.depth}")
    listed = at.items(value, "pins of every hidden layer", chain.depth - 1)
    marks = [np.ones(chain.widths[0], dtype=np.bool_)]
    for layer, units in enumerate(listed, start=1):
        mark = np.zeros(chain.widths[layer], dtype=np.bool_)
        if units != []:
            mark[at.ascending(units, range(chain.widths[layer]), f"pin of layer {layer}")] = True
        marks.append(mark)
    return [*marks, np.zeros(chain.widths[-1], dtype=np.bool_)]


def _dense(mask: Mask) -> Marks:
    ones = np.zeros((mask.rows, mask.cols), dtype=np.bool_)
    ones[mask.row, mask.col] = True
    return ones


def _support(chain: Chain, at: Reader) -> Marks:
    """Which outputs are reached from which inputs, by all the edges."""
    inputs, outputs = chain.widths[0], chain.widths[-1]
    sizes = [mask.rows * mask.cols for mask in chain.masks]
    room = max(*sizes, inputs * max(chain.widths[1:]), outputs * max(chain.widths[:-1]))
    at.demand(room <= MOST_ENTRIES, f"products of at most {MOST_ENTRIES} entries", f"{room}")
    at.spend(30_000 * chain.depth + sum(sizes) * (4 + outputs // 10))
    product = _dense(chain.masks[-1]).astype(np.float32)
    for mask in reversed(chain.masks[:-1]):
        # A sum of positive terms: whatever is lost in rounding, it is 0 only if they are.
        product = (product @ _dense(mask).astype(np.float32) > 0).astype(np.float32)
    return product > 0


def _up(chain: Chain, pinned: list[Marks], seed: int, prime: int, at: Reader) -> list[Matrix]:
    """For every layer the sums over paths to the outputs that never meet U, outputs x units."""
    found = [np.eye(chain.widths[-1], dtype=np.int64)]
    for layer in range(chain.depth - 1, 0, -1):
        fixed = factor(chain, layer + 1, seed, prime, at)
        fixed[:, pinned[layer]] = 0
        fixed[pinned[layer + 1]] = 0
        found.append(times(found[-1], fixed, prime, at) if layer < chain.depth - 1 else fixed)
    found.append(np.zeros((chain.widths[-1], chain.widths[0]), dtype=np.int64))  # inputs are in U
    return found[::-1]


def _down(chain: Chain, pinned: list[Marks], seed: int, prime: int, at: Reader) -> list[Matrix]:
    """For hidden layers 1, 2, ... the sums over paths from the inputs inside U, units x inputs."""
    found: list[Matrix] = []
    for layer in range(1, chain.depth):
        pins, before = np.flatnonzero(pinned[layer]), np.flatnonzero(pinned[layer - 1])
        sums = np.zeros((chain.widths[layer], chain.widths[0]), dtype=np.int64)
        if len(pins) and len(before):
            fixed = factor(chain, layer, seed, prime, at)[np.ix_(pins, before)]
            sums[pins] = times(fixed, found[-1][before], prime, at) if found else fixed
        found.append(sums)
    return found


def _variables(
    chain: Chain, pinned: list[Marks], at: Reader
) -> tuple[list[dict[int, tuple[int, NDArray[np.int64]]]], int]:
    """For every pin the number of its first variable and the unpinned units its edges lead to."""
    places: list[dict[int, tuple[int, NDArray[np.int64]]]] = [{}]
    count = 0
    for layer in range(1, chain.depth):
        above = chain.masks[layer]
        at.spend(int(pinned[layer].sum()) * (20_000 + len(above.row)))
        its: dict[int, tuple[int, NDArray[np.int64]]] = {}
        for u in np.flatnonzero(pinned[layer]).tolist():
            heads = above.row[above.col == u]
            heads = heads[~pinned[layer + 1][heads]]
            its[u] = (count, heads)
            count += len(heads)
        places.append(its)
    return places, count
