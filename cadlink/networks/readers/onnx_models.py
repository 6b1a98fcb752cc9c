"""ONNX files, read as they compute: one chain of Gemm, MatMul + Add, activations, and nodes that
change nothing.  A weight is an initializer; a number that a node holds is a constant, which nobody
trains.

Weights may lie in another file beside the model, as ``torch.onnx.export`` writes them: inside the
model's folder only, whatever the file says.  onnx itself is never asked to open one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cadlink import files
from cadlink.errors import InputError, foreign, quoted, shortened
from cadlink.networks.readers.activations import leaky
from cadlink.networks.readers.chain import Chain, Signal
from cadlink.networks.readers.layers import Found, Model, Options, assemble
from cadlink.networks.readers.named import not_copied, of_named
from cadlink.networks.readers.weights import Unread, shape_text

__all__ = ["of_file"]

MOST_BYTES = 2**31  # of the file itself: what protobuf reads
ACTIVATIONS = {
    "Relu": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Gelu": "gelu",
    "Swish": "silu",
    "Softplus": "softplus",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Mish": "mish",
    "HardSigmoid": "hardsigmoid",
    "HardSwish": "hardswish",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
}
NOTHING = ("Identity", "Dropout")
FLOATS = ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16")
SUPPORTED = "Gemm, MatMul, Add, activations, Flatten, Reshape, Identity, Dropout and Cast"
NAME_THEM = "name the weights of a chain in forward order: --layers"


@dataclass(frozen=True)
class _Number:
    """An array of the graph: ``trained`` if it is an initializer."""

    name: str
    array: Any
    trained: bool
    transposed: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        shape = tuple(int(size) for size in self.array.shape)
        return shape[::-1] if self.transposed else shape


def of_file(path: Path, options: Options) -> Model:
    """The model of an ONNX file.

    Raises InputError for a damaged file, and naming the node for everything that is no chain.
    """
    where = shortened(path, 300)
    try:
        import onnx
    except ImportError:
        raise InputError("reading .onnx needs onnx: pip install 'cadlink[onnx]'", where) from None
    content = files.read(path, MOST_BYTES)
    with foreign("not an ONNX file", where):
        model = onnx.load_model_from_string(content)
        graph = model.graph
    if not graph.node:
        raise InputError("not an ONNX file with a computation: it has no nodes", where)
    made = {function.name for function in model.functions}  # may stand for standard operators
    if made & {node.op_type for node in graph.node}:
        raise InputError("calls functions that the file defines, which are not read", where)
    names = [tensor.name for tensor in graph.initializer]
    if len(set(names)) < len(names):
        raise InputError("two tensors have one name", where)
    arrays = _Arrays(path, onnx)
    if options.layers is not None:
        named = {tensor.name: arrays.read(tensor) for tensor in graph.initializer}
        return of_named(named, where, options)
    if options.activation is not None:
        raise InputError(
            "the file shows its activations: drop --activation, or use --layers", where
        )
    known = {t.name: _Number(t.name, arrays.read(t), True) for t in graph.initializer}
    return _Walk(graph, known, arrays, where).model(options)


# -- numbers ---------------------------------------------------------------------------------------


class _Arrays:
    """Reads tensors, those in other files too."""

    def __init__(self, path: Path, onnx: Any) -> None:
        self.folder, self.where, self.onnx = path.parent.resolve(), shortened(path, 300), onnx

    def read(self, tensor: Any) -> Any:
        """The array of a tensor; an :class:`Unread` for types without numbers to look at."""
        place = f"{self.where}, tensor {quoted(tensor.name)}"
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape):
            raise InputError(f"a tensor of shape {shape_text(shape)}", place)
        try:
            kind = self.onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        except (KeyError, ValueError, TypeError):
            raise InputError(f"a tensor of type {tensor.data_type} is not read", place) from None
        name = str(kind)
        if kind.kind not in "biuf" and name != "bfloat16":
            return Unread(shape, shortened(name))
        if name.startswith(("float8", "float4", "float6", "int4", "uint4", "int2", "uint2")):
            return Unread(shape, shortened(name))
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            return self._external(tensor, kind, shape, place)
        with foreign(f"its bytes do not fit the shape {shape_text(shape)}", place):
            return self.onnx.numpy_helper.to_array(tensor)

    def _external(self, tensor: Any, kind: Any, shape: tuple[int, ...], place: str) -> Any:
        """Numbers of a file in the model's folder."""
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError:
            raise InputError(
                "weights in another file at a place that is no number", place
            ) from None
        wanted = math.prod(shape) * kind.itemsize
        if offset < 0 or length not in (-1, wanted):
            raise InputError(
                f"weights in another file: expected {wanted} bytes from an offset of at least 0,"
                f" found {length} from {offset}",
                place,
            )
        if not location or "\0" in location or Path(location).is_absolute():
            raise InputError(
                f"weights in the file {quoted(location)}: expected one in the model's folder", place
            )
        file = self.folder / location
        try:
            inside = file.resolve().is_relative_to(self.folder)
            if not inside:
                raise InputError(
                    f"weights in the file {quoted(location)}, outside the model's folder, are not"
                    " read",
                    place,
                )
            if not file.is_file():
                raise InputError(
                    f"no file {quoted(location)} beside the model, where its weights should be",
                    place,
                )
            if file.stat().st_size < offset + wanted:
                raise InputError(f"the file {quoted(location)} ends before these weights", place)
            if not wanted:
                return np.zeros(shape, dtype=kind)
            return np.memmap(file, dtype=kind, mode="r", offset=offset, shape=shape)
        except (OSError, RuntimeError) as error:  # RuntimeError: links that go round
            text = getattr(error, "strerror", None) or str(error)
            raise InputError(f"cannot read {quoted(location)}: {shortened(text)}", place) from None


