"""Pictures: exact for small masks, true to the density of large ones."""

from __future__ import annotations

import numpy as np

from cadlink.cli.picture import COLUMNS, ROWS, SHADES, density, picture
from cadlink.patterns.pattern import Pattern


def test_a_small_pattern_is_drawn_exactly() -> None:
    assert picture(Pattern.of(["101/010"])).splitlines()[1:] == ["  #.#", "  .#."]


def test_a_large_mask_fits_a_terminal() -> None:
    lines = picture(Pattern.of([np.eye(999), np.ones((70, 999))])).splitlines()
    assert max(map(len, lines)) <= 79
    assert len(lines) == 1 + 2 * (1 + ROWS)


def test_many_layers_are_cut() -> None:
    assert "1 more" not in picture(Pattern.of([np.ones((1, 1))] * 8))
    assert "... and 5 more layers" in picture(Pattern.of([np.ones((1, 1))] * 13))


def test_extremes_are_told_from_nearly() -> None:
    """One edge among many shows, and so does one missing edge."""
    mask = np.zeros((10 * ROWS, 10 * COLUMNS))
    mask[:10, :10] = 1
    mask[0, 0] = 0
    mask[10:20, :10] = 1
    mask[20, 0] = 1
    rows = density(Pattern.of([mask]).layers[0])
    assert [row[0] for row in rows[:4]] == [SHADES[-2], SHADES[-1], SHADES[1], SHADES[0]]


def test_shades_do_not_decrease() -> None:
    """Uneven sizes: 100 rows on 16 lines; the share of ones grows from left to right."""
    mask = np.arange(1000)[None, :] > np.random.default_rng(0).permutation(1000)[:100, None]
    for row in density(Pattern.of([np.sort(mask, axis=0)]).layers[0]):
        assert list(row) == sorted(row, key=SHADES.index)
