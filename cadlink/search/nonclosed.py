"""Find a proof that a set is not closed: a curve, its limit, and why the limit is missed.

Each step is cheap to get wrong and cheap to check: the result is data for the kernel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from itertools import chain, islice

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.search.curves import Curve, candidates, curve_through, simplify
from cadlink.search.membership import seems_member
from cadlink.search.model import Limit, Model, Problem
from cadlink.search.refutation import Refuted, refute

__all__ = ["find"]

_TRIALS = 600
_REFUTATION_SECONDS = 3.0  # for one limit; another limit is usually easier
_POLISH_SECONDS = 0.2
_ORDERS = 4  # orders of elimination tried for a shorter refutation


def find(
    problem: Problem,
    seed: int = 0,
    clock: Clock = UNLIMITED,
    starts: Iterable[Limit] = (),
    trials: int | None = None,
    polish: int = 6,
) -> Proof | None:
    """A ``curve`` step proving the problem not closed, or None.

    ``starts`` are limits believed to be missed, tried first.  Stops after ``trials`` limits (if the
    time never ends by default after 600).  Of the first ``polish`` proofs found the shortest is
    kept.

    >>> from cadlink.patterns.group import Group
    >>> find(Group.of([{(0, 0), (0, 1), (1, 0)}])).rule
    'curve'
    >>> find(Group.of([{(0, 0), (0, 1), (1, 0), (1, 1)}])) is None
    True
    """
    model = Model.of(problem)
    if model is None:
        return None
    if trials is None and clock == UNLIMITED:
        trials = _TRIALS
    given = _through(problem, model, starts, seed, clock)
    best: Proof | None = None
    found = 0
    begun = time.monotonic()
    until = clock  # once there is a proof: as long as a shorter one is looked for
    stream = islice(candidates(problem, seed, clock), trials)
    likely = (curve for curve in stream if not seems_member(model, curve.limit, seed))
    for curve in chain(given, likely):
        if until.expired():
            break
        proof = _proof(curve, clock, seed, min(polish, _ORDERS))
        if proof is None:
            continue
        if best is None:
            until = clock.at_most(time.monotonic() - begun + _POLISH_SECONDS)
        if best is None or _size(proof) < _size(best):
            best = proof
        found += 1
        if found >= polish:
            break
    return best


def _proof(curve: Curve, clock: Clock, seed: int, orders: int) -> Proof | None:
    """The step for a curve whose limit can be refuted: the shortest of some refutations."""
    best: Refuted | None = None
    begun = time.monotonic()
    until = clock.at_most(_REFUTATION_SECONDS)
    for order in range(orders):
        answer = refute(curve.model, curve.limit, until, seed + order)
        if not isinstance(answer, Refuted):
            break
        if best is None:
            until = until.at_most(2 * (time.monotonic() - begun))
        if best is None or answer.size < best.size:
            best = answer
        if best.size == 1:
            break
    if best is None:
        return None
    return Proof("curve", {**simplify(curve).data(), "refutation": dict(best.tree)})


def _through(
    problem: Problem, model: Model, starts: Iterable[Limit], seed: int, clock: Clock
) -> Iterable[Curve]:
    """Curves through the given limits, where one is met."""
    for start in starts:
        if any(value and cell not in model.paths for cell, value in start.items()):
            continue  # not in the closure at all
        # Each start gets half of what is left, so that a stubborn one does not use it all.
        half = clock.share(0.5)
        if not isinstance(refute(model, start, half.at_most(_REFUTATION_SECONDS), seed), Refuted):
            continue
        curve = curve_through(problem, start, seed, half)
        if curve is not None:
            yield curve


def _size(proof: Proof) -> int:
    return len(json.dumps(proof.to_json()))
