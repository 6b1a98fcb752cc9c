"""What cadlink says about a live module, its data, its loss and its optimizer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from cadlink.deciding.decision import Limits
from cadlink.errors import InputError, foreign, quoted, shortened
from cadlink.networks import NetworkVerdict, Question, decide_network, model_of
from cadlink.networks.deciding import undecided
from cadlink.networks.points import CLASSES
from cadlink.networks.readers.layers import Model
from cadlink.networks.readers.loaders import (
    HAND_OVER,
    batches_of,
    random_numbers_put_back,
    tensor,
)
from cadlink.networks.readers.modules import alone, hooked, training
from cadlink.networks.readers.weights import shape_text

__all__ = ["check", "trained_model"]

MOST_NUMBERS = 100_000  # from a loader; with more the question is about some training set

# The losses with a class of cadlink.networks.kernel.statement; "none" as reduction gives no number.
LOSS_CLASSES = {
    nn.MSELoss: "squared",
    nn.L1Loss: "coercive",
    nn.SmoothL1Loss: "coercive",
    nn.HuberLoss: "coercive",
    nn.CrossEntropyLoss: "cross_entropy",
    nn.BCEWithLogitsLoss: "logistic",
}
FUNCTIONS = {
    F.mse_loss: "squared",
    F.l1_loss: "coercive",
    F.smooth_l1_loss: "coercive",
    F.huber_loss: "coercive",
    F.cross_entropy: "cross_entropy",
    F.binary_cross_entropy_with_logits: "logistic",
}
# Other settings of these losses make other losses.
PLAIN = {"weight": None, "pos_weight": None, "ignore_index": -100}
# Optimizers that add weight_decay * w to the gradient: the gradient of weight_decay / 2 * |w|^2.
PENALISING = ("SGD", "Adam", "Adagrad", "Adadelta", "Adamax", "RMSprop", "NAdam", "RAdam")
DECOUPLED = ("AdamW", "Muon", "Adafactor")


def check(
    model: Any,
    data: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    question: Question | str | None = None,
    masks: Mapping[str, Any] | Sequence[Any] | None = None,
    limits: Limits | None = None,
) -> NetworkVerdict:
    """Decide whether training this module has an optimum.

    Parameters
    ----------
    model : torch.nn.Module
        A chain of Linear layers; it is traced.  Its masks are those that training keeps
        (``torch.nn.utils.prune``, a buffer ``mask``, a parametrization, a gradient hook).
    data : (X, y), X alone, or a DataLoader of (X, y), optional
        Tensors or arrays, points first, taken exactly.  Without data, or if a loader gives more
        than MOST_NUMBERS numbers, the question is (a), about some training set.
    loss : a loss of ``torch.nn`` or its function, optional
        ``MSELoss``, ``L1Loss``, ``SmoothL1Loss``, ``HuberLoss``, ``CrossEntropyLoss`` (with label
        smoothing: that of the soft labels this makes) or ``BCEWithLogitsLoss``, over all the data
        at once.  No theorem is about others.  Default: the squared error.
    optimizer : torch.optim.Optimizer, optional
        Its ``weight_decay`` on all parameters, or on no bias and all weights or those of all layers
        but the last, is a penalty, unless it is decoupled.
        Default: no penalty.  Penalties added to the loss by hand are not seen.
    question : "a", "b" or "c", optional
        As for ``cadlink.networks.decide_network``.  Default: (c) with (X, y), (b) with X alone.
    masks : mapping of layer name -> mask, or one mask per layer, optional
        What is trained, where your own code keeps the other weights at 0.
    limits : Limits, optional
        For the matrix decisions behind some answers.

    Returns
    -------
    NetworkVerdict
        UNKNOWN with the reason where no theorem is about such a loss or training.

    Raises
    ------
    InputError
        For a module that is no chain of Linear layers, zero weights that nothing keeps at 0, and
        data that do not fit, or differ from pass to pass.

    Notes
    -----
    The module is run without gradients and without a trace: training flags and torch's random
    numbers are put back.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> check(net, (torch.eye(2), torch.ones(2, 1)), nn.HuberLoss()).answer
    <NetworkAnswer.OPTIMUM_GUARANTEED: 'optimum_guaranteed'>
    >>> check(net, loss=nn.KLDivLoss()).answer
    <NetworkAnswer.UNKNOWN: 'unknown'>
    """
    asked = None if question is None else Question.of(question)
    if asked is Question.CUBE:
        raise InputError("question (d) is about functions, not about training: use decide_network")
    read = trained_model(model, masks)
    asked, inputs, targets, notes = _asked(asked, data)
    kind, why_not = _loss_class(loss)
    if inputs is not None and not why_not:  # how other losses read their targets is not known
        inputs, targets = _fitting(model, read, inputs, targets, kind in CLASSES)
        smoothing = getattr(loss, "label_smoothing", 0.0)
        if smoothing and targets is not None:
            targets = _smoothed(targets, smoothing, read.pattern.widths[-1])
    last = read.layers[-1]
    if kind in (*CLASSES, "logistic") and last.activation in ("softmax", "sigmoid"):
        made = last.activation
        why_not = f"the loss is given what the {made} made of the outputs; give it the outputs"
    penalty, reason, note = _penalty(model, optimizer, last.name)
    why_not = why_not or reason or _random(model, read)
    if why_not:
        return undecided(asked, read.pattern, why_not)
    verdict = decide_network(
        read, asked, inputs, targets, penalty=penalty, limits=limits, loss=kind
    )
    more = tuple(line for line in (*notes, note) if line)
    return replace(verdict, assumptions=(*verdict.assumptions, *more))


def trained_model(module: Any, masks: Mapping[str, Any] | Sequence[Any] | None = None) -> Model:
    """The module as it trains: a weight that is 0 only now is no mask.

    Raises InputError for what ``model_of`` does not read, and for a layer with zero weights that
    neither a mask nor a gradient hook keeps at 0.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"expected a torch.nn.Module, found {type(module).__name__}")
    trained = [one for one in module.parameters() if one.requires_grad]
    if not trained:
        raise InputError("no parameter of the model requires a gradient: nothing is trained")
    read = model_of(module, masks)
    if masks is not None:
        return read
    kept = [one.data for one in trained]
    try:
        for one in trained:
            one.data = _moved(one)
        free = model_of(module)
    finally:
        for one, numbers in zip(trained, kept, strict=True):
            one.data = numbers
    for now, later in zip(read.layers, free.layers, strict=True):
        zeros = later.mask.nnz - now.mask.nnz
        if zeros:
            raise InputError(
                f"{zeros} of its weights are 0 and nothing keeps them at 0; register the mask"
                " (torch.nn.utils.prune.custom_from_mask), or say with masks= which are trained",
                f"layer {quoted(now.name)}",
            )
    return read


