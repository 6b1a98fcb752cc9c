"""State dicts: arrays by name, of which some are the weights of Linear layers.

Names say which arrays belong together, and nothing says in which order a program uses them.  So an
order is taken only where everyone would take the same: one layer alone, or layers whose names
differ in one number, with nothing else in the file.  In all other cases the caller names the layers
(``layers=``, ``--layers a,b,c``), and then only these are looked at.

*Orientation.*  A ``weight`` is stored outputs x inputs, a ``kernel`` (Keras, Flax) inputs x
outputs.  The length of a bias is the number of outputs and shows which it is where the matrix is
not square: GPT-2's ``weight`` is stored inputs x outputs, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from cadlink.errors import InputError, quoted
from cadlink.networks.readers.activations import activation_named
from cadlink.networks.readers.layers import (
    Found,
    Model,
    Options,
    assemble,
    at,
    listed,
    not_shared,
)
from cadlink.networks.readers.weights import (
    array_of,
    mask_of,
    numbers_of,
    overlapping,
    shape_text,
)

__all__ = ["not_copied", "of_list", "of_named", "without_wrappers"]

Parts = dict[str, Any]  # what belongs to one layer: "weight", "bias", "weight_mask", ...

KNOWN = ("weight", "kernel", "bias", "weight_orig", "weight_mask", "bias_orig", "bias_mask", "mask")
# Endings of more than one part, and what they are called here.
PARAMETRIZED = {
    "parametrizations.weight.original": "weight_orig",
    "parametrizations.weight.0.mask": "weight_mask",
    "parametrizations.bias.original": "bias_orig",
    "parametrizations.bias.0.mask": "bias_mask",
}
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
# Words for things that do not follow one another, whatever their numbers.
ASIDE = re.compile(
    r"(?i)(^|[._/]|(?<=[a-z]))(heads?|blocks?|branch(es)?|experts?|towers?|critics?|actors?|models|members"
    r"|estimators|ensemble|gates?|emb(ed(ding)?s?)?|wte|wpe|lora|attn|attention|query|key|value|mu"
    r"|mean|logvar|sigma|std|var)(?=[._/\d]|$)"
)
# Words that are numbered in the order of computation, and after which a number is no version.
IN_ORDER = re.compile(r"(?i)(^|[._])(fc|ff|lin(ear)?|layers?|dense|hidden|affine|l)_?$")
INPUTS_FIRST = re.compile(r"(^|\.)(c_fc|c_proj|c_attn)$")  # GPT-2's Conv1D
NAME_THEM = "name the layers in forward order: --layers"


def of_named(
    arrays: Mapping[str, Any], where: str, options: Options, notes: Sequence[str] = ()
) -> Model:
    """The model of arrays by name; ``where`` is put before the layer in messages.

    Raises InputError if the order is not certain and not given, or a layer is none.

    >>> of_named({"fc1.weight": np.eye(2), "fc2.weight": np.eye(2)}, "", Options()).activation
    'relu'
    """
    modules = _modules(without_wrappers(arrays))
    if options.layers is None:
        names = _certain_order(modules, where)
    else:
        names = [_picked(name, modules, where) for name in options.layers]
        if len(set(names)) < len(names):
            raise InputError(
                "--layers names a layer twice; no theorem covers shared weights", where
            )
    found = [_linear(modules[name], name, where, options) for name in names]
    _orient(found, [modules[name] for name in names], where, options)
    not_shared(found, where)
    if options.masks is None:
        not_copied(found, where)
    return _chain(found, where, options, notes, "the names" if len(names) > 1 else "")


def of_list(arrays: Sequence[Any], where: str, options: Options) -> Model:
    """The model of a list of weights, or of weights and biases by turns as Keras gives them.

    >>> arrays = [np.ones((4, 3)), np.ones(3), np.ones((3, 2)), np.ones(2)]
    >>> of_list(arrays, "", Options()).biases, of_list([np.eye(2)], "", Options()).biases
    ((True, True), (True,))
    """
    parts: list[Parts] = []
    for array in arrays:
        value = array_of(array, where)
        if len(value.shape) == 1 and parts and "bias" not in parts[-1]:
            parts[-1]["bias"] = value
        else:
            parts.append({"weight": value})
    biased = any("bias" in part for part in parts)
    found = [_linear(part, str(n), where, options) for n, part in enumerate(parts)]
    _orient(found, parts, where, options)
    if not biased:
        for layer in found:
            layer.bias = np.ones(layer.shape[0], dtype=bool)
    if options.masks is None:
        not_copied(found, where)  # one mask twice is no sharing
    else:
        not_shared(found, where)
    note = () if biased else ("a list of arrays: biases in every layer are ASSUMED",)
    return _chain(found, where, options, note, "")


def _chain(
    found: list[Found], where: str, options: Options, notes: Sequence[str], order: str
) -> Model:
    """The layers one after the other, the activation between them assumed."""
    activation = activation_named(options.activation or "relu")
    for layer in found[:-1]:
        layer.activation, layer.seen = activation, False
    said = list(notes)
    if len(found) > 1:
        what = f"{activation} between the layers"
        if options.layers is None and order:
            what += f", and that they follow one another as numbered in {order},"
        said.append(f"the file holds weights only: {what} is ASSUMED (--activation, --layers)")
    return assemble(found, where, options, said)


def without_wrappers(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays without what DataParallel, torch.compile and others put before their names.

    Raises InputError if two arrays would have one name.

    >>> list(without_wrappers({"module.fc.weight": 0, "module._orig_mod.fc.bias": 1}))
    ['fc.weight', 'fc.bias']
    """
    found: dict[str, Any] = {}
    split = {name: name.replace("/", ".").removesuffix(":0").split(".") for name in arrays}
    outer = bool(split) and all(len(path) > 1 and path[0] == "module" for path in split.values())
    for name, path in split.items():
        kept = path[1:] if outer else path
        short = ".".join(part for part in kept if part not in WRAPPERS[1:])
        if short in found:
            raise InputError(
                f"two arrays are called {quoted(short)} but for what wraps the model: two models in"
                " one file; save the state dict of one"
            )
        found[short] = arrays[name]
    return found


