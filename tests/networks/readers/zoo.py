"""A zoo of models as people have them, each with its right answer: a pattern, or a refusal.

Every model is made by real classes and real exporters, with fixed seeds.  Nearly all that are to be
read have the masks MASKS, so that their patterns must be equal whatever they are stored in.

    python tests/networks/readers/zoo.py FOLDER      # write them all, and print what cadlink says
"""

from __future__ import annotations

import argparse
import collections
import functools
import logging
import pickle
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import skl2onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file, save_model
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.ao.pruning import WeightNormSparsifier
from torch.nn.utils import parametrizations, parametrize, prune

from cadlink import Pattern
from cadlink.errors import InputError
from cadlink.networks.readers.models import model_of

RNG = np.random.default_rng(0)
MASKS = [RNG.random((5, 4)) < 0.5, RNG.random((3, 5)) < 0.6, RNG.random((2, 3)) < 0.7]
EXPECTED = Pattern.of(MASKS)
SQUARE = [RNG.random((4, 4)) < 0.6 for _ in range(3)]
MASKS_2 = [np.tile([[1, 1, 0, 0], [0, 0, 1, 1]], (4, 2)).astype(bool)] * 2  # 8-8-8, two of four


@dataclass(frozen=True)
class Entry:
    """One model: how to make it in a folder, how to read it, and the right answer.

    ``answer`` is the pattern, or what the refusal must say (a regular expression).
    """

    name: str
    kind: str
    make: Callable[[Path], Any]
    answer: Pattern | str = EXPECTED
    options: Mapping[str, Any] = field(default_factory=dict)
    activation: str = "relu"
    biases: tuple[bool, ...] | None = None
    uncovered: str = ""


# -- real classes ----------------------------------------------------------------------------------


def weigh(model: nn.Module, masks: list[Any] = MASKS) -> Any:
    """Random weights, 0 outside the masks."""
    torch.manual_seed(1)
    linear = [one for one in model.modules() if isinstance(one, nn.Linear)]
    with torch.no_grad():
        for layer, mask in zip(linear, masks, strict=True):
            layer.weight.uniform_(0.1, 1.0).mul_(torch.tensor(mask))
    return model


def plain(**options: Any) -> Any:
    """4-5-3-2 with MASKS."""
    return weigh(
        nn.Sequential(
            nn.Linear(4, 5, **options),
            nn.ReLU(),
            nn.Linear(5, 3, **options),
            nn.ReLU(),
            nn.Linear(3, 2, **options),
        )
    )


def linears(model: nn.Module) -> list[Any]:
    return [one for one in model.modules() if isinstance(one, nn.Linear)]


class Named(nn.Module):
    """fc1, fc2, fc3 with a functional activation."""

    def __init__(self, activation: Callable[[Any], Any] = F.relu) -> None:
        super().__init__()
        self.activation = activation
        self.fc1 = nn.Linear(4, 5)
        self.fc2 = nn.Linear(5, 3)
        self.fc3 = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        x = self.activation(self.fc1(x))
        x = self.activation(self.fc2(x))
        return self.fc3(x)


class OneReLU(Named):
    """The commonest style: one self.relu, used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        x = x.view(x.size(0), -1)
        return self.fc3(self.relu(self.fc2(self.relu(self.fc1(x)))))


class Backwards(Named):
    """Registered from the output to the input."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.out = nn.Linear(3, 2)
        self.mid = nn.Linear(5, 3)
        self.inp = nn.Linear(4, 5)

    def forward(self, x: Any) -> Any:
        return self.out(torch.relu(self.mid(torch.relu(self.inp(x)))))


class Listed(nn.Module):
    """A ModuleList in a loop, as many write it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(3, 2)])

    def forward(self, x: Any, mask: Any = None) -> Any:
        x = torch.flatten(x, 1)
        if mask is not None:
            x = x * mask
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number < len(self.layers) - 1:
                x = F.dropout(F.relu(x), 0.1, training=self.training)
        return x


class MaskedLinear(nn.Linear):
    """The mask is a buffer that the weight is multiplied by."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.register_buffer("mask", torch.ones(outputs, inputs))

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight * self.mask, self.bias)


def masked() -> Any:
    model = nn.Sequential(
        MaskedLinear(4, 5), nn.ReLU(), MaskedLinear(5, 3), nn.ReLU(), MaskedLinear(3, 2)
    )
    for layer, mask in zip(linears(model), MASKS, strict=True):
        layer.mask.copy_(torch.tensor(mask))
    return model


class ByHand(nn.Module):
    """Parameters and matmul, stored inputs x outputs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.w = nn.ParameterList(
            [nn.Parameter(torch.rand(m.T.shape).add(0.1) * torch.tensor(m.T)) for m in MASKS]
        )
        self.b = nn.ParameterList([nn.Parameter(torch.zeros(m.shape[0])) for m in MASKS])

    def forward(self, x: Any) -> Any:
        x = torch.relu(x @ self.w[0] + self.b[0])
        x = torch.relu(x.matmul(self.w[1]) + self.b[1])
        return torch.addmm(self.b[2], x, self.w[2])


class Mask(nn.Module):
    """A parametrization that multiplies by a buffer."""

    def __init__(self, mask: Any) -> None:
        super().__init__()
        self.register_buffer("mask", torch.tensor(mask))

    def forward(self, w: Any) -> Any:
        return w * self.mask


def parametrized() -> Any:
    model = plain()
    for layer, mask in zip(linears(model), MASKS, strict=True):
        parametrize.register_parametrization(layer, "weight", Mask(mask))
    return model


def pruned(removed: bool = False, biases: bool = False) -> Any:
    model = plain()
    with torch.no_grad():
        for layer in linears(model):
            layer.weight.fill_(0.5)
    for layer, mask in zip(linears(model), MASKS, strict=True):
        prune.custom_from_mask(layer, "weight", torch.tensor(mask))
        if biases:
            prune.custom_from_mask(layer, "bias", torch.zeros(mask.shape[0]))
        if removed:
            prune.remove(layer, "weight")
    return model


def sparsified(squash: bool) -> Any:
    """torch.ao's sparsifier, which finds the weights that are 0 already."""
    model = plain()
    sparsifier = WeightNormSparsifier(sparsity_level=0.0)
    names = [{"tensor_fqn": f"{n}.weight"} for n in ("0", "2", "4")]
    sparsifier.prepare(model, names)
    for layer, mask in zip(linears(model), MASKS, strict=True):
        layer.parametrizations.weight[0].mask.copy_(torch.tensor(mask))
    if squash:
        sparsifier.squash_mask()
    return model


class VAE(nn.Module):
    """fc -> mu, logvar: two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.mu, self.logvar = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.fc(x))
        return self.mu(x), self.logvar(x)


class Added(VAE):
    """The two heads added up: one output, still no chain."""

    def forward(self, x: Any) -> Any:
        x = F.relu(self.fc(x))
        return self.mu(x) + self.logvar(x)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return x + self.fc2(F.relu(self.fc1(x)))


class ResidualInPlace(Residual):
    def forward(self, x: Any) -> Any:
        y = self.fc2(F.relu(self.fc1(x)))
        y += x
        return y


class Looped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        for _ in range(3):
            x = torch.relu(self.cell(x))
        return self.out(x)


class Tied(nn.Module):
    """An autoencoder whose decoder is the encoder transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 3)
        self.shift = nn.Parameter(torch.zeros(4))

    def forward(self, x: Any) -> Any:
        return F.linear(torch.relu(self.encoder(x)), self.encoder.weight.t(), self.shift)


class TiedParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 4), nn.Linear(4, 4)
        self.fc2.weight = self.fc1.weight

    def forward(self, x: Any) -> Any:
        return self.fc2(torch.relu(self.fc1(x)))


class Scaled(Named):
    """A constant factor in the middle."""

    def forward(self, x: Any) -> Any:
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)) * 0.5)))


class Shifted(Named):
    """A constant that is no bias."""

    def forward(self, x: Any) -> Any:
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x))))) + 1.0


class Normalised(Named):
    """Inputs from bytes, then standardised."""

    def forward(self, x: Any) -> Any:
        return super().forward((x / 255.0 - 0.13) / 0.31)


class Clamped(Named):
    def __init__(self) -> None:
        super().__init__(lambda x: x.clamp(min=0))


class Controlled(Named):
    """Control flow that depends on the data."""

    def forward(self, x: Any) -> Any:
        return super().forward(x if x.sum() > 0 else -x)


class TestTimeOnly(Named):
    """Another activation in training than in evaluation."""

    def forward(self, x: Any) -> Any:
        return self.fc3(torch.tanh(self.fc2(F.relu(self.fc1(x)))) if self.training else self.fc1(x))


class Suspicious(Named):
    """Tells a traced signal from a real one, and computes another thing with it."""

    def forward(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))
        return super().forward(x)


class Silent(Named):
    """An activation in place, its result not used by name."""

    def forward(self, x: Any) -> Any:
        x = self.fc1(x)
        x.relu_()
        x = self.fc2(x)
        F.relu(x, inplace=True)
        return self.fc3(x)


class NoGradient(Named):
    """A first layer that is not trained."""

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            x = F.relu(self.fc1(x))
        return self.fc3(F.relu(self.fc2(x)))


class MaskedInTraining(nn.Module):
    """A mask that counts in training only."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self.register_buffer("mask", torch.eye(4))

    def forward(self, x: Any) -> Any:
        weight = self.a.weight * self.mask if self.training else self.a.weight
        return self.b(F.relu(F.linear(x, weight, self.a.bias)))


class Inverted(MaskedInTraining):
    """1 where the weight is not used."""

    def forward(self, x: Any) -> Any:
        return self.b(F.relu(F.linear(x, self.a.weight * (1 - self.mask), self.a.bias)))


class SharedBias(Named):
    def __init__(self) -> None:
        super().__init__()
        self.fc2, self.fc3 = nn.Linear(5, 5), nn.Linear(5, 2)
        self.fc2.bias = self.fc1.bias


class Overridden(Named):
    """Called, it computes another thing than its forward."""

    def __call__(self, x: Any) -> Any:
        return -super().__call__(x)


class Permuted(Named):
    def forward(self, x: Any) -> Any:
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x))[:, [1, 0, 2, 3, 4]])))


class ClampedMask(nn.Module):
    """A parametrization with a mask that is more than the mask, for large weights only."""

    def __init__(self, mask: Any) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, w: Any) -> Any:
        return w.clamp(-10, 10) * self.mask


def clamped_weights() -> Any:
    model = plain()
    mask = torch.as_tensor(MASKS[0], dtype=torch.float32)
    torch.nn.utils.parametrize.register_parametrization(model[0], "weight", ClampedMask(mask))
    return model


class Redrawn(Named):
    """DropConnect: the mask is drawn anew, in place, where no trace shows it."""

    def __init__(self, in_training: bool) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(5, 4))
        self.in_training = in_training

    def forward(self, x: Any) -> Any:
        if self.training or not self.in_training:
            self.mask.bernoulli_(0.5)
        x = F.relu(F.linear(x, self.fc1.weight * self.mask, self.fc1.bias))
        return self.fc3(F.relu(self.fc2(x)))


class Projected(Named):
    """Weights of at least 0, as networks that are convex in their inputs have."""

    def forward(self, x: Any) -> Any:
        for numbers in self.parameters():
            numbers.data.clamp_(min=0)
        return super().forward(x)


def hooked_biases() -> Any:
    model = plain()
    model[0].bias.register_hook(torch.zeros_like)
    return model


def hooked_after() -> Any:
    model = plain()
    model[0].weight.register_post_accumulate_grad_hook(lambda weight: weight.grad.zero_())
    return model


def one_bias() -> Any:
    model = plain()
    model[0].bias = nn.Parameter(torch.ones(9)[:1].expand(5))
    return model


def hooked_gradients(masked: bool) -> Any:
    """Gradients kept within the masks; the weights outside are 0, or are not."""
    model = plain()
    for layer, mask in zip(linears(model), MASKS, strict=True):
        kept = torch.tensor(mask).float()
        layer.weight.register_hook(lambda gradient, kept=kept: gradient * kept)
        if not masked:
            with torch.no_grad():
                layer.weight.fill_(0.5)
    return model


class Encoder(nn.Module):
    """A feed-forward block of a transformer among its other parts."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, width)
        self.block = nn.TransformerEncoderLayer(width, 2, 2 * width, batch_first=True)

    def forward(self, x: Any) -> Any:
        return self.block(self.embed(x))


class Pair(nn.Module):
    """Encoder and decoder of 2-2-2; safetensors sorts decoder before encoder."""

    def __init__(self, names: tuple[str, str], identity_first: bool) -> None:
        super().__init__()
        first, second = nn.Linear(2, 2), nn.Linear(2, 2)
        with torch.no_grad():
            (first if identity_first else second).weight.copy_(torch.eye(2))
        self.add_module(names[0], first)
        self.add_module(names[1], second)
        self.names = names

    def forward(self, x: Any) -> Any:
        return getattr(self, self.names[1])(F.relu(getattr(self, self.names[0])(x)))


def embedded() -> Any:
    """A square Embedding before Linear layers."""
    return nn.Sequential(nn.Embedding(4, 4), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))


def convolutional() -> Any:
    """Convolutions, then a classifier with MASKS."""
    model = nn.Sequential()
    model.add_module("features", nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()))
    model.add_module("classifier", plain())
    return model


def conv1d_state() -> dict[str, Any]:
    """GPT-2's feed-forward block: Conv1D stores inputs x outputs."""
    torch.manual_seed(3)
    up, down = torch.rand(4, 8) + 0.1, torch.rand(8, 4) + 0.1
    up[0, :4], down[3, 1] = 0, 0
    names = {"h.0.mlp.c_fc": up, "h.0.mlp.c_proj": down}
    state = {f"{name}.weight": weight for name, weight in names.items()}
    state |= {f"{name}.bias": torch.zeros(weight.shape[1]) for name, weight in names.items()}
    state["h.0.ln_1.weight"] = torch.ones(4)
    return state


# -- files -----------------------------------------------------------------------------------------


def saved(value: Any, name: str) -> Callable[[Path], Path]:
    """A maker of a file by torch.save or safetensors, by the ending of its name."""

    def make(folder: Path) -> Path:
        content = value() if callable(value) else value
        path = folder / name
        if path.suffix == ".safetensors":
            save_file({key: tensor.contiguous() for key, tensor in content.items()}, path)
        elif path.suffix == ".npz":
            np.savez(path, **{key: tensor.numpy() for key, tensor in content.items()})
        else:
            torch.save(content, path)
        return path

    return make


