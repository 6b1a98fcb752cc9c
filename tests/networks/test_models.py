"""Models of every supported kind have the pattern one expects; others are refused in one line."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from sklearn.neural_network import MLPRegressor
from torch import nn
from torch.nn.utils import prune

from cadlink import Pattern
from cadlink.errors import InputError
from cadlink.networks.readers.models import model_of, pattern_of

RNG = np.random.default_rng(0)
MASKS = [RNG.random((5, 4)) < 0.5, RNG.random((3, 5)) < 0.6, RNG.random((2, 3)) < 0.7]
EXPECTED = Pattern.of(MASKS)


def network(**options: Any) -> nn.Sequential:
    """4-5-3-2 with MASKS as zero weights and layers that do not matter."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(4, 5, **options),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Sequential(nn.Identity(), nn.Linear(5, 3, **options), nn.ReLU()),
        nn.Linear(3, 2, **options),
    )
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
    with torch.no_grad():
        for layer, mask in zip(linear, MASKS, strict=True):
            layer.weight.mul_(torch.tensor(mask))
    return model


def linears(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def test_zero_weights_biases_activation() -> None:
    found = model_of(network())
    assert (found.pattern, found.biases, found.activation) == (EXPECTED, (True,) * 3, "relu")
    assert model_of(network(bias=False)).biases == (False,) * 3


@pytest.mark.parametrize("removed", [False, True])
def test_prune_buffers_and_removed(removed: bool) -> None:
    model = network()
    with torch.no_grad():
        for layer in linears(model):
            layer.weight.fill_(1.0)
    for layer, mask in zip(linears(model), MASKS, strict=True):
        prune.custom_from_mask(layer, "weight", torch.tensor(mask))
        if removed:
            prune.remove(layer, "weight")
    assert pattern_of(model) == EXPECTED


def test_a_mask_counts_not_the_weights_under_it() -> None:
    model = network()
    prune.identity(linears(model)[0], "weight")  # all ones, over weights that have zeros
    assert pattern_of(model).layers[0].nnz == 20


def test_explicit_masks() -> None:
    dense = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2))
    assert pattern_of(dense, MASKS) == EXPECTED
    assert pattern_of(dense, [torch.tensor(mask) for mask in MASKS]) == EXPECTED
    named = pattern_of(dense, {"0": MASKS[0]})
    assert named.layers[0].nnz == MASKS[0].sum()
    assert named.layers[1].nnz == 15
    with pytest.raises(InputError, match=r"layer '0': expected a mask of shape 5 x 4, found 4 x 5"):
        pattern_of(dense, {"0": MASKS[0].T})
    with pytest.raises(InputError, match=r"a mask for layer 'x', but the layers are 0, 2, 4"):
        pattern_of(dense, {"x": MASKS[0]})
    with pytest.raises(InputError, match=r"expected 3 masks, one per Linear layer, found 2"):
        pattern_of(dense, MASKS[:2])


@pytest.mark.parametrize("layout", ["coo", "csr", "csc"])
def test_sparse_tensors(layout: str) -> None:
    model = network()
    state = dict(model.state_dict())
    for key in [key for key in state if key.endswith("weight")]:
        dense = state[key]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch calls CSR a beta feature
            state[key] = {
                "coo": dense.to_sparse,
                "csr": dense.to_sparse_csr,
                "csc": dense.to_sparse_csc,
            }[layout]()
    assert pattern_of(state) == EXPECTED


def test_sparse_tensor_with_stored_zeros_and_duplicates() -> None:
    where, values = [[0, 0, 1, 1], [0, 1, 0, 0]], [1.0, 0.0, 2.0, -2.0]
    weight = torch.sparse_coo_tensor(where, values, (2, 2), check_invariants=True)
    assert pattern_of({"weight": weight}).inline() == "10/00"


@pytest.mark.parametrize("bad", [[[0, 5], [0, 1]], [[0, -1], [0, 1]]])
def test_sparse_tensor_with_indices_out_of_range(bad: list[list[int]]) -> None:
    weight = torch.sparse_coo_tensor(bad, [1.0, 2.0], (2, 2), check_invariants=False)
    with pytest.raises(InputError, match="indices do not fit its shape"):
        pattern_of({"weight": weight})


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    state = network().state_dict()
    (save_file if suffix == ".safetensors" else torch.save)(state, path)
    assert pattern_of(path) == EXPECTED
    assert pattern_of(str(path)) == EXPECTED


def test_safetensors_layers_are_in_natural_order(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    weights = {f"net.{n}.weight": torch.full((n + 2, n + 1), 1.0) for n in range(12)}
    save_file(weights, path)
    assert pattern_of(path).widths == tuple(range(1, 14))


def test_pruned_state_dict(tmp_path: Path) -> None:
    model = network()
    for layer, mask in zip(linears(model), MASKS, strict=True):
        prune.custom_from_mask(layer, "weight", torch.tensor(mask))
    path = tmp_path / "pruned.pt"
    torch.save(model.state_dict(), path)
    assert pattern_of(path) == EXPECTED


def test_custom_module_and_kinds_of_activation() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(torch.relu(self.first(x)))

    assert model_of(Net()).activation == "relu"
    plain = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3))
    assert model_of(plain).activation == "linear"
    leaky = nn.Sequential(nn.Linear(4, 5), nn.LeakyReLU(), nn.Linear(5, 3))
    assert model_of(leaky).activation == "leaky_relu"


