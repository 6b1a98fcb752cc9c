"""Reading and writing patterns: every format both ways, and malformed input of every kind."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from cadlink.errors import InputError
from cadlink.patterns import masks
from cadlink.patterns.families import build
from cadlink.patterns.masks import read, write
from cadlink.patterns.pattern import Pattern

LU = build("lu:2")


def refusal(source: object, stdin: object = None) -> str:
    with pytest.raises(InputError) as found:
        read(source, stdin)  # type: ignore[arg-type]
    message = str(found.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


# -- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".npz", ".txt"])
@pytest.mark.parametrize("source", ["lu:2", "dense:1-1", "random:9-8-7-6,0.3,1", "lu:70"])
def test_what_is_written_is_read_back(tmp_path: Path, source: str, suffix: str) -> None:
    path = tmp_path / f"mask{suffix}"
    write(build(source), path)
    assert read(str(path)) == build(source)


def test_npy_holds_one_layer(tmp_path: Path) -> None:
    layer = build("random:9-8,0.3,1")
    write(layer, tmp_path / "a.npy")
    assert read(tmp_path / "a.npy") == layer
    np.save(tmp_path / "b.npy", np.asfortranarray([[0.5, 0, 0], [0, -1, 0]]))
    assert read(tmp_path / "b.npy").inline() == "100/010"
    with pytest.raises(InputError, match=r"an npy file holds one layer, not 2; use \.npz"):
        write(LU, tmp_path / "c.npy")


@pytest.mark.parametrize(
    "text",
    [
        "11/01;10/11",
        " 1 1 / 0 1 ; 1 0/1 1 ",
        "11\n01\n\n10\n11\n",
        "\n\n1 1\n0 1\n  \n\n1 0\n1 1\n\n",
        "11\r\n01\r\n\r\n10\r\n11\r\n",
        "# LU\n11 # first row\n# no separator\n01\n\n10\n11",
        "11\n01\n;\n10\n11",
        "11/01;\n\n10\n11",
        "11/01\n\n10/11",
    ],
)
def test_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read(str(tmp_path / "m.txt")) == LU
    assert read("-", io.BytesIO(text.encode())) == LU
    assert read("-", io.StringIO(text)) == LU


def test_inline_json_and_families() -> None:
    assert read("11/01;10/11") == read("lu:2") == LU
    assert read("-", io.StringIO(' {"layers": [[[1,1],[0,1]], ["10","11"]]}')) == LU
    assert read("1").widths == (1, 1)


def test_npz_layers_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    layers = [np.ones((n + 2, n + 1)) for n in range(12)]
    arrays = {f"layer_{n}": layers[n] for n in reversed(range(12))}
    np.savez(tmp_path / "a.npz", **arrays)
    np.savez_compressed(tmp_path / "b.npz", *layers)
    np.savez(tmp_path / "c.npz", **{f"fc{n}.weight": layer for n, layer in enumerate(layers)})
    for name in "abc":
        assert read(tmp_path / f"{name}.npz").widths == tuple(range(1, 14))


def test_npz_with_dense_and_sparse_layers(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        layer_0_shape=[2, 2],
        layer_0_indptr=np.array([0, 2, 3], dtype=np.uint8),
        layer_0_indices=[0, 1, 1],
        layer_1=[[True, False], [True, True]],
    )
    assert read(tmp_path / "a.npz") == LU


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_files_of_scipy(tmp_path: Path, kind: str) -> None:
    matrix = np.array([[0.5, 0, 0], [0, -1, 2]])
    sp.save_npz(tmp_path / "a.npz", sp.coo_array(matrix).asformat(kind))
    sp.save_npz(tmp_path / "b.npz", sp.coo_matrix(matrix).asformat(kind))
    assert read(tmp_path / "a.npz").inline() == "100/011"
    assert read(tmp_path / "b.npz").inline() == "100/011"


def test_ten_thousand_wide_masks_load_fast(tmp_path: Path) -> None:
    pattern = build("random:10000-10000-10000,0.005,0")
    write(pattern, tmp_path / "a.npz")
    start = time.perf_counter()
    assert read(tmp_path / "a.npz") == pattern
    assert time.perf_counter() - start < 2


# -- what is refused -------------------------------------------------------------------------------


def test_sources_that_name_nothing(tmp_path: Path) -> None:
    assert "expected a file" in refusal("")
    assert "did you mean lu:3?" in refusal("lu")
    assert "did you mean butterfly:8?" in refusal("butterflies:8")
    assert "layer 0, row 1" in refusal("11/02")
    (tmp_path / "a.csv").write_text("1,1")
    assert "'.csv' files are not read" in refusal(tmp_path / "a.csv")
    assert refusal("missing.npz") == "missing.npz: no such file"
    assert "cannot read" in refusal(mkdir(tmp_path / "d.npz"))
    assert "..." in refusal("x" * 5000)
    assert "cannot read" in refusal("a" * 5000 + ".txt")


def mkdir(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "layer 0: expected rows of 0 and 1, found none"),
        ("# nothing\n", "expected rows of 0 and 1, found none"),
        ("11;;11", "layer 1: expected rows of 0 and 1, found none"),
        ("11;", "layer 1: expected rows"),
        ("11/", "layer 0, row 1: expected entries 0 or 1"),
        ("11\n0", "layer 0, row 1: expected 2 entries as in row 0, found 1"),
        ("11\n02", "layer 0, row 1: expected only 0 and 1, found '2'"),
        ("11\n01\n\n111", "layer 1: expected 2 columns"),
        ("1\x00", "found '\\x00'"),
        ("1,1", "found ','"),
        ("{", "expected JSON text"),
        ("[1]", 'expected an object {"layers"'),
        ("[" * 100_000, "expected at most 500 nested brackets"),
        ('{"layers": [[[1, NaN]]]}', "layer 0, row 0: expected finite numbers, found nan"),
        ('{"layers": [[[1], [1e999]]]}', "layer 0, row 1: expected finite numbers, found inf"),
        ('{"layers": [[["1", 0]]]}', "layer 0: expected an array of numbers"),
        ('{"layers": [["11", [0, 1]]]}', "layer 0"),
        ('{"layers": [[[1, [1]]]]}', "layer 0: expected a two-dimensional array"),
        ('{"layers": [[{}]]}', "layer 0: expected an array of numbers"),
        ('{"layers": [5]}', "layer 0: expected two dimensions"),
        ('{"layers": [null]}', "layer 0: expected"),
        ('{"layers": [[[' + "9" * 400 + "]]]}", "layer 0: expected an array of numbers"),
        (
            '{"layers": [[[' + "9" * 100_000 + "]]]}",
            "expected integers of at most 400 digits; found 100000 digits",
        ),
        ('{"layers": []}', "at least one layer"),
        ('{"layers": [["1"]], "x": 0}', 'expected an object {"layers"'),
        ('{"layers": [["1"]], "layers": [["0"]]}', "expected every key once; found key 'layers'"),
        ('{"layers": [[[1, 1e999999999]]]}', "layer 0, row 0: expected finite numbers, found inf"),
        ('{"layers": ' + "[" * 499 + "]" * 499 + "}", "layer 0: expected"),
        ('{"layers": [["1"]]} x', "expected JSON text"),
    ],
)
def test_malformed_text_and_json(tmp_path: Path, text: str, message: str) -> None:
    suffix = ".json" if text[:1] in {"{", "["} else ".txt"
    path = tmp_path / f"m{suffix}"
    path.write_text(text)
    assert message in refusal(path)
    assert refusal(path).startswith(str(path))
    assert refusal("-", io.StringIO(text)).startswith("standard input")


@pytest.mark.parametrize("suffix", [".json", ".txt", ".npy", ".npz"])
def test_only_regular_files_are_opened(tmp_path: Path, suffix: str) -> None:
    """A pipe would wait, a device never end; what is behind a link counts."""
    os.mkfifo(tmp_path / f"pipe{suffix}")
    assert "it is no regular file" in refusal(tmp_path / f"pipe{suffix}")
    for device in ("zero", "full", "null", "random"):
        (tmp_path / f"{device}{suffix}").symlink_to(f"/dev/{device}")
        assert "it is no regular file" in refusal(tmp_path / f"{device}{suffix}")
    mkdir(tmp_path / f"folder{suffix}")
    assert "it is a folder" in refusal(tmp_path / f"folder{suffix}")
    (tmp_path / f"circle{suffix}").symlink_to(tmp_path / f"circle{suffix}")
    assert "cannot read" in refusal(tmp_path / f"circle{suffix}")
    assert refusal(tmp_path / f"empty\udcff{suffix}").endswith(
        f"empty\\udcff{suffix}: no such file"
    )
    (tmp_path / f"empty\udcff{suffix}").touch()
    assert f"empty\\udcff{suffix}" in refusal(tmp_path / f"empty\udcff{suffix}")
    assert "cannot read" in refusal(f"nul\0{suffix}")


def test_a_key_given_twice_is_found_in_linear_time(tmp_path: Path) -> None:
    keys = ", ".join(f'"{n}": 0' for n in [*range(20_000), 19_999])
    (tmp_path / "m.json").write_text("{" + keys + "}")
    start = time.perf_counter()
    assert "found key '19999' twice" in refusal(tmp_path / "m.json")
    assert time.perf_counter() - start < 1


def test_what_is_quoted_is_cut() -> None:
    for family in ("lu", "butterfly", "monarch", "block", "nm", "random"):
        assert len(refusal(f"{family}:" + "7" * 5000)) < 300
    assert len(refusal("dense:" + "1-" * 5000)) < 300
    assert refusal("lu:\x1b[2J\n3") == (
        "lu:\\x1b[2J 3: expected a size as digits, found '\\x1b[2J\\n3'; an example: lu:3"
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("ul:2", "'cadlink families' lists"),
        ("LU:2", "did you mean lu:3?"),
        ("nm:1:2", "nm:1:2: expected n:m:widths or n:m:widths,seed; an example: nm:2:4:8-8-8"),
        ("11/02;10/11", "inline text, layer 0, row 1: expected only 0 and 1, found '2'"),
    ],
)
def test_a_slip_is_told_where_it_is(source: str, words: str) -> None:
    assert words in refusal(source)


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    for suffix in (".txt", ".json"):
        (tmp_path / f"m{suffix}").write_bytes(b"11\xff")
        assert "expected UTF-8 text; byte 2 is not" in refusal(tmp_path / f"m{suffix}")
    assert "expected UTF-8 text" in refusal("-", io.BytesIO(b"\xff"))


def test_size_limits(tmp_path: Path) -> None:
    for suffix, limit in (
        (".txt", masks.MAX_TEXT_BYTES),
        (".json", masks.MAX_TEXT_BYTES),
        (".npy", masks.MAX_ARRAY_BYTES),
        (".npz", masks.MAX_ARRAY_BYTES),
    ):
        path = tmp_path / f"big{suffix}"
        with path.open("wb") as stream:
            stream.truncate(limit + 1)  # sparse on disk
        assert f"expected at most {limit} bytes, found {limit + 1}" in refusal(path)

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= masks.MAX_TEXT_BYTES + 1
            return b"1" * size

    assert "expected at most" in refusal("-", Endless())


def test_too_many_layers() -> None:
    assert "expected at most 1000 layers, found 1001" in refusal(";".join("1" * 1001))


def npy(shape: object, descr: object = "<f8", data: bytes = b"", version: int = 1) -> bytes:
    header = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


NPY = [
    (b"", "not an npy array"),
    (b"\x93NUMPY", "not an npy array"),
    (b"hello, world", "not an npy array"),
    (npy((2, 2))[:20], "not an npy array"),
    (npy((2, 2), data=bytes(31)), "expected 32 bytes of data for (2, 2), found 31"),
    (npy((2, 2), data=bytes(33)), "expected 32 bytes of data for (2, 2), found 33"),
    (npy((10**9, 10**9)), "expected 8000000000000000000 bytes of data"),
    (npy((-1, -1), data=bytes(8)), "expected 8 bytes of data for (-1, -1), found 8"),
    (npy((2,), data=bytes(16)), "layer 0: expected two dimensions"),
    (npy((), data=bytes(8)), "expected two dimensions"),
    (npy((1, 1, 1), data=bytes(8)), "expected two dimensions"),
    (npy((0, 3)), "expected at least one row and one column, found 0 x 3"),
    (npy((1, 1), "|O", pickle.dumps(1)), "holds Python objects, which are not read"),
    (npy((1, 1), [("a", "<f8")], bytes(8)), "expected numbers, found entries of type"),
    (npy((1, 1), "<M8[s]", bytes(8)), "expected numbers, found entries of type datetime64[s]"),
    (npy((1, 1), "|S1", b"1"), "expected numbers, found entries of type |S1"),
    (npy((1, 1), "nonsense", bytes(8)), "not an npy array"),
    (npy("ab", data=bytes(8)), "not an npy array"),
    (npy((1, 1), data=bytes(8), version=3), "npy version 3.0 is not read"),
    (npy((1, 2), data=struct.pack("<2d", 0, float("nan"))), "layer 0, row 0: expected finite"),
    (npy((2, 1), data=struct.pack("<2d", 0, float("-inf"))), "layer 0, row 1: expected finite"),
    (npy((1,) * 70, data=bytes(8)), "two dimensions"),
    (npy((1,) * 3000, data=bytes(8)), "two dimensions"),
    (npy((10**4000, 1), data=bytes(8)), "bytes of data for (<an integer of"),
    (npy((2**63, 2**63), data=bytes(8)), "bytes of data"),
    (b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535, "not an npy array"),
]


@pytest.mark.parametrize(("content", "message"), NPY)
def test_malformed_npy(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "m.npy").write_bytes(content)
    assert message in refusal(tmp_path / "m.npy")
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("layer_0.npy", content)
    assert refusal(tmp_path / "m.npz").startswith(str(tmp_path / "m.npz"))


def test_reading_never_unpickles(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "exploded",))

    np.save(tmp_path / "m.npy", np.array([[Bomb()]], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "m.npz", layer_0=np.array([[Bomb()]], dtype=object))
    assert "holds Python objects" in refusal(tmp_path / "m.npy")
    assert "holds Python objects" in refusal(tmp_path / "m.npz")
    assert not (tmp_path / "exploded").exists()


ONE = np.ones((1, 1))
CSR = {"shape": [2, 3], "indptr": [0, 2, 3], "indices": [0, 2, 1]}


def csr(**changes: object) -> dict[str, object]:
    return {f"layer_0_{name}": value for name, value in (CSR | changes).items()}


def scipy_file(**changes: object) -> dict[str, object]:
    return {"format": b"csr", "data": [1.0, 2.0, 3.0], **CSR} | changes


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "at least one layer"),
        (
            {"layer_0": ONE, "bias": ONE},
            "expected arrays named layer_0, layer_1, ..., found 'bias'",
        ),
        ({"layer_0": ONE, "arr_1": ONE}, "found 'arr_1'"),
        ({"layer_0": ONE, "layer_00": ONE}, "arrays 'layer_0' and 'layer_00' have one number"),
        ({"layer_0": ONE, "layer_1": np.ones(3)}, "layer 1: expected two dimensions"),
        ({"layer_0": ONE, "layer_1": np.ones((1, 2))}, "layer 1: expected 1 columns"),
        ({"layer_0": np.array([[np.nan]])}, "layer 0, row 0: expected finite numbers, found nan"),
        ({"layer_0_indptr": [0]}, "expected an array 'layer_0_shape' beside 'layer_0_indptr'"),
        ({"layer_0_shape": [1, 1]}, "expected 'layer_0_indptr' to be a list of integers"),
        (csr(indptr=[0.0, 2, 3]), "expected 'layer_0_indptr' to be a list of integers"),
        (csr(indices=[[0, 2, 1]]), "expected 'layer_0_indices' to be a list of integers"),
        (csr(shape=[2]), "expected 'layer_0_shape' to be [rows, columns]"),
        (csr(shape=[2, -3]), "expected 'layer_0_shape' to be [rows, columns]"),
        (csr(shape=[2, 10**9]), "expected at most 1000000 units"),
        (csr(shape=np.array([2, 2**64 - 1], dtype=np.uint64)), "is too large"),
        (csr(indptr=[0, 3]), 'expected "indptr" to have 3 entries'),
        (csr(indptr=[0, 4, 3]), 'expected "indptr" to rise'),
        (csr(indices=[0, 3, 1]), 'expected "indices" from 0 to 2'),
        (csr(indices=[2, 0, 1]), 'row 0: expected "indices" to be ascending'),
        (scipy_file(format=b"bsr"), "in csr, csc or coo format, found 'bsr'"),
        (scipy_file(format=b"coo"), "expected a one-dimensional array 'row'"),
        (scipy_file(data=[1.0]), "expected as many entries of 'data' as positions"),
        (scipy_file(data=["a"] * 3), "expected numbers, found entries of type <U1"),
        (scipy_file(data=[b"a"] * 3), "expected 'data' to hold numbers"),
        (scipy_file(data=[1.0, np.nan, 1]), "layer 0, row 0: expected finite numbers, found nan"),
        (scipy_file(shape=[2, 3, 4]), "expected 'shape' to be two numbers"),
        (scipy_file(shape=[2, 0]), "expected 'shape' to be two numbers"),
        (scipy_file(indptr=[0, 2]), "expected 'indptr' to be 3 ascending numbers from 0"),
        (scipy_file(indptr=[0, 2, 4]), "expected 'indptr' to end at the number of 'indices'"),
        (scipy_file(indices=[0, 9, 1]), "expected column numbers from 0 to 2"),
        (scipy_file(indices=[0, -1, 1]), "expected column numbers from 0 to 2"),
        (scipy_file(indices=[0.5, 1, 1]), "expected 'indices' to hold integers"),
    ],
)
def test_malformed_npz(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    np.savez(tmp_path / "m.npz", **arrays)  # type: ignore[arg-type]
    assert message in refusal(tmp_path / "m.npz")


def test_archives_that_are_not_npz(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    for content in (b"", b"PK", b"not a zip file"):
        path.write_bytes(content)
        assert "not an npz file" in refusal(path)
    good = io.BytesIO()
    np.savez_compressed(good, layer_0=np.eye(30))
    path.write_bytes(good.getvalue()[:-30])
    assert "not an npz file" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3001):
            archive.writestr(f"layer_{number}.npy", b"")
    assert "expected at most 3000 arrays" in refusal(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        piece = bytes(2**20)
        with archive.open("layer_0.npy", "w", force_zip64=True) as entry:
            for _ in range(masks.MAX_ARRAY_BYTES // len(piece) + 1):
                entry.write(piece)
    assert path.stat().st_size < 2**21
    assert f"expected at most {masks.MAX_ARRAY_BYTES} bytes" in refusal(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_members_that_numpy_does_not_write_are_not_unpacked(tmp_path: Path, method: int) -> None:
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("layer_0.npy", npy((100, 100), data=bytes(80_000)))
    content = bytearray(path.read_bytes())
    for damage in (b"", b"\xff" * 20):
        content[60 : 60 + len(damage)] = damage
        path.write_bytes(bytes(content))
        assert "stored as it is or deflated" in refusal(path)


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".json"])
def test_damaged_files_are_read_or_refused_but_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    write(build("random:6-5,0.5,0"), path)
    content = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(400):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(bytes(damaged))
        try:
            assert isinstance(read(path), Pattern)
        except InputError:
            refused += 1
    assert refused > 50


def test_writing_says_what_it_cannot_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a name ending in \.json, \.npz, \.npy, \.txt"):
        write(LU, tmp_path / "a.csv")
    with pytest.raises(InputError, match="cannot write"):
        write(LU, tmp_path / "missing" / "a.json")
    assert list(tmp_path.iterdir()) == []
    write(LU, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"layers": [["11", "01"], ["10", "11"]]}