def _moved(parameter: Any) -> Any:
    """The numbers of a parameter, all away from 0 but where a gradient hook keeps them."""
    return (hooked(parameter) != 0).to(parameter.dtype)


# -- the data --------------------------------------------------------------------------------------


def _asked(asked: Question | None, data: Any) -> tuple[Question, Any, Any, tuple[str, ...]]:
    """The question, inputs and targets as tensors where it needs them, and what to say."""
    if data is None:
        if asked not in (None, Question.SOME_DATA):
            raise InputError(f"question ({asked.value}) needs data: {HAND_OVER}")
        return Question.SOME_DATA, None, None, ()
    if asked is Question.SOME_DATA:
        return asked, None, None, ()
    found = _tensors(data)
    if found is None:
        note = (
            f"the loader gives more than {MOST_NUMBERS} numbers: asked was question (a), about"
            f" some training set; {HAND_OVER}"
        )
        return Question.SOME_DATA, None, None, (note,)
    inputs, targets = found
    sharpest = Question.THESE_INPUTS if targets is None else Question.THIS_DATA
    asked = asked or sharpest
    if asked is Question.THIS_DATA and targets is None:
        raise InputError(f"question (c) needs targets, too: {HAND_OVER}")
    if asked is Question.THESE_INPUTS:
        targets = None
    return asked, inputs, targets, ()


def _tensors(data: Any) -> tuple[Any, Any] | None:
    """Inputs and targets, if there are any; None if there are more than MOST_NUMBERS numbers."""
    parts = [data] if hasattr(data, "shape") else data
    if isinstance(parts, (tuple, list)) and all(hasattr(part, "shape") for part in parts):
        if len(parts) not in (1, 2):
            raise InputError(f"expected (X, y), found {len(parts)} arrays", "data")
        found = [tensor(part, name) for part, name in zip(parts, "Xy", strict=False)]
        return found[0], found[1] if len(found) > 1 else None
    if not hasattr(data, "__iter__") or hasattr(data, "__next__"):
        raise InputError(
            f"expected (X, y), X or a DataLoader, found {type(data).__name__}; {HAND_OVER}", "data"
        )
    return batches_of(data, MOST_NUMBERS)


def _fitting(model: Any, read: Model, inputs: Any, targets: Any, classes: bool) -> tuple[Any, Any]:
    """Rows of numbers, as many targets as predictions, none of them broadcast; or ``classes``."""
    device = next(model.parameters()).device
    with (
        foreign("the model cannot be run on these inputs", "X"),
        torch.no_grad(),
        random_numbers_put_back(),
    ):
        predictions = alone(model(inputs.to(device)))
    width, outputs = read.pattern.widths[0], read.pattern.widths[-1]
    rows = inputs.reshape(-1, width)
    if targets is None:
        return rows, None
    if classes and targets.dim() == 1 and targets.shape == predictions.shape[:1]:
        if targets.is_floating_point():
            raise InputError("expected classes as integers, found " + str(targets.dtype), "y")
        return rows, targets
    if targets.shape != predictions.shape:
        raise InputError(
            f"expected targets of shape {shape_text(predictions.shape)}, as the predictions, found"
            f" {shape_text(targets.shape)}; the loss would broadcast them",
            "y",
        )
    return rows, targets.reshape(-1, outputs)


