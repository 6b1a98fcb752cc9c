"""Reading patterns from files, standard input, inline text or families, and writing them.

A *source* is one of

- ``-``: standard input, JSON or text;
- a file ending in ``.json``, ``.npz``, ``.npy`` or ``.txt``;
- a family such as ``lu:3`` (see families.py);
- inline text: layers separated by ``;``, rows by ``/``, entries 0 or 1, as in ``11/01;10/11``.

Layers are in forward order, each with a row per output unit and a column per input unit.

*Text*: entries 0 and 1, with or without blanks between; a row ends with its line or at ``/``; a
layer ends at ``;`` or a blank line; ``#`` starts a comment.

*JSON*: ``{"layers": [...]}``, a layer being rows of text, nested lists of numbers, or the CSR
object of the certificate schema.

*npy*: one layer, dense.

*npz*: the layers are named by one prefix and a number, ``layer_0``, ``layer_1``, ... (or
``arr_0``, ... as numpy does), and ordered by the number.  A layer is a dense array, or three
arrays ``layer_0_shape``, ``layer_0_indptr`` and ``layer_0_indices`` in CSR form, indices ascending
in each row: this is what :func:`write` makes of large masks.  A file of ``scipy.sparse.save_npz``
(CSR, CSC or COO) is one layer.

In arrays whatever is not 0 counts as 1.  Files are not trusted: nothing is unpickled, sizes are
checked before memory is taken, and every refusal is an InputError of one line.
"""

from __future__ import annotations

import difflib
import io
import json
import math
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink import files
from cadlink.errors import InputError, foreign, quoted, shortened
from cadlink.files import MAX_TEXT_BYTES, opened, read_stdin
from cadlink.json_text import NotJson, decode
from cadlink.patterns.families import FAMILIES, build
from cadlink.patterns.pattern import (
    MAX_EDGES,
    MAX_LAYERS,
    MAX_WIDTH,
    TEXT_ENTRIES,
    Pattern,
    mask_of_arrays,
)

__all__ = ["MAX_ARRAY_BYTES", "array_of_npy", "read", "writable", "write"]

MAX_ARRAY_BYTES = 2**30  # npy and npz, after decompression too

ANY_PATTERN = (
    "a file (.json, .npz, .npy, .txt), '-', a family such as lu:3, or text such as 11/01;10/11"
)


def read(source: str | Path, stdin: IO[Any] | None = None) -> Pattern:
    """The pattern a source names; ``stdin`` (binary or text) is read for ``-``.

    Raises InputError saying what is wrong, where, and what was expected.

    >>> read("11/01;10/11") == read("lu:2")
    True
    """
    text = str(source)
    if text == "-":
        return _from_stdin(stdin)
    suffix = Path(text).suffix.lower()
    if suffix in READERS:
        limit = MAX_ARRAY_BYTES if suffix in (".npy", ".npz") else MAX_TEXT_BYTES
        with opened(text, limit) as stream:
            return READERS[suffix](stream, shortened(text, 300))
    if text.partition(":")[0] in FAMILIES and ":" in text:
        return build(text)
    if text.strip() and not set(text) - set("0123456789/; \t\r\n"):
        return _from_text(text, "inline text")
    raise InputError(f"expected {ANY_PATTERN}{_hint(text)}", quoted(text))


def write(pattern: Pattern, path: str | Path) -> None:
    """Write the pattern to a .json, .npz, .npy (one layer) or .txt file; :func:`read` reads it
    back.

    Raises InputError for another suffix, several layers in .npy, or a path that cannot be written.
    """
    target = Path(path)
    writable(target)
    files.write(target, WRITERS[target.suffix.lower()](pattern, str(path)))


def writable(path: Path) -> None:
    """Raises InputError if no pattern can be put there: to be asked before the work begins."""
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"expected a name ending in {', '.join(WRITERS)}", str(path))
    files.writable(path, str(path))


# -- text and JSON ---------------------------------------------------------------------------------


