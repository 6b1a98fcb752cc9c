"""The theorems about networks, in the order in which they are tried.

Deciding, training sets, explanations and reasons "why not" all read this table; the kernel has its
own (``cadlink.networks.kernel.table``).  To add a theorem: its module, a line here, its check and
a row there, a paragraph in THEOREMS.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cadlink.clock import OutOfTime
from cadlink.deciding.decision import Decision, Verdict
from cadlink.networks import exact
from cadlink.networks.kernel.statement import SMOOTH
from cadlink.networks.kernel.table import ALL, FIRST, FROM_SOME_LAYER, LAST, OUTPUT, UPWARDS
from cadlink.networks.theorems import (
    cube,
    decay,
    depth,
    features,
    hall,
    identified,
    linear_part,
    narrow,
    nearby,
    one_hidden_layer,
    safe_inputs,
    saturated,
    separable,
    smooth,
    trees,
    two_outputs,
)
from cadlink.networks.theorems.moving import moved_to
from cadlink.networks.theorems.theorem import Case, Found, Theorem, Witness
from cadlink.networks.verdict import NetworkAnswer, Question

__all__ = ["THEOREMS", "named"]

SEARCH_S = 10.0  # for an explicit matrix that is missed
MATRIX_EDGES = 2_000_000  # larger networks are not put to the matrix decision

_A, _B, _C, _D = Question
_NO, _YES = NetworkAnswer.NO_OPTIMUM, NetworkAnswer.OPTIMUM_GUARANTEED
_EVERY = frozenset({(_A, _YES), (_B, _YES), (_C, _YES)})


def _found(witness: Witness | None, tentative: bool = False) -> Found | None:
    return None if witness is None else Found(witness, tentative=tentative)


# -- finders that need more than the masks ---------------------------------------------------------


def _from(make: Callable[[Case], Witness | None]) -> Callable[[Case], Found | None]:
    """The finder of a theorem with data of our choice: for question (c) they must be the case's."""

    def find(case: Case) -> Found | None:
        witness = make(case)
        if witness is not None and case.question is _C:
            given = moved_to(witness, case)
            return Found(given, "is about other data", tentative=True)
        return _found(witness)

    return find


def _four_points(case: Case) -> Witness | None:
    return one_hidden_layer.some_data(case, four=True)


def _cut(case: Case) -> Witness | None:
    return linear_part.by_cut(case.pattern, all(case.biases), case.clock)


def _in_time(find: Callable[[Case], Found | None], case: Case) -> Found | None:
    """What the finder says in half of the time, for something quicker comes after it; or None."""
    try:
        return find(replace(case, clock=case.clock.share(1 / 2)))
    except OutOfTime:
        return None


def _data_or(
    make: Callable[[Case], Witness | None], exists: Callable[[Case], Witness | None]
) -> Callable[[Case], Found | None]:
    """The finder of a theorem with data if they are few, else, for (a), that they exist."""

    def find(case: Case) -> Found | None:
        if case.question is not _A:
            return _from(make)(case)
        known = _found(exists(case))
        return known and (_in_time(_from(make), case) or known)

    return find


def _claiming(found: Found, answer: NetworkAnswer) -> Found | None:
    """One of the two sides of a theorem that decides."""
    assert found.witness is not None
    good = found.witness["claim"] == "attained"
    return found if good == (answer is _YES) else None


def _hard_labels(case: Case) -> Found | None:
    """R23 (i): labels of our choice, which soft ones are not."""
    hard = case.loss in ("cross_entropy", "logistic")
    return Found({"theorem": "R23i", "claim": "some_labels"}) if hard else None


def _smooth(case: Case) -> Found | None:
    """R22: what it needs of the masks depends on the activation."""
    if case.activation in ("tanh", "sigmoid"):
        return _found(smooth.bounded(case.pattern, case.activation, case.biases))
    return _found(smooth.derivative(case.pattern, case.biases))


def _searched(case: Case, decision: Decision) -> Witness | None:
    clock = case.clock.at_most(SEARCH_S)
    return linear_part.by_search(case.pattern, decision, clock, all(case.biases))


