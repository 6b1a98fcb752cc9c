"""What trained weights look like on their data: the verdict, and the signs of a run to infinity.

*The limit of a pair.*  Two units with nearly parallel inputs a, b (of norm 1, bias included) and
large opposite outputs nearly are, on the data, the unit u of their mean and its derivative g in the
direction a - b: <a - b, x> where both are active, 0 where none is, and the one that is active where
the other is not (a point between their kinks stays on the kink).  Every c + u w + g v with w on the
outputs of either and v on those of both is a limit of predictions of the network, as the weights
tend to infinity.  The squared error that the best such limit reaches, all other hidden units as
they are, is a least-squares problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from cadlink.deciding.decision import Limits
from cadlink.errors import InputError
from cadlink.networks.deciding import case_of, decided
from cadlink.networks.forward import floats, predictions, received
from cadlink.networks.kernel.doubles import Array, Parameters
from cadlink.networks.kernel.witness import Tick, silent
from cadlink.networks.readers.layers import Model
from cadlink.networks.readers.models import model_of
from cadlink.networks.signs import Pair, largest_weights, pairs
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict, Question

__all__ = ["LABEL", "Diagnosis", "diagnose"]

Trace: TypeAlias = tuple[list[float], list[float], list[float]]

LABEL = 12  # characters of the label of a line
MOST_PAIRS = 3  # of a layer
EXCESS = 2.0  # what one unit of a pair adds, compared with all that its layer makes of the data
MOST_WORK = 2 * 10**10  # operations of a least-squares problem
DRAWN = 400  # points in a picture
SEEN = 20_000  # points on which units are looked at


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    ``loss`` is the mean over the points at these weights, as far as cadlink computes such a loss;
    ``right`` the number of points on the side of their labels, ``margin`` the smallest distance
    (negative for a wrong one), both None for regression.  ``largest``: per layer the largest weight
    and its place; ``dead``: per hidden layer the units that are active at no point.  ``pairs``
    nearly cancel, ``limit`` is the mean squared error that the limit of the first of them reaches,
    ``trace`` what its units receive at some points and what each adds to an output.
    """

    model: Model
    verdict: NetworkVerdict
    points: int
    loss_name: str
    loss: float | None
    right: int | None
    margin: float | None
    largest: tuple[tuple[float, tuple[int, int]], ...]
    dead: tuple[tuple[int, ...], ...]
    pairs: tuple[Pair, ...]
    limit: float | None
    trace: Trace | None = field(default=None, repr=False)

    @property
    def diverging(self) -> bool:
        """Whether the run looks as if it were going to infinity."""
        if self.verdict.answer is NetworkAnswer.OPTIMUM_GUARANTEED:
            return False
        return self.verdict.theorem == "R23i" or bool(self.pairs)

    @property
    def conclusion(self) -> str:
        """One paragraph: is this run going to infinity, and why."""
        guaranteed = self.verdict.answer is NetworkAnswer.OPTIMUM_GUARANTEED
        pair = self.pairs[0] if self.pairs else None
        if self.verdict.theorem == "R23i":
            return (
                f"This run is going to infinity, for this reason: all {self.points} points are"
                " classified right, so that the loss falls as long as the weights grow. This is"
                " proved, and harmless as long as training stops at some time."
            )
        if pair is None:
            text = "Nothing of the kind seen: no two units nearly cancel."
            if self.verdict.answer is NetworkAnswer.NO_OPTIMUM:
                text += " But it is proved that no weights are best on this training set."
            return text
        text = f"in hidden layer {pair.layer}, {pair.words}."
        if self.limit is not None and self.loss is not None:
            text += (
                f" Merged into their limit, which no weights reach, they give a loss of"
                f" {self.limit:.4g}; now it is {self.loss:.4g}."
            )
        if guaranteed:
            return f"Some weights are best, so the run can settle; but {text}"
        if self.verdict.answer is NetworkAnswer.NO_OPTIMUM:
            return f"This run is going to infinity, for this reason: two units become one: {text}"
        return (
            f"This run looks as if it were going to infinity: two units become one: {text} Whether"
            " no weights are best is not known."
        )

    def lines(self) -> list[str]:
        """What the run looks like, a line each: a label of LABEL characters, and a text."""
        found = []
        if self.loss is not None:
            found.append(
                f"loss        {self.loss:.6g} ({self.loss_name}, mean of {self.points} points)"
            )
        if self.right is not None:
            share = 100 * self.right / self.points
            found.append(
                f"labels      {self.right} of {self.points} points right ({share:.2f} %), smallest"
                f" margin {self.margin:.3g}"
            )
        for layer, (size, (row, column)) in enumerate(self.largest):
            found.append(
                f"layer {layer:<6}largest weight {size:.4g} (unit {row} from {column})"
                + self._dead(layer)
            )
        for pair in self.pairs:
            found.append(f"pair        hidden layer {pair.layer}: {pair.words}")
        return found

    def _dead(self, layer: int) -> str:
        if layer >= len(self.dead) or not self.dead[layer]:
            return ""
        units = self.dead[layer]
        shown = ", ".join(map(str, units[:6])) + (", ..." if len(units) > 6 else "")
        return f"; dead on these data: {len(units)} of its units ({shown})"

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink diagnose --json`` prints."""
        return {
            "conclusion": self.conclusion,
            "diverging": self.diverging,
            "points": self.points,
            "loss": self.loss,
            "right": self.right,
            "margin": self.margin,
            "largest": [
                {"size": size, "unit": row, "from": column} for size, (row, column) in self.largest
            ],
            "dead": [list(units) for units in self.dead],
            "pairs": [pair.to_json() for pair in self.pairs],
            "limit": self.limit,
            "verdict": self.verdict.to_json(),
        }


def diagnose(
    model: Any,
    inputs: Any,
    targets: Any,
    loss: str = "squared",
    penalty: str = "none",
    weights: Any = None,
    limits: Limits | None = None,
    tick: Tick = silent,
) -> Diagnosis:
    """Look at trained weights and their data; arguments as for ``decide_network``, question (c).

    Raises InputError for a model without numbers, or with another activation than ReLU.

    >>> net = [np.array([[1.0], [1.0]]), np.array([0.0, -1.0]), np.array([[1.0, 0.5]]), np.zeros(1)]
    >>> diagnose(net, [[0], [1], [3]], [[0], [1], [4]]).conclusion
    'Nothing of the kind seen: no two units nearly cancel.'
    """
    read = model_of(model)
    case, outside = case_of(
        read,
        Question.THIS_DATA,
        inputs,
        targets,
        penalty=penalty,
        limits=limits,
        loss=loss,
        weights=weights,
    )
    parameters, kind = case.parameters, case.activation
    if parameters is None:
        raise InputError("the weights are needed, and there are masks only: give --weights FILE")
    if kind not in ("relu", "linear"):
        raise InputError(f"expected a network with ReLU, found {read.activation}")
    verdict = decided(case, outside, tick)
    assert case.inputs is not None
    assert case.targets is not None
    x, y = floats(case.inputs), floats(case.targets)
    said = predictions(parameters, kind, x)
    right, margin = _sides(said, y, case.loss)
    large = [pair for pair in pairs(parameters, MOST_PAIRS) if _large(pair, parameters, kind, x)]
    return Diagnosis(
        read,
        verdict,
        len(x),
        loss,
        _loss(said, y, loss),
        right,
        margin,
        tuple(largest_weights(parameters)),
        _dead(parameters, kind, x),
        tuple(large),
        _limit(large[0], read, parameters, x, y) if large and loss == "squared" else None,
        _trace(large[0], parameters, x) if large else None,
    )


def _loss(said: Array, y: Array, loss: str) -> float | None:
    """The mean over the points of the loss at these predictions; None for a mere class."""
    if loss in ("squared", "mse"):
        return float(((said - y) ** 2).sum(axis=1).mean())
    if loss == "absolute":
        return float(np.abs(said - y).sum(axis=1).mean())
    if loss in ("huber", "smooth_l1"):
        error = np.abs(said - y)
        return float(np.where(error < 1, error**2 / 2, error - 0.5).sum(axis=1).mean())
    if "cross_entropy" in loss:
        top = said.max(axis=1, keepdims=True)
        whole = top + np.log(np.exp(said - top).sum(axis=1, keepdims=True))
        return float((y * (whole - said)).sum(axis=1).mean())
    if "logistic" in loss:
        return float((np.logaddexp(0.0, said) - y * said).sum(axis=1).mean())
    return None


def _sides(said: Array, y: Array, loss: str) -> tuple[int | None, float | None]:
    """How many points are strictly on the side of their labels, and the smallest margin."""
    if "cross_entropy" in loss:
        own = y == y.max(axis=1, keepdims=True)
        inside = np.where(own, said, np.inf).min(axis=1)
        margins = inside - np.where(own, -np.inf, said).max(axis=1)
    elif "logistic" in loss:
        margins = np.where(y >= 0.5, said, -said).min(axis=1)
    else:
        return None, None
    return int((margins > 0).sum()), float(margins.min())


def _dead(parameters: Parameters, kind: str, x: Array) -> tuple[tuple[int, ...], ...]:
    """Per hidden layer the units that are active at no point."""
    if kind != "relu":
        return ()
    active = [np.zeros(len(bias), dtype=bool) for bias in parameters.biases[:-1]]
    for start in range(0, len(x), SEEN):
        layers = received(parameters, kind, x[start : start + SEEN])
        for seen, (_, found) in zip(active, layers, strict=False):
            seen |= (found > 0).any(axis=0)
    return tuple(tuple(np.flatnonzero(~seen).tolist()) for seen in active)


def _large(pair: Pair, parameters: Parameters, kind: str, x: Array) -> bool:
    """Whether each unit alone adds more than all units together make of the data."""
    layers = list(received(parameters, kind, x[:SEEN]))
    values, above = layers[pair.layer + 1]
    weight = parameters.weights[pair.layer + 1]
    spread = np.linalg.norm(above - above.mean(axis=0), axis=1).max()
    alone = [
        float(
            np.abs(values[:, unit] - values[:, unit].mean()).max() * np.linalg.norm(weight[:, unit])
        )
        for unit in pair.units
    ]
    return min(alone) > EXCESS * float(spread)


def _limit(pair: Pair, model: Model, parameters: Parameters, x: Array, y: Array) -> float | None:
    """The mean squared error that the limit of the pair reaches; None below the last hidden layer,
    and for very many points."""
    last = len(parameters.weights) - 1
    width = parameters.weights[last].shape[1]
    if pair.layer != last - 1 or len(x) * width**2 * y.shape[1] > MOST_WORK:
        return None
    layers = list(received(parameters, "relu", x))
    below, features = layers[pair.layer][0], layers[last][0]
    rows = np.hstack((parameters.weights[pair.layer], parameters.biases[pair.layer][:, None]))
    a, b = (rows[unit] / np.linalg.norm(rows[unit]) for unit in pair.units)
    points = np.hstack((below, np.ones((len(x), 1))))
    one, other = np.maximum(points @ a, 0), np.maximum(points @ b, 0)
    mean, derivative = np.maximum(points @ (a + b), 0), one - other
    mask = np.asarray(model.pattern.layers[last].toarray(), dtype=bool)
    error = 0.0
    for output, feeding in enumerate(mask):
        rest = feeding.copy()
        rest[list(pair.units)] = False
        columns = [features[:, rest]]
        if feeding[list(pair.units)].any():
            columns.append(mean[:, None])
        if feeding[list(pair.units)].all():
            columns.append(derivative[:, None] / max(float(np.abs(derivative).max()), 1e-300))
        if model.biases[last]:
            columns.append(np.ones((len(x), 1)))
        whole = np.hstack(columns)
        fit = np.linalg.lstsq(whole, y[:, output], rcond=None)[0]
        error += float(((whole @ fit - y[:, output]) ** 2).sum())
    return error / len(x)


def _trace(pair: Pair, parameters: Parameters, x: Array) -> Trace:
    """What the units of a pair receive at some points, and what each adds to the unit above on
    which the first has the largest weight."""
    step = max(1, len(x) // DRAWN)
    layers = list(received(parameters, "relu", x[::step]))
    values, weight = layers[pair.layer + 1][0], parameters.weights[pair.layer + 1]
    one, other = pair.units
    above = int(np.abs(weight[:, one]).argmax())
    norm = np.linalg.norm(parameters.weights[pair.layer][one])
    return (
        (layers[pair.layer][1][:, one] / norm).tolist(),
        (values[:, one] * weight[above, one]).tolist(),
        (values[:, other] * weight[above, other]).tolist(),
    )