def exported(
    model: Callable[[], Any], dynamo: bool, width: int = 4, **options: Any
) -> Callable[[Path], Path]:
    """A maker of an ONNX file by one of torch's exporters."""

    def make(folder: Path) -> Path:
        path = folder / "model.onnx"
        net = model().eval()
        example = torch.rand(3, width, dtype=next(net.parameters()).dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.WARNING)
            try:
                if not dynamo:
                    options["dynamic_axes"] = {"x": {0: "n"}}
                torch.onnx.export(
                    net,
                    (example,),
                    str(path),
                    dynamo=dynamo,
                    verbose=False,
                    input_names=["x"],
                    **options,
                )
            finally:
                logging.disable(logging.NOTSET)
        return path

    return make


def graph(nodes: list[Any], constants: Mapping[str, Any], width: int = 4) -> Callable[[Path], Path]:
    """A maker of an ONNX file node by node."""

    def make(folder: Path) -> Path:
        path = folder / "model.onnx"
        made = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])],
            [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
            [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
        )
        onnx.save(helper.make_model(made), str(path))
        return path

    return make


def state(model: nn.Module | None = None) -> dict[str, Any]:
    return dict((plain() if model is None else model).state_dict())


def renamed(names: tuple[str, ...], model: nn.Module | None = None) -> dict[str, Any]:
    """A state dict with other names for its three layers."""
    found = {}
    for full, tensor in state(model).items():
        name, _, part = full.rpartition(".")
        found[f"{names[('0', '2', '4').index(name)]}.{part}"] = tensor
    return found


def kernels(names: tuple[str, ...], separator: str) -> dict[str, Any]:
    """Keras or Flax parameters: kernels inputs x outputs."""
    found = {}
    for layer, name in zip(linears(plain()), names, strict=True):
        found[f"{name}{separator}kernel"] = layer.weight.detach().t().contiguous()
        found[f"{name}{separator}bias"] = layer.bias.detach()
    return found


def sparse(layout: str) -> dict[str, Any]:
    found = state(wide() if layout in ("bsr", "bsc") else plain())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls some layouts a beta feature
        for key in [key for key in found if key.endswith("weight")]:
            dense = found[key]
            blocks = {"blocksize": (2, 2)} if layout in ("bsr", "bsc") else {}
            kind = getattr(torch, f"sparse_{layout}")
            found[key] = dense.to_sparse(layout=kind, **blocks)
    return found


def wide() -> Any:
    """8-8-8, two weights of four: the shape of blocks and of semi-structured layers."""
    return weigh(nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)), MASKS_2)


def typed(dtype: Any) -> dict[str, Any]:
    return {key: tensor.to(dtype) for key, tensor in state().items()}


def entries() -> Iterator[Entry]:
    """The whole zoo."""
    yield from containers()
    yield from orders()
    yield from pruning()
    yield from numbers()
    yield from other_libraries()
    yield from scikit_learn()
    yield from live()
    yield from onnx_files()
    yield from external()
    yield from picked()
    yield from programs()


def containers() -> Iterator[Entry]:
    kind = "containers"
    for name in ("m.pt", "m.pth", "m.pth.tar", "m.bin", "m.ckpt", "m.safetensors", "m.npz"):
        yield Entry(f"state dict in {name}", kind, saved(state, name))
    for key in ("model", "state_dict", "model_state_dict", "params", "net", "module"):
        content = {key: state(), "epoch": 3, "loss": 0.5}
        yield Entry(f"nested under {key}", kind, saved(content, "m.pt"))
    with_optimiser = plain()
    optimiser = torch.optim.Adam(with_optimiser.parameters())
    with_optimiser(torch.ones(1, 4)).sum().backward()
    optimiser.step()
    content = {
        "state_dict": renamed(("net.0", "net.2", "net.4")),
        "optimizer_states": [optimiser.state_dict()],
        "hyper_parameters": {"lr": 0.1},
        "pytorch-lightning_version": "2.0",
        "lr_schedulers": [],
        "callbacks": {},
    }
    yield Entry("Lightning checkpoint", kind, saved(content, "m.ckpt"))
    content = {"model": state(), "optimizer": optimiser.state_dict()}
    yield Entry("with the optimiser", kind, saved(content, "m.pt"))
    twice = {"model": state(), "ema": {"model": state(plain().double())}}
    yield Entry("two state dicts", kind, saved(twice, "m.pt"), "under model, ema.model; choose one")
    yield Entry("two, one chosen", kind, saved(twice, "m.pt"), options={"key": "ema.model"})
    beside = {"model": state(), "extra": torch.rand(4, 4)}
    yield Entry("an array beside it", kind, saved(beside, "m.pt"), r"under \., model; choose one")
    rng = {"model": state(), "rng": {"cpu": torch.get_rng_state()}, "best": torch.tensor(0.9)}
    yield Entry("random state beside it", kind, saved(rng, "m.pt"))
    both = {"model": state(), "optimal_model": state()}
    yield Entry("model and optimal_model", kind, saved(both, "m.pt"), "choose one with --key")
    yield Entry("no such key", kind, saved(twice, "m.pt"), "no state dict", {"key": "best"})
    for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "model.", "a.b.c."):
        content = {prefix + key: tensor for key, tensor in state().items()}
        yield Entry(f"prefix {prefix}", kind, saved(content, "m.pt"))
        yield Entry(f"prefix {prefix} safetensors", kind, saved(content, "m.safetensors"))
    yield Entry("old format of torch.save", kind, _old_format)
    yield Entry("a tensor alone", kind, saved(torch.eye(2), "m.pt"), "found tensor alone")
    yield Entry("an empty dict", kind, saved({}, "m.pt"), "not a state dict")
    yield Entry("numbers only", kind, saved({"epoch": 3}, "m.pt"), "int under 'epoch'")
    yield Entry("junk .pt", kind, _junk("m.pt"), "not a state dict")
    yield Entry("junk .safetensors", kind, _junk("m.safetensors"), "not a safetensors file")
    yield Entry("junk .npz", kind, _junk("m.npz"), "not an npz file")
    yield Entry("junk .onnx", kind, _junk("m.onnx"), "not an ONNX file")
    yield Entry("arrays by number", kind, _npz([m * 0.5 for m in MASKS]))
    yield Entry("masks by number", kind, _npz(MASKS))
    yield Entry("one array in .npy", kind, _npy, Pattern.of(MASKS[:1]))


def _old_format(folder: Path) -> Path:
    torch.save(state(), folder / "m.pt", _use_new_zipfile_serialization=False)
    return folder / "m.pt"


