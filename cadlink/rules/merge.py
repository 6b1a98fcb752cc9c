"""Merge: two adjacent masks whose products are everything are one mask.

Theorem and proof: kernel, merge.  Freeness of the two-mask chain is proved here in two ways.
*Star*: every unit between has at most one incoming or at most one outgoing edge.  *Matching*: see
large_matching.py.  Other proofs may be handed in, as the pipeline does in the end.
"""

from __future__ import annotations

import numpy as np

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules import large_matching, two_factors
from cadlink.rules.paths import block_cells, on_paths
from cadlink.rules.rule import FreeProof, Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import factor

__all__ = ["MAX_AREA", "RULE", "find", "is_star"]

MAX_AREA = 20_000_000  # paths through the two masks: bounds the work and the size of the new mask


def is_star(pattern: Pattern) -> bool:
    """Whether every hidden unit of a two-mask pattern has at most one edge on one of its sides.

    >>> is_star(Pattern.of(["11/10", "01/11"])), is_star(Pattern.of(["11/11", "11/11"]))
    (True, False)
    """
    into = np.diff(pattern.layers[0].indptr)
    out = np.bincount(pattern.layers[1].indices, minlength=pattern.widths[1])
    return bool((np.minimum(into, out) <= 1).all())


def _proof(pair: Pattern, free_proof: FreeProof | None, clock: Clock) -> Proof | None:
    """A proof that the trimmed two-mask pattern is free."""
    if is_star(pair) and two_factors.find(pair, clock) is not None:
        return Proof("two_factors", {}, (Proof("star"),))
    if large_matching.saturated(pair, clock):
        return Proof("matching")
    if large_matching.saturated(pair.transpose(), clock):
        return Proof("transpose", {}, (Proof("matching"),))
    return None if free_proof is None else free_proof(pair, clock)


def find(
    pattern: Pattern, clock: Clock = UNLIMITED, free_proof: FreeProof | None = None
) -> Step | None:
    """The chain with its first free pair of adjacent masks merged; None when there is none.

    >>> step = find(Pattern.of(["11/11", "10/01", "11/11"]))
    >>> step.data["layer"], step.data["proof"]["rule"], step.parts[0].depth
    (1, 'two_factors', 2)
    """
    for layer in range(1, pattern.depth):
        clock.check()
        if block_cells(*pattern.layers[layer - 1 : layer + 1]) > MAX_AREA:
            continue
        pair = pattern.part(layer - 1, layer + 1)
        trimmed = pair.select(on_paths(pair))
        if 0 in trimmed.widths:  # then the whole chain is not trimmed, which comes first
            continue
        proof = _proof(trimmed, free_proof, clock)
        if proof is None:
            continue
        data = {"layer": layer, "proof": proof.to_json()}
        return Step("merge", Conclusion.SAME, data, (pattern.joined(layer, layer),))
    return None


def explain(chain: Pattern, told: Told) -> Blocks:
    """Two factors replaced by one; the lemma follows."""
    layer = told.data["layer"]
    return sentence(
        f"By the lemma below, the products {factor(layer + 1)}{factor(layer)} are all matrices"
        f" supported on the boolean product of the masks of the two. So the"
        " two factors may be replaced by a single one with that mask."
    )


RULE = Rule(
    name="merge",
    about=Pattern,
    find=find,
    find_with=find,
    account="two layers replaced by one, because their product can be any matrix on its support",
    title="merging two factors",
    explain=explain,
    cost="stars and matchings in every two adjacent masks",
)
