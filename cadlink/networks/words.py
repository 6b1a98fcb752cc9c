"""Network verdicts in words for people who train networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cadlink.networks.readers.models import Model
from cadlink.networks.verdict import NetworkAnswer, Question
from cadlink.patterns.pattern import Pattern

__all__ = ["advice_for", "assumptions_for", "explain"]

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
        Question.CUBE: "NOT CLOSED ON THE CUBE. There is a continuous function, even a linear one,"
        " that such networks approach uniformly on a cube but none of them equals; the weights grow"
        " without bound on the way."
    },
}

_THEOREMS = {
    "R1": {
        True: "every connected component of hidden units and outputs has one unit or one output",
        False: "two hidden units share an output and one of them feeds a second output: when their"
        " kinks merge, they can produce in the limit a step that no such pair produces",
    },
    "R2": {
        False: "the inputs hold a line with more points than the units on it can bend at, and two"
        " of these units share an output"
    },
    "R3": {
        False: "four inputs on a line, and only two units to follow them: in the limit of merging"
        " kinks they do what no two units do"
    },
    "R6": {
        True: "the inputs are in such general position, or the units so many, that the question"
        " reduces to matrices",
        False: "on these inputs every unit takes arbitrary values, and the corresponding products"
        " of masks are not closed",
    },
    "N1": {
        False: "some matrix is a limit of products with these masks but no such product; on enough"
        " points in general position a network equal to it would contain that product"
    },
    "R13": {
        True: "every hidden unit but the last ones feeds one unit only, and outputs share no units"
        " in a harmful way"
    },
    "R14": {
        False: "one unit of the first layer alone sees two inputs and feeds two units: the second"
        " input can be used in the limit with a weight that tends to 0"
    },
    "R15": {
        False: "the first layer has fewer units than there are inputs; in the limit the network"
        " sees one more direction than any weights let it see"
    },
    "R16": {
        True: "a penalty on all weights and biases keeps them bounded, and a continuous function"
        " has a minimum on a bounded closed set"
    },
    "R8": {True: "every two hidden units fit together (disjoint or nested the opposite ways)"},
    "R9": {True: "every unit feeds all outputs, and the units' inputs are nested or disjoint"},
    "R10": {True: "every unit sees all inputs, and the units' outputs are nested or disjoint"},
    "realised": {True: "some weights predict the targets exactly"},
    "exact": {False: "all arrangements of the units' kinks were examined"},
    "matrix verdict": {
        True: "the products of the masks are a closed set, and the inputs span the input space",
        False: "a linear network is a product of matrices, and the products with these masks are"
        " not a closed set",
    },
    "affine maps": {True: "without a hidden layer the functions form a finite-dimensional space"},
}

_GOOD = (NetworkAnswer.OPTIMUM_GUARANTEED, NetworkAnswer.CLOSED_ON_CUBE)


def explain(
    question: Question,
    answer: NetworkAnswer,
    theorem: str,
    witness: Mapping[str, Any] | None,
    pattern: Pattern,
) -> str:
    """One paragraph: the answer, why, and the data."""
    if answer is NetworkAnswer.NOT_EXCLUDED:
        return (
            "NOT EXCLUDED. No theorem known to cadlink shows an optimum for all data the question"
            " is about, and none shows data without one."
        )
    if answer is NetworkAnswer.UNKNOWN:
        return "UNKNOWN. The question was not decided."
    text = _ANSWERS[answer][question]
    why = _THEOREMS.get(theorem, {}).get(answer in _GOOD)
    if why:
        text += f" Why: {why} [{theorem}]."
    if witness is not None and witness["claim"] == "not_attained":
        text += f" The infimum of the sum of squared errors is {witness['infimum']}."
    if witness is not None and witness["claim"] == "not_closed":
        points = len(witness["X"])
        inputs, outputs = witness["inputs"], witness["outputs"]
        text += f" The training set has {points} points"
        if len(inputs) < pattern.widths[0]:
            text += f", nonzero in {_listed('input', inputs)} only"
        if "units" in witness:
            text += f"; the hidden units at work are {_listed('', witness['units'][:2])}"
        text += f", the targets are in {_listed('output', outputs)} (numbered from 1)."
    if witness is not None and witness["claim"] == "some_targets":
        text += " The points and targets are not written out: there are too many, or no explicit"
        text += " matrix was found."
    return text


def _listed(what: str, numbers: Any) -> str:
    shown = ", ".join(str(number + 1) for number in list(numbers)[:6])
    more = ", ..." if len(numbers) > 6 else ""
    plural = f"{what}{'s' if len(numbers) != 1 else ''} " if what else ""
    return f"{plural}{shown}{more}"


def assumptions_for(question: Question, answer: NetworkAnswer, model: Model) -> tuple[str, ...]:
    """What the answer rests on."""
    found = []
    if question is Question.CUBE:
        found.append(
            "the inputs fill a cube [-B, B]^d; functions are compared by their largest gap"
        )
    elif question is Question.THIS_DATA:
        found.append("the loss is the squared error, without any penalty")
    else:
        found.append("the loss is continuous, at least 0, and 0 exactly for perfect predictions")
        found.append("finitely many data points; all weights on the masks are free reals")
    free = "every layer" if all(model.biases) else "no layer"
    if any(model.biases) and not all(model.biases):
        layers = [str(layer) for layer, has in enumerate(model.biases, start=1) if has]
        free = f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)}"
    found.append(f"free biases in {free}; activation: {model.activation}")
    return tuple(found)


def advice_for(question: Question, answer: NetworkAnswer) -> tuple[str, ...]:
    """What to do about it."""
    if answer in _GOOD or question is Question.CUBE:
        return ()
    return (
        "regularise: weight decay on all weights and biases always gives an optimum",
        "change the masks: 'cadlink repair' lists small changes that guarantee an optimum",
        "split the outputs: one network per output with one hidden layer always has an optimum",
    )
