"""From a model to its pattern: what counts is where the weights may be nonzero.

Read here: patterns and sources of ``masks.read``, lists of arrays or masks, scikit-learn's MLPs.
PyTorch modules, state dicts and .pt / .safetensors files are read by ``torch_models``, ONNX files
by ``onnx_models``, each importing its library only then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from cadlink.errors import InputError
from cadlink.patterns import masks as pattern_files
from cadlink.patterns.pattern import Pattern

__all__ = ["Layer", "Model", "assemble", "model_of", "pattern_of"]

OTHER_MODELS = (".h5", ".keras", ".pkl", ".pickle", ".joblib", ".ckpt", ".bin", ".pb", ".tflite")
ACTIVATIONS = ("relu", "leaky_relu", "linear")


@dataclass(frozen=True)
class Model:
    """A network as the theorems see it: masks, which layers have biases, the activation."""

    pattern: Pattern
    biases: tuple[bool, ...]
    activation: str = "relu"


@dataclass(frozen=True)
class Layer:
    """One linear layer while a model is read: its mask or weights (outputs x inputs)."""

    name: str
    mask: Any
    bias: bool


def pattern_of(model: Any, masks: Mapping[str, Any] | Sequence[Any] | None = None) -> Pattern:
    """The sparsity pattern of a model.

    Parameters
    ----------
    model
        A PyTorch module (nn.Sequential or any tree of Linear, ReLU, Identity, Dropout, Flatten in
        the order of use), a state dict, a file (.pt, .pth, .safetensors, .onnx, or a pattern file),
        a scikit-learn MLP, a list of arrays, a Pattern.  Zero weights are masked, unless the layer
        has the mask of ``torch.nn.utils.prune``, which counts alone.
    masks : mapping of layer name -> mask, or one mask per layer, optional
        Given explicitly; nonzero entries are trainable.

    Raises
    ------
    InputError
        One line naming the layer that is not supported or does not fit.

    Examples
    --------
    >>> pattern_of([[[1.0, 0.0], [2.0, 3.0]], [[0.0, 1.0]]]).inline()
    '10/11;01'
    """
    return model_of(model, masks).pattern


def model_of(model: Any, masks: Mapping[str, Any] | Sequence[Any] | None = None) -> Model:
    """Pattern, biases and activation of a model; see :func:`pattern_of`."""
    if isinstance(model, Model):
        return model
    if isinstance(model, Pattern):
        return Model(model, (True,) * model.depth)
    if isinstance(model, (str, Path)):
        return _from_file(str(model), masks)
    if _comes_from(model, "torch.nn.modules"):
        from cadlink.networks.readers import torch_models

        return torch_models.of_module(model, masks)
    if isinstance(model, Mapping):
        from cadlink.networks.readers import torch_models

        return torch_models.of_state_dict(model, "state dict", masks)
    if hasattr(model, "coefs_"):
        return _of_mlp(model, masks)
    if isinstance(model, (list, tuple)):
        layers = [Layer(f"layer {n}", array, True) for n, array in enumerate(model, start=1)]
        return assemble(layers, "relu", masks)
    if hasattr(model, "get_params") and hasattr(model, "hidden_layer_sizes"):
        raise InputError(f"{type(model).__name__} is not fitted yet: call its fit first")
    raise InputError(
        f"expected a PyTorch module, a state dict, a model file, a scikit-learn MLP, a list of"
        f" arrays or a Pattern, found {type(model).__name__}"
    )


def assemble(
    layers: Sequence[Layer],
    activation: str,
    masks: Mapping[str, Any] | Sequence[Any] | None = None,
    where: str = "",
) -> Model:
    """The model of these layers, explicit masks put in place of their own.

    Raises InputError for a mask of another shape, an unknown layer name, or widths that do not fit.
    """
    if not layers:
        raise InputError("no Linear layer found; cadlink reads networks of Linear layers", where)
    given = _by_name(masks, layers, where)
    arrays = []
    for layer in layers:
        mask = given.get(layer.name, layer.mask)
        expected, found = np.shape(layer.mask), np.shape(mask)
        if layer.name in given and tuple(found) != tuple(expected):
            raise InputError(
                f"expected a mask of shape {_shape(expected)}, found {_shape(found)}",
                _at(where, layer.name),
            )
        arrays.append(mask)
    for below, above in pairwise(layers):
        if np.shape(below.mask)[0] != np.shape(above.mask)[1]:
            raise InputError(
                f"expected {np.shape(below.mask)[0]} inputs, as many as {_named(below.name)} has"
                f" outputs, found {np.shape(above.mask)[1]}",
                _at(where, above.name),
            )
    return Model(Pattern.of(arrays, where), tuple(layer.bias for layer in layers), activation)


def _by_name(
    masks: Mapping[str, Any] | Sequence[Any] | None, layers: Sequence[Layer], where: str
) -> dict[str, Any]:
    if masks is None:
        return {}
    names = [layer.name for layer in layers]
    if isinstance(masks, Mapping):
        for name in masks:
            if name not in names:
                raise InputError(
                    f"a mask for layer {name!r}, but the layers are {', '.join(names)}", where
                )
        return {name: _plain(mask) for name, mask in masks.items()}
    if len(masks) != len(names):
        raise InputError(
            f"expected {len(names)} masks, one per Linear layer, found {len(masks)}", where
        )
    return {name: _plain(mask) for name, mask in zip(names, masks, strict=True)}


def _plain(mask: Any) -> Any:
    """A mask as an array; torch tensors know how to become one."""
    if _comes_from(mask, "torch"):
        from cadlink.networks.readers import torch_models

        return torch_models.mask_of_tensor(mask, "mask")
    return mask if hasattr(mask, "shape") else np.asarray(mask)


def _at(where: str, name: str) -> str:
    return f"{where}, {_named(name)}" if where else _named(name)


def _named(name: str) -> str:
    """A layer of a list or of scikit-learn is named in full; a module by its name alone."""
    return name if name.startswith(("layer ", "coefs_")) else f"layer {name!r}"


def _shape(shape: Any) -> str:
    return " x ".join(map(str, shape)) if len(shape) else "a number"


def _comes_from(value: Any, package: str) -> bool:
    """Whether the value's class or one of its bases is defined in the package, not importing it."""
    return any(
        base.__module__ == package or base.__module__.startswith(package + ".")
        for base in type(value).__mro__
    )


