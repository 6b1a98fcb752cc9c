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
from cadlink.search.model import Limit, Model, Problem, full_limit
from cadlink.search.refutation import Refuted, refute

__all__ = ["find"]

_TRIALS = 600
_REFUTATION_SECONDS = 3.0  # for one limit; another limit is usually easier


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

    >>> from cadlink.problem import Group
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
    first = 0.0
    for curve in chain(given, islice(candidates(problem, seed, deadline), trials)):
        if deadline is not None and time.monotonic() > deadline:
            break
        # Once there is a proof, spend at most as long again on a shorter one.
        if best is not None and time.monotonic() - begun > 2 * first + 0.2:
            break
        if seems_member(model, curve.limit, seed):
            continue
        limit_time = time.monotonic() + _REFUTATION_SECONDS
        stop = limit_time if deadline is None else min(deadline, limit_time)
        answer = refute(model, curve.limit, stop, seed)
        if not isinstance(answer, Refuted):
            continue
        proof = Proof("curve", {**simplify(curve).data(), "refutation": dict(answer.tree)})
        if best is None:
            first = time.monotonic() - begun
        if best is None or _size(proof) < _size(best):
            best = proof
        found += 1
        if found >= polish:
            break
    return best


def _through(
    problem: Problem, model: Model, starts: Iterable[Limit], seed: int, deadline: float | None
) -> Iterable[Curve]:
    """Curves through the given limits, where one is met."""
    for start in starts:
        if any(value and cell not in model.paths for cell, value in start.items()):
            continue  # not in the closure at all
        if seems_member(model, full_limit(model, start), seed):
            continue
        curve = curve_through(problem, start, seed, deadline)
        if curve is not None:
            yield curve


def _size(proof: Proof) -> int:
    return len(json.dumps(proof.to_json()))
