"""What reading a model gives: its layers, in forward order, and what was seen or assumed of them.

A reader collects :class:`Found` layers; :func:`assemble` puts explicit masks in place of the
weights' own zeros, checks that the widths fit and makes the :class:`Model`, which the theorems ask
and the command line shows.  This module knows no library of models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise, product
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.errors import InputError, quoted, shortened
from cadlink.networks.kernel.doubles import Parameters
from cadlink.networks.readers.activations import kind_of
from cadlink.networks.readers.weights import (
    mask_of,
    numbers_of,
    overlapping,
    same_memory,
    shape_text,
    support,
)
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import reached, reaching

__all__ = ["Found", "Layer", "Model", "Options", "assemble", "at", "listed", "not_shared"]

Bools = npt.NDArray[np.bool_]
Numbers: TypeAlias = Callable[[], npt.NDArray[np.float64] | None]

MOST_LINES = 40  # layers of a model that are shown
MOST_NAMES = 12  # layers that a message lists
MOST_NAME = 60  # characters of a layer's name


@dataclass(frozen=True)
class Options:
    """What the caller says about a model, because the file cannot.

    masks
        layer name -> mask (or -> {"weight": mask, "bias": mask}), or one mask per layer.
    layers
        The names of the layers that form the network, in forward order.
    activation
        What is between the layers, as in ``activations.ACTIVATIONS``.
    transpose
        The weights are stored inputs x outputs.
    key
        Where the state dict is in a file that holds several, as "model" or "ema.model".
    """

    masks: Mapping[str, Any] | Sequence[Any] | None = None
    layers: tuple[str, ...] | None = None
    activation: str | None = None
    transpose: bool = False
    key: str | None = None


@dataclass
class Found:
    """A linear layer as a reader meets it.

    ``weight`` is anything ``weights.support`` reads, of shape outputs x inputs unless
    ``transposed``; ``mask`` is stored with it and counts instead of the weight's zeros.  ``bias``
    says which units have a free bias, ``biases`` are their numbers where a reader has them.
    """

    name: str
    weight: Any
    bias: Bools
    transposed: bool = False
    mask: Any = None
    activation: str = "none"
    seen: bool = True
    biases: Any = None

    @property
    def trained(self) -> list[Any]:
        """The arrays of numbers that training changes."""
        return [self.weight] if self.biases is None else [self.weight, self.biases]

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs, inputs."""
        rows, columns = self.weight.shape
        return (columns, rows) if self.transposed else (rows, columns)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a model: what is shown, a line each.

    ``mask`` has shape outputs x inputs; ``bias[i]``: unit i has a free bias; ``activation`` follows
    the layer, ``seen`` in the model or assumed; ``dead`` are the units, from 0, on no path from an
    input to an output.  ``weight()`` gives its numbers (outputs x inputs), ``biases()`` those of
    the biases, or None where the model has none.
    """

    name: str
    mask: Any
    bias: Bools = field(repr=False)
    activation: str
    seen: bool
    dead: npt.NDArray[np.int64] = field(repr=False)
    weight: Numbers = field(repr=False)
    biases: Numbers = field(repr=False)

    @property
    def density(self) -> float:
        """Edges over entries."""
        rows, columns = self.mask.shape
        return int(self.mask.nnz) / int(rows * columns)

    def to_json(self) -> dict[str, Any]:
        """One entry of the "layers" that ``cadlink network --json`` prints."""
        bias: str | list[int] = [int(unit) for unit in np.flatnonzero(self.bias)]
        if len(bias) in (0, self.bias.size):
            bias = "all" if bias else "none"
        return {
            "name": self.name,
            "outputs": int(self.mask.shape[0]),
            "inputs": int(self.mask.shape[1]),
            "edges": int(self.mask.nnz),
            "density": self.density,
            "bias": bias,
            "activation": self.activation,
            "activation_seen": self.seen,
            "dead_units": self.dead.tolist(),
        }


@dataclass(frozen=True)
class Model:
    """A network as the theorems see it, and as it was read.

    ``biases`` says which layers have free biases, ``activation`` what follows every hidden layer
    (one of ``activations.ACTIVATIONS``, with its number where it has one).  ``uncovered`` is empty,
    or says in words why no theorem is about such a network; ``moved_inputs``: the model shifts or
    scales its inputs before the first layer.  ``layers`` and ``notes`` are for people.
    """

    pattern: Pattern
    biases: tuple[bool, ...]
    activation: str = "relu"
    layers: tuple[Layer, ...] = field(default=(), repr=False)
    dead_inputs: tuple[int, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    uncovered: str = ""
    moved_inputs: bool = False

    def outside(self, given_inputs: bool) -> str:
        """Why no theorem is about this network (on given inputs), or ""."""
        if given_inputs and self.moved_inputs and not self.uncovered:
            return (
                "the model shifts or scales its inputs first, and the theorems are about what its"
                " first layer is given"
            )
        return self.uncovered

    def parameters(self) -> Parameters | None:
        """The weights (0 outside the masks) and biases in double precision; None where the model
        does not hold the numbers."""
        weights, biases = [], []
        for layer in self.layers:
            weight, bias = layer.weight(), layer.biases()
            if weight is None or (bias is None and layer.bias.any()):
                return None
            weights.append(np.where(layer.mask.toarray(), weight, 0.0))
            free = np.zeros(layer.bias.size) if bias is None else np.where(layer.bias, bias, 0.0)
            biases.append(free)
        return Parameters(tuple(weights), tuple(biases))

    def before_probabilities(self, name: str) -> Model:
        """The same network without a softmax (or sigmoid) at its end, which belongs to the loss."""
        ends = {"softmax": ("softmax", "log_softmax"), "sigmoid": ("sigmoid",)}[name]
        if not self.layers or self.layers[-1].activation not in ends:
            return self
        last = replace(self.layers[-1], activation="none")
        layers = (*self.layers[:-1], last)
        note = f"that the loss takes the outputs before the {self.layers[-1].activation} is ASSUMED"
        activation, uncovered = _one_activation(layers)
        return replace(
            self,
            layers=layers,
            activation=activation,
            uncovered=uncovered or _masked_biases(layers),
            notes=(*self.notes, note),
        )

    def without_biases(self) -> Model:
        """The same network, if none of its layers has biases."""
        layers = tuple(replace(layer, bias=np.zeros_like(layer.bias)) for layer in self.layers)
        notes = (*self.notes, "biases in no layer, as asked for")
        return replace(self, biases=(False,) * len(layers), layers=layers, notes=notes)

    def lines(self) -> list[str]:
        """The layers as read, one line each, what is dead, what was assumed.

        >>> from cadlink.networks.readers.models import model_of
        >>> print("\\n".join(model_of("110/010;01").lines()))
        1 of 2 hidden units is dead: on no path from an input to an output
        layer  shape  edges  density  bias  activation     dead
        0      2 x 3      3    50.0%  all   relu ASSUMED   unit 0
        1      1 x 2      1    50.0%  all   none
        2 dead inputs: 0, 2
        a pattern: biases in every layer and relu between the layers are ASSUMED
        """
        rows = [("layer", "shape", "edges", "density", "bias", "activation", "dead")]
        for layer in self.layers[:MOST_LINES]:
            free = int(layer.bias.sum())
            some = f"{free} of {layer.bias.size}" if free else "none"
            rows.append(
                (
                    shortened(layer.name, MOST_NAME),
                    shape_text(layer.mask.shape),
                    str(layer.mask.nnz),
                    f"{100 * layer.density:.1f}%",
                    "all" if free == layer.bias.size else some,
                    layer.activation if layer.seen else f"{layer.activation} ASSUMED",
                    _units(layer.dead),
                )
            )
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = []
        for row in rows:
            name, shape, edges, density, bias, activation, dead = (
                cell.rjust(width) if place in (2, 3) else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(row, wide, strict=True))
            )
            line = f"{name}  {shape}  {edges}  {density}  {bias}  {activation}   {dead}"
            lines.append(line.rstrip())
        if len(self.layers) > MOST_LINES:
            lines.append(f"... and {len(self.layers) - MOST_LINES} more layers")
        hidden = sum(layer.dead.size for layer in self.layers[:-1])
        width = sum(self.pattern.widths[1:-1])
        if 2 * hidden >= width > 0:
            verb = "is" if hidden == 1 else "are"
            first = f"{hidden} of {width} hidden units {verb} dead"
            lines.insert(0, f"{first}: on no path from an input to an output")
        if self.dead_inputs:
            many = f"{len(self.dead_inputs)} dead input{'s' if len(self.dead_inputs) > 1 else ''}"
            lines.append(f"{many}: {_numbers(self.dead_inputs)}")
        return lines + list(self.notes)

    def to_json(self) -> dict[str, Any]:
        """The object "model" that ``cadlink network --json`` prints."""
        return {
            "layers": [layer.to_json() for layer in self.layers],
            "activation": self.activation,
            "dead_inputs": list(self.dead_inputs),
            "notes": list(self.notes),
        }


def assemble(
    found: Sequence[Found],
    where: str = "",
    options: Options | None = None,
    notes: Sequence[str] = (),
    moved_inputs: bool = False,
) -> Model:
    """The model of these layers, explicit masks put in place of their own.

    Raises InputError for a mask of another shape, an unknown layer name, or widths that do not fit.
    """
    given = None if options is None else options.masks
    if given is not None:
        names = listed(list(given)) if isinstance(given, Mapping) else "every layer"
        notes = (*notes, f"masks were given for {names}")
    if not found:
        raise InputError("no Linear layer found; cadlink reads networks of Linear layers", where)
    masks, kept = _given(given, found, where)
    for below, above in pairwise(found):
        if below.shape[0] != above.shape[1]:
            raise InputError(
                f"expected {below.shape[0]} inputs, as many as layer {quoted(below.name)} has"
                f" outputs, found {above.shape[1]}",
                at(where, above.name),
            )
    supports, biases = [], []
    for layer in found:
        place = at(where, layer.name)
        if layer.name in masks:
            supports.append(mask_of(masks[layer.name], layer.shape, place))
        else:
            supports.append(_own(layer, place))
        bias = layer.bias
        if layer.name in kept:
            bias = bias & mask_of([kept[layer.name]], (1, bias.size), place).toarray()[0]
        biases.append(bias)
    pattern = Pattern.of(supports, where)
    dead = dead_units(pattern)
    layers = tuple(
        Layer(
            layer.name,
            mask,
            bias,
            layer.activation,
            layer.seen,
            units,
            numbers_of(layer.weight, layer.transposed),
            numbers_of(layer.biases),
        )
        for layer, mask, bias, units in zip(found, pattern.layers, biases, dead[1:], strict=True)
    )
    activation, uncovered = _one_activation(layers)
    return Model(
        pattern,
        tuple(bool(layer.bias.any()) for layer in layers),
        activation,
        layers,
        tuple(dead[0].tolist()),
        tuple(notes),
        uncovered or _masked_biases(layers),
        moved_inputs,
    )


def _masked_biases(layers: Sequence[Layer]) -> str:
    """Why no theorem is about biases that are free in part, or ""."""
    for layer in layers:
        free = int(layer.bias.sum())
        if 0 < free < layer.bias.size:
            return (
                f"no theorem covers biases that are masked in part (layer {quoted(layer.name)}:"
                f" {free} of {layer.bias.size})"
            )
    return ""


def dead_units(pattern: Pattern) -> list[npt.NDArray[np.int64]]:
    """Per unit layer, inputs first, the units on no path from an input to an output, ascending."""
    pairs = zip(reached(pattern, None), reaching(pattern, None), strict=True)
    return [np.flatnonzero(~(below & above)) for below, above in pairs]


def _own(layer: Found, place: str) -> sp.csr_array:
    """Where the layer's stored mask or else its weight is not 0."""
    if layer.mask is not None:
        own = mask_of(layer.mask, tuple(layer.weight.shape), place)
    else:
        own = support(layer.weight, place)
    return sp.csr_array(own.T) if layer.transposed else own


