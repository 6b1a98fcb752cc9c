"""A chain of layers under construction, for readers that follow a computation node by node.

A computation is read as a chain: there is one current signal, every step takes it and makes the
next one.  A step that takes any other signal is a branch, and a branch is refused.
"""

from __future__ import annotations

from typing import Any

from cadlink.errors import InputError, quoted
from cadlink.networks.readers.layers import Found

__all__ = ["Chain", "Signal"]

NAME_THEM = "name the layers of a chain in forward order with layers= or --layers"


class Signal:
    """What flows between two steps; compared by identity."""


class Chain:
    """The layers so far; every method raises InputError, naming ``place``, for what is no chain."""

    def __init__(self) -> None:
        self.layers: list[Found] = []
        self.head = Signal()
        self.active = False  # an activation has followed the last layer
        self.moved_inputs = False
        self.dropout = False
        self.assumed_fixed = False  # what moves the inputs might be trained, too

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, and what was assumed."""
        found = []
        if self.dropout:
            found.append("dropout is left out: what is decided is the loss without it")
        if self.assumed_fixed:
            found.append("that the numbers which shift or scale the inputs stay fixed is ASSUMED")
        return tuple(found)

    def take(self, signal: Signal, place: str) -> None:
        """The signal must be the current one."""
        if signal is not self.head:
            raise InputError(
                f"the computation branches here: what it takes is used elsewhere, too; {NAME_THEM}",
                place,
            )

    def step(self, signal: Signal, place: str) -> Signal:
        """A step that changes nothing the pattern depends on."""
        self.take(signal, place)
        self.head = Signal()
        return self.head

    def linear(self, signal: Signal, layer: Found, place: str) -> Signal:
        """A Linear layer; its widths must fit, its weights must not have been used."""
        self.take(signal, place)
        if any(layer.name == other.name for other in self.layers):
            raise InputError(
                f"layer {quoted(layer.name)} is used twice; no theorem covers shared weights", place
            )
        if self.layers and self.layers[-1].shape[0] != layer.shape[1]:
            raise InputError(
                f"expected {self.layers[-1].shape[0]} inputs, as many as layer"
                f" {quoted(self.layers[-1].name)} has outputs, found {layer.shape[1]}",
                place,
            )
        self.layers.append(layer)
        self.active = False
        return self.step(signal, place)

    def bias(self, signal: Signal, free: Any, place: str) -> Signal:
        """A free bias added to the last layer: ``free`` says which units have one."""
        self.take(signal, place)
        if not self.layers or self.active or self.layers[-1].bias.any():
            raise InputError(
                "adds parameters that are no bias of a Linear layer without one", place
            )
        if free.size != self.layers[-1].shape[0]:
            raise InputError(
                f"expected {self.layers[-1].shape[0]} biases, found {free.size}", place
            )
        self.layers[-1].bias = free
        return self.step(signal, place)

    def activation(self, signal: Signal, name: str, place: str) -> Signal:
        """An activation after the last layer; ReLU of ReLU is ReLU."""
        self.take(signal, place)
        if not self.layers:
            raise InputError(
                f"{name} before the first layer changes the inputs; apply it to the data", place
            )
        if self.active and not (name == self.layers[-1].activation == "relu"):
            raise InputError(
                f"{name} after {self.layers[-1].activation}: expected one activation after a layer;"
                f" {NAME_THEM}",
                place,
            )
        self.layers[-1].activation = name
        self.active = self.active or name != "none"
        return self.step(signal, place)

    def move(self, signal: Signal, place: str) -> Signal:
        """Inputs shifted or scaled by constants: an affine map of the data, no layer."""
        if self.layers:
            raise InputError(
                f"shifts or scales the signal by constants that are not trained; {NAME_THEM}", place
            )
        self.moved_inputs = True
        return self.step(signal, place)

    def reshape(self, signal: Signal, shape: list[int | None], place: str) -> Signal:
        """A new shape, None for a size taken from the signal: after a layer (points x width) only.

        Before the first layer every shape will do: it must end in the layer's inputs.
        """
        if self.layers:
            width = self.layers[-1].shape[0]
            kept = len(shape) == 2 and shape[1] in (-1, width) and shape[0] in (-1, None)
            kept = kept and shape != [-1, -1]
            column = width == 1 and shape in ([-1], [None])
            if not kept and not column:
                raise InputError(
                    f"changes the shape of the {width} outputs of layer"
                    f" {quoted(self.layers[-1].name)}; {NAME_THEM}",
                    place,
                )
        return self.step(signal, place)