def _from_file(source: str, masks: Any) -> Model:
    suffix = Path(source).suffix.lower()
    if suffix in (".pt", ".pth", ".safetensors"):
        from cadlink.networks.readers import torch_models

        return torch_models.of_file(Path(source), masks)
    if suffix == ".onnx":
        from cadlink.networks.readers import onnx_models

        return onnx_models.of_file(Path(source), masks)
    if suffix in OTHER_MODELS:
        raise InputError(
            "models are read from a state dict (.pt, .pth, .safetensors) or .onnx; export it",
            source,
        )
    pattern = pattern_files.read(source)
    layers = [Layer(f"layer {n}", mask, True) for n, mask in enumerate(pattern.layers, start=1)]
    return assemble(layers, "relu", masks)


def _of_mlp(model: Any, masks: Any) -> Model:
    """scikit-learn's MLPRegressor and MLPClassifier, fitted."""
    activation = {"relu": "relu", "identity": "linear"}.get(model.activation)
    if activation is None:
        raise InputError(
            f"activation {model.activation!r}: expected 'relu' or 'identity'", type(model).__name__
        )
    layers = [
        Layer(f"coefs_[{n}]", np.asarray(weights).T, True) for n, weights in enumerate(model.coefs_)
    ]
    return assemble(layers, activation, masks, type(model).__name__)