def _one_activation(layers: Sequence[Layer]) -> tuple[str, str]:
    """What follows every hidden layer, and why no theorem is about it, or ""."""
    hidden = list(dict.fromkeys(layer.activation for layer in layers[:-1]))
    last = layers[-1].activation
    uncovered = ""
    if last != "none":
        uncovered = f"no theorem covers an activation after the last layer ({last})"
    if len(hidden) > 1:
        uncovered = f"no theorem covers activations that differ ({', '.join(hidden)})"
    activation = hidden[0] if hidden else "relu"
    if not uncovered and not kind_of(activation):
        uncovered = f"no theorem covers {activation}"
    return activation, uncovered


def not_shared(found: Sequence[Found], where: str) -> None:
    """Raise InputError if weights or biases of one layer, or of two, are in the same memory."""
    for layer in found:
        for what, numbers in (("weights", layer.weight), ("biases", layer.biases)):
            if overlapping(numbers):
                raise InputError(
                    f"its {what} share memory, and no theorem covers shared weights",
                    at(where, layer.name),
                )
    for one, other in combinations(found, 2):
        for first, second in product(one.trained, other.trained):
            if same_memory(first, second):
                raise InputError(
                    f"it shares numbers with layer {quoted(one.name)}; no theorem covers shared"
                    " weights",
                    at(where, other.name),
                )