def _junk(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(b"\xff\xfe junk \x00" * 9)
        return folder / name

    return make


def _npz(arrays: list[Any]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        np.savez(folder / "m.npz", *arrays)
        return folder / "m.npz"

    return make


def _npy(folder: Path) -> Path:
    np.save(folder / "m.npy", MASKS[0] * 0.5)
    return folder / "m.npy"


def orders() -> Iterator[Entry]:
    """State dicts: which order is certain, and which is not."""
    kind = "order"
    certain = (
        ("fc1", "fc2", "fc3"),
        ("fc0", "fc1", "fc2"),
        ("layers.0", "layers.1", "layers.2"),
        ("layers.8", "layers.9", "layers.10"),
        ("net.1", "net.4", "net.7"),
        ("layer_1.linear", "layer_2.linear", "layer_3.linear"),
        ("model.lin1", "model.lin2", "model.lin3"),
        ("mlp/linear_0", "mlp/linear_1", "mlp/linear_2"),
    )
    for names in certain:
        yield Entry(f"{names[0]}, ...", kind, saved(renamed(names), "m.safetensors"))
        back = dict(reversed(renamed(names).items()))
        yield Entry(f"{names[0]}, ... backwards", kind, saved(back, "m.pt"))
    uncertain = (
        ("inp", "mid", "out"),
        ("input", "hidden", "output"),
        ("stem", "body", "head"),
        ("fc1", "fc2", "out"),
        ("fc1", "fc3", "fc4"),
        ("fc3", "fc4", "fc5"),
        ("1", "4.1", "5"),
        ("0", "2", "3"),
        ("encoder.0", "encoder.2", "decoder.0"),
        ("heads.0", "heads.1", "heads.2"),
        ("experts.0", "experts.1", "experts.2"),
        ("a1.b1", "a1.b2", "a2.b1"),
        ("blocks.0.fc", "blocks.1.fc", "blocks.2.fc"),
        ("w1", "w2", "w3"),
        ("q1", "q2", "q3"),
        ("fc1a", "fc2a", "fc3a"),
    )
    for names in uncertain:
        for ending in ("pt", "safetensors"):
            content = renamed(names)
            yield Entry(
                f"{', '.join(names)} {ending}",
                kind,
                saved(content, f"m.{ending}"),
                r"order of computation is not certain; .*--layers with some of .*x",
            )
        yield Entry(
            f"{', '.join(names)} named",
            kind,
            saved(content, "m.safetensors"),
            options={"layers": names},
        )
    wrong = renamed(("fc3", "fc2", "fc1"))
    yield Entry("numbered backwards", kind, saved(wrong, "m.pt"), "expected 2 inputs")
    pairs = (
        ("encoder", "decoder"),
        ("trunk", "head"),
        ("stem", "classifier"),
        ("up_proj", "down_proj"),
        ("inp", "out"),
    )
    for pair in pairs:
        for first in (True, False):
            content = state(Pair(pair, first))
            what = f"{pair[0]}/{pair[1]} {'identity first' if first else 'dense first'}"
            yield Entry(what, kind, saved(content, "m.safetensors"), "not certain")
            masks = [np.eye(2), np.ones((2, 2))]
            right = Pattern.of(masks if first else masks[::-1])
            yield Entry(
                f"{what} named", kind, saved(content, "m.safetensors"), right, {"layers": pair}
            )
    for what, model in (
        ("VAE", VAE()),
        ("BatchNorm", nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4))),
        (
            "BatchNorm without affine",
            nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False), nn.Linear(4, 4)),
        ),
        ("LayerNorm", nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 4))),
        ("square Embedding", embedded()),
        ("attention", nn.TransformerEncoderLayer(4, 2, 4)),
        ("convolutions", convolutional()),
        ("LSTM", nn.Sequential(nn.LSTM(4, 4), nn.Linear(4, 4))),
        ("PReLU", nn.Sequential(nn.Linear(4, 4), nn.PReLU(), nn.Linear(4, 4))),
    ):
        yield Entry(f"{what} in a file", kind, saved(state(model), "m.pt"), "not certain")
    bert = {
        f"encoder.layer.{n}.{part}.dense.weight": torch.rand(4, 4)
        for n in (0, 1)
        for part in ("intermediate", "output")
    }
    yield Entry("two BERT blocks", kind, saved(bert, "m.safetensors"), "not certain")
    lora = {"q.lora_A.weight": torch.rand(2, 4), "q.lora_B.weight": torch.rand(4, 2)}
    yield Entry("LoRA's A and B", kind, saved(lora, "m.safetensors"), "not certain")
    vae = {
        f"{n}.weight": torch.rand(s)
        for n, s in {
            "fc1": (5, 4),
            "fc21": (2, 5),
            "fc22": (2, 5),
            "fc3": (5, 2),
            "fc4": (4, 5),
        }.items()
    }
    yield Entry("the VAE of the examples", kind, saved(vae, "m.pt"), "not certain")
    yield Entry("tied in one file", kind, saved(state(TiedParameters()), "m.pt"), "shared weights")
    yield Entry("tied, saved by save_model", kind, _tied_safetensors, "shared weights")
    cloned = {k: v.clone() for k, v in state(TiedParameters()).items()}
    yield Entry("tied, cloned", kind, saved(cloned, "m.safetensors"), "number by number")
    yield Entry(
        "no such layer",
        kind,
        saved(state(), "m.pt"),
        r"no layer 'fc9'; the file has 0 \(",
        {"layers": ["fc9"]},
    )
    yield Entry(
        "named twice", kind, saved(state(), "m.pt"), "names a layer twice", {"layers": ["0", "0"]}
    )
    yield Entry(
        "a tanh net, said so",
        kind,
        saved(state(), "m.pt"),
        options={"activation": "tanh"},
        activation="tanh",
    )
    yield Entry(
        "a leaky net, said so",
        kind,
        saved(state(), "m.pt"),
        options={"activation": "leaky_relu:0.2"},
        activation="leaky_relu:0.2",
    )
    yield Entry(
        "no activation, said so",
        kind,
        saved(state(), "m.pt"),
        options={"activation": "none"},
        activation="none",
    )
    yield Entry(
        "no such activation",
        kind,
        saved(state(), "m.pt"),
        "expected one of relu",
        {"activation": "swish"},
    )


def _tied_safetensors(folder: Path) -> Path:
    save_model(TiedParameters(), str(folder / "m.safetensors"))
    return folder / "m.safetensors"


def pruning() -> Iterator[Entry]:
    kind = "pruning"
    for ending in ("pt", "safetensors"):
        name = f"m.{ending}"
        yield Entry(f"prune buffers {ending}", kind, saved(state(pruned()), name))
        yield Entry(f"prune removed {ending}", kind, saved(state(pruned(True)), name))
        yield Entry(
            f"biases pruned {ending}",
            kind,
            saved(state(pruned(biases=True)), name),
            biases=(False,) * 3,
        )
        yield Entry(f"MaskedLinear {ending}", kind, saved(state(masked()), name))
        yield Entry(f"parametrized {ending}", kind, saved(state(parametrized()), name))
        unsquashed = saved(state(sparsified(False)), name)  # which leaves the masks out
        yield Entry(f"sparsifier {ending}", kind, unsquashed, "no mask is in the file: squash")
        yield Entry(f"sparsifier {ending}, masks given", kind, unsquashed, options={"masks": MASKS})
        yield Entry(f"sparsifier squashed {ending}", kind, saved(state(sparsified(True)), name))
    dense = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2))
    by_name = dict(zip(("0", "2", "4"), MASKS, strict=True))
    yield Entry("masks by name", kind, saved(state(dense), "m.pt"), options={"masks": by_name})
    full = {f"{name}.weight": torch.tensor(mask) for name, mask in by_name.items()}
    yield Entry("masks by full name", kind, saved(state(dense), "m.pt"), options={"masks": full})
    nni = {
        name: {"weight": torch.tensor(m).float(), "bias": torch.ones(len(m))}
        for name, m in by_name.items()
    }
    yield Entry("NNI's masks", kind, saved(state(dense), "m.pt"), options={"masks": nni})
    yield Entry("masks in order", kind, saved(state(dense), "m.pt"), options={"masks": MASKS})
    yield Entry(
        "a mask of another shape",
        kind,
        saved(state(dense), "m.pt"),
        "expected a mask of shape 5 x 4, found 4 x 5",
        {"masks": {"0": MASKS[0].T}},
    )
    yield Entry(
        "a mask for no layer",
        kind,
        saved(state(dense), "m.pt"),
        "the layers are 0, 2, 4",
        {"masks": {"7": MASKS[0]}},
    )
    yield Entry(
        "a mask of scores",
        kind,
        saved(state(dense), "m.pt"),
        "expected a mask of 0 and 1",
        {"masks": {"0": MASKS[0] * 0.5}},
    )
    normed = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))
    for layer in linears(normed):
        parametrizations.weight_norm(layer)
    yield Entry("weight norm", kind, saved(state(normed), "m.pt"), "no weight of a Linear")
    spectral = nn.Sequential(torch.nn.utils.spectral_norm(nn.Linear(4, 4)))
    yield Entry("spectral norm", kind, saved(state(spectral), "m.pt"), "no weight of a Linear")
    for layout in ("coo", "csr", "csc"):
        yield Entry(f"sparse {layout}", kind, saved(sparse(layout), "m.pt"))
    for layout in ("bsr", "bsc"):
        yield Entry(f"sparse {layout}", kind, saved(sparse(layout), "m.pt"), Pattern.of(MASKS_2))
    some = pruned()
    prune.custom_from_mask(linears(some)[0], "bias", torch.tensor([1.0, 0, 1, 1, 1]))
    yield Entry(
        "biases pruned in part", kind, saved(state(some), "m.pt"), uncovered="masked in part"
    )


