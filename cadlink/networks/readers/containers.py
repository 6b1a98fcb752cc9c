"""Files of arrays by name: .pt and its kin, .safetensors, .npz.  No code of a file is ever run.

What is returned are views of the file where the format allows it, so that of a large file only the
layers that are looked at are read.
"""

from __future__ import annotations

import io
import math
import mmap
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from cadlink.errors import InputError, foreign, quoted, shortened
from cadlink.files import opened
from cadlink.json_text import NotJson, decode
from cadlink.networks.readers.layers import listed
from cadlink.networks.readers.weights import BFloat16, Unread
from cadlink.patterns.masks import MAX_ARRAY_BYTES

__all__ = ["arrays_of", "state_in", "torch_content"]

SAVE = "save it with torch.save(model.state_dict(), FILE)"
MOST_BYTES = 2**40  # of a file that is mapped, not read as a whole
MOST_HEADER = 100 * 2**20  # bytes of a safetensors header, as the format's own reader allows
NUMBERS = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I16": "<i2",
    "U16": "<u2",
    "I32": "<i4",
    "U32": "<u4",
    "I64": "<i8",
    "U64": "<u8",
    "F16": "<f2",
    "BF16": "<u2",
    "F32": "<f4",
    "F64": "<f8",
}
OPTIMISERS = re.compile(
    r"(?i)(optim(i[sz]er)?s?|lr_schedulers?|scheduler|scaler)(_states?)?(_dict)?"
)