def _from_stdin(stdin: IO[Any] | None) -> Pattern:
    where = "standard input"
    text = _decode(read_stdin(MAX_TEXT_BYTES, stdin), where)
    if text.lstrip()[:1] in {"{", "["}:
        return _from_json(text, where)
    return _from_text(text, where)


def _decode(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"expected UTF-8 text; byte {error.start} is not", where) from None


def _from_json(text: str, where: str) -> Pattern:
    try:
        return Pattern.from_json(decode(text), where)
    except NotJson as error:
        raise InputError(str(error), where) from None


def _from_text(text: str, where: str) -> Pattern:
    layers: list[list[str]] = []
    for piece in text.split(";"):
        found: list[list[str]] = []
        open_layer = False
        for line in piece.splitlines():
            content, comment, _ = line.partition("#")
            if content.strip():
                if not open_layer:
                    found.append([])
                    open_layer = True
                found[-1].extend(content.split("/"))
            elif not comment:  # a blank line; a line with only a comment separates nothing
                open_layer = False
        if not found:
            raise InputError(
                "expected rows of 0 and 1, found none", f"{where}, layer {len(layers)}"
            )
        layers += found
    return Pattern.of(layers, where)


# -- files -----------------------------------------------------------------------------------------


def _read_json(stream: BinaryIO, where: str) -> Pattern:
    return _from_json(_decode(stream.read(MAX_TEXT_BYTES), where), where)


def _read_txt(stream: BinaryIO, where: str) -> Pattern:
    return _from_text(_decode(stream.read(MAX_TEXT_BYTES), where), where)


def _read_npy(stream: BinaryIO, where: str) -> Pattern:
    return Pattern.of([_layer(array_of_npy(stream.read(MAX_ARRAY_BYTES), where), where)], where)


def _read_npz(stream: BinaryIO, where: str) -> Pattern:
    arrays: dict[str, npt.NDArray[Any]] = {}
    with foreign("not an npz file", where), zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
        if len(entries) > 3 * MAX_LAYERS:
            raise InputError(f"expected at most {3 * MAX_LAYERS} arrays", where)
        if sum(entry.file_size for entry in entries) > MAX_ARRAY_BYTES:
            raise InputError(f"expected at most {MAX_ARRAY_BYTES} bytes, unpacked", where)
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            place = f"{where}, array {quoted(name)}"
            if name in arrays:
                raise InputError("the name occurs twice", place)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Python unpacks the others without a limit, and numpy does not write them.
                raise InputError("expected an array stored as it is or deflated", place)
            arrays[name] = array_of_npy(archive.read(entry), place)
    if "format" in arrays:
        return Pattern.of([_layer(_scipy_matrix(arrays, where), where)], where)
    return Pattern.of(_named_layers(arrays, where), where)


def array_of_npy(content: bytes, where: str) -> npt.NDArray[Any]:
    """The array of at most two dimensions in a npy file, nothing unpickled.

    The header is checked before its claims cost memory.  Raises InputError.
    """
    stream = io.BytesIO(content)
    with foreign("not an npy array", where):
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            header = np.lib.format.read_array_header_2_0(stream)
        else:
            raise InputError(f"npy version {version[0]}.{version[1]} is not read", where)
    shape, by_columns, dtype = header
    if dtype.hasobject:
        raise InputError(
            "holds Python objects, which are not read; save an array of numbers", where
        )
    if dtype.kind not in "biufcS":
        raise InputError(f"expected numbers, found entries of type {shortened(dtype)}", where)
    if len(shape) > 2:
        raise InputError(f"expected two dimensions (rows x columns), found {len(shape)}", where)
    found = len(content) - stream.tell()
    expected = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or found != expected:
        raise InputError(
            f"expected {quoted(expected)} bytes of data for {quoted(shape)}, found {found}", where
        )
    if not expected:
        if len(shape) == 2:
            raise InputError(
                f"expected at least one row and one column, found {shape[0]} x {shape[1]}", where
            )
        return np.zeros(0, dtype=dtype)
    flat = np.frombuffer(content, dtype=dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if by_columns else "C")