def numbers() -> Iterator[Entry]:
    kind = "types"
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        for ending in ("pt", "safetensors"):
            yield Entry(f"{dtype} {ending}", kind, saved(typed(dtype), f"m.{ending}"))
        if dtype is not torch.bfloat16:
            yield Entry(f"{dtype} npz", kind, saved(typed(dtype), "m.npz"))
    small = {key: tensor * 1e-6 for key, tensor in state().items()}
    rounded = {key: tensor.half() for key, tensor in small.items()}
    for ending in ("pt", "safetensors", "npz"):
        yield Entry(
            f"float16 rounded {ending}",
            kind,
            saved(rounded, f"m.{ending}"),
            "the zeros may be roundings",
        )
        yield Entry(
            f"int8 {ending}",
            kind,
            saved({k: (v * 9).to(torch.int8) for k, v in state().items()}, f"m.{ending}"),
            "quantised; give masks",
        )
    yield Entry(
        "float16 rounded, masks given", kind, saved(rounded, "m.pt"), options={"masks": MASKS}
    )
    for dtype in (torch.float8_e4m3fn, torch.float8_e5m2):
        for ending in ("pt", "safetensors"):
            yield Entry(
                f"{dtype} {ending}",
                kind,
                saved(typed(dtype), f"m.{ending}"),
                "quantised; give masks",
            )
    yield Entry(
        "float8, masks given",
        kind,
        saved(typed(torch.float8_e5m2), "m.safetensors"),
        options={"masks": MASKS},
    )
    quantised = torch.ao.quantization.quantize_dynamic(plain(), {nn.Linear}, dtype=torch.qint8)
    yield Entry(
        "dynamic quantisation",
        kind,
        saved(quantised.state_dict, "m.pt"),
        "not a state dict|not certain|no weight",
    )
    bad = {**state(), "0.weight": torch.full((5, 4), float("nan"))}
    yield Entry("NaN", kind, saved(bad, "m.pt"), "layer '0': a weight is NaN or infinite")
    complex_ = {key: tensor.to(torch.complex64) for key, tensor in state().items()}
    yield Entry("complex", kind, saved(complex_, "m.pt"), "type complex64 are not read")
    yield Entry(
        "expanded",
        kind,
        lambda folder: {"w": torch.zeros(1, 1).expand(9**9, 9**9)},
        "shared weights|not certain|no weight",
    )
    yield Entry(
        "expanded weight",
        kind,
        lambda folder: {"weight": torch.ones(1, 1).expand(10**6, 10**6)},
        "share memory",
    )
    yield Entry(
        "on the meta device",
        kind,
        lambda folder: {"weight": torch.ones(3, 4, device="meta")},
        "meta device",
    )


def other_libraries() -> Iterator[Entry]:
    kind = "libraries"
    flax = ("params/Dense_0", "params/Dense_1", "params/Dense_2")
    keras = ("dense", "dense_1", "dense_2")
    later = ("net/dense_7", "net/dense_8", "net/dense_9")
    yield Entry("Flax npz", kind, saved(kernels(flax, "/"), "m.npz"))
    yield Entry("Flax safetensors", kind, saved(kernels(flax, "/"), "m.safetensors"))
    yield Entry("Keras npz", kind, saved(kernels(keras, "/"), "m.npz"))
    yield Entry("Keras npz, later layers", kind, saved(kernels(later, "/"), "m.npz"))
    tree = collections.defaultdict(dict)
    for full, array in kernels(flax, "/").items():
        tree[full.split("/")[1]][full.split("/")[2]] = array.numpy()
    yield Entry("Flax in Python", kind, lambda folder: {"params": dict(tree)})
    weights = [array.numpy() for array in kernels(keras, "/").values()]
    yield Entry("Keras's get_weights in Python", kind, lambda folder: weights)
    yield Entry("Keras's get_weights npz", kind, _npz(weights))
    up, down = (tensor for tensor in conv1d_state().values() if tensor.dim() == 2)
    gpt = Pattern.of([up.t().numpy() != 0, down.t().numpy() != 0])
    names = {"layers": ["h.0.mlp.c_fc", "h.0.mlp.c_proj"]}
    yield Entry(
        "GPT-2's Conv1D",
        kind,
        saved(conv1d_state, "m.safetensors"),
        gpt,
        {**names, "activation": "gelu"},
        activation="gelu",
    )
    unbiased = {k: v for k, v in conv1d_state().items() if not k.endswith("bias")}
    yield Entry(
        "Conv1D without biases", kind, saved(unbiased, "m.safetensors"), "say --transpose", names
    )
    yield Entry(
        "Conv1D said so",
        kind,
        saved(unbiased, "m.safetensors"),
        gpt,
        {**names, "transpose": True},
        biases=(False, False),
    )
    yield Entry(
        "transposed wrongly",
        kind,
        saved(state(), "m.pt"),
        "leave --transpose away",
        {"transpose": True},
    )
    yield Entry(
        "a wrong number of biases",
        kind,
        saved({**state(), "0.bias": torch.zeros(7)}, "m.pt"),
        "expected 5 or 4 biases",
    )


