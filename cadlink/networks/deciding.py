"""Which theorem answers which question about a network; the kernel re-checks every answer.

(a) some data: R16, R1 and R13 (safe), R1 (one hidden layer), N1, R14, R15 (deeper).
(b) these inputs: R1, R13, R2, R3, R6, N1.
(c) this training set: (b), targets that are realised, data of a theorem, and the exact procedure of
``exact``.
(d) functions on a cube: R8, R9, R10, N1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Decision, Limits, Verdict
from cadlink.errors import InputError
from cadlink.networks import exact
from cadlink.networks.kernel import check_witness
from cadlink.networks.readers.models import Model, model_of
from cadlink.networks.theorems import (
    bottleneck,
    cube,
    depth,
    linear_part,
    one_hidden_layer,
    safe_inputs,
    trees,
)
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict, Question, number_json
from cadlink.networks.words import advice_for, assumptions_for, explain
from cadlink.patterns.pattern import Pattern

__all__ = ["decide_network"]

Witness: TypeAlias = dict[str, Any]
Rows: TypeAlias = list[list[Fraction]]

SEARCH_S = 10.0  # for an explicit matrix that is missed
MATRIX_EDGES = 2_000_000  # larger networks are not put to the matrix decision


@dataclass(frozen=True)
class _Case:
    """One question about one model, with what is needed to answer it."""

    question: Question
    model: Model
    inputs: Rows | None
    targets: Rows | None
    limits: Limits
    decider: Decider | None

    @property
    def pattern(self) -> Pattern:
        return self.model.pattern

    def matrix(self, pattern: Pattern | None = None) -> Decision:
        """The decision about the products of the masks."""
        wanted = self.pattern if pattern is None else pattern
        if self.decider is not None:
            return self.decider.decide(wanted, self.limits)
        with Decider() as decider:
            return decider.decide(wanted, self.limits)

    def says(
        self,
        answer: NetworkAnswer,
        witness: Witness | None = None,
        theorem: str = "",
        reason: str = "",
        decision: Decision | None = None,
    ) -> NetworkVerdict:
        """The verdict in words, its witness checked."""
        holes: tuple[str, ...] = ()
        if witness is not None:
            holes = check_witness(self.pattern, witness, self.model.biases).holes
            theorem = theorem or str(witness["theorem"])
        return NetworkVerdict(
            self.question,
            answer,
            self.pattern,
            theorem,
            witness,
            explain(self.question, answer, theorem, witness, self.pattern),
            assumptions_for(self.question, answer, self.model),
            advice_for(self.question, answer),
            reason,
            holes,
            decision,
        )


def decide_network(
    model: Any,
    question: Question | str = "a",
    inputs: Any = None,
    targets: Any = None,
    bias: bool | Sequence[bool] | None = None,
    regularised: bool = False,
    limits: Limits | None = None,
    decider: Decider | None = None,
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
    regularised : bool
        Whether the loss has a coercive penalty on all weights and biases (weight decay on
        everything), or these are confined to a compact set.
    limits, decider : optional
        For the matrix decisions behind some answers.

    Returns
    -------
    NetworkVerdict
        Its witness has been accepted by ``cadlink.networks.kernel``.

    Raises
    ------
    InputError
        For an unreadable model, an unknown question, or missing or misshapen data.

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
    network = model_of(model)
    if bias is not None:
        network = replace(network, biases=_biases(bias, network.pattern.depth))
    xs, ys = _given(asked, network.pattern, inputs, targets)
    case = _Case(asked, network, xs, ys, limits or Limits(), decider)
    if asked is Question.CUBE:
        if regularised:
            raise InputError("question (d) is about functions, not a loss: drop 'regularised'")
        return _cube(case)
    if regularised:
        return case.says(NetworkAnswer.OPTIMUM_GUARANTEED, {"theorem": "R16", "claim": "attained"})
    safe = _safe(case)
    if safe is not None:
        return case.says(NetworkAnswer.OPTIMUM_GUARANTEED, safe)
    if network.activation == "linear":
        return _linear(case)
    if network.activation != "relu":
        return case.says(
            NetworkAnswer.NOT_EXCLUDED,
            reason="for leaky ReLU only the guarantees R1, R13 and R16 are proved here, and they do"
            " not apply",
        )
    answer = {Question.SOME_DATA: _some_data, Question.THESE_INPUTS: _these_inputs}
    return answer.get(asked, _this_data)(case)


# -- questions -------------------------------------------------------------------------------------


def _safe(case: _Case) -> Witness | None:
    """R1 and R13: every finite training set has an optimum."""
    partial = not all(case.model.biases)
    return one_hidden_layer.guaranteed(case.pattern, partial) or trees.guaranteed(
        case.pattern, partial
    )


def _some_data(case: _Case) -> NetworkVerdict:
    pattern, biases = case.pattern, case.model.biases
    if pattern.depth == 2:
        witness = one_hidden_layer.some_data(pattern, hidden_bias=biases[0])
        if witness is not None:
            return case.says(NetworkAnswer.NO_OPTIMUM, witness)
        return case.says(
            NetworkAnswer.NOT_EXCLUDED,
            reason="the hidden layer has no biases, and no two units share two inputs, so R1's data"
            " cannot be built",
        )
    if not all(biases[:-1]):
        return case.says(
            NetworkAnswer.NOT_EXCLUDED,
            reason="for more than one hidden layer the theorems need free biases in every hidden"
            " layer",
        )
    found = [depth.some_data(pattern), bottleneck.some_data(pattern)]
    if biases[-1]:
        found.append(linear_part.by_cut(pattern))
    witnesses = [witness for witness in found if witness is not None]
    if witnesses:
        return case.says(
            NetworkAnswer.NO_OPTIMUM, min(witnesses, key=lambda witness: len(witness["X"]))
        )
    existing = bottleneck.existence(pattern)
    if existing is not None:
        return case.says(NetworkAnswer.NO_OPTIMUM, existing)
    if not biases[-1]:
        return case.says(
            NetworkAnswer.NOT_EXCLUDED,
            reason="R14 and R15 do not apply, and N1 needs a free output bias",
        )
    if pattern.nnz > MATRIX_EDGES:
        return case.says(
            NetworkAnswer.UNKNOWN,
            reason=f"R14 and R15 do not apply, and {pattern.nnz} weights are too many for N1",
        )
    decision = case.matrix()
    if decision.verdict is Verdict.NOT_CLOSED:
        witness = linear_part.by_search(pattern, decision, min(SEARCH_S, case.limits.wall_s))
        witness = witness or linear_part.some_targets(decision)
        return case.says(NetworkAnswer.NO_OPTIMUM, witness, decision=decision)
    if decision.verdict is Verdict.UNKNOWN:
        return case.says(
            NetworkAnswer.UNKNOWN,
            reason="R14 and R15 do not apply, and for N1 it is unknown whether the products of the"
            f" masks are closed: {decision.detail}",
            decision=decision,
        )
    return case.says(
        NetworkAnswer.NOT_EXCLUDED,
        reason="the products of the masks are closed, so N1 says nothing; R13, R14 and R15 do not"
        " apply",
        decision=decision,
    )


def _these_inputs(case: _Case) -> NetworkVerdict:
    assert case.inputs is not None
    pattern, biases = case.pattern, case.model.biases
    safe = _safe_inputs(case)
    if safe is not None:
        witness, decision = safe
        answer = NetworkAnswer.OPTIMUM_GUARANTEED
        if witness["claim"] == "some_targets":
            answer = NetworkAnswer.NO_OPTIMUM
        return case.says(answer, witness, decision=decision)
    if biases[0] and pattern.depth == 2:
        found = one_hidden_layer.these_inputs(pattern, case.inputs)
        if found is not None:
            return case.says(NetworkAnswer.NO_OPTIMUM, found)
    if all(biases):
        found = linear_part.these_inputs(pattern, case.inputs)
        if found is not None:
            return case.says(NetworkAnswer.NO_OPTIMUM, found)
    reason = "the inputs hold no line with enough points for R2 or R3, and R6 does not apply"
    if pattern.depth > 2:
        reason = (
            "for given inputs and more than one hidden layer only R13 and N1 are known, and they"
        )
        reason += " do not apply"
    elif not all(biases):
        reason = "R2 and R3 need hidden biases and a line with enough points, R6 all biases"
    return case.says(NetworkAnswer.NOT_EXCLUDED, reason=reason)


def _safe_inputs(case: _Case) -> tuple[Witness, Decision | None] | None:
    """R6, either way; its matrix decision where one was made."""
    if case.inputs is None or not all(case.model.biases):
        return None
    points = [list(x) for x in dict.fromkeys(map(tuple, case.inputs))]
    data = {"X": [[number_json(v) for v in x] for x in points]}
    if safe_inputs.enough_units(case.pattern, points):
        return {"theorem": "R6", "claim": "attained", **data}, None
    if not safe_inputs.independent(case.pattern, points):
        return None
    blocks = safe_inputs.block_pattern(case.pattern, len(points))
    if blocks is None:
        return {"theorem": "R6", "claim": "closed", "certificate": None, **data}, None
    decision = case.matrix(blocks)
    if decision.certificate is None:
        return None
    claim = "closed" if decision.verdict is Verdict.CLOSED else "some_targets"
    certificate = decision.certificate.to_json()
    return {"theorem": "R6", "claim": claim, "certificate": certificate, **data}, decision


def _this_data(case: _Case) -> NetworkVerdict:
    assert case.inputs is not None
    assert case.targets is not None
    pattern, biases = case.pattern, case.model.biases
    safe = _safe_inputs(case)
    if safe is not None and safe[0]["claim"] != "some_targets":
        return case.says(NetworkAnswer.OPTIMUM_GUARANTEED, safe[0], decision=safe[1])
    for witness in _known_data(case):
        if _same_data(witness, case):
            return case.says(NetworkAnswer.NO_OPTIMUM, witness)
    found = exact.decide_data(pattern, biases, case.inputs, case.targets, case.limits, case.decider)
    if found.witness is not None:
        answer = NetworkAnswer.OPTIMUM_GUARANTEED
        if found.witness["claim"] == "not_attained":
            answer = NetworkAnswer.NO_OPTIMUM
        return case.says(answer, found.witness)
    return case.says(NetworkAnswer.UNKNOWN, reason=found.reason)


def _known_data(case: _Case) -> list[Witness]:
    """The explicit data of the theorems that apply to this network."""
    pattern, biases = case.pattern, case.model.biases
    found: list[Witness | None] = []
    assert case.inputs is not None
    if pattern.depth == 2:
        found.append(one_hidden_layer.some_data(pattern, hidden_bias=biases[0]))
        found.append(one_hidden_layer.some_data(pattern, hidden_bias=biases[0], four=True))
        if biases[0]:
            found.append(one_hidden_layer.these_inputs(pattern, case.inputs))
    if all(biases[:-1]):
        found += [depth.some_data(pattern), bottleneck.some_data(pattern)]
        if biases[-1]:
            found.append(linear_part.by_cut(pattern))
    return [witness for witness in found if witness is not None]


def _same_data(witness: Mapping[str, Any], case: _Case) -> bool:
    """Whether the witness is about exactly the given training set, in some order."""
    assert case.inputs is not None
    assert case.targets is not None
    if len(witness["X"]) != len(case.inputs):
        return False
    given = sorted((tuple(x), tuple(y)) for x, y in zip(case.inputs, case.targets, strict=True))
    widths = case.pattern.widths
    known = sorted(
        (_full(x, witness["inputs"], widths[0]), _full(y, witness["outputs"], widths[-1]))
        for x, y in zip(witness["X"], witness["Y"], strict=True)
    )
    return given == known


def _full(row: Sequence[Any], places: Sequence[int], width: int) -> tuple[Fraction, ...]:
    values = dict(zip(places, row, strict=True))
    return tuple(Fraction(values.get(place, 0)) for place in range(width))


def _cube(case: _Case) -> NetworkVerdict:
    biases = case.model.biases
    if case.model.activation != "relu" or not all(biases):
        return case.says(
            NetworkAnswer.UNKNOWN,
            reason="R8, R9, R10 and N1 are about ReLU with free biases in every layer",
        )
    witness = cube.closed(case.pattern)
    if witness is not None:
        return case.says(NetworkAnswer.CLOSED_ON_CUBE, witness)
    if case.pattern.depth == 1:
        return case.says(
            NetworkAnswer.CLOSED_ON_CUBE, theorem="affine maps", reason="no hidden layer"
        )
    decision = case.matrix()
    witness = linear_part.some_targets(decision, cube=True)
    if witness is not None:
        return case.says(NetworkAnswer.NOT_CLOSED_ON_CUBE, witness, decision=decision)
    reason = "R8 does not apply, and the products of the masks are closed, so N1 says nothing"
    if decision.verdict is Verdict.UNKNOWN:
        reason = f"R8 does not apply, and N1 is undecided: {decision.detail}"
    return case.says(NetworkAnswer.UNKNOWN, reason=reason, decision=decision)


def _linear(case: _Case) -> NetworkVerdict:
    """No activation at all: predictions are A x + c with A a product of the masks."""
    if case.question is Question.THIS_DATA:
        reason = "for linear networks only questions (a) and (b) are answered"
        return case.says(NetworkAnswer.UNKNOWN, reason=reason)
    if any(case.model.biases) and not case.model.biases[-1]:
        reason = "a linear network with biases, but none in the last layer, is not covered"
        return case.says(NetworkAnswer.UNKNOWN, reason=reason)
    decision = case.matrix()
    if decision.verdict is Verdict.UNKNOWN:
        return case.says(NetworkAnswer.UNKNOWN, reason=decision.detail, decision=decision)
    whole = case.inputs is None or safe_inputs.spanning(case.inputs, case.model.biases[-1])
    closed = decision.verdict is Verdict.CLOSED
    if closed and case.inputs is not None and whole:
        return case.says(
            NetworkAnswer.OPTIMUM_GUARANTEED, theorem="matrix verdict", decision=decision
        )
    if not closed and whole:
        return case.says(NetworkAnswer.NO_OPTIMUM, theorem="matrix verdict", decision=decision)
    reason = (
        "the products of the masks are closed, which guarantees an optimum for every training set"
        " whose inputs span the input space; other inputs can still fail"
    )
    if case.inputs is not None:
        reason = "the inputs do not span the input space, so the matrix verdict does not decide"
    return case.says(NetworkAnswer.NOT_EXCLUDED, reason=reason, decision=decision)


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
