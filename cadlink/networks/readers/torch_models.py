"""PyTorch: modules, state dicts and checkpoint files.  Imports torch only when called.

A Linear layer with a buffer ``weight_mask`` (``torch.nn.utils.prune``) has that mask; without one
its mask is where the weight is not 0.  No code of a checkpoint is ever run: files are read with
``weights_only=True`` or by safetensors.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from cadlink.errors import InputError
from cadlink.networks.readers.models import Layer, Model, assemble

__all__ = ["mask_of_tensor", "of_file", "of_module", "of_state_dict"]

SUPPORTED = "Linear, ReLU, Identity, Dropout and Flatten"
SAVE = "save model.state_dict() alone"
HALF = ("torch.float16", "float16", "<f2")
IGNORED = ("Identity", "Dropout", "AlphaDropout", "Flatten")
KNOWN_ENDINGS = ("weight", "weight_orig", "weight_mask", "bias", "bias_orig", "bias_mask")


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise InputError(
            "reading PyTorch models needs torch: pip install 'cadlink[torch]'"
        ) from None
    return torch


# -- modules ---------------------------------------------------------------------------------------


def of_module(module: Any, masks: Any = None) -> Model:
    """The model of a tree of modules; leaves are taken in the order of their registration.

    In a tree of nn.Sequential without any activation the network is linear; a module of another
    class without activation modules is taken to apply ReLU between its Linear layers itself.
    """
    layers: list[Layer] = []
    between: list[list[str]] = [[]]
    for name, leaf in _leaves(module, ""):
        kind = type(leaf).__name__
        place = f"layer {name or kind!r} ({kind})" if name else f"the model ({kind})"
        if _is(leaf, "Linear"):
            layers.append(_linear(leaf, name or "0", place))
            between.append([])
        elif kind in ("ReLU", "LeakyReLU"):
            between[-1].append("relu" if kind == "ReLU" else "leaky_relu")
        elif kind not in IGNORED:
            raise InputError(f"is not supported; supported are {SUPPORTED}", place)
    if layers and (between[0] or between[-1]):
        raise InputError(
            "an activation before the first or after the last Linear layer", "the model"
        )
    plain = _only_sequential(module)
    return assemble(layers, _activation(between[1:-1], layers, plain), masks)


def _leaves(module: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    children = list(module.named_children())
    if not children or _is(module, "Linear"):
        yield prefix, module
        return
    if any(True for _ in module.named_parameters(recurse=False)):
        raise InputError(
            f"has parameters of its own; supported are {SUPPORTED}",
            f"layer {prefix!r} ({type(module).__name__})" if prefix else "the model",
        )
    for name, child in children:
        yield from _leaves(child, f"{prefix}.{name}" if prefix else name)


def _is(module: Any, kind: str) -> bool:
    """Whether the module is torch's own layer of this kind (or the same quantisation-free twin)."""
    return type(module).__name__ == kind and type(module).__module__.startswith("torch.nn.modules")


def _only_sequential(module: Any) -> bool:
    children = list(module.children())
    if not children:
        return True
    return type(module).__name__ == "Sequential" and all(map(_only_sequential, children))


def _activation(between: list[list[str]], layers: list[Layer], plain: bool) -> str:
    kinds = {kind for group in between for kind in group}
    if not kinds:
        return "linear" if plain and len(layers) > 1 else "relu"
    if len(kinds) > 1:
        raise InputError("expected one kind of activation, found ReLU and LeakyReLU", "the model")
    for layer, group in zip(layers, between, strict=False):
        if not group:
            raise InputError(
                "no activation before the next Linear layer, though others have one", layer.name
            )
    return kinds.pop()


def _linear(leaf: Any, name: str, place: str) -> Layer:
    tensors: dict[str, Any] = dict(leaf.named_buffers(recurse=False))
    tensors.update(leaf.named_parameters(recurse=False))
    if "weight" not in tensors and "weight_orig" not in tensors:
        tensors["weight"] = leaf.weight
    return _layer(tensors, name, place)