def fitted(kind: Any, outputs: int = 2, **options: Any) -> Any:
    """A fitted MLP of scikit-learn with MASKS, of which the last is cut to the outputs."""
    model = kind(hidden_layer_sizes=(5, 3), max_iter=1, random_state=0, **options)
    targets = RNG.random((30, outputs)) if kind is MLPRegressor else RNG.integers(0, 2, (30, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration does not converge
        model.fit(RNG.random((30, 4)), targets.squeeze())
    masks = [*MASKS[:2], MASKS[2][:outputs]]
    model.coefs_ = [(np.abs(w) + 0.1) * m.T for w, m in zip(model.coefs_, masks, strict=True)]
    return model


def converted(model: Any) -> Callable[[Path], Path]:
    """A maker of an ONNX file by skl2onnx."""

    def make(folder: Path) -> Path:
        path = folder / "model.onnx"
        content = skl2onnx.to_onnx(model(), np.zeros((1, 4), np.float32))
        path.write_bytes(content.SerializeToString())
        return path

    return make


def scaled() -> Any:
    """A scaler before the MLP, as one trains them."""
    pipe = make_pipeline(StandardScaler(), fitted(MLPRegressor, 1))
    pipe[0].fit(RNG.random((30, 4)))
    return pipe


def scikit_learn() -> Iterator[Entry]:
    kind = "scikit-learn"
    yield Entry("MLPRegressor", kind, lambda folder: fitted(MLPRegressor))
    yield Entry(
        "tanh",
        kind,
        lambda folder: fitted(MLPRegressor, activation="tanh"),
        activation="tanh",
    )
    yield Entry(
        "identity",
        kind,
        lambda folder: fitted(MLPRegressor, activation="identity"),
        activation="none",
    )
    yield Entry(
        "MLPClassifier",
        kind,
        lambda folder: fitted(MLPClassifier),
        uncovered="after the last layer",
    )
    yield Entry("not fitted", kind, lambda folder: MLPRegressor(), "not fitted yet")
    one = Pattern.of([*MASKS[:2], MASKS[2][:1]])
    yield Entry("MLPRegressor by skl2onnx", kind, converted(lambda: fitted(MLPRegressor, 1)), one)
    yield Entry("with a scaler by skl2onnx", kind, converted(scaled), one)
    # skl2onnx makes one column of two outputs: the points are no longer the rows
    yield Entry(
        "two outputs by skl2onnx",
        kind,
        converted(lambda: fitted(MLPRegressor)),
        "changes the shape",
    )
    yield Entry(
        "MLPClassifier by skl2onnx",
        kind,
        converted(lambda: fitted(MLPClassifier)),
        r"node .* \(\w+\)",
    )


def live() -> Iterator[Entry]:
    """torch modules in memory."""
    kind = "modules"

    def module(make: Callable[[], Any], weighed: bool = True) -> Callable[[Path], Any]:
        return lambda folder: weigh(make()) if weighed else make()

    yield Entry("Sequential", kind, lambda folder: plain())
    yield Entry("no biases", kind, lambda folder: plain(bias=False), biases=(False,) * 3)
    yield Entry("functional relu", kind, module(Named))
    yield Entry("one relu used twice", kind, module(OneReLU))
    yield Entry("registered backwards", kind, lambda folder: weigh(Backwards(), MASKS[::-1]))
    yield Entry("ModuleList in a loop", kind, module(Listed))
    yield Entry("clamp(min=0)", kind, module(Clamped))
    yield Entry("in place", kind, module(Silent))
    yield Entry("matmul and parameters", kind, lambda folder: ByHand())
    yield Entry("MaskedLinear", kind, lambda folder: masked())
    yield Entry("parametrized", kind, lambda folder: parametrized())
    yield Entry("sparsifier", kind, lambda folder: sparsified(False))
    yield Entry("prune", kind, lambda folder: pruned())
    yield Entry("DataParallel", kind, lambda folder: nn.DataParallel(plain()))
    yield Entry("compiled", kind, lambda folder: torch.compile(plain()))
    yield Entry("half", kind, lambda folder: plain().half())
    yield Entry("bfloat16", kind, lambda folder: plain().bfloat16())
    yield Entry("double, in training", kind, lambda folder: plain().double().train())
    yield Entry("inputs standardised", kind, module(Normalised))
    for name, function in (("tanh", torch.tanh), ("gelu", F.gelu), ("sigmoid", torch.sigmoid)):
        yield Entry(
            f"functional {name}",
            kind,
            lambda folder, f=function: weigh(Named(f)),
            activation=name,
        )
    yield Entry(
        "functional leaky",
        kind,
        module(lambda: Named(lambda x: F.leaky_relu(x, 0.2))),
        activation="leaky_relu:0.2",
    )
    yield Entry("no activation", kind, module(lambda: Named(lambda x: x)), activation="none")
    yield Entry("PReLU", kind, module(lambda: Named(nn.PReLU())), "PReLU is not read")
    for name, model in (
        ("tanh", nn.Tanh()),
        ("sigmoid", nn.Sigmoid()),
        ("gelu", nn.GELU()),
        ("silu", nn.SiLU()),
        ("softplus", nn.Softplus()),
    ):
        net = plain()
        net[1], net[3] = model, model
        yield Entry(
            f"nn.{type(model).__name__}",
            kind,
            lambda folder, net=net: net,
            activation=name,
        )
    net = plain()
    net.append(nn.Softmax(dim=1))
    yield Entry(
        "Softmax at the end", kind, lambda folder, net=net: net, uncovered="after the last layer"
    )
    mixed = plain()
    mixed[3] = nn.Tanh()
    yield Entry("relu and tanh", kind, lambda folder: mixed, uncovered="activations that differ")
    for what, make, answer in (
        ("VAE", VAE, "branches here"),
        ("heads added", Added, "branches here|two signals meet"),
        ("residual", Residual, "branches here|two signals meet"),
        ("residual in place", ResidualInPlace, "branches here|two signals meet"),
        ("a layer in a loop", Looped, "used twice|shared weights"),
        ("tied autoencoder", Tied, "used twice|shared weights"),
        ("tied parameters", TiedParameters, "used twice|shared weights"),
        ("BatchNorm", lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), "BatchNorm1d"),
        (
            "BatchNorm without affine",
            lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False)),
            "BatchNorm1d",
        ),
        ("convolution", convolutional, "Conv2d"),
        ("Embedding", embedded, "Embedding"),
        ("transformer", Encoder, "not read|cannot be traced"),
        ("a factor", Scaled, "not trained"),
        ("a constant added", Shifted, "not trained"),
        ("control flow", Controlled, "cannot be traced .*layers="),
        ("training is different", TestTimeOnly, "expected 5 inputs"),
        ("no gradient", NoGradient, "no gradient reaches"),
        ("a mask in training only", MaskedInTraining, "in training than in evaluation"),
        ("an inverted mask", Inverted, "not read|in training than in evaluation"),
        ("a shared bias", SharedBias, "shares numbers with layer 'fc1'"),
        ("another __call__", Overridden, "on random inputs it does not predict"),
        ("units permuted", Permuted, "getitem"),
        ("frozen weights", lambda: hooked_gradients(False), "a gradient hook keeps"),
        ("tells traces", Suspicious, "on random inputs it does not predict"),
        ("clamped weights", clamped_weights, "that is no mask"),
        ("a mask redrawn", lambda: Redrawn(False), "its forward changes 'mask'"),
        ("a mask redrawn in training", lambda: Redrawn(True), "its forward changes 'mask'"),
        ("projected weights", Projected, "its forward changes 'fc1.weight'"),
        ("frozen biases", hooked_biases, "keeps some of its biases"),
        ("a hook after the gradient", hooked_after, "a hook on its accumulated gradient"),
        ("one bias for all units", one_bias, "share memory|is expanded"),
        ("widths", lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)), "expected 3 inputs"),
        ("no layer", lambda: nn.Sequential(nn.Dropout()), "no Linear layer found"),
        ("a relu alone", lambda: nn.Sequential(nn.ReLU()), "changes the inputs"),
        ("lazy", lambda: nn.Sequential(nn.LazyLinear(3)), "has a forward hook"),
        ("meta", lambda: nn.Sequential(nn.Linear(3, 3, device="meta")), "meta device"),
        ("TorchScript", lambda: torch.jit.trace(plain(), torch.ones(1, 4)), "a TorchScript module"),
        ("GRU", lambda: nn.GRU(3, 3), "GRU|cannot be traced"),
        ("attention", lambda: nn.MultiheadAttention(2, 1), "cannot be traced"),
    ):
        yield Entry(what, kind, lambda folder, make=make: make(), answer)
    w, o = nn.Linear(4, 4), nn.Linear(4, 2)
    shared = nn.Sequential(w, nn.ReLU(), w, nn.ReLU(), o)
    yield Entry("Sequential(w, relu, w, relu, o)", kind, lambda folder: shared, "used twice")
    hooked = plain()
    hooked[1].register_forward_hook(lambda module, inputs, output: output * 2)
    yield Entry("a forward hook", kind, lambda folder: hooked, "has a forward hook")
    frozen = plain()
    frozen[0].requires_grad_(False)
    yield Entry("a frozen layer", kind, lambda folder: frozen, "frozen .requires_grad is False.")
    yield Entry("masked gradients", kind, lambda folder: hooked_gradients(True))
    yield Entry("all frozen", kind, lambda folder: plain().requires_grad_(False))
    normed = plain()
    parametrizations.weight_norm(normed[0])
    yield Entry("weight norm", kind, lambda folder: normed, "that is no mask")
    yield Entry("old weight norm", kind, _old_weight_norm, "has a forward hook")
    yield Entry(
        "layers named",
        kind,
        lambda folder: weigh(Controlled()),
        options={"layers": ["fc1", "fc2", "fc3"]},
    )
    meta = nn.Sequential(nn.Linear(4, 5, device="meta"), nn.ReLU(), nn.Linear(5, 3, device="meta"))
    yield Entry(
        "meta with masks", kind, lambda folder: meta, Pattern.of(MASKS[:2]), {"masks": MASKS[:2]}
    )


