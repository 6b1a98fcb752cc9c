"""torch modules, read as they compute: ``torch.fx`` traces the computation, this follows it.

What torch's own classes do is known by their names (Linear, the activations, Dropout, Flatten); the
code of all other modules is traced, so that order, functional activations, shared weights, masks
multiplied in, additions and branches are seen.  A computation that is no chain of Linear layers is
refused.  What was read is then tried: on random inputs the module must predict what the chain
predicts, in evaluation, and it must be read alike in training.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.fx
import torch.nn.functional as F
from torch import nn

from cadlink.errors import InputError, foreign, quoted, shortened
from cadlink.networks.readers.activations import leaky
from cadlink.networks.readers.chain import Chain, Signal
from cadlink.networks.readers.layers import Found, Model, Options, assemble, at, not_shared
from cadlink.networks.readers.named import of_named
from cadlink.networks.readers.weights import mask_of, shape_text

__all__ = ["alone", "hooked", "of_module", "training", "unwrapped"]

NAME_THEM = "name the layers of a chain in forward order with layers="
POINTS = 16  # random inputs a module is tried on
SCALES = (1.0, 100.0)

# Activations: torch's module and function names -> ours.  None: its slope makes the name.
MODULES: dict[str, str | None] = {
    "ReLU": "relu",
    "LeakyReLU": None,
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "GELU": "gelu",
    "SiLU": "silu",
    "Softplus": "softplus",
    "ReLU6": "relu6",
    "ELU": "elu",
    "SELU": "selu",
    "CELU": "celu",
    "Mish": "mish",
    "Hardtanh": "hardtanh",
    "Hardswish": "hardswish",
    "Hardsigmoid": "hardsigmoid",
    "Softsign": "softsign",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "LogSigmoid": "logsigmoid",
}
FUNCTIONS = tuple(name for name in MODULES.values() if name)
NOTHING = ("Identity", "Dropout", "AlphaDropout", "FeatureAlphaDropout", "Flatten")
DROPOUTS = ("dropout", "alpha_dropout", "feature_alpha_dropout")
CASTS = ("float", "double", "contiguous", "to", "clone", "type", "requires_grad_")


@dataclass(frozen=True)
class _Weight:
    """Parameters on their way to a layer: perhaps transposed, perhaps times a mask."""

    name: str
    tensor: Any
    transposed: bool = False
    mask: Any = None

    def value(self) -> Any:
        """What the computation uses, outputs x inputs as ``F.linear`` takes it."""
        whole = self.tensor if self.mask is None else self.tensor * self.mask
        return whole.t() if self.transposed else whole

    def turned(self) -> _Weight:
        """The transpose."""
        return replace(self, transposed=not self.transposed)


@dataclass(frozen=True)
class _Size:
    """A size or shape of a signal: a number that says nothing of weights."""


@dataclass
class _Reading:
    """One trace followed: the chain, and the same chain as functions to try it."""

    chain: Chain = field(default_factory=Chain)
    steps: list[Callable[[Any], Any]] = field(default_factory=list)


def of_module(module: Any, options: Options) -> Model:
    """The model that a module computes.

    Raises InputError, naming the layer or the operation, for everything that is not certainly a
    chain of Linear layers.  The module is run on random inputs, without gradients; its training
    flags are put back.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    >>> of_module(net, Options()).activation
    'tanh'
    """
    module = unwrapped(module)
    if isinstance(module, torch.jit.ScriptModule):
        raise InputError(
            "a TorchScript module is a program that is not traced; give the module it was made"
            " from, or its state_dict()",
            "the model",
        )
    if options.layers is not None:
        state = module.state_dict(keep_vars=True)
        return of_named(state, "the model", options)
    if options.activation is not None:
        raise InputError("the module shows its activations: drop activation=, or name the layers=")
    _nothing_hidden(module)
    with _keeping_its_numbers(module):
        with training(module, False):
            reading = _follow(module)
            _try(module, reading)
        with training(module, True):
            other = _follow(module)
    if _facts(reading) != _facts(other):
        raise InputError(
            f"computes something else in training than in evaluation; {NAME_THEM}", "the model"
        )
    found = reading.chain.layers
    not_shared(found, "")
    _trained_alike(found)
    return assemble(found, "", options, reading.chain.notes, reading.chain.moved_inputs)


def unwrapped(module: Any) -> Any:
    """The module inside of what runs it in parallel or compiles it."""
    while type(module).__name__ in ("DataParallel", "DistributedDataParallel", "OptimizedModule"):
        module = module.module if hasattr(module, "module") else module._orig_mod
    return module


def alone(value: Any) -> Any:
    """What is in lists and tuples of one entry."""
    while isinstance(value, (tuple, list)) and len(value) == 1:
        value = value[0]
    return value


def hooked(parameter: Any, where: str = "") -> Any:
    """What its gradient hooks leave of a gradient of ones.  Raises InputError if one fails."""
    gradient = torch.ones_like(parameter.data)
    for hook in (parameter._backward_hooks or {}).values():
        with foreign("a gradient hook fails", where):
            changed = hook(gradient)
        gradient = gradient if changed is None else changed
    return gradient


def _facts(reading: _Reading) -> list[Any]:
    """What must be the same in training and in evaluation."""
    return [
        (layer.name, layer.activation, layer.transposed, id(layer.mask), layer.bias.tolist())
        for layer in reading.chain.layers
    ]


@contextmanager
def training(module: Any, mode: bool) -> Iterator[None]:
    """All training flags set, and put back; ``train()`` may do more in the module's own class."""
    before = [(one, one.training) for one in module.modules()]
    try:
        for one, _ in before:
            one.training = mode
        yield
    finally:
        for one, flag in before:
            one.training = flag


