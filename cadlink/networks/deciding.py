"""Answers questions about networks: the first theorem of the table that applies decides, and the
kernel re-checks every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError, quoted
from cadlink.networks import exact
from cadlink.networks.kernel import PENALTIES, Statement, check_witness, hypotheses
from cadlink.networks.kernel.losses import NAMED
from cadlink.networks.kernel.statement import ACTIVATIONS
from cadlink.networks.readers.activations import kind_of
from cadlink.networks.readers.models import model_of
from cadlink.networks.theorems.table import THEOREMS
from cadlink.networks.theorems.theorem import Case, Found, Rows, Theorem
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict, Question, answer_of
from cadlink.networks.words import advice_for, explain
from cadlink.patterns.pattern import Pattern

__all__ = ["decide_network"]


def decide_network(
    model: Any,
    question: Question | str = "a",
    inputs: Any = None,
    targets: Any = None,
    bias: bool | Sequence[bool] | None = None,
    penalty: str = "none",
    limits: Limits | None = None,
    decider: Decider | None = None,
    loss: str = "squared",
) -> NetworkVerdict:
    """Decide whether training a sparse ReLU network has an optimum, for one of four questions.

    Parameters
    ----------
    model : Pattern, or anything ``model_of`` reads
        Masks, a PyTorch module, a model file, arrays.
    question : "a", "b", "c" or "d"
        (a) is there some finite training set without an optimum; (b) for these inputs, some
        targets; (c) this training set; (d) are the functions on a cube closed in the uniform norm.
    inputs, targets : arrays of shape (points, inputs) and (points, outputs)
        For (b) the inputs, for (c) both; floats are taken exactly as they are.
    bias : bool, sequence of bool (one per layer), optional
        Which layers have free biases.  Default: as the model has; all, for a pattern.
    penalty : "none", "weights" or "all"
        What the loss is added to: nothing, a coercive penalty on all weights and none on the biases
        (weight decay), or one on all weights and biases (which may also be confined to a compact
        set).
    limits, decider : optional
        For the matrix decisions behind some answers.
    loss : str
        A name of ``cadlink.networks.kernel.losses.NAMED``: "squared", "huber", "cross_entropy"
        (softmax), "logistic", ...  Default: the squared error.  Question (d) is about no loss.

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
    asked = Question.of(question)
    if loss not in NAMED:
        raise InputError(f"loss {quoted(loss)}: expected one of {', '.join(NAMED)}")
    network = model_of(model)
    biases = network.biases if bias is None else _biases(bias, network.pattern.depth)
    xs, ys = _given(asked, network.pattern, inputs, targets)
    if penalty not in PENALTIES:
        raise InputError(f"penalty {penalty!r}: expected one of {', '.join(PENALTIES)}")
    if asked is Question.CUBE and penalty != "none":
        raise InputError("question (d) is about functions, not a loss: drop 'penalty'")
    outside = network.outside(xs is not None)
    if outside:
        unknown = NetworkAnswer.UNKNOWN
        said = explain(asked, unknown)
        return NetworkVerdict(asked, unknown, network.pattern, explanation=said, reason=outside)
    case = Case(
        asked,
        network.pattern,
        biases,
        kind_of(network.activation),
        penalty,
        xs,
        ys,
        limits or Limits(),
        decider,
        NAMED[loss],
    )
    return _decided(case)


def _decided(case: Case) -> NetworkVerdict:
    """The answer of the first theorem that gives one, or why none does."""
    why_not = []
    open_question = case.question in (Question.THIS_DATA, Question.CUBE)
    decision = None
    able = [theorem for theorem in THEOREMS if theorem.about(case)]
    if able and not any(case.activation in theorem.activations for theorem in able):
        open_question = True
        why_not.append(f"no theorem about this question covers {ACTIVATIONS[case.activation]}")
        able = []
    for theorem in able:
        missing = theorem.missing(case)
        found = None if missing else theorem.find(case)
        if found is None:
            why_not.append(f"{theorem.name} needs {missing or theorem.condition}")
            continue
        decision = decision if found.decision is None else found.decision
        if found.witness is not None:
            return _proved(case, theorem, found)
        why_not.append(f"{theorem.name} {found.why_not}")
        open_question |= found.undecided
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
        advice=advice_for(case.question, answer),
        reason="; ".join(why_not) or "no theorem is about such a network",
        decision=decision,
    )


def _proved(case: Case, theorem: Theorem, found: Found) -> NetworkVerdict:
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
        None if case.inputs is None else tuple(map(tuple, case.inputs)),
        None if case.targets is None else tuple(map(tuple, case.targets)),
    )
    checked = check_witness(statement, found.witness)
    return NetworkVerdict(
        case.question,
        answer,
        case.pattern,
        checked.theorem,
        statement,
        found.witness,
        explain(case.question, answer, theorem, found.witness, case.pattern),
        statement.hypotheses,
        advice_for(case.question, answer),
        "",
        checked.holes,
        found.decision,
    )


# -- arguments -------------------------------------------------------------------------------------


def _biases(bias: bool | Sequence[bool], layers: int) -> tuple[bool, ...]:
    if isinstance(bias, bool):
        return (bias,) * layers
    found = tuple(bool(value) for value in bias)
    if len(found) != layers:
        raise InputError(f"bias: expected {layers} truth values, one per layer, found {len(found)}")
    return found


def _given(
    question: Question, pattern: Pattern, inputs: Any, targets: Any
) -> tuple[Rows | None, Rows | None]:
    """The data as exact numbers, of the right shapes."""
    if question in (Question.SOME_DATA, Question.CUBE):
        if inputs is not None or targets is not None:
            raise InputError(
                f"question ({question.value}) takes no inputs or targets; (b) and (c) do"
            )
        return None, None
    if inputs is None:
        raise InputError(f"question ({question.value}) needs inputs, one row per point")
    xs = exact.rational_rows(inputs, "inputs", pattern.widths[0])
    if question is Question.THESE_INPUTS:
        return xs, None
    if targets is None:
        raise InputError("question (c) needs targets, one row per point")
    ys = exact.rational_rows(targets, "targets", pattern.widths[-1])
    if len(xs) != len(ys):
        raise InputError(f"expected as many targets as inputs ({len(xs)}), found {len(ys)}")
    return xs, ys
