"""ONNX files: one chain of Gemm or MatMul (+ Add), Relu, and nodes that do not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cadlink.errors import InputError
from cadlink.networks.readers.models import Layer, Model, assemble

__all__ = ["of_file"]

SUPPORTED = "Gemm, MatMul, Add, Relu, LeakyRelu, Identity, Dropout and Flatten"
IGNORED = ("Identity", "Dropout", "Flatten")


def of_file(path: Path, masks: Any = None) -> Model:
    """The model of an ONNX file; weights must be stored in it."""
    where = str(path)
    if not path.is_file():
        raise InputError("no such file", where)
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError:
        raise InputError("reading .onnx needs onnx: pip install 'cadlink[onnx]'", where) from None
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
        constants = {
            tensor.name: _array(tensor, numpy_helper, where) for tensor in graph.initializer
        }
    except DecodeError:
        raise InputError("not an ONNX file", where) from None
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        raise InputError(f"expected one input, found {len(inputs)}", where)
    return _walk(graph, inputs[0], constants, numpy_helper, where, masks)


def _array(tensor: Any, numpy_helper: Any, where: str) -> Any:
    if tensor.data_location == 1:  # EXTERNAL: a path in an untrusted file is not followed
        raise InputError("weights in another file are not read", f"{where}, {tensor.name!r}")
    return numpy_helper.to_array(tensor)


def _walk(
    graph: Any, current: str, constants: dict[str, Any], numpy_helper: Any, where: str, masks: Any
) -> Model:
    layers: list[Layer] = []
    active: list[str] = []  # the activation after each layer, "" for none
    for node in graph.node:
        place = f"{where}, node {node.name or node.output[0]!r} ({node.op_type})"
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            constants[node.output[0]] = numpy_helper.to_array(attributes["value"].t)
            continue
        data = [name for name in node.input if name and name not in constants]
        if data != [current]:
            raise InputError("expected one chain of nodes without branches", place)
        if node.op_type in ("Gemm", "MatMul"):
            layers.append(_linear(node, attributes, constants, place))
            active.append("")
        elif node.op_type == "Add" and layers and not active[-1] and not layers[-1].bias:
            last = layers.pop()
            layers.append(Layer(last.name, last.mask, True))
        elif node.op_type in ("Relu", "LeakyRelu") and layers and not active[-1]:
            active[-1] = "relu" if node.op_type == "Relu" else "leaky_relu"
        elif node.op_type not in IGNORED:
            raise InputError(f"is not supported here; supported are {SUPPORTED}", place)
        current = node.output[0]
    return assemble(layers, _activation(active, where), masks, where)


def _linear(node: Any, attributes: Any, constants: dict[str, Any], place: str) -> Layer:
    """y = x B (+ c): the mask is where B^T is not 0."""
    if len(node.input) < 2 or node.input[1] not in constants:
        raise InputError("expected the weights as second input, stored in the file", place)
    weight = np.asarray(constants[node.input[1]])
    if weight.ndim != 2:
        raise InputError(f"expected a weight matrix, found {weight.ndim} dimensions", place)
    if weight.dtype == np.float16:
        raise InputError("float16 weights: small ones may have become 0; give masks", place)
    flipped = False
    if node.op_type == "Gemm":
        if "transA" in attributes and attributes["transA"].i:
            raise InputError("transA is not supported", place)
        flipped = "transB" in attributes and bool(attributes["transB"].i)
    bias = len(node.input) > 2 and bool(node.input[2])
    return Layer(node.name or node.output[0], weight if flipped else weight.T, bias)


def _activation(active: list[str], where: str) -> str:
    if active and active[-1]:
        raise InputError("an activation after the last layer is not supported", where)
    kinds = set(active[:-1])
    if len(kinds) > 1:
        raise InputError("expected the same activation after every hidden layer", where)
    kind = kinds.pop() if kinds else "relu"
    return kind or "linear"
