"""``cadlink.nearest``: a numerical best approximation of one matrix by a product with these masks.

Floating point, from several starts: nothing is proved about the error.  What is known is whether
every matrix has a best approximation at all, which depends on the masks alone: if their products
form no closed set, the error of some matrices falls for ever while the entries grow.

A first start takes layers with disjoint blocks apart by truncated singular value decompositions
(Le, Zheng, Riccietti, Gribonval, "Butterfly factorization with error guarantees", arXiv
2411.04506).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.backends.engine import Engine
from cadlink.clock import Clock, OutOfTime
from cadlink.deciding.decider import decide
from cadlink.deciding.decision import Decision, Limits
from cadlink.errors import InputError
from cadlink.membership.chains import disjoint_classes
from cadlink.patterns.masks import read
from cadlink.patterns.matrix import Source, exact
from cadlink.patterns.pattern import Pattern

__all__ = ["Nearest", "nearest"]

Floats: TypeAlias = npt.NDArray[np.float64]

MOST_ENTRIES = 4_000_000  # of a factor, zeros included
LARGEST = 10**100  # entry in absolute value, at least its inverse: squares are summed
STARTS = 3
STEPS = 400
ENOUGH = 1e-12  # relative error beyond which nothing better is looked for


@dataclass(frozen=True)
class Nearest:
    """What was found: ``factors`` (forward order, zeros off the masks), the Frobenius norm of what
    their product leaves of the matrix (``error``), that divided by the norm of the matrix
    (``relative``), and ``decision``, which says whether every matrix has a best approximation."""

    pattern: Pattern
    factors: tuple[Floats, ...]
    error: float
    relative: float
    decision: Decision
    seconds: float

    @property
    def largest(self) -> float:
        """The largest absolute value of an entry, the factors being scaled alike."""
        return max(float(np.abs(factor).max()) for factor in self.factors)

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink member --nearest --json`` prints."""
        return {
            "error": self.error,
            "relative": self.relative,
            "largest": self.largest,
            "best_exists": self.decision.verdict.value,
            "assurance": self.decision.assurance.value,
            "seconds": round(self.seconds, 6),
            "pattern": self.pattern.to_json(),
            "factors": [factor.tolist() for factor in self.factors],
        }