def _named_layers(arrays: Mapping[str, npt.NDArray[Any]], where: str) -> list[Any]:
    """The layers of an npz file in the order of their numbers."""
    layers: dict[str, Any] = {}
    for name, array in arrays.items():
        base, _, part = name.rpartition("_")
        if part not in CSR_PARTS:
            layers[name] = _layer(array, f"{where}, array {quoted(name)}")
        elif part == "shape":
            layers[base] = _csr_layer(arrays, base, where)
        elif f"{base}_shape" not in arrays:
            raise InputError(f"expected an array '{base}_shape' beside {name!r}", where)
    if len(layers) == 1:
        return list(layers.values())
    numbered: dict[int, str] = {}
    style = None
    for name in layers:
        match = re.fullmatch(r"(\D*)([0-9]{1,9})(\D*)", name, re.ASCII)
        if match is None or (style or match.group(1, 3)) != match.group(1, 3):
            raise InputError(
                f"expected arrays named layer_0, layer_1, ..., found {quoted(name)}", where
            )
        style = match.group(1, 3)
        number = int(match.group(2))
        if number in numbered:
            raise InputError(f"arrays {numbered[number]!r} and {name!r} have one number", where)
        numbered[number] = name
    return [layers[numbered[number]] for number in sorted(numbered)]


def _csr_layer(arrays: Mapping[str, npt.NDArray[Any]], base: str, where: str) -> Any:
    place = f"{where}, array {base!r}"
    parts: list[npt.NDArray[np.int64]] = []
    for part in CSR_PARTS:
        array = arrays.get(f"{base}_{part}")
        if array is None or array.ndim != 1 or array.dtype.kind not in "iu":
            raise InputError(f"expected '{base}_{part}' to be a list of integers", place)
        _entries(array.size, MAX_EDGES + MAX_WIDTH, place)
        parts.append(_int64(array, place))
    if parts[0].size != 2 or int(parts[0].min()) < 1:
        raise InputError(f"expected '{base}_shape' to be [rows, columns]", place)
    shape, indptr, indices = parts
    return mask_of_arrays(shape, indptr, indices, place)


def _scipy_matrix(arrays: Mapping[str, npt.NDArray[Any]], where: str) -> Any:
    """The matrix of ``scipy.sparse.save_npz``, every array looked at before scipy sees it."""
    kind = arrays["format"].tobytes().rstrip(b"\0").decode("ascii", "replace")
    names = {
        "csr": ("shape", "data", "indices", "indptr"),
        "csc": ("shape", "data", "indices", "indptr"),
        "coo": ("shape", "data", "row", "col"),
    }.get(kind)
    if names is None:
        raise InputError(
            f"expected a sparse matrix in csr, csc or coo format, found {quoted(kind)}", where
        )
    for name in names:
        if name not in arrays or arrays[name].ndim != 1:
            raise InputError(f"expected a one-dimensional array {quoted(name)}", where)
        _entries(arrays[name].size, MAX_EDGES + MAX_WIDTH, where)
        if name != "data" and arrays[name].dtype.kind not in "iu":
            raise InputError(f"expected {name!r} to hold integers", where)
    shape, first, second = (_int64(arrays[n], where) for n in names if n != "data")
    data = arrays["data"]
    if shape.size != 2 or int(shape.min()) < 1 or int(shape.max()) > MAX_WIDTH:
        raise InputError(f"expected 'shape' to be two numbers from 1 to {MAX_WIDTH}", where)
    if data.dtype.kind not in "biufc":
        raise InputError("expected 'data' to hold numbers", where)
    rows, cols = int(shape[0]), int(shape[1])
    if kind != "coo":
        # first: numbers along a row (csr) or column (csc); second: where each begins
        begins = rows if kind == "csr" else cols
        steps = np.diff(second)
        if second.size != begins + 1 or second[0] != 0 or (steps < 0).any():
            raise InputError(
                f"expected 'indptr' to be {begins + 1} ascending numbers from 0", where
            )
        if second[-1] != first.size:
            raise InputError("expected 'indptr' to end at the number of 'indices'", where)
        along = np.repeat(np.arange(begins), steps)
        first, second = (along, first) if kind == "csr" else (first, along)
    if not data.size == first.size == second.size:
        raise InputError("expected as many entries of 'data' as positions", where)
    for numbers, size, what in ((first, rows, "row"), (second, cols, "column")):
        if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < size:
            raise InputError(f"expected {what} numbers from 0 to {size - 1}", where)
    return sp.coo_array((data, (first, second)), shape=(rows, cols))