# -- which arrays belong together ------------------------------------------------------------------


def _modules(arrays: Mapping[str, Any]) -> dict[str, Parts]:
    """The arrays of each layer, by its name."""
    modules: dict[str, Parts] = {}
    for full, value in arrays.items():
        for ending, plain in PARAMETRIZED.items():
            if full.endswith("." + ending) or full == ending:
                name, part = full.removesuffix(ending).removesuffix("."), plain
                break
        else:
            name, _, part = full.rpartition(".")
        modules.setdefault(name, {})[part] = value
    return modules


def _matrix(parts: Parts) -> Any:
    """The weight of the parts if they are a Linear layer's, else None."""
    weight = next((parts[k] for k in ("weight_orig", "weight", "kernel") if k in parts), None)
    known = set(parts) <= set(KNOWN)
    return weight if known and weight is not None and len(weight.shape) == 2 else None


def _linear(parts: Parts, name: str, where: str, options: Options) -> Found:
    """The layer of these parts.  Raises InputError if they are none."""
    place = at(where, name)
    strange = sorted(set(parts) - set(KNOWN))
    if strange:
        raise InputError(
            f"not a plain Linear layer: {listed(strange)} beside its weight; {_hint(strange)}",
            place,
        )
    weight = _matrix(parts)
    if weight is None:
        given = next((parts[k] for k in ("weight_orig", "weight", "kernel") if k in parts), None)
        what = "no weight" if given is None else f"a weight of shape {shape_text(given.shape)}"
        raise InputError(f"not a Linear layer: {what}", place)
    mask = parts.get("weight_mask", parts.get("mask"))
    if "weight_orig" in parts and mask is None and options.masks is None:
        raise InputError(
            "its weights are computed, and no mask is in the file: squash or remove what computes"
            " them before saving (squash_mask, prune.remove), or give masks",
            place,
        )
    if mask is not None and tuple(mask.shape) != tuple(weight.shape):
        raise InputError(
            f"expected a mask of shape {shape_text(weight.shape)}, found {shape_text(mask.shape)}",
            place,
        )
    bias = parts.get("bias_orig", parts.get("bias"))
    transposed = options.transpose or "kernel" in parts
    layer = Found(name or "weight", weight, np.zeros(0, dtype=bool), transposed, mask, biases=bias)
    if bias is not None and len(bias.shape) != 1:
        raise InputError(f"expected a list of biases, found shape {shape_text(bias.shape)}", place)
    return layer


