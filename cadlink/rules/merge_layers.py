"""Merge of several layers: adjacent masks whose products are everything are one mask.

Theorem and proof: kernel, merge_layers; the theorem is its own transpose.  Two masks are ``merge``.
The longest intervals come first; that their products are everything is proved by deep matchings of
the interval or its transpose, in the end by all rules.
"""

from __future__ import annotations

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules import deep_matching
from cadlink.rules.paths import on_paths
from cadlink.rules.rule import FreeProof, Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import factor

__all__ = ["RULE", "find"]


def _proof(part: Pattern, free_proof: FreeProof | None, clock: Clock) -> Proof | None:
    """A proof that the trimmed interval is free."""
    if free_proof is not None:
        return free_proof(part, clock)
    for turned in (False, True):
        step = deep_matching.find(part.transpose() if turned else part, clock)
        if step is not None:
            leaf = Proof(step.rule, step.data)
            return Proof("transpose", {}, (leaf,)) if turned else leaf
    return None


def find(
    pattern: Pattern, clock: Clock = UNLIMITED, free_proof: FreeProof | None = None
) -> Step | None:
    """The chain with a longest free interval of three or more masks merged, or None.

    >>> step = find(Pattern.of(["11/11", "11/11", "11/11", "11/01"]))
    >>> step.data["layers"], step.parts[0].inline()
    ([1, 2], '11/11;11/01')
    """
    for length in range(pattern.depth - 1, 2, -1):
        for first in range(1, pattern.depth - length + 2):
            clock.check()
            last = first + length - 2  # hidden layers first, ..., last disappear
            part = pattern.part(first - 1, last + 1)
            part = part.select(on_paths(part))
            if 0 in part.widths:  # then the whole chain is not trimmed, which comes first
                continue
            proof = _proof(part, free_proof, clock)
            if proof is not None:
                data = {"layers": [first, last], "proof": proof.to_json()}
                return Step("merge_layers", Conclusion.SAME, data, (pattern.joined(first, last),))
    return None


def explain(chain: Pattern, told: Told) -> Blocks:
    """Several factors replaced by one; the lemma follows."""
    first, last = told.data["layers"]
    product = factor(last + 1) + " ... " + factor(first)
    return sentence(
        f"By the lemma below, the products {product} are all matrices supported on the boolean"
        " product of their masks. So these factors may be replaced by a single one with that mask."
    )


RULE = Rule(
    name="merge_layers",
    about=Pattern,
    find=find,
    find_with=find,
    account="several layers replaced by one, because their product can be any matrix on its"
    " support",
    title="merging several factors",
    explain=explain,
    cost="ranks for all intervals of masks",
)