@contextmanager
def _keeping_its_numbers(module: Any) -> Iterator[None]:
    """Raise InputError if its parameters or buffers change meanwhile, and put them back: a forward
    that redraws its mask, or projects its weights, computes no fixed function of free weights."""
    before = [
        (name, numbers.detach().clone())
        for name, numbers in _numbers_of(module)
        if numbers.layout == torch.strided and numbers.device.type != "meta"
    ]
    changed = []
    try:
        yield
    finally:
        after = dict(_numbers_of(module))
        with torch.no_grad():
            for name, old in before:
                new = after.get(name)
                if new is None or not _same(old, new):
                    changed.append(name)
                    if new is not None and new.shape == old.shape:
                        new.copy_(old)
    if changed:
        raise InputError(
            f"its forward changes {quoted(changed[0])}, and no theorem covers this; change"
            f" weights and masks outside forward, or {NAME_THEM}",
            "the model",
        )


def _numbers_of(module: Any) -> list[tuple[str, Any]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _same(one: Any, other: Any) -> bool:
    """Whether two tensors hold the same numbers; NaN is NaN."""
    return one.shape == other.shape and bool(
        ((one == other) | (one != one) & (other != other)).all()
    )


def _nothing_hidden(module: Any) -> None:
    """Raise InputError for what tracing does not see: hooks, forward methods put on an object."""
    if "forward" in vars(module):
        raise InputError(f"its forward was replaced on the object; {NAME_THEM}", "the model")
    for name, one in module.named_modules():
        hooks = [*one._forward_hooks.values(), *one._forward_pre_hooks.values()]
        for hook in hooks:
            if not type(hook).__module__.startswith("torch.nn.utils.prune"):
                kind = getattr(hook, "__qualname__", type(hook).__name__)
                raise InputError(
                    f"has a forward hook ({shortened(kind)}), whose effect is not seen; remove"
                    f" it, or {NAME_THEM}",
                    at("", name) if name else "the model",
                )


def _trained_alike(found: Sequence[Found]) -> None:
    """Raise InputError if some numbers are trained and others are kept as they are."""
    frozen = [layer for layer in found if not all(one.requires_grad for one in layer.trained)]
    if any(one.requires_grad for layer in found for one in layer.trained) and frozen:
        raise InputError(
            "some of its numbers are frozen (requires_grad is False) and others are trained; no"
            " theorem covers this; set requires_grad alike, or name the layers with layers=",
            at("", frozen[0].name),
        )
    for layer in found:
        if layer.weight.device.type == "meta":
            continue
        for one in layer.trained:
            if getattr(one, "_post_accumulate_grad_hooks", None):
                raise InputError(
                    "has a hook on its accumulated gradient, whose effect is not seen; remove it,"
                    f" or {NAME_THEM}",
                    at("", layer.name),
                )
            kept = hooked(one, at("", layer.name))
            if bool(((kept == 0) & ((one != 0) | (one is layer.biases))).any()):
                what = "biases" if one is layer.biases else "weights"
                raise InputError(
                    f"a gradient hook keeps some of its {what} as they are, and no mask says that"
                    " they are 0; no theorem covers this",
                    at("", layer.name),
                )


# -- following a trace -----------------------------------------------------------------------------


class _Tracer(torch.fx.Tracer):  # type: ignore[misc]
    """torch's own classes are known by name; everything else is traced."""

    def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
        if isinstance(m, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) or "forward" in vars(m):
            return False
        kind = type(m)
        if kind.__module__.startswith("torch.nn.utils.parametrize"):
            kind = kind.__mro__[1]
        ours = isinstance(m, nn.Linear) and kind.forward is nn.Linear.forward
        return ours or kind.__module__.startswith("torch.nn.")


def _follow(module: Any) -> _Reading:
    """Trace the module and follow the trace."""
    given = {}
    for parameter in list(inspect.signature(type(module).forward).parameters.values())[2:]:
        if parameter.default is not inspect.Parameter.empty:
            given[parameter.name] = parameter.default
    tracer = _Tracer()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = tracer.trace(module, concrete_args=given)
    except InputError:
        raise
    except Exception as error:  # anything may happen in code of others that is traced
        first = (str(error).splitlines() or [""])[0]
        raise InputError(
            f"its computation cannot be traced ({shortened(first, 90)}); {NAME_THEM}", "the model"
        ) from None
    reading = _Reading()
    values: dict[Any, Any] = {}
    for node in graph.nodes:
        values[node] = _Node(tracer.root, node, values, reading).value(given)
    return reading


class _Node:
    """One node of a trace."""

    def __init__(self, root: Any, node: Any, values: dict[Any, Any], reading: _Reading) -> None:
        self.root, self.node, self.values, self.reading = root, node, values, reading
        self.chain = reading.chain
        self.place = f"node {quoted(node.name)}"
        self.args = [self._given(arg) for arg in node.args]
        self.kwargs = {name: self._given(arg) for name, arg in node.kwargs.items()}

    def _given(self, arg: Any) -> Any:
        if isinstance(arg, torch.fx.Node):
            return self.values[arg]
        if isinstance(arg, (list, tuple)):
            return [self._given(one) for one in arg]
        return arg

    def argument(self, place: int, name: str, default: Any = None) -> Any:
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[place] if place < len(self.args) else default

    def value(self, given: dict[str, Any]) -> Any:
        node = self.node
        if node.op == "placeholder":
            return self._placeholder(given)
        if node.op == "get_attr":
            return self._attribute()
        if node.op == "output":
            return self._output()
        if node.op == "call_module":
            return self._module()
        name = node.target if node.op == "call_method" else _names().get(node.target, "")
        return self._call(name or getattr(node.target, "__name__", str(node.target)), bool(name))

    def refuse(self, what: str) -> InputError:
        return InputError(f"{what} is not read; {NAME_THEM}", self.place)

    # -- sources and the end --

    def _placeholder(self, given: dict[str, Any]) -> Any:
        name = str(self.node.target)
        if name.startswith("*"):
            return None
        plain = self.node.name.rpartition("_")[0]
        if name in given or (plain in given and self.node.name.rpartition("_")[2].isdigit()):
            return _Size()
        if any(isinstance(value, Signal) for value in self.values.values()):
            raise InputError(f"takes several inputs; {NAME_THEM}", "the model")
        return self.chain.head

    def _attribute(self) -> Any:
        tensor: Any = self.root
        for part in self.node.target.split("."):
            tensor = getattr(tensor, part)
        if not isinstance(tensor, nn.Parameter):
            return tensor
        ones = not tensor.requires_grad and bool(((tensor == 0) | (tensor == 1)).all())
        if ones:  # a mask kept as a parameter that is not trained
            return tensor.detach()
        return _Weight(self.node.target.removesuffix(".weight"), tensor)

    def _output(self) -> None:
        (value,) = self.args
        value = alone(value)
        if not isinstance(value, Signal):
            raise InputError(f"returns more than one prediction; {NAME_THEM}", "the model")
        self.chain.take(value, "the output of the model")

    # -- torch's own modules --

    def _module(self) -> Any:
        leaf = self.root.get_submodule(self.node.target)
        kind = type(leaf).__name__
        self.place = f"layer {quoted(self.node.target)} ({shortened(kind)})"
        signal = self.args[0] if self.args else self.kwargs.get("input")
        if not isinstance(signal, Signal):
            raise self.refuse("a module that is given no signal")
        if isinstance(leaf, nn.Linear) and not kind.startswith("Lazy"):
            return self._linear_module(leaf, signal)
        if type(leaf).__module__.startswith("torch.nn.modules"):
            if kind in MODULES:
                name = MODULES[kind] or leaky(leaf.negative_slope)
                return self._active(signal, name, leaf)
            if kind == "Flatten":
                return self._flatten(signal, leaf.start_dim, leaf.end_dim)
            if kind in NOTHING:
                if getattr(leaf, "p", 0):
                    self.chain.dropout = True
                return self._same(signal)
        raise self.refuse(f"{shortened(kind)}")

    def _linear_module(self, leaf: Any, signal: Signal) -> Signal:
        name = self.node.target
        if "forward" in vars(leaf) or type(leaf).__module__.startswith("torch.ao"):
            raise self.refuse("a Linear layer with another forward")
        weight = _stored(leaf, "weight", name, self.place)
        return self._linear(signal, weight, _stored(leaf, "bias", name, self.place))

    # -- functions and methods --

    def _call(self, name: str, known: bool) -> Any:
        self.place = f"node {quoted(self.node.name)} ({shortened(name)})"
        if not any(isinstance(value, (Signal, _Weight)) for value in self._all()):
            if any(isinstance(value, _Size) for value in self._all()):
                return _Size()
            raise self.refuse("a tensor made during the computation")
        if not known:
            raise self.refuse(f"{shortened(name)}()")
        first = self.args[0] if self.args else self.kwargs.get("input")
        base = name.rstrip("_") if not name.startswith("_") else name
        if isinstance(first, _Weight):
            return self._on_weight(first, base)
        if not isinstance(first, Signal):
            return self._constant_first(first, base)
        found = self._on_signal(first, base)
        if name.endswith("_") or self.kwargs.get("inplace"):
            self.values[self.node.args[0]] = found
        return found

    def _all(self) -> Iterator[Any]:
        for value in (*self.args, *self.kwargs.values()):
            yield from value if isinstance(value, list) else (value,)

    def _on_weight(self, weight: _Weight, name: str) -> Any:
        other = self.args[1] if len(self.args) > 1 else None
        if name in ("t", "T", "numpy_T", "mT") or (
            name in ("transpose", "swapaxes", "permute")
            and sorted(d % 2 for d in self._dims()) == [0, 1]
            and (name != "permute" or [d % 2 for d in self._dims()] == [1, 0])
        ):
            return weight.turned()
        if name == "getattr" and other in ("T", "mT"):
            return weight.turned()
        if name == "getattr" and other in ("dtype", "device", "shape"):
            return _Size()
        if name == "mul" and isinstance(other, torch.Tensor) and weight.mask is None:
            if weight.transposed or tuple(other.shape) != tuple(weight.tensor.shape):
                raise self.refuse("a mask of another shape")
            return replace(weight, mask=other)
        if name in ("to", "contiguous", "float", "double"):
            return weight
        if name in ("add", "radd") and isinstance(other, Signal):
            return self._add_parameter(other, weight)
        if name == "addmm" and isinstance(other, Signal):
            return self._addmm(weight, other)
        raise self.refuse(f"{shortened(name)}() of parameters")

    def _dims(self) -> list[int]:
        dims = self.args[1:]
        if len(dims) == 1 and isinstance(dims[0], list):
            dims = dims[0]
        return [d for d in dims if isinstance(d, int)]

    def _constant_first(self, first: Any, name: str) -> Any:
        other = self.args[1] if len(self.args) > 1 else None
        if name in ("add", "mul", "sub") and isinstance(other, Signal):
            return self._moved(other, name, first, swapped=True)
        if name == "mul" and isinstance(other, _Weight) and isinstance(first, torch.Tensor):
            self.args = [other, first]
            return self._on_weight(other, name)
        raise self.refuse(f"{shortened(name)}()")

    def _on_signal(self, signal: Signal, name: str) -> Any:
        other = self.args[1] if len(self.args) > 1 else self.kwargs.get("other")
        if name in ("size", "dim", "numel", "ndimension", "getattr"):
            if name == "getattr" and other not in ("shape", "dtype", "device", "ndim"):
                raise self.refuse(f"the attribute {shortened(str(other))}")
            return _Size()
        if name in FUNCTIONS:
            return self._functional(signal, name)
        if name == "leaky_relu":
            return self._functional(signal, leaky(self.argument(1, "negative_slope", 0.01)))
        if name in ("clamp", "clamp_min", "clip"):
            low = self.argument(1, "min")
            if isinstance(low, (int, float)) and low == 0 and self.argument(2, "max") is None:
                return self._functional(signal, "relu")
            raise self.refuse(f"{name}() but at 0 from below")
        if name in DROPOUTS or name in CASTS:
            self.chain.dropout = self.chain.dropout or name in DROPOUTS
            return self._same(signal)
        if name == "flatten":
            return self._flatten(
                signal, self.argument(1, "start_dim", 0), self.argument(2, "end_dim", -1)
            )
        if name in ("view", "reshape"):
            shape = self.args[1:]
            shape = shape[0] if len(shape) == 1 and isinstance(shape[0], list) else shape
            sizes = [d if isinstance(d, int) else None for d in shape]
            return self.chain.reshape(signal, sizes, self.place)
        if name == "squeeze" and self.argument(1, "dim") in (-1, 1):
            return self._squeezed(signal)
        if name == "linear":
            return self._linear(signal, self.argument(1, "weight"), self.argument(2, "bias"))
        if name in ("matmul", "mm") and isinstance(other, _Weight):
            return self._linear(signal, other.turned(), None)
        if name == "add" and isinstance(other, _Weight):
            return self._add_parameter(signal, other)
        if name in ("add", "sub", "mul", "truediv", "div"):
            return self._moved(signal, name, other)
        raise self.refuse(f"{shortened(name)}()")

    # -- steps --

    def _same(self, signal: Signal) -> Signal:
        return self.chain.step(signal, self.place)

    def _active(self, signal: Signal, name: str, function: Callable[[Any], Any]) -> Signal:
        self.reading.steps.append(function)
        found = self.chain.activation(signal, name, self.place)
        if getattr(function, "inplace", False):
            self.values[self.node.args[0]] = found
        return found

    def _functional(self, signal: Signal, name: str) -> Signal:
        """An activation called as a function or method with numbers for its other arguments."""
        rest, named, target = self.args[1:], dict(self.kwargs), self.node.target
        if any(isinstance(value, (Signal, _Weight, _Size)) for value in (*rest, *named.values())):
            raise self.refuse("an activation whose arguments are computed")
        named.pop("inplace", None)
        named.pop("input", None)
        if isinstance(target, str):
            return self._active(signal, name, lambda x: getattr(x.clone(), target)(*rest, **named))
        return self._active(signal, name, lambda x: target(x.clone(), *rest, **named))

    def _flatten(self, signal: Signal, start: Any, end: Any) -> Signal:
        if self.chain.layers and (start not in (1, -1) or end != -1):
            raise self.refuse("flattening the points, too,")
        return self._same(signal)

    def _squeezed(self, signal: Signal) -> Signal:
        if not self.chain.layers or self.chain.layers[-1].shape[0] != 1:
            raise self.refuse("squeeze() but of one output")
        return self._same(signal)

    def _linear(self, signal: Signal, weight: Any, bias: Any) -> Signal:
        if not isinstance(weight, _Weight) or weight.tensor.dim() != 2:
            raise self.refuse("a product with numbers that are no trained matrix")
        if bias is not None and not isinstance(bias, _Weight):
            raise self.refuse("a bias that is not trained")
        rows, columns = weight.tensor.shape
        units = columns if weight.transposed else rows
        free = np.zeros(units, dtype=bool)
        if bias is not None:
            free = self._free(bias, units)
        self.reading.steps.append(
            lambda x: F.linear(x, weight.value(), None if bias is None else bias.value())
        )
        layer = Found(weight.name, weight.tensor, free, weight.transposed, weight.mask)
        layer.biases = None if bias is None else bias.tensor
        return self.chain.linear(signal, layer, self.place)

    def _addmm(self, bias: _Weight, signal: Signal) -> Signal:
        weight = self.args[2]
        if not isinstance(weight, _Weight) or self.kwargs:
            raise self.refuse("addmm() but of a bias, the signal and a matrix")
        return self._linear(signal, weight.turned(), bias)

    def _add_parameter(self, signal: Signal, bias: _Weight) -> Signal:
        units = self.chain.layers[-1].shape[0] if self.chain.layers else 0
        if self.kwargs:
            raise self.refuse("add() with a factor")
        found = self.chain.bias(signal, self._free(bias, units), self.place)
        self.chain.layers[-1].biases = bias.tensor
        self.reading.steps.append(lambda x: x + bias.value())
        return found

    def _free(self, bias: _Weight, units: int) -> Any:
        """Which units have a free bias."""
        if bias.transposed or tuple(bias.tensor.shape) not in ((units,), (1, units)):
            raise InputError(
                f"expected {units} biases, found parameters of shape"
                f" {shape_text(bias.tensor.shape)}",
                self.place,
            )
        if bias.mask is None:
            return np.ones(units, dtype=bool)
        return mask_of(bias.mask.reshape(1, -1), (1, units), self.place).toarray()[0]

    def _moved(self, signal: Signal, name: str, other: Any, swapped: bool = False) -> Signal:
        """The inputs shifted or scaled by numbers that are not 0."""
        if isinstance(other, Signal):
            raise InputError(
                f"two signals meet here (a residual connection or a gate); {NAME_THEM}", self.place
            )
        number = isinstance(other, (int, float)) and not isinstance(other, bool)
        if not number and not isinstance(other, torch.Tensor):
            raise self.refuse(f"{name}() with something computed")
        values = torch.as_tensor(other)
        if any(size != 1 for size in values.shape[:-1]):
            raise self.refuse(f"{name}() with numbers that differ from point to point")
        scales = name not in ("add", "sub")
        if not bool(torch.isfinite(values).all()) or (scales and not bool((values != 0).all())):
            raise self.refuse(f"{name}() with 0 or infinity")
        if self.kwargs:
            raise self.refuse(f"{name}() with a factor")
        found = self.chain.move(signal, self.place)
        function = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}.get(
            name, operator.truediv
        )
        self.reading.steps.append(
            (lambda x: function(other, x)) if swapped else (lambda x: function(x, other))
        )
        return found


