"""R23 (iii): more hidden units than points, and every target is fitted.

*Theorem.*  Let some parameters of the hidden layers have these values H of the last hidden layer on
the P different points (points x units): for every output, the columns of the units that feed it,
and the column of ones if there are output biases, have rank P.  Then every target is realised, and
every loss whose sum over the targets of each point is least at some prediction has an optimum.  Any
masks, any depth; points may be there several times.

*Proof.*  Solve for the last weights of each output.  So all predictions at the P points are
possible, and the loss is a sum over the points, each least at some prediction.

*Checking.*  The signs of all pre-activations follow from bounds of the roundings, or from exact
arithmetic where these leave them open.  Then the features are polynomials in the numbers given, and
are computed modulo a prime: there the rank can only be smaller.

*Finding.*  The weights at hand; else a staircase.  All units below the last hidden layer are made
active on the data by large biases, with generic weights, so that the units of the last one see
affine functions of the inputs.  Each takes one such function t, the same where the masks allow it,
and its kink between two neighbouring points: the first unit after the first point in the order of
t, the second after the second, ...  With one t for all, the matrix [H, 1] is triangular.  With P -
1 units or more that see different values at different points such parameters exist (R6 ii, in any
depth), if every unit feeds every output."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cadlink.clock import Clock
from cadlink.networks.forward import floats, received
from cadlink.networks.kernel.doubles import Array, Parameters
from cadlink.networks.theorems.theorem import Case, Found, parameters_json

__all__ = ["full_rank"]

MOST_POINTS = 4000
RANK_S = 1e-9  # seconds for an entry of a matrix and each of its rows
SEED = 20  # of the generic weights


def full_rank(case: Case) -> Found | None:
    """Parameters of the hidden layers whose last features are independent, as far as doubles show;
    the kernel says whether they are."""
    assert case.inputs is not None
    width = case.pattern.widths[-2]
    if len(case.inputs) > MOST_POINTS and width + 1 < len(case.inputs):
        return None
    points = np.unique(floats(case.inputs) + 0.0, axis=0)
    if len(points) > width + bool(case.biases[-1]):
        return None
    if len(points) > MOST_POINTS:
        return Found(why_not=f"was not tried: there are more than {MOST_POINTS} points")
    mask = np.asarray(case.pattern.layers[-1].toarray(), dtype=bool)
    for parameters in _candidates(case, points):
        if _independent(parameters, points, mask, case.biases[-1], case.clock):
            witness = {
                "theorem": "R23iii",
                "claim": "attained",
                "parameters": parameters_json(parameters),
            }
            return Found(witness, tentative=True)
    return None


def _independent(
    parameters: Parameters, points: Array, mask: Array, ones: bool, clock: Clock
) -> bool:
    *_, (_, last) = received(parameters, "relu", points)
    values = np.maximum(last, 0.0)
    for row in np.unique(mask, axis=0):
        clock.afford(RANK_S * len(points) ** 2 * int(row.sum()))
        features = values[:, row]
        if ones:
            features = np.hstack((features, np.ones((len(points), 1))))
        if min(features.shape) < len(points):
            return False
        sizes = np.abs(features).max(axis=0)
        features = features[:, sizes > 0] / sizes[sizes > 0]
        # the kernel decides: here only what is hopeless is left out
        if np.linalg.matrix_rank(features, tol=1e-13 * len(points)) < len(points):
            return False
    return True


def _candidates(case: Case, points: Array) -> Iterator[Parameters]:
    """The weights at hand, then staircases along a few directions."""
    if case.parameters is not None:
        yield Parameters(case.parameters.weights[:-1], case.parameters.biases[:-1])
    if all(case.biases[:-1]):
        for seed in range(SEED, SEED + 3):
            yield _staircase(case, points, np.random.default_rng(seed))


def _staircase(case: Case, points: Array, chance: np.random.Generator) -> Parameters:
    """Lower units active everywhere, the kinks of the last ones between the points."""
    *lower, last = case.pattern.layers[:-1]
    weights, biases, values = [], [], points
    for mask in lower:
        weight = chance.integers(1, 1 << 10, size=mask.shape) / 1024 * mask.toarray()
        sums = values @ weight.T
        bias = np.ceil(1 - sums.min(axis=0))
        weights.append(weight)
        biases.append(bias)
        values = sums + bias
    common = (
        chance.integers(1, 1 << 10, size=last.shape[1])
        / 1024
        * chance.choice((-1, 1), last.shape[1])
    )
    weight = common * last.toarray()
    sums = values @ weight.T
    ordered = np.sort(sums, axis=0)
    units = np.arange(weight.shape[0])
    steps = units % max(len(points) - 1, 1)
    above = ordered[np.minimum(steps + 1, len(points) - 1), units]
    kinks = (ordered[steps, units] + above) / 2
    weights.append(weight)
    biases.append(-kinks)
    return Parameters(tuple(weights), tuple(biases))
