"""Merge: two adjacent masks whose products are everything are one mask.

*Theorem.*  If the products X_{l+1} X_l of two adjacent factors are exactly the matrices supported
on the boolean product M of their masks, then replacing the two masks by M does not change L_I.
*Proof.*  The factors X_{l+1}, X_l enter the product of all factors only through X_{l+1} X_l.

Freeness of the two-mask chain is proved here in two ways.  *Star*: every unit between has at most
one incoming or at most one outgoing edge.  Its block is then one row or one column; fix the single
edge's value at 1, and the unit contributes any values on its block.  Every entry of a matrix on M
is given to one unit that covers it.  *Matching*: see large_matching.py.  Other proofs may be
handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from cadlink.patterns.pattern import Pattern
from cadlink.rules import large_matching, two_factors
from cadlink.rules.paths import on_path
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["MAX_AREA", "FreeProof", "apply", "is_star"]

# A proof (the STEP of the certificate schema) that a trimmed two-mask chain is free, or None.
FreeProof: TypeAlias = Callable[[Pattern], "Mapping[str, Any] | None"]

MAX_AREA = 20_000_000  # paths through the two masks: bounds the work and the size of the new mask


def is_star(pattern: Pattern) -> bool:
    """Whether every hidden unit of a two-mask pattern has at most one edge on one of its sides.

    >>> is_star(Pattern.of(["11/10", "01/11"])), is_star(Pattern.of(["11/11", "11/11"]))
    (True, False)
    """
    into = np.diff(pattern.layers[0].indptr)
    out = np.bincount(pattern.layers[1].indices, minlength=pattern.widths[1])
    return bool((np.minimum(into, out) <= 1).all())


def apply(problem: Problem, free_proof: FreeProof | None = None) -> Step | None:
    """The chain with its first free pair of adjacent masks merged; None when there is none.

    >>> step = apply(Pattern.of(["11/11", "10/01", "11/11"]))
    >>> step.data["layer"], step.data["proof"]["rule"], step.parts[0].depth
    (1, 'two_factors', 2)
    """
    if not isinstance(problem, Pattern) or problem.depth < 2:
        return None
    for layer in range(1, problem.depth):
        lower, upper = problem.layers[layer - 1], problem.layers[layer]
        into = np.diff(lower.indptr).astype(np.int64)
        out = np.bincount(upper.indices, minlength=problem.widths[layer])
        if int(np.dot(into, out)) > MAX_AREA:
            continue
        pair = problem.part(layer - 1, layer + 1)
        trimmed = pair.select(on_path(pair))
        if 0 in trimmed.widths:  # then the whole chain is not trimmed, which comes first
            continue
        proof = _proof(trimmed, free_proof)
        if proof is None:
            continue
        data = {"layer": layer, "proof": proof}
        return Step("merge", Conclusion.SAME, data, (problem.joined(layer),))
    return None


def _proof(pair: Pattern, free_proof: FreeProof | None) -> dict[str, Any] | None:
    """A proof that the trimmed two-mask pattern is free, as JSON values."""
    if is_star(pair) and two_factors.apply(pair) is not None:
        return _step("two_factors", _step("star"))
    if large_matching.saturated(pair):
        return _step("matching")
    if large_matching.saturated(pair.transpose()):
        return _step("transpose", _step("matching"))
    found = free_proof(pair) if free_proof is not None else None
    return dict(found) if found is not None else None


def _step(rule: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"rule": rule, "data": {}, "parts": list(parts)}