def _products(case: Case) -> Found | None:
    """N1: an explicit cut, or the decision about the products of the masks."""
    if case.question is _B:
        assert case.inputs is not None
        if not all(case.biases):
            return None
        return _found(linear_part.these_inputs(case.pattern, case.inputs, case.clock))
    if case.question is not _D:
        found = _in_time(_from(_cut), case)
        if found is not None or case.question is _C:
            return found
    if case.pattern.nnz > MATRIX_EDGES:
        reason = f"was not tried: {case.pattern.nnz} weights are too many for a matrix decision"
        return Found(why_not=reason, undecided=True)
    decision = case.matrix()
    if decision.verdict is Verdict.UNKNOWN:
        return Found(None, f"is undecided ({decision.detail})", decision, undecided=True)
    if decision.verdict is Verdict.CLOSED:
        return Found(None, "says nothing, as the products of the masks are closed", decision)
    witness = None
    if case.question is _A:
        witness = _searched(case, decision)
    return Found(
        witness or linear_part.some_targets(decision, cube=case.question is _D), "", decision
    )


def _linear(case: Case) -> Found | None:
    """No activation at all: predictions are A x + c with A a product of the masks."""
    if case.inputs is not None and not safe_inputs.spanning(
        case.inputs, case.biases[-1], case.clock
    ):
        return None
    decision = case.matrix()
    if decision.verdict is Verdict.CLOSED and case.question is _A:
        reason = (
            "says only that every training set whose inputs span the input space has an optimum,"
            " as the products of the masks are closed; other inputs can still fail"
        )
        return Found(None, reason, decision)
    some = "some_targets" if case.question is _A else "not_closed"
    return _certified("linear", case, decision, some)


def _certified(theorem: str, case: Case, decision: Decision, some: str) -> Found:
    """What the decision about some products says: closed for all targets, or not, claimed as
    ``some``, which is no answer about given targets."""
    if decision.certificate is None:
        return Found(None, f"is undecided ({decision.detail})", decision, undecided=True)
    closed = decision.verdict is Verdict.CLOSED
    if not closed and case.question is _C:
        return Found(None, "says only that some targets fail for these inputs", decision)
    claim, certificate = "closed" if closed else some, decision.certificate.to_json()
    return Found({"theorem": theorem, "claim": claim, "certificate": certificate}, "", decision)


def _independent(case: Case) -> Found | None:
    """R6, either way."""
    assert case.inputs is not None
    points = [list(x) for x in dict.fromkeys(map(tuple, case.inputs))]
    if safe_inputs.enough_units(case.pattern, points, case.clock):
        return Found({"theorem": "R6", "claim": "attained"})
    if not safe_inputs.independent(case.pattern, points, case.clock):
        return None
    blocks = safe_inputs.block_pattern(case.pattern, len(points))
    if blocks is None:
        return Found({"theorem": "R6", "claim": "closed", "certificate": None})
    return _certified("R6", case, case.matrix(blocks), "some_targets")


# -- the table -------------------------------------------------------------------------------------

