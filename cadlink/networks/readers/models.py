"""From a model to its pattern, its biases and its activation: the one door to all readers.

``named`` reads state dicts, ``containers`` the files they are in, ``modules`` traces torch modules,
``onnx_models`` follows ONNX graphs; here patterns and scikit-learn's MLPs are read.
Each library is imported only for its own models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cadlink.errors import InputError, quoted, shortened
from cadlink.networks.readers.activations import activation_named
from cadlink.networks.readers.containers import arrays_of, state_in
from cadlink.networks.readers.layers import Found, Model, Options, assemble
from cadlink.networks.readers.named import of_list, of_named, without_wrappers
from cadlink.networks.readers.sources import OTHERS, is_model_file
from cadlink.networks.readers.weights import comes_from
from cadlink.patterns import masks as pattern_files
from cadlink.patterns.pattern import Pattern

__all__ = ["masks_of", "model_of", "pattern_of"]

PATTERN = "a pattern: biases in every layer and {} between the layers are ASSUMED"


def pattern_of(
    model: Any,
    masks: Mapping[str, Any] | Sequence[Any] | None = None,
    layers: Sequence[str] | None = None,
    activation: str | None = None,
    transpose: bool = False,
    key: str | None = None,
) -> Pattern:
    """The sparsity pattern of a model; see :func:`model_of`.

    >>> pattern_of([[[1.0, 0.0], [2.0, 3.0]], [[0.0, 1.0]]]).inline()
    '10/11;01'
    """
    return model_of(model, masks, layers, activation, transpose, key).pattern


def model_of(
    model: Any,
    masks: Mapping[str, Any] | Sequence[Any] | None = None,
    layers: Sequence[str] | None = None,
    activation: str | None = None,
    transpose: bool = False,
    key: str | None = None,
) -> Model:
    """A model as it computes: its layers, pattern, biases and activation.

    Parameters
    ----------
    model
        A PyTorch module, a state dict, a file (.pt, .pth, .bin, .ckpt, .safetensors, .npz, .onnx,
        or a pattern file), a scikit-learn MLP, a list of weights (or of weights and biases by
        turns), a Pattern.  Zero weights are masked, unless a mask is stored beside them
        (``torch.nn.utils.prune``, a buffer ``mask``, a parametrization): then it counts alone.
    masks : mapping of layer name -> mask, or one mask per layer, optional
        Given explicitly: 1 where a weight is trained, else 0.
    layers : sequence of names, optional
        The layers of the network in forward order, where the model does not show it, or is more
        than a chain of Linear layers.
    activation : str, optional
        What is between the layers where the model does not show it: "relu" (assumed by default),
        "leaky_relu:0.01", "tanh", "sigmoid", "gelu", "silu", "softplus" or "none".
    transpose : bool
        The weights of a state dict are stored inputs x outputs.
    key : str, optional
        Which of several state dicts in a file is meant, as "ema.model".

    Raises
    ------
    InputError
        One line naming the layer or the operation that is not read or does not fit, and what to do.

    Examples
    --------
    >>> model_of({"a.weight": np.eye(2), "b.weight": np.eye(2)}, layers=["b", "a"]).layers[0].name
    'b'
    """
    if isinstance(model, Model):
        return model
    names = None if layers is None else tuple(layers)
    options = Options(masks, names, activation, transpose, key)
    if names == ():
        raise InputError("--layers names no layer")
    if isinstance(model, (str, Path)):
        return _from_file(str(model), options)
    if comes_from(model, "torch.nn.modules"):
        from cadlink.networks.readers import modules

        return modules.of_module(model, options)
    if isinstance(model, Mapping):
        state, notes = state_in(model, "state dict", key)
        return of_named(state, "state dict", options, notes)
    if isinstance(model, Pattern):
        return _of_pattern(model, options, "")
    if names is not None:
        raise InputError("layers= is for models whose layers have names: modules, dicts and files")
    if hasattr(model, "coefs_"):
        return _of_mlp(model, options)
    if isinstance(model, (list, tuple)):
        if any(isinstance(row, str) for layer in model for row in _first(layer)):
            return _of_pattern(Pattern.of(model), options, "")
        return of_list(model, "", options)
    if hasattr(model, "get_params") and hasattr(model, "hidden_layer_sizes"):
        raise InputError(f"{type(model).__name__} is not fitted yet: call its fit first")
    raise InputError(
        f"expected a PyTorch module, a state dict, a model file, a scikit-learn MLP, a list of"
        f" arrays or a Pattern, found {type(model).__name__}"
    )


def _first(layer: Any) -> Sequence[Any]:
    """The beginning of a layer that may be rows of text."""
    return layer[:1] if isinstance(layer, (str, list, tuple)) else ()


def masks_of(path: Path) -> Mapping[str, Any] | Sequence[Any]:
    """The explicit masks of a file: by name (.pt, .safetensors, .npz), or a pattern file's, which
    are taken in order."""
    if is_model_file(str(path)):
        arrays, _ = arrays_of(path, None)
        return without_wrappers(arrays)
    return pattern_files.read(path).layers


def _from_file(source: str, options: Options) -> Model:
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix in OTHERS:
        raise InputError(f"{suffix} files are not read: {OTHERS[suffix]}", shortened(source, 200))
    if suffix == ".onnx":
        from cadlink.networks.readers import onnx_models

        return onnx_models.of_file(path, options)
    if not is_model_file(source):
        return _of_pattern(pattern_files.read(source), options, shortened(source, 200))
    arrays, notes = arrays_of(path, options.key)
    if suffix == ".npz" and all(name.startswith("arr_") for name in arrays):
        if options.layers is not None:
            raise InputError("--layers: the arrays of this file have no names", source)
        ordered = sorted(arrays, key=lambda name: int(name.removeprefix("arr_")))
        return of_list([arrays[name] for name in ordered], source, options)
    return of_named(arrays, source, options, notes)


def _of_pattern(pattern: Pattern, options: Options, where: str) -> Model:
    """A pattern: masks alone, of a network with biases."""
    if options.layers is not None:
        raise InputError("--layers: the layers of a pattern have no names", where)
    activation = activation_named(options.activation or "relu")
    found = [
        Found(str(number), mask, np.ones(mask.shape[0], dtype=bool), activation="none")
        for number, mask in enumerate(pattern.layers)
    ]
    for layer in found[:-1]:
        layer.activation, layer.seen = activation, False
    return assemble(found, where, options, (PATTERN.format(activation),))


def _of_mlp(model: Any, options: Options) -> Model:
    """scikit-learn's MLPRegressor and MLPClassifier, fitted."""
    where = type(model).__name__
    names = {"identity": "none", "logistic": "sigmoid", "relu": "relu", "tanh": "tanh"}
    last = {"identity": "none", "logistic": "sigmoid", "softmax": "softmax"}
    out = last.get(getattr(model, "out_activation_", "identity"))
    if model.activation not in names or out is None:
        raise InputError(f"activation {quoted(str(model.activation))} is not read", where)
    found = [
        Found(
            f"coefs_[{number}]",
            np.asarray(weights).T,
            np.ones(np.shape(weights)[1], dtype=bool),
            activation=names[model.activation],
            biases=np.asarray(shifts),
        )
        for number, (weights, shifts) in enumerate(
            zip(model.coefs_, model.intercepts_, strict=True)
        )
    ]
    found[-1].activation = out
    return assemble(found, where, options)