@cache
def _names() -> dict[Any, str]:
    """torch's functions and Python's operators by themselves: a function of the same name that is
    another one is not known."""
    names = (*FUNCTIONS, *DROPOUTS, "leaky_relu", "clamp", "clamp_min", "clip", "flatten")
    names += ("reshape", "squeeze", "linear", "matmul", "mm", "addmm", "add", "sub", "mul", "div")
    names += ("t", "transpose", "permute", "swapaxes")
    found: dict[Any, str] = {}
    for home in (torch, F, torch._C._nn):
        for name in names:
            for one in (name, f"{name}_"):
                if hasattr(home, one):
                    found[getattr(home, one)] = one
    for name in ("add", "sub", "mul", "truediv", "matmul", "iadd", "isub", "imul", "itruediv"):
        inplace = name.startswith("i")
        found[getattr(operator, name)] = f"{name[1:]}_" if inplace else name
    found[getattr] = "getattr"
    return found


def _stored(leaf: Any, name: str, layer: str, place: str) -> _Weight | None:
    """The trained tensor of a Linear layer's weight or bias, with its mask; None without one."""
    if name in getattr(leaf, "parametrizations", {}):
        chain = leaf.parametrizations[name]
        masks = [
            buffer
            for one in chain
            for buffer in one.buffers()
            if len(chain) == 1 and buffer.shape == getattr(chain, "original", buffer).shape
        ]
        original = getattr(chain, "original", None)
        if len(masks) != 1 or original is None or not _masks(chain[0], masks[0], original):
            kinds = ", ".join(type(one).__name__ for one in chain)
            raise InputError(
                f"a parametrization ({shortened(kinds)}) that is no mask; remove it first"
                " (torch.nn.utils.parametrize.remove_parametrizations)",
                place,
            )
        return _Weight(layer, original, mask=masks[0])
    original = dict(leaf.named_parameters(recurse=False)).get(f"{name}_orig")
    if original is None:
        found = getattr(leaf, name)
        if found is not None and not isinstance(found, nn.Parameter):
            raise InputError(f"its {name} is computed and no parameter", place)
        return None if found is None else _Weight(layer, found)
    mask = dict(leaf.named_buffers(recurse=False)).get(f"{name}_mask")
    if mask is None:
        raise InputError(f"'{name}_orig' without '{name}_mask': its weights are computed", place)
    if mask.shape != original.shape:
        raise InputError(
            f"expected a {name}_mask of shape {shape_text(original.shape)}, found"
            f" {shape_text(mask.shape)}",
            place,
        )
    return _Weight(layer, original, mask=mask)


