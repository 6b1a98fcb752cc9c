"""Patterns: content equality, the canonical form against brute force, and what is refused."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import random
from collections.abc import Callable

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from cadlink.certificates.kernel import check
from cadlink.deciding.decider import decide
from cadlink.errors import InputError
from cadlink.patterns.pattern import MAX_EDGES, MAX_WIDTH, TEXT_ENTRIES, Pattern


def dense(pattern: Pattern) -> tuple[tuple[tuple[int, ...], ...], ...]:
    return tuple(tuple(map(tuple, mask.toarray().astype(int).tolist())) for mask in pattern.layers)


def of_bits(widths: tuple[int, ...], bits: int) -> Pattern:
    layers = []
    for cols, rows in itertools.pairwise(widths):
        layers.append([[(bits >> (i * cols + j)) & 1 for j in range(cols)] for i in range(rows)])
        bits >>= rows * cols
    return Pattern.of(layers)


def smallest_form(pattern: Pattern) -> object:
    """The smallest of all relabelled patterns, by trying every permutation, both ways round."""
    found = []
    for side in (pattern, pattern.transpose()):
        masks = dense(side)
        for units in itertools.product(*(itertools.permutations(range(w)) for w in side.widths)):
            found.append(
                tuple(
                    tuple(tuple(mask[i][j] for j in units[n]) for i in units[n + 1])
                    for n, mask in enumerate(masks)
                )
            )
    return min((tuple(len(mask) for mask in masks), masks) for masks in found)


@pytest.mark.parametrize("widths", [(2, 2, 2), (2, 3, 1), (2, 2), (1, 2, 2, 1)])
def test_digests_are_equal_exactly_for_isomorphic_patterns(widths: tuple[int, ...]) -> None:
    size = sum(a * b for a, b in itertools.pairwise(widths))
    classes: dict[object, set[str]] = {}
    for bits in range(2**size):
        pattern = of_bits(widths, bits)
        classes.setdefault(smallest_form(pattern), set()).add(pattern.digest)
    assert all(len(digests) == 1 for digests in classes.values())
    assert len({digest for digests in classes.values() for digest in digests}) == len(classes)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_digest_survives_renumbering_and_reversal(
    widths: list[int], chance: random.Random
) -> None:
    size = sum(a * b for a, b in itertools.pairwise(widths))
    pattern = of_bits(tuple(widths), chance.getrandbits(size))
    units = [chance.sample(range(width), width) for width in widths]
    moved = pattern.permute(units)
    assert moved.digest == pattern.digest == moved.transpose().digest
    assert moved.canonical() == pattern.canonical() == pattern.canonical().canonical()
    reversed_, order = pattern.canonical_units()
    assert (pattern.transpose() if reversed_ else pattern).permute(order) == pattern.canonical()


def test_regular_graphs_that_colour_refinement_cannot_tell_apart() -> None:
    cycle = [[1 if j in (i, (i + 1) % 6) else 0 for j in range(6)] for i in range(6)]
    triangles = [
        [1 if j // 3 == i // 3 and j != i else 0 for j in range(6)] for i in range(6)
    ]  # two 6-cycles' worth of degrees, but another graph
    assert Pattern.of([cycle]).digest != Pattern.of([triangles]).digest


def test_equality_and_hash_are_by_content_not_by_isomorphism() -> None:
    p, q = Pattern.of(["10/00"]), Pattern.of(["01/00"])
    assert p != q
    assert p.digest == q.digest
    assert p == Pattern.of([np.array([[5.0, 0.0], [0.0, 0.0]])])
    assert hash(p) == hash(Pattern.of([[[True, False], [False, False]]]))
    assert Pattern.of(["10"]) != Pattern.of(["1/0"])
    assert p != "10/00"


def test_masks_are_write_protected_and_canonical() -> None:
    stored = sp.coo_array(([1, 0, 3, 4], ([1, 1, 0, 0], [0, 1, 1, 1])), shape=(2, 2))
    mask = Pattern.of([stored]).layers[0]
    assert mask.dtype == np.bool_
    assert mask.toarray().tolist() == [[False, True], [True, False]]
    assert mask.nnz == 2
    for array in (mask.data, mask.indices, mask.indptr):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_callers_array_is_copied() -> None:
    array = np.array([[1, 0]])
    pattern = Pattern.of([array])
    array[0, 0] = 0
    assert dense(pattern) == (((1, 0),),)


def test_duplicates_that_cancel_are_zero() -> None:
    stored = sp.coo_array(([1.0, -1.0], ([0, 0], [0, 0])), shape=(1, 2))
    assert Pattern.of([stored]).nnz == 0


def stores(entries: list[object], dtype: object, indices: tuple[int, ...] = (0, 1, 0, 1)) -> object:
    """A 2 x 2 CSR array that holds exactly these entries, two a row, whatever they are."""
    indptr = [0, len(entries) // 2, len(entries)]
    return sp.csr_array((np.array(entries, dtype=dtype), list(indices), indptr), shape=(2, 2))


@pytest.mark.parametrize("make", [Pattern, Pattern.of])
@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        (stores([True, True, False, True], bool), stores([True, False, True, True], bool)),
        (stores([1, 1, 0, 1], np.uint8), stores([2.5, 0.0, -1, 1e-300], float)),
        (stores([1, 1, 0, 1], np.int64).tocsc(), stores([1, 0, 1, 1], complex).tocoo()),
        (
            stores([1, 1, 5, 0, 1, 0], np.int8, (0, 1, 1, 0, 1, 1)),
            stores([True, True, True, False, True, True], bool, (0, 0, 0, 1, 0, 1)),
        ),
        (sp.lil_array([[1, 1], [0, 1]]), sp.dok_array([[1, 0], [1, 1]])),
        (["11", "01"], "10/11"),
        ("11/01", ["10", "11"]),
    ],
)
def test_a_pattern_is_what_it_prints(make: type[Pattern], lower: object, upper: object) -> None:
    """Stored zeros and repeated entries, and every kind of layer, by either way to make one."""
    pattern = make([lower, upper])
    assert pattern.inline() == "11/01;10/11"
    assert (pattern.nnz, pattern.layers[0].nnz) == (6, 3)
    assert pattern == make((lower, upper)) == Pattern(["11/01", "10/11"])
    assert decide(pattern).verdict.value == "not_closed"


def test_repeated_entries_are_added_as_scipy_does() -> None:
    cancel = sp.csr_array((np.array([1.0, -1.0]), [0, 0], [0, 2]), shape=(1, 2))
    assert not cancel.toarray().any()
    assert Pattern([cancel]).inline() == "00"


def test_a_broken_sparse_matrix_is_refused() -> None:
    for name, array in (("indices", [0, 9]), ("indptr", [0, 5]), ("indices", [0, -1])):
        for kind in (sp.csr_array, sp.csc_array):
            matrix = kind(np.array([[1, 1]]) if kind is sp.csr_array else np.array([[1], [1]]))
            setattr(matrix, name, np.array(array, dtype=np.int32))
            with pytest.raises(InputError, match="layer 0: not a sound sparse matrix"):
                Pattern([matrix])


def test_an_array_that_takes_no_memory_is_not_unfolded() -> None:
    endless = np.broadcast_to(np.float64(1), (100_000, 100_000))
    with pytest.raises(InputError, match="at most 2147483648 entries, found 10000000000"):
        Pattern([endless])
    with pytest.raises(InputError, match="at most 1000000 units, found 1000000000000"):
        Pattern([np.broadcast_to(np.float64(1), (10**12, 10**6))])


def test_limits_hold_for_all_layers_together() -> None:
    half = sp.csr_array(np.ones((3200, 3200), dtype=np.bool_))
    assert Pattern([half]).nnz <= MAX_EDGES < 2 * half.nnz
    with pytest.raises(
        InputError, match=f"layer 1: expected at most {MAX_EDGES} edges and units in all"
    ):
        Pattern([half, half])


def test_the_kernel_reads_what_the_package_decides() -> None:
    widest = Pattern([sp.csr_array(([True], [0], [0, 1]), shape=(1, MAX_WIDTH))])
    certificate = decide(widest).certificate
    assert certificate is not None
    assert check(json.dumps(certificate.to_json()), widest).verdict == "closed"
    for shape in ((1, MAX_WIDTH + 1), (MAX_WIDTH + 1, 1)):
        with pytest.raises(InputError, match=f"at most {MAX_WIDTH} units"):
            Pattern([sp.coo_array(shape, dtype=np.bool_)])


@pytest.mark.parametrize("again", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies_are_write_protected_too(again: Callable[[Pattern], Pattern]) -> None:
    pattern = again(Pattern(["11/01"]))
    assert pattern == Pattern(["11/01"])
    with pytest.raises(ValueError, match="read-only"):
        pattern.layers[0].indices[0] = 1


def test_parts_and_joined_layers() -> None:
    chain = Pattern(["11/01", "10/11", "11"])
    assert chain.part(1, 3) == Pattern(["10/11", "11"])
    assert chain.joined(2, 2) == Pattern(["11/01", "11"])
    assert (
        chain.joined(1, 1).layers[0].toarray().tolist()
        == chain.part(0, 2).support().toarray().tolist()
    )


def test_transpose_restrict_select_support_twins() -> None:
    pattern = Pattern.of(["110/011", "11/01/10"])
    assert dense(pattern.transpose()) == (((1, 0, 1), (1, 1, 0)), ((1, 0), (1, 1), (0, 1)))
    assert pattern.transpose().transpose() == pattern
    assert dense(pattern.restrict([2, 0], [1])) == (((1,), (1,)), ((1, 0), (1, 1)))
    assert pattern.support().toarray().astype(int).tolist() == [[1, 1, 1], [0, 1, 1], [1, 1, 0]]
    assert [t.tolist() for t in pattern.twins()] == [[0, 1, 2], [0, 1], [0, 1, 2]]
    assert Pattern.of(["11"] * 1 + ["1"] * 300).support().toarray().tolist() == [[True, True]]


def test_the_support_does_not_overflow() -> None:
    wide = Pattern.of([np.ones((256, 1)), np.ones((1, 256))])
    assert wide.support().toarray().tolist() == [[True]]


def test_json_round_trip_small_and_large() -> None:
    small = Pattern.of(["11/01", "10/11"])
    large = Pattern.of([sp.random_array((100, 70), density=0.02, rng=3), np.ones((2, 100))])
    for pattern in (small, large):
        assert Pattern.from_json(json.loads(json.dumps(pattern.to_json()))) == pattern
    assert TEXT_ENTRIES < 100 * 70
    assert set(large.to_json()["layers"][0]) == {"shape", "indptr", "indices"}
    assert large.to_json()["layers"][1] == ["1" * 100] * 2
    assert Pattern.from_json({"layers": [[[1, 1], [0, 1]], ["10", "11"]]}) == small


def test_pictures() -> None:
    assert Pattern.of(["11/01", "10/11"]).inline() == "11/01;10/11"
    assert repr(Pattern.of(["11/01"])) == "<Pattern 2-2: 11/01>"
    assert repr(Pattern.of([np.ones((30, 30))])) == "<Pattern 30-30: 900 edges>"
    assert Pattern.of([np.ones((2, 65))]).picture() == "layer 0, 2 x 65, 130 edges"


NAN = [[0.0, 1.0], [1.0, float("nan")]]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "at least one layer"),
        ("11/01", "expected a list of layers, found str"),
        (7, "expected a list of layers, found int"),
        ([[[1, 2], [3]]], "layer 0, row 1: expected 2 entries as in row 0, found 1"),
        (["11/0"], "layer 0, row 1: expected 2 entries as in row 0, found 1"),
        (["1x"], "layer 0, row 0: expected only 0 and 1, found 'x'"),
        (["²1"], "found '²'"),
        ([""], "layer 0, row 0: expected entries 0 or 1"),
        (["1/"], "layer 0, row 1: expected entries 0 or 1"),
        (["11", "11"], "layer 1: expected 1 columns"),
        ([NAN], "layer 0, row 1: expected finite numbers, found nan"),
        ([sp.csr_array(np.array(NAN))], "layer 0, row 1: expected finite numbers, found nan"),
        ([np.array([[1], [np.inf]])], "layer 0, row 1: expected finite numbers, found inf"),
        ([np.ones(3)], "layer 0: expected two dimensions"),
        ([np.ones((1, 1, 1))], "layer 0: expected two dimensions"),
        ([np.zeros((0, 2))], "at least one row and one column, found 0 x 2"),
        ([[]], "layer 0: expected"),
        ([[["a", None]]], "layer 0: expected an array of numbers"),
        ([None], "layer 0: expected an array of numbers"),
        ([["1"]] * 1001, "at most 1000 layers"),
    ],
)
def test_bad_layers_are_refused_naming_the_place(layers: object, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        Pattern.of(layers)  # type: ignore[arg-type]
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def csr(shape: object = (2, 3), indptr: object = (0, 2, 3), indices: object = (0, 2, 1)) -> object:
    def plain(value: object) -> object:
        return list(value) if isinstance(value, tuple) else value

    return {"layers": [{"shape": plain(shape), "indptr": plain(indptr), "indices": plain(indices)}]}


def test_a_csr_object_is_read() -> None:
    assert dense(Pattern.from_json(csr())) == (((1, 0, 1), (0, 1, 0)),)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, 'expected an object {"layers"'),
        ({"layers": ["1"], "extra": 1}, 'expected an object {"layers"'),
        ({"layers": "11"}, 'expected "layers" to be a list'),
        ({"layers": [{"shape": [1, 1]}]}, 'with "shape", "indptr" and "indices"'),
        (csr(shape=(2, 3, 4)), 'expected "shape" to be [rows, columns]'),
        (csr(shape=(2, 3.0)), 'expected "shape" to be a list of integers'),
        (csr(shape=(True, 3)), 'expected "shape" to be a list of integers'),
        (csr(shape=(2, -1)), 'expected "shape" to hold integers'),
        (csr(shape=(2, 2**70)), 'expected "shape" to hold integers'),
        (csr(shape=(2, 10**8)), "expected at most 1000000 units"),
        (csr(shape=(0, 0), indptr=(0,), indices=()), "at least one row and one column"),
        (csr(indptr="012"), 'expected "indptr" to be a list of integers'),
        (csr(indptr=(0, 3)), 'expected "indptr" to have 3 entries, found 2'),
        (csr(indptr=(1, 2, 3)), 'expected "indptr" to rise'),
        (csr(indptr=(0, 3, 2)), 'expected "indptr" to rise'),
        (csr(indptr=(0, 2, 4)), 'expected "indptr" to rise'),
        (csr(indices=(0, 3, 1)), 'expected "indices" from 0 to 2'),
        (csr(indices=(2, 0, 1)), 'row 0: expected "indices" to be ascending'),
        (csr(indices=(0, 0, 1)), 'row 0: expected "indices" to be ascending'),
    ],
)
def test_bad_json_is_refused(value: object, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        Pattern.from_json(value)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([[0], [0]], "expected 3 lists of units"),
        ([[0], [0], [2]], "unit layer 2: expected unit numbers from 0 to 1"),
        ([[0, 0], [0], [0]], "unit layer 0: expected every unit at most once"),
    ],
)
def test_bad_selections_are_refused(units: list[list[int]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pattern.of(["11/01", "10/11"]).select(units)


def test_permute_needs_all_units() -> None:
    with pytest.raises(InputError, match="unit layer 1: expected a permutation of 2 units"):
        Pattern.of(["11/01", "10/11"]).permute([[0, 1], [0], [0, 1]])


def test_an_empty_selection_is_a_pattern_without_units() -> None:
    nothing = Pattern.of(["11/01", "10/11"]).select([[], [], []])
    assert nothing.widths == (0, 0, 0)
    assert nothing.transpose() == nothing
    assert nothing.support().shape == (0, 0)
    assert nothing.digest == nothing.canonical().digest


@pytest.mark.parametrize("density", [0.02, 0.3, 0.9])
def test_the_support_of_sparse_and_of_dense_masks(density: float) -> None:
    rng = np.random.default_rng(0)
    lower, upper = rng.random((70, 50)) < density, rng.random((60, 70)) < density
    expected = upper.astype(int) @ lower.astype(int) > 0
    assert (Pattern([lower, upper]).support().toarray() == expected).all()