def nearest(
    pattern: Pattern | str,
    matrix: Source,
    limits: Limits | None = None,
    seed: int = 0,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Nearest:
    """A product with these masks near the matrix (outputs x inputs), in the Frobenius norm.

    Of the time in ``limits`` a third goes to the question whether there is a best one.  Raises
    InputError as :func:`cadlink.member` does, and for masks with more than MOST_ENTRIES entries and
    a largest entry beyond LARGEST or its inverse.

    >>> found = nearest("dense:2-1-2", [[1, 0], [0, 0.5]])
    >>> round(found.error, 6), found.decision.verdict.value
    (0.5, 'closed')
    """
    start = time.monotonic()
    limits = limits or Limits()
    clock = Clock.of(limits.wall_s)
    masks = pattern if isinstance(pattern, Pattern) else read(pattern)
    given = exact(matrix).fitting(masks)
    largest = max(map(abs, given.entries.values()), default=1)
    if not Fraction(1, LARGEST) <= largest <= LARGEST:
        raise InputError(
            "expected a largest entry of 1e-100 to 1e100 in absolute value: scale the matrix",
            "matrix",
        )
    target = given.to_numpy()
    size = max(mask.shape[0] * mask.shape[1] for mask in masks.layers)
    if size > MOST_ENTRIES:
        raise InputError(f"a factor of {size} entries: expected at most {MOST_ENTRIES}")
    share = Limits(limits.wall_s / 3, limits.memory_mib)
    decision = decide(masks, share, engine=engine, progress=progress)
    if progress is not None:
        progress("looking for a near product")
    factors = _best(masks, target, np.random.default_rng(seed), clock)
    error = float(np.linalg.norm(target - _product(factors)))
    norm = float(np.linalg.norm(target))
    return Nearest(
        masks,
        tuple(factors),
        error,
        error / norm if norm else error,
        decision,
        time.monotonic() - start,
    )


def _best(pattern: Pattern, target: Floats, rng: np.random.Generator, clock: Clock) -> list[Floats]:
    """The best of several descents, in the time there is; the scale taken out meanwhile."""
    scale = float(np.linalg.norm(target)) or 1.0
    ones = [mask.toarray() for mask in pattern.layers]
    best: list[Floats] | None = None
    least = np.inf
    for number in range(STARTS):
        if number == 0:
            start = _peeled(pattern, target / scale, rng)
        else:
            start = [_drawn(one, rng) for one in ones]
        found = _descend(ones, target / scale, start, clock)
        error = float(np.linalg.norm(target / scale - _product(found)))
        if error < least:
            best, least = found, error
        if least < ENOUGH or clock.expired():
            break
    assert best is not None
    return _balanced([factor * scale ** (1 / len(best)) for factor in best])


def _drawn(ones: npt.NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    width = np.maximum(ones.sum(axis=1, keepdims=True), 1)
    return np.where(ones, rng.standard_normal(ones.shape) / np.sqrt(width), 0.0)


def _product(factors: Sequence[Floats]) -> Floats:
    product = factors[0]
    for factor in factors[1:]:
        product = factor @ product
    return product


def _balanced(factors: list[Floats]) -> list[Floats]:
    """The same product, the factors of equal norm."""
    norms = [float(np.linalg.norm(factor)) for factor in factors]
    if not all(norms):
        return factors
    mean = float(np.exp(np.mean(np.log(norms))))
    return [factor * (mean / norm) for factor, norm in zip(factors, norms, strict=True)]


def _peeled(pattern: Pattern, target: Floats, rng: np.random.Generator) -> list[Floats]:
    """Factors from the blocks of a layer where they are disjoint, and so on; others are drawn."""
    if pattern.depth == 1:
        return [np.where(pattern.layers[0].toarray(), target, 0.0)]
    middle = pattern.depth / 2
    for layer in sorted(range(1, pattern.depth), key=lambda layer: abs(layer - middle)):
        classes = disjoint_classes(pattern, layer)
        if classes is None:
            continue
        above = np.zeros((pattern.widths[-1], pattern.widths[layer]))
        below = np.zeros((pattern.widths[layer], pattern.widths[0]))
        for one in classes:
            if not one.rows or not one.cols:
                continue
            left, values, right = np.linalg.svd(target[np.ix_(one.rows, one.cols)], False)
            count = min(len(one.units), len(values))
            root = np.sqrt(values[:count])
            above[np.ix_(one.rows, one.units[:count])] = left[:, :count] * root
            below[np.ix_(one.units[:count], one.cols)] = root[:, None] * right[:count]
        return [
            *_peeled(pattern.part(0, layer), below, rng),
            *_peeled(pattern.part(layer, pattern.depth), above, rng),
        ]
    return [_drawn(mask.toarray(), rng) for mask in pattern.layers]


def _descend(
    ones: Sequence[npt.NDArray[np.bool_]], target: Floats, start: list[Floats], clock: Clock
) -> list[Floats]:
    """A local minimum of the squared error, by L-BFGS; what was reached if the time is over."""
    from scipy.optimize import minimize  # late: slow to load

    sizes = np.cumsum([0, *(int(one.sum()) for one in ones)])

    def factors_of(z: Floats) -> list[Floats]:
        found = []
        for number, one in enumerate(ones):
            factor = np.zeros(one.shape)
            factor[one] = z[sizes[number] : sizes[number + 1]]
            found.append(factor)
        return found

    def loss(z: Floats) -> tuple[float, Floats]:
        factors = factors_of(z)
        below = [np.eye(target.shape[1])]
        for factor in factors:
            below.append(factor @ below[-1])
        back = below.pop() - target
        value = float((back**2).sum())
        gradient = []
        for one, factor, under in zip(ones[::-1], factors[::-1], below[::-1], strict=True):
            gradient.append(2 * (back @ under.T)[one])
            back = factor.T @ back
        return value, np.concatenate(gradient[::-1])

    reached = np.concatenate([factor[one] for factor, one in zip(start, ones, strict=True)])

    def step(z: Floats) -> None:
        nonlocal reached
        reached = z.copy()
        clock.check()

    options = {"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-16, "gtol": 1e-12, "maxcor": 30}
    try:
        found = minimize(loss, reached, jac=True, method="L-BFGS-B", callback=step, options=options)
        reached = found.x
    except OutOfTime:
        pass
    return factors_of(reached)