# -- following the graph ---------------------------------------------------------------------------


class _Walk:
    """The graph followed node by node."""

    def __init__(
        self, graph: Any, known: Mapping[str, _Number], arrays: _Arrays, where: str
    ) -> None:
        self.graph, self.arrays, self.where = graph, arrays, where
        self.chain = Chain()
        self.values: dict[str, Any] = dict(known)
        self.used: set[str] = set()

    def model(self, options: Options) -> Model:
        """The model, if the graph is a chain."""
        inputs = [value.name for value in self.graph.input if value.name not in self.values]
        if len(inputs) != 1:
            raise InputError(f"expected one input, found {len(inputs)}; {NAME_THEM}", self.where)
        self.values[inputs[0]] = self.chain.head
        for node in self.graph.node:
            self._node(node)
        outputs = [value.name for value in self.graph.output]
        if len(outputs) != 1:
            raise InputError(f"expected one output, found {len(outputs)}; {NAME_THEM}", self.where)
        end = self.values.get(outputs[0])
        if not isinstance(end, Signal):
            raise InputError("its output does not depend on its input", self.where)
        self.chain.take(end, f"{self.where}, output {quoted(outputs[0])}")
        if options.masks is None:
            not_copied(self.chain.layers, self.where)
        return assemble(
            self.chain.layers, self.where, options, self.chain.notes, self.chain.moved_inputs
        )

    def _node(self, node: Any) -> None:
        kind = shortened(node.op_type)
        if not node.output or not node.output[0]:
            raise InputError("a node without an output", f"{self.where}, node of type {kind!r}")
        place = f"{self.where}, node {quoted(node.name or node.output[0])} ({kind})"
        scaler = (node.domain, node.op_type) == ("ai.onnx.ml", "Scaler")
        if node.domain not in ("", "ai.onnx") and not scaler:
            raise self._refused(place, f"of the domain {quoted(node.domain)}")
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute):
            raise self._refused(place, "holds a graph of its own, which is not read")
        given = []
        for name in node.input:
            if name and name not in self.values:
                raise InputError(f"takes {quoted(name)}, which nothing makes", place)
            given.append(self.values.get(name))
        if any(name in self.values for name in node.output if name):
            raise InputError("makes a value that there is already", place)
        step = _Step(self, node, attributes, given, place)
        if not any(isinstance(value, Signal) for value in given):
            self.values[node.output[0]] = step.constant()
        else:
            self.values[node.output[0]] = step.signal()

    def _refused(self, place: str, what: str = "") -> InputError:
        what = what or "is not read"
        return InputError(f"{what}; read are {SUPPORTED}; {NAME_THEM}", place)