def _old_weight_norm(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(3, 3)))


def onnx_files() -> Iterator[Entry]:
    kind = "ONNX"
    for dynamo, exporter in ((True, "new"), (False, "old")):
        for name, make in (
            ("Sequential", plain),
            ("no biases", lambda: plain(bias=False)),
            ("Listed", lambda: weigh(Listed())),
            ("half", lambda: plain().half()),
        ):
            biases = (False,) * 3 if name == "no biases" else None
            yield Entry(f"{name}, {exporter} exporter", kind, exported(make, dynamo), biases=biases)
        yield Entry(
            f"tanh, {exporter} exporter",
            kind,
            exported(lambda: weigh(Named(torch.tanh)), dynamo),
            activation="tanh",
        )
        for name, make, answer in (
            ("residual", Residual, "two signals meet"),
            ("looped", Looped, "used twice"),
            ("VAE", VAE, "branches here|expected one output"),
            ("shifted", lambda: weigh(Shifted()), "not trained|biases"),
        ):
            yield Entry(f"{name}, {exporter} exporter", kind, exported(make, dynamo), answer)
    yield Entry(
        "inputs standardised, new exporter", kind, exported(lambda: weigh(Normalised()), True)
    )
    yield Entry("weights inside, new exporter", kind, exported(plain, True, external_data=False))
    a, b, c = (mask.astype(np.float32) for mask in MASKS)
    node = helper.make_node
    chain = [
        node("Flatten", ["x"], ["f"]),
        node("Gemm", ["f", "a", "bias"], ["h"], transB=1),
        node("Relu", ["h"], ["r"]),
        node("MatMul", ["r", "bT"], ["m"]),
        node("Add", ["m", "bias2"], ["m2"]),
        node("Relu", ["m2"], ["r2"]),
        node("Gemm", ["r2", "cT"], ["y"]),
    ]
    held = {
        "a": a,
        "bT": b.T.copy(),
        "cT": c.T.copy(),
        "bias": np.zeros(5, np.float32),
        "bias2": np.ones(3, np.float32),
    }
    yield Entry("Gemm, MatMul, Add", kind, graph(chain, held), biases=(True, True, False))
    one = numpy_helper.from_array(np.ones(3, np.float32))
    constant = [
        *chain[:4],
        node("Constant", [], ["one"], value=one),
        node("Add", ["m", "one"], ["m2"]),
        *chain[5:],
    ]
    yield Entry("x + constant is no bias", kind, graph(constant, held), "not trained")
    twice = [
        node("Gemm", ["x", "w"], ["h"]),
        node("Relu", ["h"], ["r"]),
        node("Gemm", ["r", "w"], ["y"]),
    ]
    yield Entry(
        "one initializer twice",
        kind,
        graph(twice, {"w": np.eye(4, dtype=np.float32)}),
        "used twice",
    )
    for op in (
        "Conv",
        "BatchNormalization",
        "LSTM",
        "QuantizeLinear",
        "DequantizeLinear",
        "Einsum",
    ):
        bad = [node(op, ["x", "a"], ["y"], name="bad1")]
        yield Entry(f"a node {op}", kind, graph(bad, held), rf"node 'bad1' \({op}\)")
    rounding = [chain[0], node("Cast", ["f"], ["i"], to=TensorProto.INT64), *chain[1:]]
    rounding[2] = node("Gemm", ["i", "a", "bias"], ["h"], transB=1)
    yield Entry("a Cast that rounds", kind, graph(rounding, held), r"\(Cast\)")
    copied = {"w": np.asarray(SQUARE[0] * RNG.random((4, 4)), np.float32)}
    copied["v"] = copied["w"].T.copy()
    tied = [
        node("Gemm", ["x", "w"], ["h"]),
        node("Relu", ["h"], ["r"]),
        node("Gemm", ["r", "v"], ["y"]),
    ]
    yield Entry("one initializer copied", kind, graph(tied, copied), "number by number")
    inner = [
        helper.make_graph(
            [node(op, ["h"], ["o"])], op, [], [helper.make_empty_tensor_value_info("o")]
        )
        for op in ("Relu", "Tanh")
    ]
    chosen = [
        chain[0],
        chain[1],
        node("If", ["c"], ["y"], then_branch=inner[0], else_branch=inner[1]),
    ]
    yield Entry(
        "a choice", kind, graph(chosen, {**held, "c": np.array(True)}), "a graph of its own"
    )
    branch = [*chain[:2], node("Tanh", ["h"], ["t"]), *chain[2:]]
    yield Entry("a branch that nobody uses", kind, graph(branch, held), "branches here")
    yield Entry("functions of the file", kind, _with_function, "functions that the file defines")
    int8 = {**held, "a": (a * 9).astype(np.int8)}
    yield Entry("int8 initializers", kind, graph(chain, int8), "quantised")


MASKS_32 = [RNG.random((64, 32)) < 0.2, RNG.random((16, 64)) < 0.2]


def large() -> Any:
    """32-64-16, of which the exporters write the weights into another file."""
    return weigh(nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 16)), MASKS_32)


def _with_function(folder: Path) -> Path:
    """Relu, which this file says is something else."""
    path = graph([helper.make_node("Relu", ["x"], ["y"])], {})(folder)
    model = onnx.load(str(path))
    body = [helper.make_node("Neg", ["a"], ["b"])]
    made = helper.make_function("", "Relu", ["a"], ["b"], body, model.opset_import)
    model.functions.append(made)
    path.write_bytes(model.SerializeToString())
    return path


@functools.cache
def large_export() -> tuple[bytes, bytes]:
    """What the new exporter writes of a large model: the file and the one beside it."""
    with tempfile.TemporaryDirectory() as folder:
        path = exported(large, True, width=32)(Path(folder))
        return path.read_bytes(), Path(folder, "model.onnx.data").read_bytes()


def beside(change: Callable[[Path, Any], None]) -> Callable[[Path], Path]:
    """A maker of an ONNX file with its weights beside it, changed in some way."""

    def make(folder: Path) -> Path:
        path = folder / "models" / "model.onnx"
        path.parent.mkdir()
        model, weights = map(bytes, large_export())
        path.with_name("model.onnx.data").write_bytes(weights)
        graph = onnx.load_model_from_string(model)
        change(path, graph)
        path.write_bytes(graph.SerializeToString())
        return path

    return make


