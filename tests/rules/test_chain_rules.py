"""The chain rules one by one, each against a slow reading of its theorem's hypothesis."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.patterns.families import build
from cadlink.patterns.group import Group
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules import (
    block_tiling,
    dense_top,
    large_matching,
    merge,
    one_layer,
    split,
    trim,
    two_factors,
    unique_cut,
)
from cadlink.rules.pipeline import taken
from cadlink.rules.step import Conclusion

PRIME = 2_147_483_647
EVERY_RULE = [
    block_tiling,
    dense_top,
    large_matching,
    merge,
    one_layer,
    split,
    trim,
    two_factors,
    unique_cut,
]


def sample(widths: tuple[int, ...], count: int, density: float = 0.5) -> list[Pattern]:
    chance = np.random.default_rng(len(widths) * 100 + count)
    return [
        Pattern.of([chance.random((b, a)) < density for a, b in itertools.pairwise(widths)])
        for _ in range(count)
    ]


def walks(pattern: Pattern) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [(k,) for k in range(pattern.widths[0])]
    for mask in pattern.layers:
        dense = mask.toarray()
        found = [(*w, int(i)) for w in found for i in np.flatnonzero(dense[:, w[-1]])]
    return found


@pytest.mark.parametrize("widths", [(3, 3), (3, 2, 3), (2, 3, 3, 2)])
def test_trim_keeps_the_units_on_paths(widths: tuple[int, ...]) -> None:
    trimmed = 0
    for pattern in sample(widths, 50, 0.35):
        step = trim.find(pattern)
        all_walks = walks(pattern)
        units = [sorted({walk[n] for walk in all_walks}) for n in range(len(widths))]
        if step is None:
            assert units == [list(range(width)) for width in widths]
            continue
        assert step.parts == (pattern.select(units),)
        assert step.conclusion is Conclusion.SAME
        assert trim.find(step.parts[0]) is None
        trimmed += 1
    assert trimmed > 5


def test_a_pattern_without_paths_ends_well() -> None:
    for source in ("00/00", "00;1;1", "0/0;11"):
        step = trim.find(read(source))
        assert step is not None
        (nothing,) = step.parts
        assert set(nothing.widths) == {0}  # type: ignore[union-attr]
        leaf = block_tiling.find(nothing)
        assert leaf is not None
        assert leaf.conclusion is Conclusion.CLOSED
        for rule in (trim, split, merge, dense_top, unique_cut):
            again = rule.find(nothing)
            assert again is None or again.conclusion is not Conclusion.NOT_CLOSED


def test_split_orders_components_by_smallest_input() -> None:
    pattern = read("0101/1000/0010;100/010/001/010")
    step = split.find(pattern)
    assert step is not None
    parts = [part.widths for part in step.parts]  # type: ignore[union-attr]
    # inputs {0}, {1, 3}, {2}: units 1, 0, 2: outputs {1, 3}, {0}, {2}
    assert parts == [(1, 1, 2), (2, 1, 1), (1, 1, 1)]
    assert step.conclusion is Conclusion.ALL


def test_split_is_the_direct_sum() -> None:
    chance = np.random.default_rng(0)
    for sizes in ("block:2-2-2,3-1-3", "block:1-1-1-1,2-2-2-2,1-2-1-2"):
        pattern = build(sizes)
        assert split.find(pattern) is not None
        moved = pattern.permute([chance.permutation(width) for width in pattern.widths])
        step = split.find(moved)
        assert step is not None
        assert sorted(part.digest for part in step.parts) == sorted(  # type: ignore[union-attr]
            build(f"dense:{chain}").digest for chain in sizes.partition(":")[2].split(",")
        )
    assert split.find(build("dense:2-1-2")) is None
    assert split.find(read("110/000;11")) is None  # not trimmed: that comes first


def test_one_layer() -> None:
    assert one_layer.find(read("10/01")) is not None
    assert one_layer.find(read("10/01;11")) is None


def test_two_factors_is_the_group_of_blocks() -> None:
    for pattern in sample((3, 4, 3), 40):
        step = two_factors.find(pattern)
        assert step is not None
        into, out = (mask.toarray() for mask in pattern.layers)
        blocks = [
            (set(np.flatnonzero(out[:, i]).tolist()), set(np.flatnonzero(into[i]).tolist()))
            for i in range(4)
        ]
        assert step.parts == (Group.of_blocks(blocks),)
    assert two_factors.find(build("dense:2000-2-2000")) is None  # too large to write down
    assert two_factors.find(build("dense:2-2-2-2")) is None


def rank(matrix: list[list[int]]) -> int:
    """The rank modulo a prime."""
    rows = [[entry % PRIME for entry in row] for row in matrix]
    found = 0
    for col in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(found, len(rows)) if rows[r][col]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        inverse = pow(rows[found][col], -1, PRIME)
        for r in range(found + 1, len(rows)):
            if rows[r][col]:
                scale = rows[r][col] * inverse % PRIME
                rows[r] = [
                    (a - scale * b) % PRIME for a, b in zip(rows[r], rows[found], strict=True)
                ]
        found += 1
    return found


def is_locally_everything(pair: Pattern) -> bool:
    """Whether the product map of a two-mask pattern has full rank somewhere on the support.

    A free pattern must pass; it is the independent witness for "free" here.
    """
    chance = np.random.default_rng(8)
    lower, upper = (mask.toarray() for mask in pair.layers)
    x1, x2 = (chance.integers(1, PRIME, mask.shape) * mask for mask in (lower, upper))
    cells = list(zip(*np.nonzero(pair.support().toarray()), strict=True))
    columns = []
    for i, k in zip(*np.nonzero(lower), strict=True):
        columns.append([int(x2[j, i]) if c == k else 0 for j, c in cells])
    for j, i in zip(*np.nonzero(upper), strict=True):
        columns.append([int(x1[i, k]) if r == j else 0 for r, k in cells])
    return rank(columns) == len(cells)


def test_matchings_are_free() -> None:
    fired = {"matching": 0, "transpose": 0}
    for pattern in sample((3, 3, 3), 80, 0.6) + sample((4, 3, 2), 40, 0.7) + sample((2, 3, 4), 40):
        tree = taken(large_matching.RULE, pattern)
        if tree is None or tree.step is None:
            continue
        fired[tree.step.rule] += 1
        assert is_locally_everything(pattern)
    assert min(fired.values()) > 3


def by_definition(pattern: Pattern) -> bool:
    """Every input: some choice of distinct units for its outputs, by trying all."""
    into, out = (mask.toarray() for mask in pattern.layers)
    for k in range(pattern.widths[0]):
        fed = np.flatnonzero(into[:, k])
        rows = [j for j in range(pattern.widths[2]) if out[j, fed].any()]
        if not any(
            all(out[j, i] for j, i in zip(rows, choice, strict=True))
            for choice in itertools.permutations(fed.tolist(), len(rows))
        ):
            return False
    return True


def test_saturation_is_what_the_theorem_says() -> None:
    answers = []
    for pattern in sample((3, 4, 3), 80, 0.6) + sample((3, 3, 3), 60, 0.5):
        answers.append(large_matching.saturated(pattern))
        assert answers[-1] == by_definition(pattern)
    assert {True, False} == set(answers)


def test_large_matchings() -> None:
    assert large_matching.find(build("dense:1000-1000-1000")) is not None
    assert large_matching.find(build("random:10000-10000-10000,0.005,0")) is None
    bidiagonal = np.eye(500) + np.eye(500, k=1)
    tree = taken(large_matching.RULE, Pattern.of([np.eye(500), bidiagonal]))
    assert tree is not None
    assert tree.step is not None
    assert tree.step.rule == "transpose"


def test_merge_replaces_a_free_pair_by_its_product() -> None:
    merged = 0
    for pattern in sample((3, 3, 3), 60, 0.6) + sample((2, 3, 3, 2), 60, 0.6):
        if trim.find(pattern) is not None:
            continue
        step = merge.find(pattern)
        if step is None:
            continue
        merged += 1
        layer = step.data["layer"]
        pair = pattern.part(layer - 1, layer + 1)
        assert is_locally_everything(pair)
        (part,) = step.parts
        assert isinstance(part, Pattern)
        assert part.depth == pattern.depth - 1
        assert part.layers[layer - 1].toarray().tolist() == pair.support().toarray().tolist()
        assert (part.support() != pattern.support()).nnz == 0
    assert merged > 10


def test_merge_takes_proofs_from_others() -> None:
    asked: list[Pattern] = []

    def nobody(pair: Pattern, clock: Clock) -> None:
        asked.append(pair)

    lu = build("lu:2")
    assert merge.find(lu, free_proof=nobody) is None
    assert asked == [lu]
    step = merge.find(lu, free_proof=lambda pair, clock: Proof("some_rule"))
    assert step is not None
    assert step.data == {"layer": 1, "proof": {"rule": "some_rule", "data": {}, "parts": []}}


def laminar(sets: list[set[int]]) -> bool:
    return all(a <= b or b <= a or not a & b for a, b in itertools.combinations(sets, 2))


@pytest.mark.parametrize("widths", [(4, 3, 2), (3, 4, 2), (4, 3, 2, 2)])
def test_dense_tops_are_laminar(widths: tuple[int, ...]) -> None:
    answers = []
    for bottom in sample(widths[:2], 80, 0.4):
        ones = [np.ones((b, a)) for a, b in itertools.pairwise(widths[1:])]
        pattern = Pattern.of([bottom.layers[0], *ones])
        rows = [set(np.flatnonzero(row).tolist()) for row in bottom.layers[0].toarray()]
        answers.append(dense_top.has_dense_top(pattern))
        assert answers[-1] == laminar(rows)
        assert (taken(dense_top.RULE, pattern.transpose()) is not None) == answers[-1]
    assert {True, False} == set(answers)


def test_dense_tops_need_their_ones() -> None:
    for source in ("11/11;11/10;11/11", "11/01", "lu:2"):
        assert taken(dense_top.RULE, read(source)) is None


def test_tilings_have_one_path_between_classes() -> None:
    answers = []
    patterns = sample((3, 3, 3), 120, 0.4) + sample((3, 2, 2, 3), 120, 0.6)
    for pattern in patterns:
        if trim.find(pattern) is not None:
            assert block_tiling.find(pattern) is None
            continue
        firsts = [
            [u for u in range(width) if u == labels.tolist().index(labels[u])]
            for labels, width in zip(pattern.twins(), pattern.widths, strict=True)
        ]
        ends = [(walk[0], walk[-1]) for walk in walks(pattern.select(firsts))]
        answers.append(block_tiling.find(pattern) is not None)
        assert answers[-1] == (len(set(ends)) == len(ends))
    assert {True, False} == set(answers)


@pytest.mark.parametrize(
    "source",
    ["butterfly:1024", "monarch:1024", "dense:500-20-500-30-400", "block:20-3-30,5-5-5", "lu:1"],
)
def test_large_tilings(source: str) -> None:
    step = block_tiling.find(build(source))
    assert step is not None
    assert step.conclusion is Conclusion.CLOSED


def test_tilings_of_twins_in_disguise() -> None:
    chance = np.random.default_rng(2)
    pattern = build("butterfly:8")
    thick = pattern.select([list(range(8))] * 4)
    doubled = Pattern.of([np.kron(mask.toarray(), np.ones((2, 2))) for mask in thick.layers])
    moved = doubled.permute([chance.permutation(width) for width in doubled.widths])
    assert block_tiling.find(moved) is not None
    assert unique_cut.find(moved) is None
    extra = [mask.toarray() for mask in pattern.layers]
    extra[0][0, 7] = True
    assert block_tiling.find(Pattern.of(extra)) is None


def test_counting_paths_does_not_overflow() -> None:
    # 2^199 paths; counted in 64-bit integers they would wrap to 0
    step_up = [np.array([[1, 1], [0, 1]]), np.array([[1, 0], [1, 1]])]
    assert block_tiling.find(Pattern.of(step_up * 100)) is None
    assert block_tiling.find(build("dense:" + "-".join(["2"] * 900))) is not None
