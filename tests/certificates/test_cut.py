"""Cuts: the kernel's rank in parts against the whole linear map, path by path."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from flint import nmod_mat

from cadlink.certificates.kernel import check_proof
from cadlink.certificates.kernel.drawn import independent, times
from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.clock import Clock
from cadlink.errors import CertificateError
from cadlink.modular import full_row_rank
from cadlink.patterns.families import build
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules import deep_matching, pipeline

PRIME = 2147483629
Path = tuple[int, ...]


def cut(pins: list[list[int]], **changes: Any) -> dict[str, Any]:
    data = {"pins": pins, "seed": 0, "prime": PRIME} | changes
    return {"rule": "cut", "data": data, "parts": []}


def accepted(pattern: Pattern, proof: dict[str, Any]) -> bool:
    try:
        return check_proof(pattern, proof).conclusion == "free"
    except CertificateError:
        return False


def paths(pattern: Pattern) -> list[Path]:
    found: list[Path] = [(k,) for k in range(pattern.widths[0])]
    for mask in pattern.layers:
        dense = mask.toarray()
        found = [(*w, int(i)) for w in found for i in np.flatnonzero(dense[:, w[-1]])]
    return found


def rank(rows: list[list[int]], prime: int) -> int:
    rows = [list(row) for row in rows]
    done = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((r for r in range(done, len(rows)) if rows[r][column] % prime), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        scale = pow(rows[done][column], -1, prime)
        for r in range(done + 1, len(rows)):
            factor = rows[r][column] * scale % prime
            if factor:
                rows[r] = [
                    (a - factor * b) % prime for a, b in zip(rows[r], rows[done], strict=True)
                ]
        done += 1
    return done


def onto(pattern: Pattern, pins: list[list[int]]) -> bool:
    """The theorem read literally: all paths, other random numbers, another prime."""
    chance, prime = random.Random(7), 2**61 - 1
    inside = [set(range(pattern.widths[0])), *map(set, pins), set()]
    weight: dict[tuple[int, int, int], int] = {}
    cells: dict[tuple[int, int], int] = {}
    variables: dict[tuple[int, int, int], int] = {}
    entries: dict[tuple[int, int], int] = {}
    for path in paths(pattern):
        cell = cells.setdefault((path[-1], path[0]), len(cells))
        edges = [(layer, *edge) for layer, edge in enumerate(itertools.pairwise(path))]
        leaves = [e for e in edges if e[1] in inside[e[0]] and e[2] not in inside[e[0] + 1]]
        if any(e[1] not in inside[e[0]] and e[2] in inside[e[0] + 1] for e in edges):
            continue
        assert len(leaves) == 1
        value = 1
        for edge in edges:
            if edge != leaves[0]:
                value *= weight.setdefault(edge, chance.randrange(1, prime))
        place = (cell, variables.setdefault(leaves[0], len(variables)))
        entries[place] = entries.get(place, 0) + value
    table = [[0] * max(1, len(variables)) for _ in cells]
    for (cell, variable), value in entries.items():
        table[cell][variable] = value % prime
    return rank(table, prime) == len(cells)


def test_the_kernel_agrees_with_the_whole_linear_map() -> None:
    chance = random.Random(3)
    free = other = deep = 0
    for _ in range(500):
        widths = [chance.randint(1, 4) for _ in range(chance.choice([3, 4, 4, 5]))]
        masks = [
            [[int(chance.random() < 0.7) for _ in range(a)] for _ in range(b)]
            for a, b in itertools.pairwise(widths)
        ]
        pattern = Pattern.of(masks)
        pins = [[i for i in range(n) if chance.random() < 0.3] for n in widths[1:-1]]
        expected = onto(pattern, pins)
        assert accepted(pattern, cut(pins)) == expected, (pattern.inline(), pins)
        if not any(pins):
            matching = {"rule": "deep_matching", "data": {"seed": 5, "prime": PRIME}, "parts": []}
            assert accepted(pattern, matching) == expected
        free += expected
        other += not expected
        deep += expected and any(pins[1:])
    assert min(free, other) > 100
    assert deep > 20


def test_a_chain_that_is_not_closed_is_refused_with_any_pins() -> None:
    for source in ("11/01;10/11", "110/011/101;11/11;111/111"):
        pattern = read(source) if source.count("/") == 2 else build("lu:3")
        hidden = [range(width) for width in pattern.widths[1:-1]]
        for chosen in itertools.product(*(subsets(units) for units in hidden)):
            assert not accepted(pattern, cut([list(part) for part in chosen]))


def subsets(units: range) -> list[tuple[int, ...]]:
    return [c for n in range(len(units) + 1) for c in itertools.combinations(units, n)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pins": [[]]}, "a list of 2 entries"),
        ({"pins": [[3], []]}, "pin of layer 1 of the problem"),
        ({"pins": [[0, 0], []]}, "pin of layer 1s in ascending order"),
        ({"prime": 2147483627}, "a prime number"),
        ({"prime": 2}, "from 3"),
        ({"seed": -1}, "seed"),
    ],
)
def test_every_hypothesis(changes: dict[str, Any], message: str) -> None:
    pattern = read("11/11/10;111/111;11/11")
    assert accepted(pattern, cut([[], []]))
    with pytest.raises(CertificateError, match=message):
        check_proof(pattern, cut([[], []], **changes) if "pins" not in changes else cut(**changes))


@pytest.mark.parametrize(
    ("source", "pins", "message"),
    [
        ("010/110;11/11;01/11", [[], [0]], "at least 2 edges that leave the pins"),
        ("11/10;11/01/01;101/001", [[0], [2]], "rank 2 of the demands on the pins"),
        ("010/110;11/11;01/11", [[], []], "at least 1 edges"),
    ],
)
def test_every_rank(source: str, pins: list[list[int]], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check_proof(read(source), cut(pins))


def test_the_columns_passed_over_are_needed() -> None:
    # Column 2 has its matchings and the rest is a star, but LU is not closed.
    with pytest.raises(CertificateError, match="edges that leave the pins"):
        check_proof(read("10/11;11/01"), cut([[]]))


def test_hidden_layers_without_units_are_no_obstacle() -> None:
    layers = [["1"], ["0"], ["1"]]
    proof = {"rule": "twins", "data": {}, "parts": [cut([[], []])]}
    assert check_proof({"layers": layers}, proof).conclusion == "free"
    deep = {"rule": "deep_matching", "data": {"seed": 0, "prime": PRIME}, "parts": []}
    proof = {"rule": "twins", "data": {}, "parts": [deep]}
    assert check_proof({"layers": layers}, proof).conclusion == "free"


def test_without_pins_nothing_is_multiplied_below_them() -> None:
    pattern = build("random:1500-900-700-10,0.05,0")
    tree = pipeline.taken(deep_matching.RULE, pattern, Clock.of(60))
    assert tree is not None
    assert check_proof(pattern, pipeline.proof(tree)).conclusion == "free"


@pytest.mark.parametrize("prime", [3, 7, 65537, PRIME, 2**31 - 1])
def test_matrices_that_are_eliminated_together_have_flints_rank(prime: int) -> None:
    chance = np.random.default_rng(prime)
    both = set()
    for _ in range(60):
        rows, cols = chance.integers(1, 9, size=2).tolist()
        # Few and large numbers, some products of thin matrices: many ranks, and the largest sums.
        stack = chance.choice(
            [0, 1, prime // 2, prime - 1], size=(20, rows, cols), p=[0.4, *[0.2] * 3]
        )
        stack[::4] = chance.integers(0, prime, size=stack[::4].shape)
        stack[1::4, -1] = stack[1::4, 0] * (prime - 2) % prime
        full = [nmod_mat(rows, cols, one.ravel().tolist(), prime).rank() == rows for one in stack]
        assert independent(stack, prime, Reader({}, "proof", Budget())).tolist() == full
        if prime == PRIME:
            assert full_row_rank(stack).tolist() == full
        both |= set(full)
    assert both == {False, True}


@pytest.mark.parametrize("prime", [3, 65537, 2**31 - 1])
def test_products_of_the_largest_numbers_are_exact(prime: int) -> None:
    chance = np.random.default_rng(prime)
    for middle in (1, 63, 64, 65, 200):
        for least in (0, prime - 2):
            left = chance.integers(least, prime, size=(5, middle))
            right = chance.integers(least, prime, size=(middle, 4))
            exact = left.astype(object) @ right.astype(object) % prime
            assert (
                times(left, right, prime, Reader({}, "proof", Budget())).tolist() == exact.tolist()
            )
