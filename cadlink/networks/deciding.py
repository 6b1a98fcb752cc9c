"""Answers questions about networks: the first theorem of the table that applies decides, and the
kernel re-checks every answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cadlink.clock import Clock, OutOfTime
from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Decision, Limits
from cadlink.errors import CertificateError, CheckOverdue, InputError, quoted
from cadlink.networks.kernel import PENALTIES, Statement, check_witness, hypotheses
from cadlink.networks.kernel.doubles import Doubles, Parameters
from cadlink.networks.kernel.losses import NAMED
from cadlink.networks.kernel.statement import ACTIVATIONS, Points
from cadlink.networks.kernel.witness import Tick, silent
from cadlink.networks.points import CLASSES, inputs_of, targets_of
from cadlink.networks.readers.activations import kind_of
from cadlink.networks.readers.layers import Model
from cadlink.networks.readers.models import model_of
from cadlink.networks.readers.weights import comes_from
from cadlink.networks.theorems.table import THEOREMS
from cadlink.networks.theorems.theorem import Case, Found, Rows, Theorem
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict, Question, answer_of
from cadlink.networks.words import advice_for, explain, in_the_way
from cadlink.patterns.pattern import Pattern

__all__ = ["attempt", "case_of", "decide_network", "decided", "undecided"]

# Of the time that is left, for the last theorem, after which comes the check only.
LAST_SHARE = 0.9
MOST_NUMBERS = 500_000_000  # from a loader, which may never end


def decide_network(
    model: Any,
    question: Question | str | None = None,
    inputs: Any = None,
    targets: Any = None,
    bias: bool | Sequence[bool] | None = None,
    penalty: str = "none",
    limits: Limits | None = None,
    decider: Decider | None = None,
    loss: str = "squared",
    weights: Any = None,
    tick: Tick = silent,
) -> NetworkVerdict:
    """Decide whether training a sparse ReLU network has an optimum, for one of four questions.

    Parameters
    ----------
    model : Pattern, or anything ``model_of`` reads
        Masks, a PyTorch module, a model file, arrays.
    question : "a", "b", "c" or "d", optional
        (a) is there some finite training set without an optimum; (b) for these inputs, some
        targets; (c) this training set; (d) are the functions on a cube closed in the uniform norm.
        Default: (c) with inputs and targets, (b) with inputs, else (a).
    inputs, targets : arrays of shape (points, inputs) and (points, outputs)
        For (b) the inputs, for (c) both; floats are taken exactly as they are.  Targets are
        numbers, or labels: classes counted from 0, or rows of probabilities.  Instead of both: a
        DataLoader of torch, read once to the end and once more, for its points must stay.
    bias : bool, sequence of bool (one per layer), optional
        Which layers have free biases.  Default: as the model has; all, for a pattern.
    penalty : "none", "weights", "all-but-last" or "all"
        What the loss is added to: nothing, a coercive penalty on all weights and none on the biases
        (weight decay), one on the weights of all layers but the last, or one on all weights and
        biases (which may also be confined to a compact set).  The decoupled decay of AdamW is no
        penalty.
    limits : Limits, optional
        The time for everything, the check of the proof included; and the memory of each backend.
    decider : Decider, optional
        For the matrix decisions behind some answers.
    loss : str
        A name of ``cadlink.networks.kernel.losses.NAMED``: "squared", "huber", "cross_entropy"
        (softmax), "logistic", ...  Default: the squared error.  Question (d) is about no loss.
    weights : anything ``model_of`` reads, optional
        A checkpoint, for what may be said of data that some weights classify or fit.  Default: the
        numbers of the model, if it has some.
    tick : function of a text and a share from 0 to 1, optional
        Told how far a long check is.

    Returns
    -------
    NetworkVerdict
        Its witness has been accepted by ``cadlink.networks.kernel``.

    Raises
    ------
    InputError
        For an unreadable model, an unknown question or loss, or missing or misshapen data.

    References
    ----------
    Q.-T. Le, E. Riccietti, R. Gribonval, "Does a sparse ReLU network training problem always admit
    an optimum?", NeurIPS 2023, arXiv 2306.02666.

    Examples
    --------
    >>> decide_network("dense:2-2-2").answer, decide_network("dense:2-2-1").theorem
    (<NetworkAnswer.NO_OPTIMUM: 'no_optimum'>, 'R1')
    """
    case, outside = case_of(
        model, question, inputs, targets, bias, penalty, limits, decider, loss, weights
    )
    if weights is not None and case.inputs is None:
        raise InputError(f"question ({case.question.value}) is about no data: drop it", "weights")
    return decided(case, outside, tick)


def case_of(
    model: Any,
    question: Question | str | None = None,
    inputs: Any = None,
    targets: Any = None,
    bias: bool | Sequence[bool] | None = None,
    penalty: str = "none",
    limits: Limits | None = None,
    decider: Decider | None = None,
    loss: str = "squared",
    weights: Any = None,
) -> tuple[Case, str]:
    """The question as the theorems see it, and why none of them is about such a network, or "".

    Arguments and errors are those of :func:`decide_network`.

    >>> case_of("lu:2")[0].question
    <Question.SOME_DATA: 'a'>
    """
    limits = limits or Limits()
    clock = Clock.of(limits.wall_s)
    if comes_from(inputs, "torch") and not hasattr(inputs, "shape"):
        inputs, targets = _loaded(inputs, targets)
    if question is None:
        question = "a" if inputs is None else "b" if targets is None else "c"
    asked = Question.of(question)
    if loss not in NAMED:
        raise InputError(f"loss {quoted(loss)}: expected one of {', '.join(NAMED)}")
    network = model_of(model)
    if NAMED[loss] in CLASSES and network.pattern.widths[-1] < 2:
        raise InputError(
            "softmax cross-entropy of one output is 0 always; for one output use the loss logistic"
        )
    if NAMED[loss] in ("cross_entropy", "soft_cross_entropy", "logistic", "soft_logistic"):
        network = network.before_probabilities("softmax" if "entropy" in loss else "sigmoid")
    biases = network.biases if bias is None else _biases(bias, network.pattern.depth)
    xs, ys, kind = _given(asked, network.pattern, inputs, targets, NAMED[loss])
    if penalty not in PENALTIES:
        raise InputError(f"penalty {penalty!r}: expected one of {', '.join(PENALTIES)}")
    if asked is Question.CUBE and penalty != "none":
        raise InputError("question (d) is about functions, not a loss: drop 'penalty'")
    case = Case(
        asked,
        network.pattern,
        biases,
        kind_of(network.activation),
        penalty,
        xs,
        ys,
        limits,
        decider,
        kind,
        _parameters(network, weights),
        clock,
    )
    return case, network.outside(xs is not None)


def undecided(question: Question, pattern: Pattern, reason: str) -> NetworkVerdict:
    """The verdict where no theorem is about such a network, loss or training."""
    unknown = NetworkAnswer.UNKNOWN
    said = explain(question, unknown)
    return NetworkVerdict(question, unknown, pattern, explanation=said, reason=reason)


def decided(case: Case, outside: str = "", tick: Tick = silent) -> NetworkVerdict:
    """The answer of the first theorem that gives one, or why none does; ``case`` and ``outside``
    as :func:`case_of` gives them."""
    if outside:
        return undecided(case.question, case.pattern, outside)
    why_not = []
    open_question = case.question in (Question.THIS_DATA, Question.CUBE)
    decision = None
    able = [theorem for theorem in THEOREMS if theorem.about(case)]
    if able and not any(case.activation in theorem.activations for theorem in able):
        open_question = True
        why_not.append(f"no theorem about this question covers {ACTIVATIONS[case.activation]}")
        able = []
    for theorem in able:
        if case.clock.expired():
            open_question = True
            why_not.append("the time limit was reached")
            break
        share = LAST_SHARE if theorem is able[-1] else theorem.share
        came = attempt(case, theorem, share, tick)
        if came.verdict is not None:
            return came.verdict
        why_not.append(came.why_not)
        open_question |= came.undecided
        decision = decision if came.decision is None else came.decision
    answer = NetworkAnswer.UNKNOWN if open_question else NetworkAnswer.NOT_EXCLUDED
    return NetworkVerdict(
        case.question,
        answer,
        case.pattern,
        explanation=explain(case.question, answer),
        assumptions=hypotheses(
            case.question.value,
            None if case.question is Question.CUBE else case.loss,
            case.penalty,
            case.biases,
            case.activation,
        ),
        advice=advice_for(case, answer),
        reason="; ".join(why_not) or "no theorem is about such a network",
        decision=decision,
        obstacles=in_the_way(case, answer),
    )


@dataclass(frozen=True)
class Attempt:
    """What came of a theorem: a verdict, or why there is none, and whether that leaves it open."""

    verdict: NetworkVerdict | None = None
    why_not: str = ""
    undecided: bool = False
    decision: Decision | None = None


def attempt(case: Case, theorem: Theorem, share: float, tick: Tick) -> Attempt:
    """Try one theorem about the case in a share of the time that is left."""
    missing = theorem.missing(case)
    try:
        found = None if missing else theorem.find(replace(case, clock=case.clock.share(share)))
    except OutOfTime:
        why_not = f"{theorem.name} was not examined to the end: its time was over"
        return Attempt(None, why_not, True)
    if found is None:
        return Attempt(None, f"{theorem.name} needs {missing or theorem.condition}")
    if found.witness is None:
        why_not = f"{theorem.name} {found.why_not}"
        return Attempt(None, why_not, found.undecided, found.decision)
    try:
        return Attempt(_proved(case, theorem, found, tick))
    except CheckOverdue:
        why_not = f"the time limit was reached while {theorem.name} was checked"
        return Attempt(None, why_not, True, found.decision)
    except CertificateError as error:
        if not found.tentative:
            raise
        return Attempt(None, f"{theorem.name} needs {error.expected}", False, found.decision)


def _proved(case: Case, theorem: Theorem, found: Found, tick: Tick) -> NetworkVerdict:
    """The verdict of a theorem, its witness accepted by the kernel."""
    assert found.witness is not None
    answer = answer_of(case.question, found.witness["claim"])
    statement = Statement(
        case.pattern,
        case.biases,
        case.activation,
        theorem.stated_loss(case),
        case.penalty,
        case.question.value,
        answer.value,
        _frozen(case.inputs),
        _frozen(case.targets),
    )
    checked = check_witness(statement, found.witness, tick, case.clock.deadline)
    return NetworkVerdict(
        case.question,
        answer,
        case.pattern,
        checked.theorem,
        statement,
        found.witness,
        explain(case.question, answer, theorem, found.witness, case.pattern),
        statement.hypotheses,
        advice_for(case, answer),
        "",
        checked.holes,
        found.decision,
        in_the_way(case, answer),
    )


# -- arguments -------------------------------------------------------------------------------------


def _biases(bias: bool | Sequence[bool], layers: int) -> tuple[bool, ...]:
    if isinstance(bias, bool):
        return (bias,) * layers
    found = tuple(bool(value) for value in bias)
    if len(found) != layers:
        raise InputError(f"bias: expected {layers} truth values, one per layer, found {len(found)}")
    return found


def _loaded(loader: Any, targets: Any) -> tuple[Any, Any]:
    """Inputs and targets of a loader."""
    if targets is not None:
        raise InputError("a loader brings its own targets: drop 'targets'")
    from cadlink.networks.readers.loaders import batches_of

    found = batches_of(loader, MOST_NUMBERS)
    if found is None:
        raise InputError(f"the loader gives more than {MOST_NUMBERS} numbers", "inputs")
    return found


def _given(
    question: Question, pattern: Pattern, inputs: Any, targets: Any, loss: str
) -> tuple[Rows | Doubles | None, Rows | Doubles | None, str]:
    """The data as exact numbers, of the right shapes, and the loss that the labels show."""
    if question in (Question.SOME_DATA, Question.CUBE):
        if inputs is not None or targets is not None:
            raise InputError(
                f"question ({question.value}) takes no inputs or targets; (b) and (c) do"
            )
        return None, None, loss
    if inputs is None:
        raise InputError(f"question ({question.value}) needs inputs, one row per point")
    xs = inputs_of(inputs, pattern.widths[0])
    if question is Question.THESE_INPUTS:
        return xs, None, loss
    if targets is None:
        raise InputError("question (c) needs targets, one row per point")
    return xs, *targets_of(targets, loss, pattern.widths[-1], len(xs))


def _frozen(rows: Rows | Doubles | None) -> Points | None:
    return rows if rows is None or isinstance(rows, Doubles) else tuple(map(tuple, rows))


def _parameters(network: Model, weights: Any) -> Parameters | None:
    """The numbers of the checkpoint, or of the model.  InputError if the checkpoint has none."""
    if weights is None:
        return network.parameters()
    checkpoint = model_of(weights)
    if checkpoint.pattern.widths != network.pattern.widths:
        raise InputError(
            f"expected weights of layers of the sizes {network.pattern.widths}, found"
            f" {checkpoint.pattern.widths}",
            "weights",
        )
    found = checkpoint.parameters()
    if found is None:
        raise InputError("expected numbers, found masks only", "weights")
    for number, (weight, mask) in enumerate(
        zip(found.weights, network.pattern.layers, strict=True)
    ):
        outside = int(np.count_nonzero(weight) - np.count_nonzero(weight[mask.nonzero()]))
        if outside:
            raise InputError(
                f"{outside} weights outside the mask of the network", f"weights, layer {number}"
            )
    return found
