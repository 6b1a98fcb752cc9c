"""The losses that statements are about: classes of losses and single ones, and which is in which.

The loss of a training set is the sum over its points of a function of prediction and target.  Some
classes speak of the *perfect* prediction, the one at which this function is least: for the squared
error that is the target itself.  Where the targets are labels it is not.  The logistic loss of a
label strictly between 0 and 1 is least at the logit of the label; that of a label 0 or 1 is least
nowhere.  Softmax cross-entropy depends on the predictions of a point up to a common constant only,
so it is least at many predictions or at none, and no theorem about perfect predictions is about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["LOSSES", "NAMED", "Loss", "labels_fit", "within"]


@dataclass(frozen=True)
class Loss:
    """A loss, or a class of losses.

    ``part_of``: the classes it is in, and what these are in.  ``labels``: its targets are labels
    (in a class, those of some losses are), so that a statement says the loss itself and no class.
    ``unseen``: classes it is in as long as nobody speaks of single targets, that is for questions
    (a) and (b): with the perfect predictions in place of the targets.
    """

    words: str
    part_of: tuple[str, ...] = ()
    labels: bool = False
    unseen: tuple[str, ...] = ()


LOSSES = {
    "squared": Loss("the squared error", ("coercive", "averaging")),
    "coercive": Loss(
        "any loss that is continuous, at least 0, 0 exactly for perfect predictions, and tends to"
        " infinity with the predictions (such as the squared error)",
        ("definite", "growing"),
    ),
    "definite": Loss(
        "any loss that is continuous, at least 0, and 0 exactly for perfect predictions (such as"
        " the squared error)",
        ("continuous",),
    ),
    "growing": Loss(
        "any loss that is continuous, at least 0, and tends to infinity with the predictions (such"
        " as the squared error)",
        ("attaining",),
    ),
    "attaining": Loss(
        "any loss that is continuous, at least 0, and whose sum over finitely many targets of one"
        " point is least at some prediction (such as the squared error)",
        ("continuous",),
    ),
    "continuous": Loss("any loss that is continuous and at least 0"),
    "cross_entropy": Loss(
        "softmax cross-entropy; a target holds the probabilities (or weights) of the classes, most"
        " often one 1 and zeros",
        ("labels",),
        labels=True,
    ),
    "soft_cross_entropy": Loss(
        "softmax cross-entropy with soft labels: the probabilities of all classes are positive",
        ("attaining", "labels"),
        labels=True,
    ),
    "logistic": Loss(
        "the logistic loss (sigmoid and cross-entropy) of every output; targets are labels from 0"
        " to 1, most often 0 or 1",
        ("labels",),
        labels=True,
    ),
    "soft_logistic": Loss(
        "the logistic loss (sigmoid and cross-entropy) of every output with soft labels, strictly"
        " between 0 and 1 (where data of cadlink's choice are shown, their targets are the best"
        " predictions, the logits of the labels)",
        ("growing", "labels"),
        labels=True,
        unseen=("coercive",),
    ),
    "labels": Loss(
        "softmax cross-entropy, or the logistic loss of every output",
        ("continuous", "averaging"),
        labels=True,
    ),
    "averaging": Loss(
        "the squared error, softmax cross-entropy, or the logistic loss of every output",
        ("continuous",),
        labels=True,
    ),
}

# What people call a loss -> the narrowest of LOSSES that it is in.
NAMED = {name: name for name in LOSSES} | {
    "mse": "squared",
    "absolute": "coercive",
    "huber": "coercive",
    "smooth_l1": "coercive",
}


def within(loss: str, widest: str, question: str) -> bool:
    """Whether a theorem about the losses ``widest`` is about this loss, asked this question.

    >>> within("squared", "definite", "c"), within("cross_entropy", "definite", "c")
    (True, False)
    >>> within("soft_logistic", "definite", "a"), within("soft_logistic", "definite", "c")
    (True, False)
    """
    if loss == widest:
        return True
    kind = LOSSES[loss]
    wider = kind.part_of + (kind.unseen if question in "ab" else ())
    return any(within(other, widest, question) for other in wider)


def labels_fit(loss: str, rows: Iterable[Sequence[Fraction]]) -> str:
    """What such labels must be, if one of the rows is something else; or "".

    >>> labels_fit("logistic", [[Fraction(1), Fraction(0)]]), labels_fit("squared", [[Fraction(7)]])
    ('', '')
    >>> labels_fit("soft_cross_entropy", [[Fraction(1), Fraction(0)]])
    'positive numbers as soft labels'
    """
    expected, fits = _LABELS.get(loss, ("", None))
    return expected if fits is not None and not all(map(fits, rows)) else ""


_LABELS: dict[str, tuple[str, Callable[[Sequence[Fraction]], bool]]] = {
    "cross_entropy": (
        "labels that are at least 0, one in each row positive",
        lambda row: min(row) >= 0 < max(row),
    ),
    "soft_cross_entropy": ("positive numbers as soft labels", lambda row: min(row) > 0),
    "logistic": ("labels from 0 to 1", lambda row: min(row) >= 0 and max(row) <= 1),
    "soft_logistic": (
        "soft labels, strictly between 0 and 1",
        lambda row: min(row) > 0 and max(row) < 1,
    ),
}
