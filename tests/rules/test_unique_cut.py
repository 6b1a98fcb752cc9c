"""The unique cut against its definition, and its limit point built with exact numbers."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from cadlink.patterns.families import build
from cadlink.patterns.pattern import Pattern
from cadlink.rules import unique_cut
from cadlink.rules.step import Conclusion


def paths(pattern: Pattern, output: int, input_: int) -> list[tuple[int, ...]]:
    """All paths as unit numbers, layer 0 first, by walking."""
    walks = [(input_,)]
    for mask in pattern.layers:
        dense = mask.toarray()
        walks = [(*w, int(i)) for w in walks for i in np.flatnonzero(dense[:, w[-1]])]
    return [walk for walk in walks if walk[-1] == output]


def holds(pattern: Pattern, layer: int, unit: int, j: tuple[int, int], k: tuple[int, int]) -> bool:
    """The hypothesis of the theorem, word for word."""
    table = {(a, b): paths(pattern, a, b) for a in j for b in k}
    alone = [table[j[0], k[0]], table[j[0], k[1]], table[j[1], k[0]]]
    last = [walk[layer] == unit for walk in table[j[1], k[1]]]
    return (
        all(cell and all(walk[layer] == unit for walk in cell) for cell in alone)
        and not all(last)
        and bool(last)
    )


def exists(pattern: Pattern) -> bool:
    pairs_j = list(itertools.permutations(range(pattern.widths[-1]), 2))
    pairs_k = list(itertools.permutations(range(pattern.widths[0]), 2))
    return any(
        holds(pattern, layer, unit, j, k)
        for layer in range(1, pattern.depth)
        for unit in range(pattern.widths[layer])
        for j in pairs_j
        for k in pairs_k
    )


def sample(widths: tuple[int, ...], count: int, density: float = 0.6) -> list[Pattern]:
    chance = np.random.default_rng(3)
    return [
        Pattern.of([chance.random((b, a)) < density for a, b in itertools.pairwise(widths)])
        for _ in range(count)
    ]


@pytest.mark.parametrize("widths", [(3, 3, 3), (2, 3, 4), (2, 2, 2, 2), (3, 2, 2, 3), (2, 2)])
def test_it_fires_exactly_when_the_theorem_applies(widths: tuple[int, ...]) -> None:
    for pattern in sample(widths, 40):
        step = unique_cut.find(pattern)
        assert (step is not None) == exists(pattern)
        if step is not None:
            data = step.data
            assert step.conclusion is Conclusion.NOT_CLOSED
            assert holds(
                pattern, data["layer"], data["unit"], tuple(data["outputs"]), tuple(data["inputs"])
            )


def product(
    factors: list[dict[tuple[int, int], Fraction]], walks: list[tuple[int, ...]]
) -> Fraction:
    total = Fraction(0)
    for walk in walks:
        term = Fraction(1)
        for factor, (tail, head) in zip(factors, itertools.pairwise(walk), strict=True):
            term *= factor[head, tail]
        total += term
    return total


@pytest.mark.parametrize("widths", [(3, 3, 3), (4, 3, 3, 4), (4, 3, 3, 3, 4)])
def test_the_limit_is_reached_and_cannot_be_hit(widths: tuple[int, ...]) -> None:
    chance = np.random.default_rng(4)
    seen = 0
    for pattern in sample(widths, 60, 0.45):
        step = unique_cut.find(pattern)
        if step is None:
            continue
        seen += 1
        (j1, j2), (k1, k2) = step.data["outputs"], step.data["inputs"]
        layer, unit = step.data["layer"], step.data["unit"]
        factors = [
            {
                (int(i), int(j)): Fraction(int(chance.integers(1, 1000)))
                for i, j in zip(*np.nonzero(mask.toarray()), strict=True)
            }
            for mask in pattern.layers
        ]
        walks = paths(pattern, j2, k2)
        other = next(walk for walk in walks if walk[layer] != unit)
        edge = (other[layer], other[layer - 1])
        values = []
        for value in (0, 1):
            factors[layer - 1][edge] = Fraction(value)
            values.append(product(factors, walks))
        slope = values[1] - values[0]
        assert slope
        factors[layer - 1][edge] = -values[0] / slope
        assert product(factors, walks) == 0
        cells = ((j1, k1), (j1, k2), (j2, k1))
        corner, *stars = (product(factors, paths(pattern, *cell)) for cell in cells)
        # Row j1 times t, column k2 times 1/t: the corner tends to 0, the stars stay, 0 stays 0.
        assert corner
        assert all(stars)
    assert seen > 5


def test_large_masks() -> None:
    for source in ("lu:1000", "random:1000-1000-1000,0.05,0", "random:300-300-300-300,0.02,1"):
        step = unique_cut.find(build(source))
        assert step is not None
    wide = build("random:10000-10000-10000,0.005,0")
    step = unique_cut.find(wide)
    assert step is not None
    j, k = step.data["outputs"], step.data["inputs"]
    counts = (wide.layers[1].astype(int)[j, :] @ wide.layers[0].astype(int)[:, k]).toarray()
    assert counts[0].tolist() == [1, 1]
    assert counts[1, 0] == 1
    assert counts[1, 1] > 1


@pytest.mark.parametrize("dense", [True, False])
def test_the_full_product_finds_what_the_probes_cannot_see(
    monkeypatch: pytest.MonkeyPatch, dense: bool
) -> None:
    # Without probes the full product must find the same answers, in several blocks of rows.
    monkeypatch.setattr(unique_cut, "PROBES", 0)
    monkeypatch.setattr(unique_cut, "BLOCK", 8)
    monkeypatch.setattr(unique_cut, "FASTER", 10**9 if dense else 0)
    for pattern in sample((4, 3, 4), 40) + sample((3, 2, 2, 3), 30):
        step = unique_cut.find(pattern)
        assert (step is not None) == exists(pattern)
        if step is not None:
            assert holds(
                pattern,
                step.data["layer"],
                step.data["unit"],
                tuple(step.data["outputs"]),
                tuple(step.data["inputs"]),
            )


def test_closed_patterns_are_left_alone() -> None:
    for source in ("dense:30-20-30", "butterfly:64", "monarch:64", "dense:3-3"):
        assert unique_cut.find(build(source)) is None
