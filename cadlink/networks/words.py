"""Network verdicts in words for people who train networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cadlink.networks.kernel.losses import LOSSES, within
from cadlink.networks.kernel.statement import SMOOTH
from cadlink.networks.kernel.table import UPWARDS
from cadlink.networks.obstacles import Obstacle, obstacles
from cadlink.networks.theorems.theorem import Case, Theorem
from cadlink.networks.verdict import GOOD, NetworkAnswer, Question
from cadlink.patterns.pattern import Pattern

__all__ = ["advice_for", "explain", "in_the_way"]

_ANSWERS = {
    NetworkAnswer.NO_OPTIMUM: {
        Question.SOME_DATA: "NO OPTIMUM. There is a training set on which the loss of this network"
        " can be brought as near to 0 as you like but never to 0: no weights are best, and the"
        " weights grow without bound while the loss falls. This is about that training set; on"
        " yours an optimum may or may not exist.",
        Question.THESE_INPUTS: "NO OPTIMUM. For these inputs there are targets on which the loss"
        " can be brought as near to 0 as you like but never to 0: no weights are best, and they"
        " grow without bound. Other targets may have an optimum.",
        Question.THIS_DATA: "NO OPTIMUM. On this training set the infimum of the loss is not"
        " attained: every run that approaches it has weights that grow without bound.",
    },
    NetworkAnswer.OPTIMUM_GUARANTEED: {
        Question.SOME_DATA: "OPTIMUM GUARANTEED. On every finite training set some weights are"
        " best.",
        Question.THESE_INPUTS: "OPTIMUM GUARANTEED. For these inputs and all targets some weights"
        " are best.",
        Question.THIS_DATA: "OPTIMUM GUARANTEED. On this training set some weights are best.",
    },
    NetworkAnswer.CLOSED_ON_CUBE: {
        Question.CUBE: "CLOSED ON THE CUBE. Every continuous function that such networks approach"
        " uniformly on a cube is itself such a network. (On finite training sets the answer can"
        " still be that there is no optimum.)"
    },
    NetworkAnswer.NOT_CLOSED_ON_CUBE: {
        Question.CUBE: "NOT CLOSED ON THE CUBE. There is a continuous function, even an affine one,"
        " that such networks approach uniformly on a cube but none of them equals; the weights grow"
        " without bound on the way."
    },
}


def explain(
    question: Question,
    answer: NetworkAnswer,
    theorem: Theorem | None = None,
    witness: Mapping[str, Any] | None = None,
    pattern: Pattern | None = None,
) -> str:
    """One paragraph: the answer, why, and the data."""
    if answer is NetworkAnswer.NOT_EXCLUDED:
        return (
            "NOT EXCLUDED. No theorem known to cadlink shows an optimum for all data the question"
            " is about, and none shows data without one."
        )
    if answer is NetworkAnswer.UNKNOWN:
        return "UNKNOWN. The question was not decided."
    assert theorem is not None
    assert witness is not None
    assert pattern is not None
    text = f"{_ANSWERS[answer][question]} Why: {theorem.why} [{witness['theorem']}]."
    if "infimum" in witness:
        text += f" The infimum of the sum of squared errors is {witness['infimum']}."
    if witness["claim"] == "not_closed" and "X" in witness:
        points = len(witness["X"])
        inputs, outputs = witness["inputs"], witness["outputs"]
        text += f" The training set has {points} points"
        if len(inputs) < pattern.widths[0]:
            text += f", nonzero in {_listed('input', inputs)} only"
        if "units" in witness:
            text += f"; the hidden units at work are {_listed('', witness['units'][:2])}"
        text += f", the targets are in {_listed('output', outputs)}."
    if "margin" in witness:
        text += f" The smallest margin is {witness['margin']}."
    if witness["claim"] == "some_targets":
        text += f" The points and targets exist but are not written out: {theorem.unwritten}."
    return text


def _listed(what: str, numbers: Any) -> str:
    shown = ", ".join(map(str, list(numbers)[:6]))
    more = ", ..." if len(numbers) > 6 else ""
    plural = f"{what}{'s' if len(numbers) != 1 else ''} " if what else ""
    return f"{plural}{shown}{more}"


def advice_for(case: Case, answer: NetworkAnswer) -> tuple[str, ...]:
    """What to do about it, the one thing to do first in front.

    Only what a theorem about this network and this loss stands behind: R16 and R24 for weight
    decay, R13 for masks, R1 for one network per output.
    """
    if answer in GOOD or case.question is Question.CUBE:
        return ()
    coupled = "the decoupled decay of AdamW is no penalty in the loss and changes no answer"
    if case.penalty == "all-but-last":
        return ("put the penalty on the weights of the last layer, too: then see R24", coupled)
    growing = within(case.loss, "growing", case.question.value)
    bounded = case.activation not in SMOOTH and UPWARDS.hold(case.biases)  # by decay on weights
    if LOSSES[case.loss].labels and not growing and bounded:
        if case.penalty != "none":
            return ("give every class a point, or leave out the outputs of classes without points",)
        if answer is NetworkAnswer.NO_OPTIMUM:
            return (
                "nothing is broken: stop when the validation loss stops falling, or add weight"
                " decay on all weights, which gives an optimum iff every class occurs (R24b)",
                coupled,
            )
        return ("weight decay on all weights gives an optimum iff every class occurs", coupled)
    found = []
    if growing and bounded:
        found.append("regularise: weight decay on all weight matrices always gives an optimum")
    else:
        found.append("regularise: weight decay on all weights and biases always gives an optimum")
    if _by_masks(case):
        found.append("change the masks: 'cadlink repair' finds some that guarantee an optimum")
        if case.pattern.depth == 2 and case.pattern.widths[-1] > 1:
            found.append("split the outputs: one such network per output always has an optimum")
    if case.question is not Question.THIS_DATA:
        found.append("ask about your own training set: add --inputs X --targets y --loss NAME")
    return tuple(found)


def in_the_way(case: Case, answer: NetworkAnswer) -> tuple[Obstacle, ...]:
    """By layer, what is in the way of a guarantee by the masks, where they could give one."""
    if answer in GOOD or case.question is Question.CUBE or not _by_masks(case):
        return ()
    return obstacles(case.pattern, not all(case.biases))


def _by_masks(case: Case) -> bool:
    """Whether R1 and R13 are about such a network, so that its masks alone could guarantee."""
    growing = within(case.loss, "growing", case.question.value)
    return growing and case.activation not in SMOOTH and case.penalty == "none"