def test_scikit_learn_and_arrays() -> None:
    model = MLPRegressor(hidden_layer_sizes=(5, 3), max_iter=1)
    with pytest.raises(InputError, match="not fitted"):
        pattern_of(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration does not converge
        model.fit(RNG.random((10, 4)), RNG.random((10, 2)))
    model.coefs_ = [w * m.T for w, m in zip(model.coefs_, MASKS, strict=True)]
    assert pattern_of(model) == EXPECTED
    assert pattern_of([np.where(mask, 0.5, 0) for mask in MASKS]) == EXPECTED
    assert pattern_of(EXPECTED) is EXPECTED
    assert pattern_of("lu:2") == Pattern.of(["11/01", "10/11"])


def onnx_file(path: Path, nodes: list[Any], constants: dict[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph), str(path))
    return path


def test_onnx(tmp_path: Path) -> None:
    a, b, c = (mask.astype(np.float32) for mask in MASKS)
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "a", "bias"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "bT"], ["m"]),
        helper.make_node("Add", ["m", "bias2"], ["m2"]),
        helper.make_node("Relu", ["m2"], ["r2"]),
        helper.make_node("Gemm", ["r2", "cT"], ["y"]),
    ]
    constants = {
        "a": a,
        "bT": np.ascontiguousarray(b.T),
        "cT": np.ascontiguousarray(c.T),
        "bias": np.zeros(5, np.float32),
        "bias2": np.ones(3, np.float32),
    }
    found = model_of(onnx_file(tmp_path / "m.onnx", nodes, constants))
    assert (found.pattern, found.biases) == (EXPECTED, (True, True, False))
    bad = [helper.make_node("Conv", ["x", "a"], ["y"], name="conv1")]
    with pytest.raises(InputError, match=r"node 'conv1' \(Conv\): is not supported here"):
        pattern_of(onnx_file(tmp_path / "bad.onnx", bad, {"a": a}))
    (tmp_path / "no.onnx").write_bytes(b"\xff\xff\xff not onnx")
    with pytest.raises(InputError, match="not an ONNX file"):
        pattern_of(tmp_path / "no.onnx")


REFUSED: list[tuple[Any, str]] = [
    (nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Linear(2, 2)), r"layer '0' \(Conv2d\)"),
    (nn.Sequential(nn.ReLU()), "no Linear layer found"),
    (nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)), r"layer '1' \(Tanh\)"),
    (nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(2, 2)), "expected 3 inputs"),
    (nn.Sequential(nn.Linear(2, 2).half()), r"layer '0' \(Linear\): float16"),
    (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), r"layer '1' \(BatchNorm1d\)"),
    (nn.MultiheadAttention(2, 1), "the model: has parameters of its own"),
    ({"a.weight": torch.zeros(2, 2, 3)}, "not a Linear layer"),
    ({"model": {"weight": torch.eye(2)}}, "not a state dict"),
    (7, "expected a PyTorch module"),
]


@pytest.mark.parametrize(("model", "message"), REFUSED)
def test_refusals_are_one_line(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        pattern_of(model)
    assert "\n" not in str(caught.value)


def test_wrong_mask_buffer() -> None:
    layer = nn.Linear(3, 2)
    prune.identity(layer, "weight")
    layer.weight_mask = torch.ones(3, 2)
    with pytest.raises(InputError, match="expected a weight_mask of shape 2 x 3, found 3 x 2"):
        pattern_of(nn.Sequential(layer))


class Trap:
    """Unpickling this would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_no_code_of_a_checkpoint_is_run(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    torch.save({"weight": Trap(victim)}, tmp_path / "trap.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap(victim)))
    torch.save(network(), tmp_path / "whole.pt")
    torch.save(torch.eye(2), tmp_path / "tensor.pt")
    torch.save({"state_dict": network().state_dict(), "epoch": 3}, tmp_path / "nested.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(InputError, match="not a") as caught:
            pattern_of(path)
        assert "\n" not in str(caught.value)
    assert not victim.exists()
    with pytest.raises(InputError, match="no such file"):
        pattern_of(tmp_path / "absent.pt")


def test_the_package_needs_no_extra() -> None:
    """cadlink.networks imports without torch, onnx, safetensors and scikit-learn, and says which
    extra is missing when a model of that kind comes along."""
    script = """
import sys
for name in ("torch", "onnx", "safetensors", "sklearn", "matplotlib"):
    sys.modules[name] = None
import cadlink, cadlink.networks
from cadlink.networks import decide_network, pattern_of
assert decide_network("dense:2-2-2").answer.value == "no_optimum"
for path, extra in (("m.pt", "torch"), ("m.safetensors", "torch"), ("m.onnx", "onnx")):
    open(path, "wb").close()
    try:
        pattern_of(path)
    except ValueError as error:
        assert f"pip install 'cadlink[{extra}]'" in str(error), error
    else:
        raise AssertionError(path)
"""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", script], cwd=folder, check=True, timeout=120)
