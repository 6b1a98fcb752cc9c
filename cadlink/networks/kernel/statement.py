"""What a network witness speaks about: the network, how it is trained, the question, the answer.

Nothing that the truth of an answer depends on is left out, so two statements that differ in one
field are different files, and a witness of one is checked anew against the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.certificates.read import shown
from cadlink.errors import CertificateError, InputError
from cadlink.networks.kernel.losses import LOSSES, labels_fit
from cadlink.patterns.pattern import Pattern

__all__ = [
    "ACTIVATIONS",
    "ANSWERS",
    "FIELDS",
    "MAX_NUMBERS",
    "PENALTIES",
    "SMOOTH",
    "Points",
    "Rows",
    "Statement",
    "hypotheses",
    "read_rows",
]

# A tuple of rows, or ``doubles.Doubles`` where the rows are many.
Points: TypeAlias = Sequence[tuple[Fraction, ...]]
Rows: TypeAlias = list[list[Fraction]]

ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU, any fixed slope between 0 and 1",
    "linear": "none",
    "tanh": "tanh",
    "sigmoid": "logistic sigmoid",
    "silu": "SiLU",
    "softplus": "softplus",
    "gelu": "GELU",
}
SMOOTH = ("tanh", "sigmoid", "silu", "softplus", "gelu")
PENALTIES = {
    "none": "no penalty on the weights and biases",
    "weights": "a continuous penalty, at least 0, on all weights that tends to infinity with them"
    " (weight decay), and none on the biases",
    "all-but-last": "a continuous penalty, at least 0, on the weights of all layers but the last, 0"
    " just where these are 0 (weight decay with the last layer left out), and none on the biases",
    "all": "a continuous penalty on all weights and biases that tends to infinity with them (weight"
    " decay on everything), or weights and biases confined to a bounded closed set",
}
ANSWERS = {
    "a": ("no_optimum", "optimum_guaranteed"),
    "b": ("no_optimum", "optimum_guaranteed"),
    "c": ("no_optimum", "optimum_guaranteed"),
    "d": ("closed_on_cube", "not_closed_on_cube"),
}
FIELDS = (
    "pattern",
    "biases",
    "activation",
    "loss",
    "penalty",
    "question",
    "answer",
    "inputs",
    "targets",
)
MAX_NUMBERS = 4_000_000


@dataclass(frozen=True)
class Statement:
    """An answer to one question about one network.

    ``biases``: one truth value per layer.  ``loss``: a name of LOSSES, for question (d), which is
    about functions, None.  ``inputs`` (points x inputs) are there for questions (b) and (c),
    ``targets`` (points x outputs) for (c), exact.

    Raises CertificateError naming the field that does not fit the others.
    """

    pattern: Pattern
    biases: tuple[bool, ...]
    activation: str
    loss: str | None
    penalty: str
    question: str
    answer: str
    inputs: Points | None = None
    targets: Points | None = None

    def __post_init__(self) -> None:
        depth, widths = self.pattern.depth, self.pattern.widths
        if not all(widths):
            raise CertificateError("pattern", "units in every layer", shown(list(widths)))
        if len(self.biases) != depth:
            raise CertificateError("biases", f"{depth} truth values", shown(list(self.biases)))
        for name, value, known in (
            ("question", self.question, tuple(ANSWERS)),
            ("answer", self.answer, ANSWERS.get(self.question, ())),
            ("activation", self.activation, tuple(ACTIVATIONS)),
            ("loss", self.loss, (None,) if self.question == "d" else tuple(LOSSES)),
            ("penalty", self.penalty, tuple(PENALTIES)),
        ):
            if value not in known:
                expected = f"one of {', '.join(map(str, known))}" if known else "another question"
                raise CertificateError(name, expected, shown(value))
        for name, rows, width, questions in (
            ("inputs", self.inputs, widths[0], "bc"),
            ("targets", self.targets, widths[-1], "c"),
        ):
            wanted = self.question in questions
            if (rows is not None) != wanted:
                expected = "a list of rows" if wanted else "null"
                said = f"{expected} for question ({self.question})"
                raise CertificateError(name, said, "a list" if rows is not None else "null")
            if rows is not None and (not rows or _widths(rows) != {width}):
                raise CertificateError(name, f"rows of {width} numbers", shown(rows))
        if self.inputs and self.targets and len(self.inputs) != len(self.targets):
            raise CertificateError(
                "targets", f"{len(self.inputs)} rows, one per input", f"{len(self.targets)}"
            )
        if self.targets and self.loss:
            expected = labels_fit(self.loss, self.targets)
            if expected:
                raise CertificateError("targets", expected, "others")

    @property
    def hypotheses(self) -> tuple[str, ...]:
        """What the answer takes for granted, one line each."""
        return hypotheses(self.question, self.loss, self.penalty, self.biases, self.activation)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Statement:
        """The statement in a JSON object with the keys FIELDS.

        Raises CertificateError naming the field.
        """
        at = Reader(document, "statement", Budget())
        said = at.keys(dict(document), FIELDS, "a statement")
        if not isinstance(said["pattern"], dict):
            raise CertificateError("pattern", "an object", shown(said["pattern"]))
        try:
            pattern = Pattern.from_json(said["pattern"], "pattern")
        except InputError as error:
            raise CertificateError("pattern", "masks that fit together", str(error)) from None
        biases = at.items(said["biases"], "biases", pattern.depth)
        at.demand(all(type(has) is bool for has in biases), "truth values for biases", biases)
        for name in ("activation", "penalty", "question", "answer"):
            at.demand(isinstance(said[name], str), f"{name}: a text", said[name])
        loss = said["loss"]
        at.demand(loss is None or isinstance(loss, str), "loss: a text or null", loss)
        return cls(
            pattern,
            tuple(biases),
            said["activation"],
            loss,
            said["penalty"],
            said["question"],
            said["answer"],
            _points(at, said["inputs"], "inputs", pattern.widths[0]),
            _points(at, said["targets"], "targets", pattern.widths[-1]),
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object that :meth:`read` reads."""
        return {
            "pattern": self.pattern.to_json(),
            "biases": list(self.biases),
            "activation": self.activation,
            "loss": self.loss,
            "penalty": self.penalty,
            "question": self.question,
            "answer": self.answer,
            "inputs": _rows(self.inputs),
            "targets": _rows(self.targets),
        }