@dataclass(frozen=True)
class _Step:
    """One node with what it is given."""

    walk: _Walk
    node: Any
    attributes: Mapping[str, Any]
    given: list[Any]
    place: str

    def constant(self) -> Any:
        """The value of a node that does not depend on the input."""
        kind = self.node.op_type
        if kind == "Constant":
            return self._held()
        first = self.given[0] if self.given else None
        if isinstance(first, _Number):
            if kind == "Identity" or (kind == "Cast" and self._to_float()):
                return first
            if kind == "Transpose" and self._turns(first):
                return _Number(first.name, first.array, first.trained, not first.transposed)
        return None  # sizes and the like: of no use to a layer, which is refused when it takes it

    def _held(self) -> Any:
        for name, attribute in self.attributes.items():
            if name == "value":
                return _Number("", self.walk.arrays.read(attribute.t), False)
            if name in ("value_float", "value_int"):
                number = attribute.f if name == "value_float" else attribute.i
                return _Number("", np.asarray(number), False)
            if name in ("value_floats", "value_ints"):
                numbers = attribute.floats if name == "value_floats" else attribute.ints
                return _Number("", np.asarray(list(numbers)), False)
        raise self.walk._refused(self.place, "a constant of another kind")

    def _attribute(self, name: str, field: str, default: Any) -> Any:
        """What the node says, or what the operator's definition says if the node does not."""
        return getattr(self.attributes[name], field) if name in self.attributes else default

    def _turns(self, number: _Number) -> bool:
        return len(number.shape) == 2 and list(self._attribute("perm", "ints", [1, 0])) == [1, 0]

    def signal(self) -> Any:
        """The value of a node that takes the signal."""
        kind, chain = self.node.op_type, self.walk.chain
        if kind in ("Shape", "Size"):
            return None
        if len([value for value in self.given if isinstance(value, Signal)]) > 1:
            raise InputError(
                f"two signals meet here (a residual connection or a gate); {NAME_THEM}", self.place
            )
        at = next(i for i, value in enumerate(self.given) if isinstance(value, Signal))
        signal = self.given[at]
        if kind in ("Gemm", "MatMul") and at == 0:
            return self._linear(signal)
        if kind in ("Add", "Sub", "Mul", "Div"):
            return self._arithmetic(signal, at)
        if at != 0:
            raise self.walk._refused(self.place)
        if kind in ACTIVATIONS:
            return chain.activation(signal, ACTIVATIONS[kind], self.place)
        if kind == "Scaler":
            scales = np.asarray(self._attribute("scale", "floats", 1))
            if not (np.isfinite(scales).all() and scales.all()):
                raise self.walk._refused(self.place, "scales by 0 or infinity")
            return chain.move(signal, self.place)
        if kind == "LeakyRelu":
            slope = self._leaky(self._attribute("alpha", "f", 0.01))
            return chain.activation(signal, slope, self.place)
        if kind in ("Clip", "Max"):
            return self._clip(signal, kind)
        chain.dropout = chain.dropout or kind == "Dropout"
        if kind in NOTHING or (kind == "Cast" and self._to_float()):
            return chain.step(signal, self.place)
        if kind == "Flatten":
            if chain.layers and self._attribute("axis", "i", 1) not in (1, -1):
                raise self.walk._refused(self.place, "flattens the points, too")
            return chain.step(signal, self.place)
        if kind in ("Reshape", "Squeeze"):
            return self._reshape(signal, kind)
        raise self.walk._refused(self.place)

    def _to_float(self) -> bool:
        """Whether a Cast makes floats: to integers it rounds."""
        types = self.walk.arrays.onnx.TensorProto
        return self._attribute("to", "i", 0) in [getattr(types, name) for name in FLOATS]

    def _leaky(self, slope: float) -> str:
        try:
            return leaky(float(str(np.float32(slope))))  # the shortest decimal number it stands for
        except ValueError:
            raise InputError(f"a slope of {slope}", self.place) from None

    def _weight(self, place: int) -> _Number:
        """The trained matrix that is the node's input at this place, used once only."""
        number = self.given[place] if place < len(self.given) else None
        if not isinstance(number, _Number) or not number.trained:
            raise InputError(
                f"expected trained weights (an initializer) as input {place}", self.place
            )
        if number.name in self.walk.used:
            raise InputError(
                f"the weights {quoted(number.name)} are used twice; no theorem covers shared"
                " weights",
                self.place,
            )
        self.walk.used.add(number.name)
        return number

    def _linear(self, signal: Signal) -> Signal:
        """y = x B (+ c): outputs x inputs is B transposed."""
        weight = self._weight(1)
        if len(weight.shape) != 2:
            raise InputError(
                f"expected a weight matrix, found shape {shape_text(weight.shape)}", self.place
            )
        turned = not weight.transposed
        scale = 1.0
        if self.node.op_type == "Gemm":
            if self._attribute("transA", "i", 0):
                raise self.walk._refused(self.place, "transA")
            if self._attribute("transB", "i", 0):
                turned = not turned
            scale = self._attribute("alpha", "f", 1.0) * self._attribute("beta", "f", 1.0)
        if not (math.isfinite(scale) and scale):
            raise self.walk._refused(self.place, "alpha or beta of 0")
        name = weight.name.removesuffix(".weight") or self.node.name or self.node.output[0]
        layer = Found(name, weight.array, np.zeros(0, dtype=bool), turned)
        layer.bias = np.zeros(layer.shape[0], dtype=bool)
        made = self.walk.chain.linear(signal, layer, self.place)
        if len(self.node.input) > 2 and self.node.input[2]:
            made = self._bias(made, 2)
        return made

    def _bias(self, signal: Signal, place: int) -> Signal:
        """An initializer of one number for each unit is a free bias."""
        bias = self._weight(place)
        units = self.walk.chain.layers[-1].shape[0] if self.walk.chain.layers else 0
        if math.prod(bias.shape) != units or bias.shape[-1:] != (units,):
            raise InputError(
                f"expected {units} biases, found shape {shape_text(bias.shape)}", self.place
            )
        return self.walk.chain.bias(signal, np.ones(units, dtype=bool), self.place)

    def _arithmetic(self, signal: Signal, at: int) -> Signal:
        kind, other = self.node.op_type, self.given[1 - at]
        if not isinstance(other, _Number) or isinstance(other.array, Unread):
            raise self.walk._refused(self.place, "takes something that is computed")
        if self.walk.chain.layers and kind == "Add" and other.trained:
            return self._bias(signal, 1 - at)
        numbers = np.asarray(other.array, dtype=np.float64)
        if not np.isfinite(numbers).all() or (kind in ("Mul", "Div") and not numbers.all()):
            raise self.walk._refused(self.place, "scales by 0 or infinity")
        if kind == "Div" and at == 1:
            raise self.walk._refused(self.place, "divides by the signal")
        self.walk.chain.assumed_fixed = self.walk.chain.assumed_fixed or other.trained
        return self.walk.chain.move(signal, self.place)

    def _clip(self, signal: Signal, kind: str) -> Signal:
        """Clip from below at 0, and Max with 0, are ReLU."""
        low = self.given[1] if len(self.given) > 1 else None
        high = self.given[2] if len(self.given) > 2 else None
        held = isinstance(low, _Number) and not low.trained and np.size(low.array) == 1
        zero = held and not np.any(low.array)  # type: ignore[union-attr]
        if not zero or len(self.given) > 3 or high is not None or self.attributes:
            raise self.walk._refused(self.place, f"{kind} but at 0 from below")
        return self.walk.chain.activation(signal, "relu", self.place)

    def _reshape(self, signal: Signal, kind: str) -> Signal:
        """A reshape to numbers the file holds, or before the first layer to any."""
        given = self.given[1] if len(self.given) > 1 else None
        chain = self.walk.chain
        held = isinstance(given, _Number) and not isinstance(given.array, Unread)
        numbers = [int(n) for n in np.ravel(given.array)] if held else None  # type: ignore[union-attr]
        if kind == "Squeeze":
            one = chain.layers and chain.layers[-1].shape[0] == 1 and numbers in ([1], [-1])
            if not one:
                raise self.walk._refused(self.place, "squeezes more than one output")
            return chain.step(signal, self.place)
        if numbers is None:
            if chain.layers:
                raise self.walk._refused(self.place, "a shape that is computed")
            return chain.step(signal, self.place)
        zero_is_zero = self._attribute("allowzero", "i", 0)
        shape = [None if n == 0 and not zero_is_zero else n for n in numbers]
        return chain.reshape(signal, shape, self.place)