def arrays_of(path: Path, key: str | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arrays of a file by name, and notes on where they were found.

    Raises InputError for a file that is none of the kinds, is damaged, or holds code.
    """
    where = shortened(path, 300)
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        arrays = _safetensors(path)
    elif suffix == ".npz":
        arrays = _npz(path)
    else:
        return state_in(torch_content(path), where, key)
    if key is not None:
        raise InputError(f"--key {shortened(key)}: such a file holds one dict of arrays", where)
    return arrays, ()


# -- torch -----------------------------------------------------------------------------------------


def torch_content(path: Path) -> Any:
    """What a file of torch holds: tensors, perhaps in dicts and lists; no code of it is run.

    Raises InputError for anything else, and without torch.
    """
    where = shortened(path, 300)
    with opened(path, MOST_BYTES) as stream:
        try:
            import torch  # takes seconds: not for a file that is not there
        except ImportError:
            raise InputError(
                "reading PyTorch models needs torch: pip install 'cadlink[torch]'", where
            ) from None
        with foreign(f"not a state dict; {SAVE}", where):
            zipped = zipfile.is_zipfile(stream)
        stream.seek(0)
        if zipped:
            _no_program(stream, where)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about how the file was written
                # Mapped, a large file is read only where it is looked at; torch wants its name.
                source = path if zipped else stream
                return torch.load(source, map_location="cpu", weights_only=True, mmap=zipped)
        except Exception as error:  # torch raises many kinds for files nobody vouches for
            text = str(error)
            found = re.search(r"(?:GLOBAL|Unsupported class) ([\w.]+)", text)
            what = f"holds an object of the class {found[1]}" if found else "cannot be read"
            raise InputError(
                f"not a state dict: {what}; only tensors are read, no code of a file is run: {SAVE}"
                f" [{type(error).__name__}]",
                where,
            ) from None


def _no_program(stream: IO[bytes], where: str) -> None:
    """Raise InputError for TorchScript and torch.export archives."""
    with foreign(f"not a state dict; {SAVE}", where), zipfile.ZipFile(stream) as archive:
        tops = {"/".join(name.split("/")[1:2]) for name in archive.namelist()}
    if "code" in tops or "constants.pkl" in tops:
        raise InputError(
            "not a state dict: a TorchScript archive, which is a program; load it with"
            f" torch.jit.load and {SAVE}",
            where,
        )
    if {"models", "archive_format", "serialized_exported_program.json"} & tops:
        raise InputError(
            "not a state dict: an exported program; load it with torch.export.load and"
            " save its state_dict with torch.save",
            where,
        )


def state_in(value: Any, where: str, key: str | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arrays of a state dict, or of the one state dict in nested dicts, and where it was.

    ``key`` names it, parts separated by dots.  Raises InputError where none or several are found.

    >>> state_in({"epoch": 3, "model": {"fc.weight": np.eye(2)}}, "", None)[1]
    ("the state dict is the one under 'model'",)
    """
    if not isinstance(value, Mapping):
        what = "tensor alone" if hasattr(value, "shape") else type(value).__name__
        raise InputError(f"not a state dict: found {what}; {SAVE}", where)
    states = dict(_states(value, ""))
    if key is not None:
        if key not in states:
            found = f"the file has {listed(list(states))}" if any(states) else "the file has none"
            raise InputError(f"--key {shortened(key)}: no state dict there; {found}", where)
        return states[key], ()
    if not states:
        raise InputError(
            f"not a state dict: expected tensors, found {_contents(value)}; {SAVE}", where
        )
    if len(states) > 1:
        raise InputError(
            f"several state dicts, under {listed(list(states))}; choose one with --key", where
        )
    ((name, state),) = states.items()
    return state, (f"the state dict is the one under {quoted(name)}",) if name else ()


def _states(value: Mapping[Any, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state dict in nested dicts, with the keys that lead to it joined by dots."""
    flat = _flat(value)
    if flat is not None:
        yield path, flat
        return
    beside = {
        name: inner
        for name, inner in value.items()
        if isinstance(name, str) and hasattr(inner, "shape")
    }
    if any(map(_of_a_network, beside.values())):
        yield path or ".", beside
    for name, inner in value.items():
        if isinstance(name, str) and isinstance(inner, Mapping) and not OPTIMISERS.fullmatch(name):
            yield from _states(inner, f"{path}.{name}" if path else name)


def _of_a_network(array: Any) -> bool:
    """Whether an array beside a state dict may be a part of the network: no count, no random state.

    >>> _of_a_network(np.float64(0.9)), _of_a_network(np.ones(3))
    (False, True)
    """
    return len(array.shape) > 1 or (len(array.shape) == 1 and "float" in str(array.dtype))


def _flat(value: Mapping[Any, Any]) -> dict[str, Any] | None:
    """The arrays by name if this is a state dict, or layers' dicts of arrays (Flax); else None."""
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if not isinstance(name, str):
            return None
        if hasattr(inner, "shape"):
            found[name] = inner
        elif isinstance(inner, Mapping) and _is_layer(inner):
            found.update({f"{name}.{part}": array for part, array in inner.items()})
        else:
            return None
    return found if any(len(array.shape) > 1 for array in found.values()) else None


def _is_layer(value: Mapping[Any, Any]) -> bool:
    arrays = all(isinstance(k, str) and hasattr(v, "shape") for k, v in value.items())
    return arrays and bool({"kernel", "weight"} & set(value)) and len(value) <= 4


def _contents(value: Mapping[Any, Any]) -> str:
    """What a dict holds, for a message."""
    for name, inner in value.items():
        if not isinstance(name, str):
            return f"the key {quoted(name)}, which is no name"
        if not hasattr(inner, "shape"):
            return f"{type(inner).__name__} under {quoted(name)}"
    return "no matrix"


# -- safetensors -----------------------------------------------------------------------------------


def _safetensors(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file: 8 bytes with the length of a JSON header, the header, the
    numbers.  Sizes and places are checked before anything is looked at.
    """
    where = shortened(path, 300)
    with opened(path, MOST_BYTES) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise InputError("not a safetensors file: no header", where)
        try:
            header = decode(stream.read(length).decode("utf-8"))
        except (NotJson, UnicodeDecodeError) as error:
            raise InputError(f"not a safetensors file: {shortened(error)}", where) from None
        if not isinstance(header, dict):
            raise InputError("not a safetensors file: its header is no JSON object", where)
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    start, end = 8 + length, size
    shared = header.pop("__metadata__", None) or {}
    found = {}
    for name, entry in header.items():
        place = f"{where}, tensor {quoted(name)}"
        found[name] = _tensor(entry, memoryview(content)[start:end], place)
    for name, other in shared.items() if isinstance(shared, dict) else ():
        if isinstance(other, str) and other in found and name not in found:
            raise InputError(
                f"{quoted(name)} is stored as {quoted(other)}; no theorem covers shared weights",
                where,
            )
    return found


def _tensor(entry: Any, content: memoryview, where: str) -> Any:
    try:
        dtype, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        whole = (*shape, start, stop)
        numbers = all(type(number) is int and number >= 0 for number in whole)
        if not (numbers and isinstance(dtype, str)):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise InputError("not a safetensors file: its header is damaged", where) from None
    if not start <= stop <= len(content):
        raise InputError("not a safetensors file: the tensor lies outside the file", where)
    if dtype not in NUMBERS:
        return Unread(shape, shortened(dtype))
    kind = np.dtype(NUMBERS[dtype])
    if math.prod(shape) * kind.itemsize != stop - start or len(shape) > 32:
        raise InputError("not a safetensors file: a tensor's size does not fit its shape", where)
    array = np.frombuffer(content[start:stop], kind).reshape(shape)
    return BFloat16(array) if dtype == "BF16" else array


# -- numpy -----------------------------------------------------------------------------------------


def _npz(path: Path) -> dict[str, Any]:
    """The arrays of an npz file; nothing is unpickled."""
    where = shortened(path, 300)
    found: dict[str, Any] = {}
    with (
        opened(path, MAX_ARRAY_BYTES) as stream,
        foreign("not an npz file of numbers", where),
        zipfile.ZipFile(stream) as archive,
    ):
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_ARRAY_BYTES:
            raise InputError(f"expected at most {MAX_ARRAY_BYTES} bytes, found {size}", where)
        for entry in archive.infolist():
            with archive.open(entry) as member:
                name = entry.filename.removesuffix(".npy")
                if name in found:
                    raise InputError(f"two arrays are called {quoted(name)}", where)
                found[name] = np.lib.format.read_array(member, allow_pickle=False)
    return found