def hypotheses(
    question: str, loss: str | None, penalty: str, biases: Sequence[bool], activation: str
) -> tuple[str, ...]:
    """What an answer takes for granted, one line each.

    >>> hypotheses("d", None, "none", (True, True), "relu")[-1]
    'free biases in every layer; activation: ReLU'
    """
    if question == "d":
        found = ["the inputs fill a cube [-B, B]^d; functions are compared by their largest gap"]
    else:
        found = ["finitely many data points; all weights on the masks are free reals"]
    if loss is not None:
        found += [f"loss: {LOSSES[loss].words}", PENALTIES[penalty]]
    layers = [str(layer) for layer, has in enumerate(biases) if has]
    free = f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)} (counted from 0) only"
    if len(layers) in (0, len(biases)):
        free = "every layer" if layers else "no layer"
    return (*found, f"free biases in {free}; activation: {ACTIVATIONS[activation]}")


def _widths(rows: Points) -> set[int]:
    width = getattr(rows, "width", None)
    return {len(row) for row in rows} if width is None else {width}


def _points(at: Reader, value: object, name: str, width: int) -> Points | None:
    return None if value is None else tuple(map(tuple, read_rows(at, value, name, width)))


def read_rows(at: Reader, value: object, name: str, width: int) -> Rows:
    """A table of rational numbers with rows of this width."""
    listed = at.items(value, name)
    at.demand(len(listed) * (width + 1) <= MAX_NUMBERS, f"{name} of moderate size", len(listed))
    return [
        [at.rational(entry, f"an entry of {name}") for entry in at.items(row, name, width)]
        for row in listed
    ]


def _rows(points: Points | None) -> list[list[int | str]] | None:
    if points is None:
        return None
    return [[v.numerator if v.denominator == 1 else str(v) for v in row] for row in points]