def _layer(tensors: Mapping[str, Any], name: str, place: str) -> Layer:
    """A layer from weight, weight_orig + weight_mask, bias, bias_orig + bias_mask."""
    weight = tensors.get("weight_orig", tensors.get("weight"))
    mask = tensors.get("weight_mask")
    if mask is not None:
        if tuple(mask.shape) != tuple(weight.shape):
            raise InputError(
                f"expected a weight_mask of shape {_shape(weight)}, found {_shape(mask)}", place
            )
        found = mask_of_tensor(mask, place)
    else:
        if str(weight.dtype) in HALF:
            raise InputError(
                "float16 weights: small weights may have become 0, so zeros are no mask; convert"
                " the model with .float() before pruning, or give masks",
                place,
            )
        found = mask_of_tensor(weight, place)
    bias_mask = tensors.get("bias_mask")
    if bias_mask is not None:
        kept = mask_of_tensor(bias_mask.reshape(1, -1), place)
        if 0 < kept.nnz < kept.shape[1]:
            raise InputError("biases that are masked in part are not supported", place)
        return Layer(name, found, kept.nnz > 0)
    bias = tensors.get("bias_orig", tensors.get("bias"))
    return Layer(name, found, bias is not None)


def _shape(tensor: Any) -> str:
    return " x ".join(map(str, tensor.shape))


def mask_of_tensor(tensor: Any, place: str) -> Any:
    """Where a two-dimensional tensor or array is not 0, as a sparse boolean array.

    Dense, COO, CSR, CSC and (where torch can expand them) semi-structured 2:4 tensors.
    """
    if len(tensor.shape) != 2:
        raise InputError(
            f"expected a weight matrix of two dimensions, found shape {_shape(tensor)}", place
        )
    if isinstance(tensor, np.ndarray):
        return _nonzero(tensor, place)
    tensor = tensor.detach().cpu()
    if type(tensor).__name__.startswith("SparseSemiStructured"):
        try:
            tensor = tensor.to_dense()
        except (RuntimeError, NotImplementedError) as error:
            raise InputError(
                "a semi-structured tensor that this torch cannot expand on a CPU"
                f" ({str(error).splitlines()[0][:80]}); give masks",
                place,
            ) from None
    layout = str(tensor.layout)
    if layout in ("torch.sparse_coo", "torch.sparse_csr", "torch.sparse_csc"):
        return _sparse(tensor, layout, place)
    if layout != "torch.strided":
        raise InputError(f"weights in the layout {layout} are not read; give masks", place)
    return _nonzero(_numpy(tensor, place), place)


def _sparse(tensor: Any, layout: str, place: str) -> Any:
    """COO, CSR or CSC; torch is not asked to work on indices nobody has checked."""
    if layout == "torch.sparse_coo":
        rows, cols = tensor._indices().numpy()
        values = tensor._values()
    else:
        by_row = layout == "torch.sparse_csr"
        ends = (tensor.crow_indices() if by_row else tensor.ccol_indices()).numpy()
        minor = (tensor.col_indices() if by_row else tensor.row_indices()).numpy()
        steps = np.diff(ends)
        lines = tensor.shape[0] if by_row else tensor.shape[1]
        if steps.size != lines or (steps < 0).any() or steps.sum() != minor.size:
            raise InputError("a sparse tensor whose indices do not fit its shape", place)
        major = np.repeat(np.arange(lines), steps)
        rows, cols = (major, minor) if by_row else (minor, major)
        values = tensor.values()
    entries = _numpy(values, place)
    fits = rows.size == cols.size == entries.size
    for numbers, size in ((rows, tensor.shape[0]), (cols, tensor.shape[1])):
        fits = fits and (not numbers.size or 0 <= numbers.min() <= numbers.max() < size)
    if not fits:
        raise InputError("a sparse tensor whose indices do not fit its shape", place)
    return _nonzero(
        sp.csr_array(sp.coo_array((entries, (rows, cols)), shape=tuple(tensor.shape))), place
    )


