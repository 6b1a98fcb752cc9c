"""The named patterns against their definitions, and every wrong argument."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cadlink.errors import InputError
from cadlink.patterns import kronecker
from cadlink.patterns.families import FAMILIES, build
from cadlink.patterns.kronecker import Factor
from cadlink.patterns.pattern import Pattern


def counts(pattern: Pattern) -> np.ndarray:
    """The number of paths from every input to every output."""
    product = pattern.layers[0].toarray().astype(np.int64)
    for mask in pattern.layers[1:]:
        product = mask.toarray().astype(np.int64) @ product
    return product


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())
def test_every_usage_example_works(family: object) -> None:
    assert build(family.usage).nnz > 0  # type: ignore[attr-defined]


def test_random_numbers_in_pieces_make_the_same_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build("random:30-40-20,0.3,0")
    monkeypatch.setattr("cadlink.patterns.families.CHUNK", 7)
    assert build("random:30-40-20,0.3,0") == whole


def test_lu() -> None:
    assert build("lu:1").inline() == "1;1"
    pattern = build("lu:7")
    assert (pattern.layers[0].toarray() == np.triu(np.ones((7, 7)))).all()
    assert (pattern.layers[1].toarray() == np.tril(np.ones((7, 7)))).all()


def test_dense() -> None:
    pattern = build("dense:4-3-5")
    assert pattern.widths == (4, 3, 5)
    assert pattern.nnz == 12 + 15


@pytest.mark.parametrize("source", ["butterfly:2", "butterfly:16", "monarch:1", "monarch:25"])
def test_butterfly_and_monarch_have_one_path_per_cell(source: str) -> None:
    assert (counts(build(source)) == 1).all()


def test_butterfly_has_two_edges_per_unit_and_log_n_layers() -> None:
    pattern = build("butterfly:1024")
    assert pattern.depth == 10
    assert all((np.diff(mask.indptr) == 2).all() for mask in pattern.layers)
    assert pattern.layers[2].toarray()[5].nonzero()[0].tolist() == [1, 5]


def test_monarch_1024() -> None:
    pattern = build("monarch:1024")
    assert pattern.nnz == 2 * 1024 * 32
    assert pattern.layers[0].toarray()[33].nonzero()[0].tolist() == list(range(32, 64))
    assert pattern.layers[1].toarray()[33].nonzero()[0].tolist() == list(range(1, 1024, 32))


def test_block_is_the_direct_sum_of_dense_chains() -> None:
    pattern = build("block:2-2-2,3-1-3")
    assert pattern.restrict([0, 1], [0, 1]).support().nnz == 4
    assert counts(pattern)[2:, 2:].tolist() == [[1, 1, 1]] * 3
    assert not counts(pattern)[:2, 2:].any()
    assert build("block:4-3-5") == build("dense:4-3-5")


@pytest.mark.parametrize("seed", ["", ",3"])
def test_n_of_m_keeps_n_of_every_m(seed: str) -> None:
    for mask in build(f"nm:2:4:8-12-5{seed}").layers:
        assert (mask.toarray().reshape(-1, 4).sum(axis=1) == 2).all()
    assert build("nm:2:4:8-8,1") != build("nm:2:4:8-8,2")


def test_random_has_the_density_asked_for() -> None:
    pattern = build("random:1000-1000-1000,0.05,0")
    for mask in pattern.layers:
        assert abs(mask.nnz - 50_000) < 6 * np.sqrt(1e6 * 0.05 * 0.95)
        # rows and columns alike: no entry is favoured
        for axis in (0, 1):
            line = np.asarray(mask.astype(int).sum(axis=axis))
            assert abs(line.std() - np.sqrt(1000 * 0.05 * 0.95)) < 1
    assert build("random:9-9,1,0").nnz == 81
    assert build("random:9-9,0,0").nnz == 0
    assert build("random:5-5,0.5,0") != build("random:5-5,0.5,1")
    ends = sum(
        build(f"random:2-2,0.5,{seed}").layers[0].toarray().astype(int) for seed in range(999)
    )
    assert (abs(ends - 499.5) < 100).all()


def test_wide_and_sparse_is_fast() -> None:
    pattern = build("random:10000-10000-10000,0.005,0")
    assert pattern.widths == (10_000,) * 3
    assert abs(pattern.nnz - 1_000_000) < 6_000
    assert build("random:1000000-1000000,1e-300,0").nnz == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("qr:3", "no family 'qr'; expected one of lu, dense"),
        ("lu", "expected a size as digits, found ''"),
        ("lu:0", "expected a size as digits, found '0'"),
        ("lu:-2", "expected a size as digits, found '-2'"),
        ("lu:2.0", "expected a size as digits"),
        ("lu:²", "expected a size as digits"),
        ("lu:9999999999999999999999", "expected a size as digits"),
        ("lu:100000", "lu:100000: expected at most 20000000 edges, found 10000100000"),
        ("dense:4", "expected at least two unit counts"),
        ("dense:4-0", "expected unit counts joined by '-', each 1 or more, as digits, found '0'"),
        ("dense:4-", "expected unit counts"),
        ("dense:-".replace("-", "-".join(["1"] * 1002)), "expected at most 1000 layers"),
        ("dense:10000-10000", "expected at most 20000000 edges"),
        ("butterfly:6", "butterfly:6: expected a power of two, found 6"),
        ("butterfly:1", "expected a power of two, found 1"),
        ("butterfly:1073741824", "expected at most 20000000 edges"),
        ("monarch:8", "monarch:8: expected a square, found 8"),
        ("monarch:1000000000000", "expected at most"),
        ("block:2-2,3", "expected at least two unit counts"),
        ("block:2-2,3-3-3", "the same number of layers"),
        ("block:2-2,", "expected unit counts"),
        ("nm:2:4", "expected n:m:widths"),
        ("nm:5:4:8-8", "expected n to be at most m, found 5 > 4"),
        ("nm:2:4:6-8", "expected widths divisible by 4, found 6"),
        ("nm:2:4:8-8,x", "expected a seed as digits, found 'x'"),
        ("nm:a:4:8-8", "expected n as digits, found 'a'"),
        ("random:4-4", "expected widths, density and seed"),
        ("random:4-4,2,0", "expected a density from 0 to 1, found '2'"),
        ("random:4-4,nan,0", "expected a density from 0 to 1, found 'nan'"),
        ("random:4-4,x,0", "expected a density from 0 to 1, found 'x'"),
        ("random:4-4,0.5,-1", "expected a seed as digits, found '-1'"),
        ("random:100000-100000,0.5,0", "expected at most 20000000 edges"),
        ("random:9999999-1,0.5,0", "expected at most 1000 layers of 1000000 units"),
    ],
)
def test_wrong_arguments_are_refused(source: str, message: str) -> None:
    with pytest.raises(InputError) as refusal:
        build(source)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_kronecker_is_the_product_of_kronecker() -> None:
    for a, b, c, d in itertools.product((1, 2, 3), repeat=4):
        pattern = build(f"kronecker:{a},{b},{c},{d}")
        expected = np.kron(np.kron(np.eye(a), np.ones((b, c))), np.eye(d))
        assert (pattern.layers[0].toarray() == expected).all()
    assert build("kronecker:2,2,2,1;1,2,2,2") == build("butterfly:4") == build("monarch:4")
    chain = "4,2,2,1;2,2,2,2;1,2,2,4"
    assert build(f"chainable:{chain}") == build(f"kronecker:{chain}") == build("butterfly:8")


def test_chainable_pairs_multiply_to_a_kronecker_sparse_factor() -> None:
    """The definition against the product of the supports, for all pairs up to width 6."""
    sizes = range(1, 7)
    factors = [
        Factor(*sides)
        for sides in itertools.product(sizes, repeat=4)
        if sides[0] * sides[3] * max(sides[1:3]) <= 6
    ]
    supports = {one: kronecker.mask(one).toarray().astype(int) for one in factors}
    chained = 0
    for upper, lower in itertools.product(factors, repeat=2):
        if upper.cols != lower.rows:
            assert not upper.follows(lower)
            continue
        product = supports[upper] @ supports[lower]
        if upper.follows(lower):
            chained += 1
            r = upper.a * upper.c // lower.a
            assert r * upper.d == lower.b * lower.d
            assert (product == r * supports[upper.times(lower)]).all()
    assert chained > 500


def test_an_order_that_is_not_chainable() -> None:
    wrong = "1,2,2,4;2,2,2,2;4,2,2,1"  # the butterfly's factors from the other end
    assert (counts(build(f"kronecker:{wrong}")) == 1).all()
    with pytest.raises(InputError, match="not chainable: expected 2 to divide 1, 4 to divide 2"):
        build(f"chainable:{wrong}")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("kronecker:", "expected four sizes"),
        ("kronecker:1,2,2", "factor 0: expected a,b,c,d, found '1,2,2'"),
        ("kronecker:1,2,2,0", "expected four sizes, each 1 or more, as digits, found '0'"),
        ("kronecker:1,2,2,2;1,2,3,1", r"factor 1: expected 4 columns .* found 3"),
        ("kronecker:1,2000000,1,1", "factor 0: expected at most 1000000 units"),
        ("kronecker:1,10000,10000,1", "expected at most 20000000 edges"),
        ("chainable:1,2,2,2;2,2,2,1", "factors 0 and 1 are not chainable"),
    ],
)
def test_bad_kronecker(source: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        build(source)


def test_too_many_kronecker_factors_are_refused_before_they_are_read() -> None:
    with pytest.raises(InputError, match="at most 1000 factors, found 100000"):
        build("kronecker:" + ";" * 99_999)
