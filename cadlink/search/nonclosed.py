"""Find a proof that a set is not closed: a curve, its limit, and why the limit is missed.

Each step is cheap to get wrong and cheap to check: the result is data for the kernel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from itertools import chain, islice

from cadlink.certificates.data import Proof
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
    deadline: float | None = None,
    starts: Iterable[Limit] = (),
    trials: int | None = None,
    polish: int = 6,
) -> Proof | None:
    """A ``curve`` step proving the problem not closed, or None.

    ``deadline`` is a value of ``time.monotonic()``.  ``starts`` are limits believed to be missed,
    tried first.  Stops after ``trials`` limits (without a deadline by default after 600).  Of the
    first ``polish`` proofs found the shortest is kept.

    >>> from cadlink.patterns.group import Group
    >>> find(Group.of([{(0, 0), (0, 1), (1, 0)}])).rule
    'curve'
    >>> find(Group.of([{(0, 0), (0, 1), (1, 0), (1, 1)}])) is None
    True
    """
    model = Model.of(problem)
    if model is None:
        return None
    if trials is None and deadline is None:
        trials = _TRIALS
    given = _through(problem, model, starts, seed, deadline)
    best: Proof | None = None
    found = 0
    begun = time.monotonic()
    enough = float("inf")  # once there is a proof: when to stop looking for a shorter one
    stream = islice(candidates(problem, seed, deadline), trials)
    likely = (curve for curve in stream if not seems_member(model, curve.limit, seed))
    for curve in chain(given, likely):
        now = time.monotonic()
        if now > enough or (deadline is not None and now > deadline):
            break
        proof = _proof(curve, deadline, seed, min(polish, _ORDERS))
        if proof is None:
            continue
        if best is None:
            now = time.monotonic()
            enough = now + (now - begun) + _POLISH_SECONDS
        if best is None or _size(proof) < _size(best):
            best = proof
        found += 1
        if found >= polish:
            break
    return best


def _proof(curve: Curve, deadline: float | None, seed: int, orders: int) -> Proof | None:
    """The step for a curve whose limit can be refuted: the shortest of some refutations."""
    best: Refuted | None = None
    begun = time.monotonic()
    stop = begun + _REFUTATION_SECONDS
    if deadline is not None:
        stop = min(stop, deadline)
    for order in range(orders):
        answer = refute(curve.model, curve.limit, stop, seed + order)
        if not isinstance(answer, Refuted):
            break
        if best is None:
            now = time.monotonic()
            stop = min(stop, now + 2 * (now - begun))
        if best is None or answer.size < best.size:
            best = answer
        if best.size == 1:
            break
    if best is None:
        return None
    return Proof("curve", {**simplify(curve).data(), "refutation": dict(best.tree)})


def _through(
    problem: Problem, model: Model, starts: Iterable[Limit], seed: int, deadline: float | None
) -> Iterable[Curve]:
    """Curves through the given limits, where one is met."""
    for start in starts:
        if any(value and cell not in model.paths for cell, value in start.items()):
            continue  # not in the closure at all
        now = time.monotonic()
        # Each start gets half of what is left, so that a stubborn one does not use it all.
        stop = None if deadline is None else now + (deadline - now) / 2
        soon = now + _REFUTATION_SECONDS
        limit_time = soon if stop is None else min(stop, soon)
        if not isinstance(refute(model, start, limit_time, seed), Refuted):
            continue
        curve = curve_through(problem, start, seed, stop)
        if curve is not None:
            yield curve


def _size(proof: Proof) -> int:
    return len(json.dumps(proof.to_json()))
