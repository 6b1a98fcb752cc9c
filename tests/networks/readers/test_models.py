"""Reading models: masks given by hand, sparse tensors, what is shown, hostile files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from networks.readers.zoo import (
    EXPECTED,
    MASKS,
    Projected,
    exported,
    graph,
    linears,
    plain,
    saved,
    state,
)
from onnx import helper
from safetensors.numpy import save_file
from torch import nn
from torch.nn.utils import prune

from cadlink import Pattern
from cadlink.errors import InputError
from cadlink.networks import NetworkAnswer, decide_network
from cadlink.networks.readers.models import masks_of, model_of, pattern_of
from cadlink.networks.readers.weights import support


def test_a_tree_of_modules() -> None:
    first, _, second, _, third = plain()
    tree = nn.Sequential(
        nn.Flatten(), first, nn.ReLU(), nn.Dropout(0.1), nn.Sequential(second, nn.ReLU()), third
    )
    found = model_of(tree)
    assert (found.pattern, found.biases, found.activation) == (EXPECTED, (True,) * 3, "relu")
    assert [layer.name for layer in found.layers] == ["1", "4.0", "5"]


def test_reading_leaves_a_module_as_it_was() -> None:
    model = plain().train()
    model[1].eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    random = torch.get_rng_state()
    model_of(model)
    assert [one.training for one in model.modules()] == [True, True, False, True, True, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(random, torch.get_rng_state())


def test_a_refused_module_is_left_as_it_was() -> None:
    """Its forward changes its weights: they are put back."""
    model = Projected()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(InputError, match="its forward changes"):
        model_of(model)
    assert all(bool((model.state_dict()[name] == value).all()) for name, value in before.items())


@pytest.mark.parametrize("names", [("_orig_mod.fc1", "fc1"), ("a/fc1", "a.fc1")])
def test_two_models_in_one_state_dict(names: tuple[str, str]) -> None:
    """None of them is dropped without a word."""
    state = {f"{name}.weight": np.full((2, 2), n + 1.0) for n, name in enumerate(names)}
    with pytest.raises(InputError, match="two arrays are called"):
        model_of(state)


def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own about the name
        for _ in range(2):
            with archive.open("fc1.weight.npy", "w") as stream:
                np.lib.format.write_array(stream, np.eye(2))
    with pytest.raises(InputError, match="two arrays are called"):
        model_of(path)


def test_tied_weights_in_a_list() -> None:
    weight = np.arange(1.0, 13).reshape(3, 4)
    with pytest.raises(InputError, match="number by number"):
        model_of([weight, weight.T])
    assert model_of([weight != 0, weight.T != 0]).pattern.widths == (4, 3, 4)


def test_weights_that_overlap_in_a_large_storage() -> None:
    """A Toeplitz matrix: 7 free numbers, not 16."""
    with pytest.raises(InputError, match="share memory"):
        model_of({"weight": torch.rand(100).as_strided((4, 4), (1, 1))})


def test_masks_do_not_make_shared_weights_free() -> None:
    """What is trained is one row, or one matrix, whatever the masks leave of it."""
    mask = torch.tensor([[1.0, 1, 0], [0, 1, 1], [1, 0, 1]])
    rows = torch.rand(1, 3).expand(3, 3)
    with pytest.raises(InputError, match="'0': its weights share memory"):
        model_of({"0.weight_orig": rows, "0.weight_mask": mask})
    with pytest.raises(InputError, match="'0': its weights share memory"):
        model_of({"0.weight": rows}, masks={"0": mask})
    weight = torch.rand(3, 3)
    with pytest.raises(InputError, match="shares numbers with layer '0'"):
        model_of([weight, weight.t()], masks=[mask, 1 - mask])


def test_dropout_is_said_to_be_left_out() -> None:
    first, last = nn.Linear(2, 3), nn.Linear(3, 1)
    (note,) = model_of(nn.Sequential(first, nn.Dropout(0.5), last)).notes
    assert "dropout is left out" in note
    assert model_of(nn.Sequential(first, nn.Dropout(0.0), last)).notes == ()


def test_one_pattern_in_every_container(tmp_path: Path) -> None:
    names = ("m.pt", "m.pth", "m.bin", "m.ckpt", "m.safetensors", "m.npz")
    made = [pattern_of(saved(state(), name)(tmp_path)) for name in names]
    made += [pattern_of(plain()), pattern_of(state()), pattern_of([m * 0.5 for m in MASKS])]
    made += [pattern_of(exported(plain, dynamo)(tmp_path)) for dynamo in (True, False)]
    assert set(made) == {EXPECTED}


def test_a_mask_counts_not_the_weights_under_it() -> None:
    model = plain()
    prune.identity(linears(model)[0], "weight")  # all ones, over weights that have zeros
    assert pattern_of(model).layers[0].nnz == 20
    assert pattern_of(state(model)).layers[0].nnz == 20


def test_explicit_masks(tmp_path: Path) -> None:
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
    with pytest.raises(InputError, match=r"expected 3 masks, one per layer \(0, 2, 4\), found 2"):
        pattern_of(dense, MASKS[:2])
    by_name = {name: torch.tensor(mask) for name, mask in zip("024", MASKS, strict=True)}
    nested = {
        name: {"weight": mask, "bias": torch.ones(len(mask))} for name, mask in by_name.items()
    }
    torch.save(by_name, tmp_path / "masks.pt")
    torch.save(nested, tmp_path / "nni.pt")
    np.savez(tmp_path / "masks.npz", *MASKS)
    np.savez(tmp_path / "named.npz", **{f"{n}.weight": m for n, m in by_name.items()})
    for file in sorted(tmp_path.iterdir()):
        assert pattern_of(dense, masks_of(file)) == EXPECTED, file


def test_masks_of_biases() -> None:
    masks = {"0": {"weight": MASKS[0], "bias": np.zeros(5)}, "2": {"bias": [1, 0, 1]}}
    found = model_of(plain(), masks)
    assert found.biases == (False, True, True)
    assert [layer.to_json()["bias"] for layer in found.layers] == ["none", [0, 2], "all"]
    assert "masked in part" in found.uncovered
    assert decide_network(found).answer is NetworkAnswer.UNKNOWN


def test_a_sparse_tensor_with_stored_zeros_and_duplicates() -> None:
    where, values = [[0, 0, 1, 1], [0, 1, 0, 0]], [1.0, 0.0, 2.0, -2.0]
    weight = torch.sparse_coo_tensor(where, values, (2, 2), check_invariants=True)
    assert pattern_of({"weight": weight}).inline() == "10/00"


@pytest.mark.parametrize("bad", [[[0, 5], [0, 1]], [[0, -1], [0, 1]]])
def test_a_sparse_tensor_with_indices_out_of_range(bad: list[list[int]]) -> None:
    weight = torch.sparse_coo_tensor(bad, [1.0, 2.0], (2, 2), check_invariants=False)
    with pytest.raises(InputError, match="indices do not fit its shape"):
        pattern_of({"weight": weight})


def test_slices_of_rows_agree_with_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.where(np.random.default_rng(1).random((57, 31)) < 0.3, 0.5, 0)
    whole = support(array, "").toarray()
    monkeypatch.setattr("cadlink.networks.readers.weights.SLICE", 64)
    assert (support(array, "").toarray() == whole).all()
    assert (support(torch.tensor(array), "").toarray() == whole).all()
    array[56, 0], array[0, 0] = 1e-310, 0  # the zero and the tiny number are in different slices
    with pytest.raises(InputError, match="the zeros may be roundings"):
        support(array, "")


def test_a_wrong_mask_buffer() -> None:
    layer = nn.Linear(3, 2)
    prune.identity(layer, "weight")
    layer.weight_mask = torch.ones(3, 2)
    with pytest.raises(InputError, match="expected a weight_mask of shape 2 x 3, found 3 x 2"):
        pattern_of(nn.Sequential(layer))


def test_what_is_shown() -> None:
    model = plain()
    with torch.no_grad():
        model[2].weight[1] = 0  # unit 1 of layer 2 sees nothing
    found = model_of(model)
    lines = "\n".join(found.lines())
    assert "2      3 x 5" in lines
    assert "ASSUMED" not in lines
    assert found.layers[1].dead.tolist() == [1]
    entry = found.to_json()["layers"][1]
    assert (entry["name"], entry["outputs"], entry["inputs"], entry["dead_units"]) == (
        "2",
        3,
        5,
        [1],
    )
    assert json.loads(json.dumps(found.to_json())) == found.to_json()


def test_mostly_dead_networks_say_so_first() -> None:
    lines = model_of("1000/0000/0000/0100;1000").lines()
    assert lines[0] == "3 of 4 hidden units are dead: on no path from an input to an output"
    assert lines[-2] == "3 dead inputs: 1, 2, 3"


def test_scaled_inputs_have_no_answer_for_given_ones() -> None:
    class Scaled(nn.Sequential):
        def forward(self, x: Any) -> Any:
            return super().forward(x / 255)

    model = Scaled(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    assert decide_network(model).answer is NetworkAnswer.NO_OPTIMUM
    verdict = decide_network(model, "b", inputs=[[0, 0], [1, 1]])
    assert verdict.answer is NetworkAnswer.UNKNOWN
    assert "scales its inputs" in verdict.reason


@pytest.mark.parametrize("activation", ["tanh", "gelu", "silu", "softplus", "sigmoid"])
def test_what_no_theorem_covers_is_unknown(activation: str) -> None:
    found = model_of("1/1;11", activation=activation)
    assert decide_network(found).theorem == "R22"
    verdict = decide_network(found, "d")
    assert verdict.answer is NetworkAnswer.UNKNOWN
    assert "no theorem about this question covers" in verdict.reason


def test_names_are_printed_safely() -> None:
    evil = "fc\x1b]0;title\x07\n" + "x" * 100_000
    lines = model_of({f"{evil}.weight": torch.eye(2)}).lines()
    assert all(line.isprintable() and len(line) < 150 for line in lines)
    bad = {f"{evil}.weight": torch.zeros(2, 2, 3)}
    with pytest.raises(InputError) as caught:
        model_of(bad)
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


# -- hostile files ---------------------------------------------------------------------------------


def test_control_characters_in_onnx(tmp_path: Path) -> None:
    node = helper.make_node("Evil\x1b[31m", ["x"], ["y"], name="n\n\x07")
    with pytest.raises(InputError, match="is not read") as caught:
        model_of(graph([node], {})(tmp_path))
    assert str(caught.value).isprintable()


def test_onnx_inputs_moved_by_initializers(tmp_path: Path) -> None:
    """Exporters write a buffer and a parameter alike: that it is no parameter is said."""
    nodes = [
        helper.make_node("Add", ["x", "b"], ["c"]),
        helper.make_node("MatMul", ["c", "w"], ["y"]),
    ]
    numbers = {"b": np.ones(4, np.float32), "w": np.ones((4, 2), np.float32)}
    found = model_of(graph(nodes, numbers)(tmp_path))
    assert found.moved_inputs
    assert any("ASSUMED" in note for note in found.notes)


@pytest.mark.parametrize("shape", [(5, 1, 1), (0,)])
def test_onnx_max_with_more_than_a_zero(tmp_path: Path, shape: tuple[int, ...]) -> None:
    zeros = onnx.numpy_helper.from_array(np.zeros(shape, np.float32))
    nodes = [
        helper.make_node("Constant", [], ["zero"], value=zeros),
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Max", ["h", "zero"], ["y"]),
    ]
    with pytest.raises(InputError, match="Max but at 0 from below"):
        model_of(graph(nodes, {"w": np.ones((4, 2), np.float32)})(tmp_path))


def test_onnx_nodes_without_outputs(tmp_path: Path) -> None:
    path = graph([helper.make_node("Relu", ["x"], ["y"])], {})(tmp_path)
    model = onnx.load(str(path))
    del model.graph.node[0].output[:]
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="a node without an output"):
        model_of(path)
    model.graph.node[0].output.append("")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="a node without an output"):
        model_of(path)


@pytest.mark.parametrize("what", ["short", "type", "negative", "huge"])
def test_onnx_tensors_whose_bytes_do_not_fit(tmp_path: Path, what: str) -> None:
    nodes = [helper.make_node("Gemm", ["x", "w"], ["y"])]
    path = graph(nodes, {"w": np.eye(4, dtype=np.float32)})(tmp_path)
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    if what == "short":
        tensor.raw_data = b"123"
    elif what == "type":
        tensor.data_type = 999
    elif what == "negative":
        tensor.dims[0] = -4
    else:
        tensor.dims[0] = 2**40
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"bytes do not fit|type 999 is not read|shape -4 x 4"):
        model_of(path)


SAFETENSORS: list[tuple[dict[str, Any], str]] = [
    ({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 999]}}, "outside the file"),
    ({"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [-16, 0]}}, "damaged"),
    ({"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 16]}}, "does not fit its shape"),
    ({"w": {"dtype": "F32", "shape": [2, "2"], "data_offsets": [0, 16]}}, "damaged"),
    ({"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 16]}}, "does not fit"),
    ({"w": {"dtype": ["F32"], "shape": [2, 2], "data_offsets": [0, 16]}}, "damaged"),
    ({"w": 7}, "damaged"),
    ({"w": {"dtype": "F32", "shape": [2, 2]}}, "damaged"),
]


@pytest.mark.parametrize(("header", "message"), SAFETENSORS)
def test_damaged_safetensors(tmp_path: Path, header: dict[str, Any], message: str) -> None:
    text = json.dumps(header).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(16))
    with pytest.raises(InputError, match=message):
        model_of(path)


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, (2**60).to_bytes(8, "little") + b"{}"])
def test_no_safetensors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a safetensors file"):
        model_of(path)


def test_safetensors_as_the_library_writes_them(tmp_path: Path) -> None:
    """Every type both know comes back as the library wrote it."""
    path = tmp_path / "m.safetensors"
    for kind in ("float16", "float32", "float64", "bool", "uint8", "int32", "int64"):
        array = (MASKS[0] * 1).astype(kind)
        save_file({"fc.weight": array}, path)
        assert pattern_of(path) == Pattern.of(MASKS[:1]), kind


def test_special_files(tmp_path: Path) -> None:
    for name in ("d.pt", "d.safetensors", "d.onnx"):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match="it is a folder"):
            pattern_of(tmp_path / name)
        os.mkfifo(tmp_path / f"pipe-{name}")
        with pytest.raises(InputError, match="it is no regular file"):
            pattern_of(tmp_path / f"pipe-{name}")
        with pytest.raises(InputError, match="no such file"):
            pattern_of(tmp_path / f"absent-{name}")


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    """Bytes changed, cut and put in: never an exception of a library, never a long message."""
    nodes = [
        helper.make_node("Gemm", ["x", "a"], ["h"], transB=1),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "b"], ["y"], transB=1),
    ]
    arrays = {"a": MASKS[0].astype(np.float32), "b": MASKS[1].astype(np.float32)}
    whole = [saved(state(), name)(tmp_path) for name in ("m.pt", "m.safetensors", "m.npz")]
    whole.append(graph(nodes, arrays)(tmp_path))
    chance = np.random.default_rng(7)
    refused = []
    for path in whole:
        original = path.read_bytes()
        for _ in range(100):
            data = bytearray(original)
            for _ in range(int(chance.integers(1, 6))):
                at, size = int(chance.integers(len(data))), int(chance.integers(1, 9))
                how = chance.integers(4)
                if how == 0:
                    del data[at : at + size]
                elif how == 1:
                    data[at:at] = chance.bytes(size)
                else:
                    data[at : at + 1] = chance.bytes(1)
            path.write_bytes(bytes(data))
            try:
                model_of(path)
            except InputError as error:
                refused.append(str(error))
    assert 200 < len(refused) < 400
    assert all(text.isprintable() and len(text) <= 1000 for text in refused)


def test_the_package_needs_no_extra() -> None:
    """cadlink.networks imports without torch, onnx and scikit-learn, and says which extra is
    missing when a model of that kind comes along."""
    script = """
import sys
for name in ("torch", "onnx", "safetensors", "sklearn", "matplotlib"):
    sys.modules[name] = None
import numpy, cadlink, cadlink.networks
from cadlink.networks import decide_network, pattern_of
assert decide_network("dense:2-2-2").answer.value == "no_optimum"
for path, extra in (("m.pt", "torch"), ("m.onnx", "onnx")):
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