def _masks(parametrization: Any, mask: Any, original: Any) -> bool:
    """Whether a parametrization is the product with its mask, tried on numbers of every size: the
    weights of today may be such that clamping them, say, shows nothing."""
    if mask.device.type == "meta" or original.device.type == "meta":
        return True
    chance = torch.Generator().manual_seed(0)
    for scale in (1e-3, 1.0, 1e3):
        numbers = scale * torch.randn(original.shape, generator=chance)
        numbers = numbers.to(dtype=original.dtype, device=original.device)
        with torch.no_grad(), foreign("a parametrization fails", "the model"):
            made = parametrization(numbers)
        if not isinstance(made, torch.Tensor) or not _same(made, numbers * mask):
            return False
    return True


# -- trying it -------------------------------------------------------------------------------------


def _try(module: Any, reading: _Reading) -> None:
    """Raise InputError unless the module predicts what the chain predicts, on random inputs, and
    gradients reach all that it is said to train."""
    found = reading.chain.layers
    if not found or any(layer.weight.device.type == "meta" for layer in found):
        return  # nothing to try; assemble refuses what has no numbers and no masks
    weight, width = found[0].weight, found[0].shape[1]
    trained = [one for layer in found for one in layer.trained if one.requires_grad]
    chance = torch.Generator().manual_seed(0)
    for scale in SCALES:
        points = scale * torch.randn(POINTS, width, generator=chance)
        points = points.to(dtype=weight.dtype, device=weight.device)
        with foreign(
            f"cannot be run on {POINTS} x {width} random inputs; {NAME_THEM}", "the model"
        ):
            wanted = alone(module(points.clone()))
            reached: Sequence[Any] = [None] * len(trained)
            if wanted.requires_grad:
                reached = torch.autograd.grad(wanted.sum(), trained, allow_unused=True)
            with torch.no_grad():
                got = points
                for step in reading.steps:
                    got = step(got)
        if not _agree(wanted.detach(), got):
            raise InputError(
                "on random inputs it does not predict what the layers read from it do;"
                f" {NAME_THEM}",
                "the model",
            )
        if any(gradient is None for gradient in reached):
            raise InputError(
                "no gradient reaches some of its layers (torch.no_grad, detach), so they are not"
                f" trained; {NAME_THEM}",
                "the model",
            )


def _agree(wanted: Any, got: Any) -> bool:
    """Whether two predictions differ by roundings only."""
    if not isinstance(wanted, torch.Tensor) or wanted.numel() != got.numel():
        return False
    first, second = wanted.double().reshape(-1), got.double().reshape(-1)
    tolerance = 1e-4 if wanted.dtype in (torch.float32, torch.float64) else 0.05
    size = float(torch.nan_to_num(first.abs(), nan=0.0, posinf=0.0).max())
    return bool(
        torch.allclose(first, second, rtol=tolerance, atol=tolerance * size, equal_nan=True)
    )
