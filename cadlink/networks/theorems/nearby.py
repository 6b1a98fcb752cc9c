"""R23 (iv): many free parameters in one layer, and a loss near 0: then some weights fit exactly.

*Theorem.*  ReLU, any masks, any depth; one training set.  At some parameters let A be the matrix of
the derivatives of all predictions (points times outputs) with respect to the free parameters of one
layer k but the last, the weights on its mask and its biases, and let r be what the predictions
lack, targets minus predictions.  Let B be a matrix with |A B - 1| <= e < 1, the largest row sum of
absolute values.  Let d = |B| (|r| + e / (1 - e) max |r|), R_k = what d can move in the
pre-activations of layer k (sums of d times values from below, and the biases' d), and R_{l+1} =
|W_{l+1}| R_l over the units of layer l that are active.  If R_l < |z_l| for the pre-activations z_l
of every hidden layer l >= k, at all units and points, some parameters predict the targets exactly,
so that every loss that is 0 just for perfect predictions has an optimum.

*Proof.*  A B = 1 + E is invertible, and y = (A B)^-1 r satisfies y = r - E y, so max |y| <= max |r|
/ (1 - e) and |y| <= |r| + e max |r| / (1 - e).  Change the parameters of layer k by t B y, t from 0
to 1; |B y| <= d.  By induction over the layers above, no pre-activation z_l moves by more than R_l:
ReLU moves no two numbers apart, and a unit that is at most 0 before and after stays 0.  So all
units stay on their side, and the predictions are affine in t: those at t = 1 are the old ones plus
A B y = r, the targets.

*Points that are there twice* are one if their targets are equal; else A has equal rows and no B.
For the last layer in place of k this is R23 (iii), with any targets.

*Finding.*  A step to the least change that would fit, or a part of it, some times over, from the
weights at hand or from random ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cadlink.networks.forward import floats, received
from cadlink.networks.kernel.doubles import Array, Parameters
from cadlink.networks.theorems.theorem import Case, Found, parameters_json

__all__ = ["fit_nearby"]

MOST_ROWS = 1000  # points times outputs
MOST_ENTRIES = 30_000_000  # points times outputs times free parameters
STEPS = 100
RIDGE, TINY = 1e-9, 1e-300  # so that dependent rows do no harm
SMALL = 1e-9  # of the targets: what is left when steps are over
STEP_S = 1e-9  # seconds for a free parameter and the square of the rows
SEED = 23  # of the random weights


def fit_nearby(case: Case) -> Found | None:
    """Parameters near an exact fit, and the layer that reaches it; the kernel says whether."""
    assert case.inputs is not None
    assert case.targets is not None
    if len(case.inputs) * case.pattern.widths[-1] > MOST_ROWS:
        return None
    pairs = np.unique(np.hstack((floats(case.inputs), floats(case.targets))) + 0.0, axis=0)
    xs, ys = np.hsplit(pairs, [case.pattern.widths[0]])
    for start in _starts(case):
        for layer in reversed(range(case.pattern.depth - 1)):
            with np.errstate(all="ignore"):
                found = _stepped(case, start, layer, xs, ys)
            if found is not None:
                witness = {
                    "theorem": "R23iv",
                    "claim": "attained",
                    "layer": layer,
                    "parameters": parameters_json(found),
                }
                return Found(witness, tentative=True)
    return None


def _starts(case: Case) -> Iterator[Parameters]:
    """The weights at hand; else random ones of the usual size."""
    if case.parameters is not None:
        yield case.parameters
        return
    for seed in range(SEED, SEED + 3):
        chance = np.random.default_rng(seed)
        weights, biases = [], []
        for mask, free in zip(case.pattern.layers, case.biases, strict=True):
            seen = np.maximum(np.diff(mask.indptr), 1)[:, None]
            weights.append(chance.normal(size=mask.shape) * mask.toarray() * np.sqrt(2 / seen))
            biases.append(chance.normal(size=mask.shape[0]) * free)
        yield Parameters(tuple(weights), tuple(biases))


def _stepped(case: Case, start: Parameters, layer: int, xs: Array, ys: Array) -> Parameters | None:
    """The parameters after some steps in this layer, if they nearly fit."""
    mask = case.pattern.layers[layer].tocoo()
    free = mask.nnz + mask.shape[0] * case.biases[layer]
    if free < ys.size or free * ys.size > MOST_ENTRIES:
        return None
    now, layers = start, list(received(start, "relu", xs))
    for _ in range(STEPS):
        lacking = (ys - layers[-1][1]).ravel()
        if not np.isfinite(lacking).all():
            return None
        if np.abs(lacking).max() <= SMALL * max(1.0, np.abs(ys).max()):
            return now
        case.clock.afford(STEP_S * free * ys.size**2)
        jacobian = _jacobian(now, layers, layer, mask, case.biases[layer])
        gram = jacobian @ jacobian.T
        gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram) + TINY
        step = jacobian.T @ np.linalg.solve(gram, lacking)
        for size in (1.0, 0.5, 0.25, 1.0):  # the last: across the kinks that hold it back
            weights, biases = list(now.weights), list(now.biases)
            weights[layer] = weights[layer].copy()
            weights[layer][mask.row, mask.col] += size * step[: mask.nnz]
            if case.biases[layer]:
                biases[layer] = biases[layer] + size * step[mask.nnz :]
            then = Parameters(tuple(weights), tuple(biases))
            after = list(received(then, "relu", xs))
            left = np.linalg.norm(ys - after[-1][1])
            if left < (1 - size / 4) * np.linalg.norm(lacking):
                break
        now, layers = then, after
    return None


def _jacobian(
    parameters: Parameters, layers: list[tuple[Array, Array]], layer: int, mask: Any, biased: bool
) -> Array:
    """Derivatives of the predictions (points x outputs) by the free parameters of a layer."""
    last = parameters.weights[-1]
    slopes = np.tile(last, (len(layers[0][0]), 1))
    for place in range(len(layers) - 2, layer - 1, -1):
        slopes = slopes * np.repeat(layers[place][1] > 0, len(last), axis=0)
        if place > layer:
            slopes = slopes @ parameters.weights[place]
    seen = np.repeat(layers[layer][0], len(last), axis=0)
    found = slopes[:, mask.row] * seen[:, mask.col]
    return np.hstack((found, slopes)) if biased else found