def _hint(strange: list[str]) -> str:
    if any("lora" in part for part in strange):
        return "merge the adapter into the weights first (merge_and_unload)"
    if any(part in ("weight_g", "weight_v", "weight_u") for part in strange):
        return "remove the reparametrization first (torch.nn.utils.remove_weight_norm, ...)"
    if any("parametrizations" in part for part in strange):
        return (
            "remove the parametrization first (torch.nn.utils.parametrize.remove_parametrizations)"
        )
    return f"leave it out, {NAME_THEM} a,b,c"


def _orient(found: list[Found], parts: Sequence[Parts], where: str, options: Options) -> None:
    """Set ``transposed`` where the lengths of the biases show it, and the biases."""
    shown = set()
    for layer in found:
        rows, columns = layer.weight.shape
        if layer.biases is None or rows == columns:
            continue
        length = int(layer.biases.shape[0])
        if length not in (rows, columns):
            raise InputError(
                f"expected {rows} or {columns} biases for a weight of shape"
                f" {shape_text((rows, columns))}, found {length}",
                at(where, layer.name),
            )
        shown.add(length == columns)
        if layer.transposed and length == rows:
            raise InputError(
                f"{length} biases: the weight of shape {shape_text((rows, columns))} is stored"
                " outputs x inputs, not inputs x outputs; leave --transpose away",
                at(where, layer.name),
            )
    if len(shown) > 1:
        raise InputError(
            "some weights are stored outputs x inputs and some inputs x outputs, as the lengths of"
            " their biases show; no network is read so",
            where,
        )
    for layer in found:
        layer.transposed = layer.transposed or shown == {True}
        doubtful = not shown and not layer.transposed and INPUTS_FIRST.search(layer.name)
        if doubtful:
            raise InputError(
                "a square weight, stored inputs x outputs if this is GPT-2's Conv1D: say"
                " --transpose, or rename the layer",
                at(where, layer.name),
            )
    if not shown and not any(layer.transposed for layer in found):
        fits = all(a.shape[0] == b.shape[1] for a, b in pairwise(found))
        if not fits and all(a.shape[1] == b.shape[0] for a, b in pairwise(found)):
            raise InputError(
                "the widths fit only if the weights are stored inputs x outputs: say --transpose",
                where,
            )
    for layer, part in zip(found, parts, strict=True):
        layer.bias = _free(part, layer, where)


def _free(parts: Parts, layer: Found, where: str) -> Any:
    """Which units have a free bias: all if there is a bias, but those that its mask keeps at 0."""
    units = layer.shape[0]
    if layer.biases is None:
        return np.zeros(units, dtype=bool)
    length = int(layer.biases.shape[0])
    if length != units:
        raise InputError(f"expected {units} biases, found {length}", at(where, layer.name))
    mask = parts.get("bias_mask")
    if mask is None:
        return np.ones(units, dtype=bool)
    row = mask.reshape(1, -1)
    return mask_of(row, (1, units), at(where, layer.name)).toarray()[0]


# -- in which order --------------------------------------------------------------------------------


def _picked(name: str, modules: Mapping[str, Parts], where: str) -> str:
    """The module that the caller names.  Raises InputError listing the layers if there is none."""
    full = name.replace("/", ".")
    for one in (full, full.removesuffix(".weight"), full.removesuffix(".kernel")):
        if one in modules:
            inner = [other for other in modules if one and other.startswith(f"{one}.lora_")]
            if inner:
                raise InputError(
                    "a LoRA adapter acts on it; merge the adapter into the weights first"
                    " (merge_and_unload)",
                    at(where, name),
                )
            return one
    raise InputError(
        f"--layers: no layer {quoted(name)}; the file has {_layers_of(modules)}", where
    )