SHARING = (
    "two units that share an output, one of them with a second output, and if the hidden layer"
    " has no biases also share two inputs",
    "two hidden units share an output and one of them feeds a second output: when their kinks"
    " merge, they can produce in the limit a step that no such pair produces",
)
THEOREMS: tuple[Theorem, ...] = (
    Theorem(
        "R16",
        _EVERY,
        "a penalty on all weights and biases",
        "a penalty on all weights and biases keeps them bounded, and a continuous function has a"
        " minimum on a bounded closed set",
        lambda case: Found({"theorem": "R16", "claim": "attained"}),
        loss="continuous",
        activations=("relu", "leaky_relu", "linear", *SMOOTH),
        penalty="all",
        many=True,
    ),
    Theorem(
        "R24",
        _EVERY,
        "a penalty on all weights",
        "a penalty on all weights keeps them bounded, and then a bias that grows beyond all bounds"
        " can be replaced by one that does not without changing a prediction",
        lambda case: Found({"theorem": "R24", "claim": "attained"}),
        loss="growing",
        activations=("relu", "leaky_relu", "linear"),
        biases=UPWARDS,
        penalty="weights",
        many=True,
    ),
    Theorem(
        "R24b",
        frozenset({(_A, _NO), (_B, _NO), (_C, _NO)}),
        "a class without points",
        "the bias of a class that no point has can be lowered for ever, and each time the loss"
        " falls",
        lambda case: _claiming(decay.every_label(case), _NO),
        loss="labels",
        activations=("relu", "leaky_relu", "linear"),
        biases=OUTPUT,
        penalty="weights",
        many=True,
    ),
    Theorem(
        "R24b",
        _EVERY,
        "labels of every class",
        "a penalty on all weights keeps them bounded, and labels of every class keep the output"
        " biases together",
        lambda case: _claiming(decay.every_label(case), _YES),
        loss="labels",
        activations=("relu", "leaky_relu", "linear"),
        biases=FROM_SOME_LAYER,
        penalty="weights",
        many=True,
    ),
    Theorem(
        "R24c",
        frozenset({(_C, _NO)}),
        "targets that vary with some input",
        "the last weights are free of the penalty: they grow while all others shrink, until the"
        " penalty is as good as none; only constant predictions could be best, and a small step"
        " along one path is better",
        decay.left_out,
        loss="averaging",
        biases=ALL,
        penalty="all-but-last",
        hidden=(1, None),
        many=True,
    ),
    Theorem(
        "R1",
        _EVERY,
        "one unit or one output in every component of hidden units and outputs",
        "every connected component of hidden units and outputs has one unit or one output",
        lambda case: _found(one_hidden_layer.guaranteed(case.pattern, not all(case.biases))),
        loss="growing",
        activations=("relu", "leaky_relu", "linear"),
        hidden=(1, 1),
        many=True,
    ),
    Theorem(
        "R13",
        _EVERY,
        "hidden units that feed one unit each and outputs that share none",
        "every hidden unit but the last ones feeds one unit only, and outputs share no units in a"
        " harmful way",
        lambda case: _found(trees.guaranteed(case.pattern, not all(case.biases))),
        loss="growing",
        activations=("relu", "leaky_relu", "linear"),
        many=True,
    ),
    Theorem(
        "R23i",
        frozenset({(_A, _NO), (_B, _NO)}),
        "free output biases",
        "points that all have one label are served better and better by an output bias that grows;"
        " so it is for every training set that some weights classify all right",
        _hard_labels,
        loss="labels",
        activations=("relu", "leaky_relu", "linear"),
        biases=OUTPUT,
        many=True,
    ),
    Theorem(
        "R23i",
        frozenset({(_C, _NO)}),
        "hard labels, and weights that classify every point right",
        "the weights given classify every point right, and the larger a multiple of the last layer,"
        " the nearer is the loss to 0, which it never reaches",
        separable.separated,
        loss="labels",
        activations=("relu", "linear"),
        many=True,
    ),
    Theorem(
        "R23ii",
        _EVERY,
        "two classes with soft labels, and a network that is safe with one output",
        "with two classes the loss is about the difference of the outputs, which tends to infinity"
        " at no best weights, as both labels count at every point; and with this one output the"
        " network always has an optimum",
        lambda case: _found(separable.two_soft_classes(case)),
        loss="soft_cross_entropy",
        activations=("relu", "leaky_relu", "linear"),
        many=True,
    ),
    Theorem(
        "R20",
        _EVERY,
        "one input, one unit in the first of two hidden layers, and one output",
        "one unit of the first hidden layer follows the one input and feeds all others",
        lambda case: _found(narrow.guaranteed(case.pattern, case.biases)),
        loss="growing",
        biases=ALL,
        hidden=(2, 2),
    ),
    Theorem(
        "linear",
        frozenset({(_A, _NO), (_B, _NO), (_B, _YES), (_C, _YES)}),
        "inputs that span the input space",
        "without an activation the predictions are those of a product of matrices with these masks,"
        " and these inputs tell all matrices apart",
        _linear,
        unwritten="no explicit matrix was looked for",
        loss="coercive",
        activations=("linear",),
        biases=LAST,
    ),
    Theorem(
        "R6",
        frozenset({(_B, _NO), (_B, _YES), (_C, _YES)}),
        "inputs in general position, or as many units as points",
        "the inputs are in such general position, or the units so many, that the question reduces"
        " to matrices",
        _independent,
        unwritten="no explicit matrix was looked for",
        loss="coercive",
        biases=ALL,
        hidden=(1, 1),
    ),
    Theorem(
        "R23iii",
        frozenset({(_B, _YES), (_C, _YES)}),
        "a last hidden layer with as many units as points but one, or weights whose last features"
        " are independent",
        "the last hidden layer has so many units that some weights fit any targets at these inputs",
        features.full_rank,
        loss="attaining",
        hidden=(1, None),
        many=True,
    ),
    Theorem(
        "R1",
        frozenset({(_A, _NO), (_C, _NO)}),
        *SHARING,
        _data_or(one_hidden_layer.some_data, one_hidden_layer.existence),
        hidden=(1, 1),
        data=one_hidden_layer.some_data,
        points="{points} points on a line and targets with a change of slope at every second point:"
        " the {units} hidden units that vary there would all be used up, and none is left for the"
        " change between (theorem R1)",
    ),
    Theorem(
        "R1",
        frozenset({(_A, _NO)}),
        *SHARING,
        lambda case: _found(one_hidden_layer.existence(case)),
        activations=("leaky_relu",),
        hidden=(1, 1),
        unwritten="they depend on the slope",
    ),
    Theorem(
        "R3",
        frozenset({(_B, _NO), (_C, _NO)}),
        "two units that share an output, alone on a line of four inputs",
        "four inputs on a line, and only two units to follow them: in the limit of merging kinks"
        " they do what no two units do",
        _from(lambda case: _four_points(case) if case.question is _C else None),
        hidden=(1, 1),
        data=_four_points,
        points="four points on a line and two outputs whose slopes two hidden units cannot both"
        " follow (theorem R3)",
    ),
    Theorem(
        "R2",
        frozenset({(_B, _NO), (_C, _NO)}),
        "hidden biases, and a line of inputs with more points than the units on it can bend at",
        "the inputs hold a line with more points than the units on it can bend at, and two of these"
        " units share an output",
        _from(one_hidden_layer.these_inputs),
        hidden=(1, 1),
        points="{points} points, some on a line with more changes of slope than hidden units that"
        " vary there (theorem R2)",
    ),
    Theorem(
        "R14",
        frozenset({(_A, _NO), (_C, _NO)}),
        "hidden biases, and a first-layer unit that alone sees two inputs and feeds two units",
        "one unit of the first layer alone sees two inputs and feeds two units: the second input"
        " can be used in the limit with a weight that tends to 0",
        _from(depth.some_data),
        hidden=(2, None),
        data=depth.some_data,
        points="{points} points in the plane of two inputs that one first-layer unit alone sees:"
        " its one linear form must be the first input, but the targets also depend on the second"
        " (theorem R14)",
    ),
    Theorem(
        "R20",
        frozenset({(_A, _NO), (_C, _NO)}),
        "hidden biases, and a first hidden layer of two units, or of one that feeds two outputs",
        "the first of two hidden layers is so narrow that the network bends at few points of a"
        " line; when kinks merge, it jumps in the limit where it has no kink left",
        _data_or(narrow.some_data, narrow.existence),
        hidden=(2, 2),
        data=narrow.some_data,
        points="{points} points on a line and targets with as many kinks as the network can have,"
        " one of them a jump (theorem R20)",
    ),
    Theorem(
        "R17",
        frozenset({(_A, _NO), (_C, _NO)}),
        "hidden biases, and fully connected hidden layers of three units or more (the last: two)"
        " between some inputs and an output",
        "on a line the network can bend at so many points and no more; when kinks merge, it jumps"
        " in the limit, and then it has no kink left for where the jump ends",
        _data_or(saturated.some_data, saturated.existence),
        hidden=(2, None),
        data=saturated.some_data,
        points="{points} points on a line and targets with as many kinks as the network can have,"
        " one of them a jump (theorem R17)",
    ),
    Theorem(
        "R18",
        frozenset({(_A, _NO), (_C, _NO)}),
        "some inputs that fewer first-layer units see, and a later unit with a bias that these can"
        " reach and avoid",
        "some inputs outnumber the first-layer units that see them; in the limit the network sees"
        " one more direction of these inputs than any weights let it see",
        _data_or(hall.some_data, hall.existence),
        hidden=(2, None),
        data=hall.some_data,
        points="{points} points in clusters that force the few first-layer units to ignore an input"
        " the targets depend on (theorem R18)",
    ),
    Theorem(
        "R19",
        frozenset({(_A, _NO)}),
        "biases in the last hidden layer, and three units of it that see the same units and feed"
        " two outputs, one of them both",
        "last hidden units that see the same units feed two outputs: when their kinks merge, they"
        " can produce in the limit a step that no such units produce",
        lambda case: _found(two_outputs.existence(case)),
        hidden=(2, None),
        unwritten="how the lower layers bend most is not known",
    ),
    Theorem(
        "R22",
        frozenset({(_A, _NO)}),
        "a path from an input to an output (for the sigmoid, and output biases); for SiLU, softplus"
        " and GELU, one hidden layer with biases in which two units share an input and an output",
        "with this activation a target that no network produces is a limit: a straight line if the"
        " activation is bounded, else its derivative",
        _smooth,
        activations=SMOOTH,
        hidden=(1, None),
        unwritten="how many are enough was not computed",
    ),
    Theorem(
        "N1",
        frozenset({(_A, _NO), (_B, _NO), (_C, _NO)}),
        "products of the masks that are not closed, and enough points",
        "some matrix is a limit of products with these masks but no such product; on enough points"
        " in general position a network equal to it would contain that product",
        _products,
        activations=("relu", "leaky_relu"),
        hidden=(1, None),
        data=_cut,
        points="targets A x for a matrix A that is a limit of products with these masks and not a"
        " product, at {points} points of which more share an activation pattern than an affine map"
        " needs to be determined (theorem N1)",
        search=_searched,
        unwritten="no explicit matrix was found",
        share=1 / 4,
    ),
    Theorem(
        "R25",
        frozenset({(_A, _NO)}),
        "hidden biases, and parameters, of some that are drawn, that the functions of the network"
        " determine even with an input left out",
        "nearly all functions of the network determine its weights, and so do their limits as one"
        " weight tends to minus infinity; points that force the weights on an input to be 0 have"
        " targets that depend on it, as in the limit they may",
        lambda case: _found(identified.existence(case), tentative=True),
        hidden=(2, None),
        unwritten="how many points force the weights was not computed",
    ),
    Theorem(
        "R23iv",
        frozenset({(_C, _YES)}),
        "a layer with as many free parameters as targets, and weights near an exact fit",
        "some weights nearly fit the targets, and one layer has so many free parameters that a"
        " small change of these, which moves no hidden unit to its other side, fits them exactly",
        nearby.fit_nearby,
        hidden=(1, None),
        many=True,
    ),
    Theorem(
        "realised",
        frozenset({(_C, _YES)}),
        "free biases, and targets that some weights predict exactly",
        "some weights predict the targets exactly",
        lambda case: _found(exact.realised(case)),
        biases=ALL,
        hidden=(1, 1),
    ),
    Theorem(
        "exact",
        frozenset({(_C, _NO)}),
        "two hidden units on one input",
        "all arrangements of the units' kinks were examined",
        exact.not_attained,
        loss="squared",
        biases=ALL,
        hidden=(1, 1),
    ),
    Theorem(
        "affine",
        frozenset({(_D, NetworkAnswer.CLOSED_ON_CUBE)}),
        "no hidden layer",
        "without a hidden layer the functions form a finite-dimensional space",
        lambda case: Found({"theorem": "affine", "claim": "cube_closed"}),
        loss=None,
        activations=("relu", "leaky_relu", "linear"),
        hidden=(0, 0),
    ),
    Theorem(
        "R8",
        frozenset({(_D, NetworkAnswer.CLOSED_ON_CUBE)}),
        "hidden units of which every two are disjoint or nested the opposite ways",
        "every two hidden units fit together: they share no input or no output, are nested the"
        " opposite ways, or feed one and the same output",
        lambda case: _found(cube.closed(case.pattern, case.clock)),
        loss=None,
        biases=ALL,
        hidden=(1, 1),
    ),
    Theorem(
        "N1",
        frozenset({(_D, NetworkAnswer.NOT_CLOSED_ON_CUBE)}),
        "products of the masks that are not closed",
        "some matrix is a limit of products with these masks but no such product, and on a cube"
        " networks approach it as a function, up to a constant",
        _products,
        loss=None,
        activations=("relu", "leaky_relu"),
        biases=FIRST,
        hidden=(1, None),
    ),
)


def named(name: str, answer: NetworkAnswer) -> Theorem:
    """The declaration of the theorem that gives such an answer."""
    return next(
        theorem
        for theorem in THEOREMS
        if theorem.name == name and any(said is answer for _, said in theorem.supports)
    )