def _smoothed(targets: Any, smoothing: float, classes: int) -> Any:
    """The labels that label smoothing makes of classes, or of their probabilities: all positive."""
    if targets.dim() == 1:
        with foreign(f"expected classes from 0 to {classes - 1}", "y"):
            targets = F.one_hot(targets.long(), classes)
    return targets.double() * (1 - smoothing) + smoothing / classes


# -- the loss and the penalty ----------------------------------------------------------------------


def _loss_class(loss: Any) -> tuple[str, str]:
    """The class of a loss, and why no theorem is about it, or ""."""
    if loss is None:
        return "squared", ""
    name = shortened(getattr(loss, "__name__", type(loss).__name__))
    if isinstance(loss, type):
        raise InputError(f"expected a loss, found its class: write {name}()")
    found = FUNCTIONS.get(loss) if callable(loss) and not isinstance(loss, nn.Module) else None
    found = found or LOSS_CLASSES.get(type(loss))
    if found is None:
        why = f"no theorem is about the loss {name}; known are MSELoss, L1Loss, SmoothL1Loss,"
        why += " HuberLoss, CrossEntropyLoss and BCEWithLogitsLoss"
        return "", why
    for setting, plain in PLAIN.items():
        if getattr(loss, setting, plain) != plain:
            return "", f"no theorem is about {name} with {setting}"
    if getattr(loss, "reduction", "mean") not in ("mean", "sum"):
        raise InputError(f"{name} with reduction='none' is no number: expected 'mean' or 'sum'")
    smooth = found == "cross_entropy" and getattr(loss, "label_smoothing", 0.0) > 0
    return "soft_cross_entropy" if smooth else found, ""


def _penalty(model: Any, optimizer: Any, last: str) -> tuple[str, str, str]:
    """The penalty, a key of PENALTIES; why no theorem is about it; what to say.

    ``last``: the name of the last layer.
    """
    if optimizer is None:
        return "none", "", ""
    kind = type(optimizer).__name__
    shown = shortened(kind)
    own = type(optimizer).__module__.startswith("torch.optim")
    groups = {id(one): group for group in optimizer.param_groups for one in group["params"]}
    names = {
        name: groups.get(id(one)) for name, one in model.named_parameters() if one.requires_grad
    }
    left = [name for name, group in names.items() if group is None]
    if left:
        return "none", f"the optimizer does not train {_listed(left)}; no theorem covers this", ""
    trained = {name: group for name, group in names.items() if group is not None}
    if any(group.get("maximize", False) for group in trained.values()):
        return "none", "the optimizer maximises the loss", ""
    decays = {name: float(group.get("weight_decay", 0)) for name, group in trained.items()}
    if not any(decays.values()):
        return "none", "", ""
    if own and (
        kind in DECOUPLED or any(g.get("decoupled_weight_decay", False) for g in trained.values())
    ):
        note = (
            f"the weight_decay of {shown} is decoupled: it is no penalty in the loss, and this"
            " answer is about the loss alone"
        )
        return "none", "", note
    if not own or kind not in PENALISING:
        return "none", f"how {shown} uses its weight_decay is not known to cadlink", ""
    bare = [name for name, decay in decays.items() if not 0 < decay < math.inf]
    if not bare:
        return "all", "", ""
    sizes = {name: one.dim() for name, one in model.named_parameters()}
    biases = [name for name in decays if sizes[name] == 1]
    if bare == biases:
        return "weights", "", ""
    ends = [name for name in decays if sizes[name] > 1 and name.startswith(f"{last}.")]
    if len(ends) == 1 and set(bare) == {*biases, *ends}:
        return "all-but-last", "", ""
    why = (
        f"weight_decay is not on {_listed(bare)}; no theorem is about a penalty on some parameters"
        " only: put it on all of them, or on no bias and all weights (or those of all layers but"
        " the last)"
    )
    return "none", why, ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:6])
    return shown if len(names) <= 6 else f"{shown} and {len(names) - 6} more"


def _random(model: Any, read: Model) -> str:
    """Why no theorem is about a module that is random in training (dropout), or ""."""
    first = next(one for one in model.parameters() if one.requires_grad)
    points = torch.ones(2, read.pattern.widths[0], dtype=first.dtype, device=first.device)
    cuda = first.device.type == "cuda"

    def state() -> Any:
        return torch.cuda.get_rng_state(first.device) if cuda else torch.get_rng_state()

    with training(model, True), random_numbers_put_back(), torch.no_grad():
        before = state()
        model(points)
        drawn = not torch.equal(before, state())
    return (
        "in training the model is random (dropout), and no theorem is about that" if drawn else ""
    )