def _certain_order(modules: Mapping[str, Parts], where: str) -> list[str]:
    """The names in the order of computation, where that is certain."""
    linear = [name for name, parts in modules.items() if _matrix(parts) is not None]
    if not linear:
        raise InputError("no weight of a Linear layer found", where)
    others = [name for name in modules if name not in linear]

    def refuse(why: str) -> InputError:
        return InputError(
            f"{why}, so the order of computation is not certain; {NAME_THEM} with some of"
            f" {_layers_of(modules)}",
            where,
        )

    if others:
        name = others[0]
        part, value = next(iter(modules[name].items()))
        shape = shape_text(value.shape)
        full = f"{name}.{part}" if name else part
        raise refuse(f"{quoted(full)} (shape {shape}) is not of a Linear layer")
    for name in linear:
        if ASIDE.search(name):
            raise refuse(f"{quoted(name)} may be no layer of a chain")
    if len(linear) == 1:
        return linear
    numbered = _numbers(linear)
    if numbered is None:
        raise refuse("the names do not number the layers")
    word, numbers = numbered
    whole = word == "" or word.endswith(".")  # as nn.Sequential and nn.ModuleList number modules
    if not whole and not IN_ORDER.search(word):
        raise refuse(f"{quoted(word)} with a number may be no layer of a chain")
    names = sorted(linear, key=lambda name: numbers[name])
    keras = all("kernel" in modules[name] for name in names)  # counts on from model to model
    steps = {numbers[b] - numbers[a] for a, b in pairwise(names)}
    if steps != {1} and (1 in steps or not whole):
        raise refuse("the numbers in the names have gaps")
    if numbers[names[0]] > 1 and not (keras or whole):
        raise refuse(f"the numbers begin with {numbers[names[0]]}")
    if len({"bias" in parts or "bias_orig" in parts for parts in modules.values()}) > 1:
        raise refuse("some layers have biases and some have none")
    return names


def _numbers(names: Sequence[str]) -> tuple[str, dict[str, int]] | None:
    """What stands before the number, and the number of each name, if the names differ in one number
    and in nothing else.

    >>> _numbers(["a.fc1", "a.fc10"]), _numbers(["a1.b2", "a2.b1"])
    (('a.fc', {'a.fc1': 1, 'a.fc10': 10}), None)
    >>> _numbers(["dense", "dense_1"])
    ('dense_', {'dense': 0, 'dense_1': 1})
    """
    # Keras calls the first of its layers by the bare name, and the next ones name_1, name_2, ...
    bare = min(names, key=len)
    of_keras = all(name == bare or re.fullmatch(r"_\d+", name[len(bare) :]) for name in names)
    full = {name: f"{bare}_0" if of_keras and name == bare else name for name in names}
    pieces = {name: re.split(r"(\d{1,9})", text, flags=re.ASCII) for name, text in full.items()}
    first = next(iter(pieces.values()))
    if any(len(piece) != len(first) for piece in pieces.values()):
        return None
    varying = [i for i in range(len(first)) if len({piece[i] for piece in pieces.values()}) > 1]
    if len(varying) != 1 or varying[0] % 2 == 0:
        return None
    place = varying[0]
    numbers = {name: int(piece[place]) for name, piece in pieces.items()}
    whole = first[place + 1] == "" or first[place + 1].startswith(".")
    before = "".join(first[:place])
    if len(set(numbers.values())) < len(names) or not whole:
        return None
    return before, numbers


def _layers_of(modules: Mapping[str, Parts]) -> str:
    """The Linear layers of a file with their shapes, for a message."""
    found = []
    for name, parts in modules.items():
        weight = _matrix(parts)
        if weight is not None:
            found.append(f"{name or 'weight'} ({shape_text(weight.shape)})")
    return listed(found) or "no Linear layer"


# -- sharing ---------------------------------------------------------------------------------------


def not_copied(found: Sequence[Found], where: str) -> None:
    """Raise InputError if two layers have exactly the same numbers: copies of shared weights."""
    for one, other in combinations(found, 2):
        if _same_numbers(one.weight, other.weight):
            raise InputError(
                f"its weights are number by number those of layer {quoted(one.name)}, as if the"
                " layers shared them, which no theorem covers; if they are free, give their masks"
                " alone",
                at(where, other.name),
            )


def _same_numbers(one: Any, other: Any) -> bool:
    """Whether two matrices are equal, or one the other's transpose, and no mere masks."""
    shapes = {tuple(one.shape), tuple(one.shape)[::-1]}
    if tuple(other.shape) not in shapes:
        return False
    first, second = _plain(one), _plain(other)
    if first is None or second is None or np.unique(first[first != 0]).size < 3:
        return False
    candidates = (second, second.T)
    return any(first.shape == c.shape and bool((first == c).all()) for c in candidates)


def _plain(weight: Any) -> Any:
    """The matrix as a numpy array of floats, or None for what is not simply one."""
    return None if overlapping(weight) else numbers_of(weight)()  # a copy might fill the memory
