"""What helps whatever the masks, and what does not: only what a theorem says of this network.

R24, d and e: weight decay on all weight matrices always helps; filling up the masks does not, as
full networks have training sets without an optimum, too; nor does decay that leaves a layer out.
Each of these is decided here for the network at hand, and checked by the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from cadlink.networks.changes import places
from cadlink.networks.deciding import attempt
from cadlink.networks.kernel.losses import LOSSES
from cadlink.networks.kernel.witness import silent
from cadlink.networks.theorems.table import THEOREMS
from cadlink.networks.theorems.theorem import Case, Theorem
from cadlink.networks.verdict import BAD, GOOD, NetworkAnswer, NetworkVerdict, Question
from cadlink.patterns.pattern import Pattern

__all__ = ["Remedy", "able", "answered", "remedies"]

MOST_PLACES = 20_000_000  # entries of masks that are filled up to be decided


@dataclass(frozen=True)
class Remedy:
    """Something that people try, whether it helps, and the theorem behind it."""

    helps: bool
    text: str
    theorem: str

    def to_json(self) -> dict[str, object]:
        """An entry of the "remedies" that ``cadlink repair --json`` prints."""
        return {"helps": self.helps, "text": self.text, "theorem": self.theorem}


def able(case: Case, wanted: frozenset[NetworkAnswer]) -> bool:
    """Whether some theorem could give one of these answers, if the masks (and data) were right."""
    return any(not theorem.missing(case) for theorem in _giving(case, wanted))


def _giving(case: Case, wanted: frozenset[NetworkAnswer]) -> Iterator[Theorem]:
    """The theorems about such a network that can give one of these answers to the question."""
    for theorem in THEOREMS:
        given = {answer for asked, answer in theorem.supports if asked is case.question}
        if given & wanted and theorem.about(case):
            yield theorem


def answered(case: Case, wanted: frozenset[NetworkAnswer]) -> NetworkVerdict | None:
    """The verdict of the first theorem that gives one of these answers, its witness accepted by the
    kernel; None where there is none.

    >>> case = Case.of(Pattern.of(["11/11", "11"]))
    >>> answered(case, GOOD).theorem, answered(case, BAD)
    ('R1', None)
    """
    for theorem in _giving(case, wanted):
        verdict = attempt(case, theorem, theorem.share, silent).verdict
        if verdict is not None and verdict.answer in wanted:
            return verdict
    return None


def remedies(case: Case) -> tuple[Remedy, ...]:
    """What helps this network without a change of its masks, and what does not help.

    >>> case = Case.of(Pattern.of(["11/01", "10/11"]))
    >>> for one in remedies(case):
    ...     print(one.helps, one.theorem, one.text)
    True R24 weight decay on all weight matrices
    True R1 one such network for each output
    False R1 filling up the masks
    False R24c weight decay on all layers but the last
    """
    if case.question is Question.CUBE or case.penalty != "none":
        return ()
    found = []
    for penalty, text in (
        ("weights", "weight decay on all weight matrices"),
        ("all", "a penalty on all weights and biases"),
    ):
        verdict = answered(replace(case, penalty=penalty), GOOD)
        if verdict is not None:
            found.append(Remedy(True, text, verdict.theorem))
            break
    pattern = case.pattern
    if pattern.depth == 2 and pattern.widths[-1] > 1 and not LOSSES[case.loss].labels:
        some = replace(case, question=Question.SOME_DATA, inputs=None, targets=None)
        *lower, last = pattern.layers
        alone = []
        for j in range(pattern.widths[-1]):
            verdict = answered(replace(some, pattern=Pattern.of([*lower, last[[j], :]])), GOOD)
            if verdict is None:
                break
            alone.append(verdict)
        else:
            found.append(Remedy(True, "one such network for each output", alone[0].theorem))
    if case.question is Question.SOME_DATA and pattern.nnz < places(pattern) <= MOST_PLACES:
        full = Pattern.of([np.ones(mask.shape, dtype=np.bool_) for mask in pattern.layers])
        verdict = answered(replace(case, pattern=full), BAD)
        if verdict is not None:
            found.append(Remedy(False, "filling up the masks", verdict.theorem))
    if case.question is not Question.THESE_INPUTS:
        verdict = answered(_without_last(case), BAD)
        if verdict is not None:
            found.append(Remedy(False, "weight decay on all layers but the last", verdict.theorem))
    return tuple(found)


def _without_last(case: Case) -> Case:
    """The case with decay on all layers but the last; for some data these are two points, at which
    all inputs and all targets are 0 and 1."""
    if case.question is Question.THIS_DATA:
        return replace(case, penalty="all-but-last")
    points = [Fraction(0), Fraction(1)]
    return replace(
        case,
        question=Question.THIS_DATA,
        penalty="all-but-last",
        inputs=[[number] * case.pattern.widths[0] for number in points],
        targets=[[number] * case.pattern.widths[-1] for number in points],
    )