# -- explicit masks --------------------------------------------------------------------------------


def _given(
    masks: Mapping[str, Any] | Sequence[Any] | None, found: Sequence[Found], where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The explicit masks of weights and of biases, by the name of the layer."""
    if masks is None:
        return {}, {}
    names = [layer.name for layer in found]
    if not isinstance(masks, Mapping):
        if len(masks) != len(names):
            raise InputError(
                f"expected {len(names)} masks, one per layer ({listed(names)}), found {len(masks)}",
                where,
            )
        return dict(zip(names, masks, strict=True)), {}
    weights: dict[str, Any] = {}
    biases: dict[str, Any] = {}
    for full, mask in masks.items():
        name, part = _layer_and_part(str(full), names)
        parts = mask if isinstance(mask, Mapping) else {part: mask}
        if name not in names or not set(parts) <= {"weight", "bias"}:
            raise InputError(
                f"a mask for layer {quoted(str(full))}, but the layers are {listed(names)}", where
            )
        for one, value in parts.items():
            {"weight": weights, "bias": biases}[one][name] = value
    return weights, biases


def _layer_and_part(full: str, names: Sequence[str]) -> tuple[str, str]:
    """The layer that a mask's name means, and whether it is of the weight or of the bias.

    >>> _layer_and_part("fc1.weight_mask", ["fc1"]), _layer_and_part("fc1", ["fc1"])
    (('fc1', 'weight'), ('fc1', 'weight'))
    """
    if full in names:
        return full, "weight"
    name, _, ending = full.replace("/", ".").rpartition(".")
    if ending in ("weight", "weight_mask", "mask", "kernel"):
        return name, "weight"
    return (name, "bias") if ending in ("bias", "bias_mask") else (full, "weight")


# -- words -----------------------------------------------------------------------------------------


def at(where: str, name: str) -> str:
    """The place of a layer in messages."""
    return f"{where}, layer {quoted(name)}" if where else f"layer {quoted(name)}"


def listed(names: Sequence[str]) -> str:
    """Names for a message, cut."""
    shown = ", ".join(shortened(name, MOST_NAME) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _units(numbers: npt.NDArray[np.int64]) -> str:
    if not numbers.size:
        return ""
    if numbers.size > 6:
        return f"{numbers.size} units"
    return f"unit{'s' if numbers.size > 1 else ''} {_numbers(numbers.tolist())}"


def _numbers(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return f"{shown}, ..." if len(numbers) > 10 else shown