def _numpy(tensor: Any, place: str) -> Any:
    if "float" not in str(tensor.dtype) and str(tensor.dtype) not in INTEGERS:
        raise InputError(f"weights of type {tensor.dtype} are not read; give masks", place)
    return tensor.double().numpy() if "float" in str(tensor.dtype) else tensor.numpy()


INTEGERS = ("torch.bool", "torch.uint8", "torch.int8", "torch.int16", "torch.int32", "torch.int64")


def _nonzero(array: Any, place: str) -> Any:
    if array.dtype.kind not in "biuf":
        raise InputError(f"weights of type {array.dtype} are not read; give masks", place)
    if not np.isfinite(array.data if sp.issparse(array) else array).all():
        raise InputError("a weight is NaN or infinite", place)
    return sp.csr_array(array != 0)


# -- state dicts and files -------------------------------------------------------------------------


def of_state_dict(
    state: Mapping[Any, Any], where: str, masks: Any = None, sort: bool = False
) -> Model:
    """The model of a state dict: its 2-D weights, in order; ReLU between them is assumed."""
    modules: dict[str, dict[str, Any]] = {}
    for key, value in state.items():
        if not isinstance(key, str) or not hasattr(value, "shape"):
            inner = [k for k in state if isinstance(k, str) and isinstance(state[k], Mapping)]
            inside = next((k for k in inner if k.endswith("state_dict")), inner[0] if inner else "")
            hint = f"it may be inside: save checkpoint[{inside!r}] alone" if inside else SAVE
            raise InputError(
                f"not a state dict: expected tensors, found {type(value).__name__} under"
                f" {str(key)[:60]!r}; {hint[:100]}",
                where,
            )
        name, _, ending = key.rpartition(".")
        if ending not in KNOWN_ENDINGS:
            raise InputError(
                f"{key!r} is not of a Linear layer; supported are {SUPPORTED}",
                f"{where}, layer {name!r}",
            )
        modules.setdefault(name, {})[ending] = value
    names = sorted(modules, key=_natural) if sort else list(modules)
    layers = []
    for name in names:
        tensors, place = modules[name], f"{where}, layer {name!r}"
        weight = tensors.get("weight_orig", tensors.get("weight"))
        if weight is None or len(weight.shape) != 2:
            shape = "no weight" if weight is None else f"a weight of shape {_shape(weight)}"
            raise InputError(f"{shape}: not a Linear layer; supported are {SUPPORTED}", place)
        layers.append(_layer(tensors, name or "0", place))
    return assemble(layers, "relu", masks, where)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts net.2 before net.10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(p), "") if p.isdigit() else (-1, p) for p in parts]


def of_file(path: Path, masks: Any = None) -> Model:
    """A .pt, .pth or .safetensors file holding a state dict."""
    where = str(path)
    if not path.is_file():
        raise InputError("not a file" if path.exists() else "no such file", where)
    if path.suffix.lower() == ".safetensors":
        return of_state_dict(_safetensors(path), where, masks, sort=True)
    torch = _torch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how the file was written; it is read or refused
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for files nobody vouches for
        raise InputError(
            "not a state dict: a whole model, or another kind of file; only tensors are read, no"
            f" code of a file is run: {SAVE} [{type(error).__name__}]",
            where,
        ) from None
    if not isinstance(state, Mapping):
        raise InputError(f"not a state dict: found {type(state).__name__}; {SAVE}", where)
    return of_state_dict(state, where, masks)


def _safetensors(path: Path) -> Mapping[str, Any]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError:
        raise InputError(
            "reading .safetensors needs safetensors: pip install 'cadlink[torch]'", str(path)
        ) from None
    try:
        found: Mapping[str, Any] = load_file(path)
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[0][:120]
        raise InputError(f"not a safetensors file of numpy types ({first})", str(path)) from None
    return found
