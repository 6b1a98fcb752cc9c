"""What a theorem about networks declares, and what its finder is given and gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Decision, Limits
from cadlink.networks.curve import Curve
from cadlink.networks.kernel.doubles import Doubles, Parameters, array_json
from cadlink.networks.kernel.losses import LOSSES, within
from cadlink.networks.kernel.table import ANY, Biases
from cadlink.networks.verdict import NetworkAnswer, Question
from cadlink.patterns.matrix import number_to_json
from cadlink.patterns.pattern import Pattern

__all__ = [
    "Case",
    "Found",
    "Rows",
    "Theorem",
    "Witness",
    "data_witness",
    "parameters_json",
    "rows_json",
]

Witness: TypeAlias = dict[str, Any]
Rows: TypeAlias = list[list[Fraction]]
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One question about one network, with what is needed to answer it.

    ``inputs`` (points x inputs) for questions (b) and (c), ``targets`` (points x outputs) for (c).
    ``loss``: the narrowest class of losses (a name of LOSSES) that the loss is known to be in.
    ``parameters``: some that training has found.  Data of many numbers are Doubles, which only some
    theorems go through.  ``clock``: the time a finder has, which it checks in its loops.
    """

    question: Question
    pattern: Pattern
    biases: tuple[bool, ...]
    activation: str = "relu"
    penalty: str = "none"
    inputs: Rows | Doubles | None = None
    targets: Rows | Doubles | None = None
    limits: Limits = field(default_factory=Limits)
    decider: Decider | None = None
    loss: str = "squared"
    parameters: Parameters | None = None
    clock: Clock = UNLIMITED
    kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, pattern: Pattern, biases: Sequence[bool] | None = None) -> Case:
        """Question (a) about ReLU networks with these masks, by default with all biases."""
        free = (True,) * pattern.depth if biases is None else tuple(biases)
        return cls(Question.SOME_DATA, pattern, free)

    def once(self, find: Callable[[Case], T]) -> T:
        """What ``find`` says about the masks and biases, which is all it may look at: found once
        for this case and for those that ``replace`` makes of it."""
        key = find, self.pattern, self.biases
        if key not in self.kept:
            self.kept[key] = find(self)
        found: T = self.kept[key]
        return found

    @property
    def exact_data(self) -> tuple[Rows, Rows]:
        """Inputs and targets of question (c), where they are not too many."""
        assert isinstance(self.inputs, list)
        assert isinstance(self.targets, list)
        return self.inputs, self.targets

    def deciding(self) -> AbstractContextManager[Decider]:
        """The caller's decider, which stays open, or one for this time."""
        return Decider() if self.decider is None else nullcontext(self.decider)

    def matrix(self, pattern: Pattern | None = None) -> Decision:
        """The decision about the products of the masks (of other masks, if given)."""
        with self.deciding() as decider:
            return decider.decide(pattern or self.pattern, self.limits_left())

    def limits_left(self) -> Limits:
        """The limits, with no more time than is left.  Raises OutOfTime."""
        left = self.clock.left()
        if not left:
            raise OutOfTime
        return replace(self.limits, wall_s=min(self.limits.wall_s, left))


@dataclass(frozen=True)
class Found:
    """A witness, or why there is none; ``undecided``: more time might have found one;
    ``tentative``: the kernel may refuse the witness, which then is none."""

    witness: Witness | None = None
    why_not: str = ""
    decision: Decision | None = None
    undecided: bool = False
    tentative: bool = False


@dataclass(frozen=True)
class Theorem:
    """A theorem, or one side of it, as the deciders use it; THEOREMS.md has the statements.

    ``supports``: questions and the answers it can give; ``hidden``: the fewest and the most hidden
    layers (None: any number); ``loss``: the widest class of losses it is about.  ``find`` returns
    None where the theorem does not apply, which is when ``condition`` fails: "R1 needs
    ``condition``"; it raises OutOfTime.  ``why`` explains the answer to people.  ``data`` makes
    training sets of our choice, ``points`` says what they are, ``unwritten`` why a witness has
    none; ``search`` does so slowly, from a matrix decision.
    ``many``: it does not mind data of very many numbers.  ``share``: how much of the time that is
    left the finder may take.
    """

    name: str
    supports: frozenset[tuple[Question, NetworkAnswer]]
    condition: str
    why: str
    find: Callable[[Case], Found | None]
    loss: str | None = "definite"
    activations: tuple[str, ...] = ("relu",)
    biases: Biases = ANY
    penalty: str = "none"
    hidden: tuple[int, int | None] = (0, None)
    data: Callable[[Case], Witness | None] | None = None
    points: str = ""
    unwritten: str = "there are too many"
    search: Callable[[Case, Decision], Witness | None] | None = None
    many: bool = False
    share: float = 1 / 2

    def about(self, case: Case) -> bool:
        """Whether the theorem answers such a question about networks of this depth and penalty."""
        asked = any(question is case.question for question, _ in self.supports)
        # what is about linear networks alone is no reason why not for others, nor is what is not
        # about labels where the targets are labels
        likely = case.activation in self.activations or "relu" in self.activations
        if self.loss is not None and (LOSSES[case.loss].labels or LOSSES[self.loss].labels):
            likely = likely and within(case.loss, self.loss, case.question.value)
        return asked and likely and self.penalty == case.penalty and self.fits(case.pattern)

    def fits(self, pattern: Pattern) -> bool:
        """Whether the network has as many hidden layers as the theorem is about."""
        low, high = self.hidden
        layers = pattern.depth - 1
        return low <= layers and (high is None or layers <= high)

    def stated_loss(self, case: Case) -> str | None:
        """The loss that a statement names: the widest class, or where labels matter the loss."""
        if self.loss is None or not (LOSSES[case.loss].labels or LOSSES[self.loss].labels):
            return self.loss
        return case.loss

    def missing(self, case: Case) -> str:
        """What the network lacks, in words, or nothing."""
        if case.activation not in self.activations:
            names = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "linear": "no activation"}
            return " or ".join(names.get(name, name) for name in self.activations)
        if self.loss is not None and not within(case.loss, self.loss, case.question.value):
            return LOSSES[self.loss].words
        if not self.biases.hold(case.biases):
            return self.biases.words
        few = self.many or not isinstance(case.inputs, Doubles)
        return "" if few else "data of fewer numbers, to go through them exactly"


def parameters_json(parameters: Parameters) -> dict[str, Any]:
    """Parameters as a witness holds them."""
    return {
        "weights": [array_json(weight) for weight in parameters.weights],
        "biases": [array_json(bias) for bias in parameters.biases],
    }


def data_witness(
    theorem: str,
    inputs: Sequence[int],
    outputs: Sequence[int],
    xs: Iterable[Sequence[Fraction | int]],
    ys: Iterable[Sequence[Fraction | int]],
    curve: Curve,
    claim: str = "not_closed",
    **more: Any,
) -> Witness:
    """A witness about data that are 0 in all other inputs and outputs; by default, that a curve of
    parameters approaches the targets ``ys`` and that they are missed."""
    return {
        "theorem": theorem,
        "claim": claim,
        "inputs": list(inputs),
        "outputs": list(outputs),
        "X": rows_json(xs),
        "Y": rows_json(ys),
        "curve": curve.to_json(),
        **more,
    }


def rows_json(rows: Iterable[Sequence[Fraction | int]]) -> list[list[int | str]]:
    """Rows of exact numbers as a witness holds them.

    >>> rows_json([[Fraction(2), Fraction(1, 3)]])
    [[2, '1/3']]
    """
    return [[number_to_json(value) for value in row] for row in rows]