def _layer(array: Any, where: str) -> Any:
    """A layer that is not absurdly large; Pattern.of checks the rest."""
    if sp.issparse(array):
        _entries(array.nnz, MAX_EDGES, where)
    else:
        if array.dtype.kind == "S":
            raise InputError(f"expected numbers, found entries of type {array.dtype}", where)
        _entries(int(np.count_nonzero(array)), MAX_EDGES, where)
    return array


def _entries(found: int, limit: int, where: str) -> None:
    if found > limit:
        raise InputError(f"expected at most {limit} entries that are not 0, found {found}", where)


def _int64(array: npt.NDArray[Any], where: str) -> npt.NDArray[np.int64]:
    if array.size and int(array.max()) >= 2**62:
        raise InputError(f"the number {int(array.max())} is too large", where)
    return array.astype(np.int64)


# -- writing ---------------------------------------------------------------------------------------


def _write_json(pattern: Pattern, where: str) -> bytes:
    return (json.dumps(pattern.to_json()) + "\n").encode("ascii")


def _write_txt(pattern: Pattern, where: str) -> bytes:
    return (pattern.inline().replace("/", "\n").replace(";", "\n\n") + "\n").encode("ascii")


def _write_npy(pattern: Pattern, where: str) -> bytes:
    if pattern.depth != 1:
        raise InputError(f"an npy file holds one layer, not {pattern.depth}; use .npz", where)
    stream = io.BytesIO()
    np.save(stream, pattern.layers[0].toarray().astype(np.uint8), allow_pickle=False)
    return stream.getvalue()


def _write_npz(pattern: Pattern, where: str) -> bytes:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, mask in enumerate(pattern.layers):
        if mask.shape[0] * mask.shape[1] <= TEXT_ENTRIES:
            arrays[f"layer_{number}"] = mask.toarray().astype(np.uint8)
        else:
            arrays[f"layer_{number}_shape"] = np.array(mask.shape, dtype=np.int64)
            arrays[f"layer_{number}_indptr"] = mask.indptr
            arrays[f"layer_{number}_indices"] = mask.indices
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


# -- small things ----------------------------------------------------------------------------------


def _hint(text: str) -> str:
    """What may have been meant."""
    if Path(text).suffix and os.path.exists(text):
        return f"; {quoted(Path(text).suffix)} files are not read as patterns"
    name, colon, _ = text.partition(":")
    near = difflib.get_close_matches(name[:40].lower(), FAMILIES, n=1)
    if near:
        return f"; did you mean {FAMILIES[near[0]].usage}?"
    return "; 'cadlink families' lists the families" if colon else ""


CSR_PARTS = ("shape", "indptr", "indices")

READERS: Mapping[str, Callable[[BinaryIO, str], Pattern]] = MappingProxyType(
    {".json": _read_json, ".npz": _read_npz, ".npy": _read_npy, ".txt": _read_txt}
)

WRITERS: Mapping[str, Callable[[Pattern, str], bytes]] = MappingProxyType(
    {".json": _write_json, ".npz": _write_npz, ".npy": _write_npy, ".txt": _write_txt}
)
