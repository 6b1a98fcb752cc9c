"""Which files are models, told by their names, without reading one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

__all__ = ["OTHERS", "TORCH", "is_model_file"]

TORCH = (".pt", ".pth", ".bin", ".ckpt", ".tar")
# What to do with files that hold programs, or that nobody reads without running them.
OTHERS = {
    ".h5": "save the weights with numpy.savez(FILE, *model.get_weights())",
    ".keras": "save the weights with numpy.savez(FILE, *model.get_weights())",
    ".tflite": "export the model to .onnx, unquantised",
    ".pb": "export the model to .onnx",
    ".pt2": "load it with torch.export.load and save its state_dict with torch.save",
    ".pkl": "save arrays or a state dict: a pickle is a program, and is not run",
    ".pickle": "save arrays or a state dict: a pickle is a program, and is not run",
    ".joblib": "export the model with skl2onnx, or call cadlink from Python",
    ".msgpack": "save the parameters with numpy.savez or safetensors",
}


def is_model_file(source: str) -> bool:
    """Whether a source is a file of a model rather than a pattern as ``masks.read`` takes it."""
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return path.is_file() and _holds_named_layers(path)
    return suffix in (*TORCH, *OTHERS, ".safetensors", ".onnx")


def _holds_named_layers(path: Path) -> bool:
    """Whether an npz file holds layers by name, or weights and biases by turns; not bare masks."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if all(name.startswith("arr_") and name[4:].isdigit() for name in names):
                return any(_is_list(archive, name) for name in names)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return False
    ends = ("weight", "kernel", "weight_orig", "weight_mask", "kernel:0")
    return any(name.replace("/", ".").rpartition(".")[2] in ends for name in names)


def _is_list(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether an array of an npz file has one dimension."""
    with archive.open(f"{name}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            return False
        return len(np.lib.format.read_array_header_1_0(stream)[0]) == 1