def external() -> Iterator[Entry]:
    """Weights in another file, which must be in the model's folder."""
    kind = "external"

    def moved(**changes: str) -> Callable[[Path, Any], None]:
        def change(path: Path, model: Any) -> None:
            for entry in _outside_tensor(model).external_data:
                entry.value = changes.get(entry.key, entry.value)

        return change

    def outside(path: Path, model: Any) -> None:
        (path.parent / "model.onnx.data").rename(path.parents[1] / "secret.bin")

    def at(place: str) -> Callable[[Path, Any], None]:
        def change(path: Path, model: Any) -> None:
            outside(path, model)
            (path.parent / "x").mkdir()
            for entry in _outside_tensor(model).external_data:
                entry.value = place if entry.key == "location" else entry.value

        return change

    def linked(path: Path, model: Any) -> None:
        outside(path, model)
        (path.parent / "model.onnx.data").symlink_to(path.parents[1] / "secret.bin")

    def lost(path: Path, model: Any) -> None:
        (path.parent / "model.onnx.data").unlink()

    def cut(path: Path, model: Any) -> None:
        (path.parent / "model.onnx.data").write_bytes(b"1234")

    def in_constant(path: Path, model: Any) -> None:
        tensor = onnx.TensorProto()
        tensor.CopyFrom(_outside_tensor(model))
        for entry in tensor.external_data:
            entry.value = "../../secret.bin" if entry.key == "location" else entry.value
        model.graph.node.insert(0, helper.make_node("Constant", [], ["c"], value=tensor))

    pattern = Pattern.of(MASKS_32)
    yield Entry("beside the model", kind, beside(lambda path, model: None), pattern)
    yield Entry("in a Constant node", kind, beside(in_constant), "outside the model's folder")
    for name, change, answer in (
        ("lost", lost, "no file 'model.onnx.data' beside the model"),
        ("cut", cut, "ends before these weights"),
        ("a link out of the folder", linked, "outside the model's folder"),
        ("one folder up", at("../secret.bin"), "outside the model's folder"),
        ("into and out of a folder", at("x/../../secret.bin"), "outside the model's folder"),
        ("an absolute name", at("/etc/passwd"), "expected one in the model's folder"),
        ("a device", at("/dev/zero"), "expected one in the model's folder"),
        ("the folder itself", at("."), "no file '.' beside"),
        ("no name", moved(location=""), "expected one in the model's folder"),
        ("a negative offset", moved(offset="-4096"), "an offset of at least 0"),
        ("an offset far away", moved(offset="99999999999"), "ends before these weights"),
        ("an offset in words", moved(offset="four"), "a place that is no number"),
        ("too few bytes", moved(length="12"), "expected .* bytes"),
    ):
        yield Entry(name, kind, beside(change), answer)


def _outside_tensor(model: Any) -> Any:
    return next(t for t in model.graph.initializer if t.data_location == TensorProto.EXTERNAL)


def picked() -> Iterator[Entry]:
    """Parts of larger models, by the names of their layers."""
    kind = "picked"
    names = ["classifier.0", "classifier.2", "classifier.4"]
    for ending in ("pt", "safetensors"):
        yield Entry(
            f"classifier of a convolutional net {ending}",
            kind,
            saved(lambda: state(convolutional()), f"m.{ending}"),
            options={"layers": names},
        )
    block = Encoder()
    torch.manual_seed(4)
    with torch.no_grad():
        for layer in (block.block.linear1, block.block.linear2):
            layer.weight.copy_(torch.rand(layer.weight.shape) + 0.1)
            layer.weight.mul_(torch.tensor([1.0, 0, 1, 0]).tile(layer.weight.shape[1] // 4))
    masks = [layer.weight != 0 for layer in (block.block.linear1, block.block.linear2)]
    pattern = Pattern.of([mask.numpy() for mask in masks])
    for ending in ("pt", "safetensors"):
        yield Entry(
            f"feed-forward block of a transformer {ending}",
            kind,
            saved(lambda: state(block), f"m.{ending}"),
            pattern,
            {"layers": ["block.linear1", "block.linear2"]},
        )
    yield Entry(
        "a norm layer picked",
        kind,
        saved(lambda: state(block), "m.pt"),
        r"layer 'block.norm1': not a Linear layer: a weight of shape 8",
        {"layers": ["block.norm1"]},
    )
    adapted = {
        "q.base_layer.weight": torch.rand(4, 4),
        "q.base_layer.lora_A.weight": torch.rand(2, 4),
    }
    yield Entry(
        "a layer with LoRA picked",
        kind,
        saved(adapted, "m.pt"),
        "merge the adapter",
        {"layers": ["q.base_layer"]},
    )


class Trap:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def programs() -> Iterator[Entry]:
    """Files that hold programs: none is run."""
    kind = "programs"
    yield Entry("a whole model", kind, saved(plain, "m.pt"), "holds an object of the class")
    yield Entry(
        "a trap",
        kind,
        lambda f: saved({"weight": Trap(f / "victim")}, "m.pt")(f),
        "no code of a file is run",
    )
    yield Entry("a pickled trap", kind, _pickled, "no code of a file is run|not a state dict")
    yield Entry(
        "an argparse namespace",
        kind,
        saved({"args": argparse.Namespace(lr=0.1), "model": state()}, "m.pt"),
        "class argparse.Namespace; .*torch.save",
    )
    yield Entry("TorchScript", kind, _script, "a TorchScript archive")
    yield Entry("an exported program", kind, _program, r"\.pt2 files are not read: .*torch.export")
    for ending in (".h5", ".keras", ".pkl", ".joblib", ".tflite", ".pb"):
        yield Entry(f"{ending}", kind, _junk(f"m{ending}"), rf"\{ending} files are not read: ")


def _pickled(folder: Path) -> Path:
    (folder / "m.bin").write_bytes(pickle.dumps(Trap(folder / "victim")))
    return folder / "m.bin"


def _script(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(plain()).save(str(folder / "m.pt"))
    return folder / "m.pt"


def _program(folder: Path) -> Path:
    torch.export.save(torch.export.export(plain(), (torch.ones(2, 4),)), folder / "m.pt2")
    return folder / "m.pt2"


def main() -> None:
    """Write the zoo into a folder and print each right answer beside what cadlink says."""
    parser = argparse.ArgumentParser(description="write the zoo of models into an empty folder")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for number, entry in enumerate(entries()):
        place = folder / f"{number:03}"
        place.mkdir(parents=True)
        try:
            found = model_of(entry.make(place), **entry.options)
            said = f"{found.pattern!r} {found.activation} {found.uncovered}"
            right = found.pattern == entry.answer
        except InputError as error:
            said = str(error)
            right = isinstance(entry.answer, str) and re.search(entry.answer, said) is not None
        counts[entry.kind, "read" if isinstance(entry.answer, Pattern) else "refused"] += 1
        counts[entry.kind, "right"] += right
        print(f"{'right' if right else 'WRONG'}  {entry.kind}: {entry.name}: {said}")
    print(f"\n{'kind':<14}{'read':>6}{'refused':>9}{'right':>7}")
    for kind in dict.fromkeys(kind for kind, _ in counts):
        row = [counts[kind, what] for what in ("read", "refused", "right")]
        print(f"{kind:<14}{row[0]:>6}{row[1]:>9}{row[2]:>7}")


if __name__ == "__main__":
    main()
