"""Figures are written, hold the right marks, and do not depend on the hour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cadlink import Pattern, read
from cadlink.cli.highlight import highlight
from cadlink.errors import InputError
from cadlink.networks import decide_network
from cadlink.networks.concerned_units import Obstruction, obstruction_of
from cadlink.networks.data import training_set
from cadlink.networks.experiments.demo import demonstrate
from cadlink.networks.experiments.plots import demo_figure, mask_figure, save


def pruned() -> Pattern:
    chance = np.random.default_rng(0)
    return Pattern.of([chance.random((300, 784)) < 0.05, chance.random((10, 300)) < 0.05])


def test_obstruction_of_each_kind() -> None:
    verdict = decide_network("lu:100")
    cut = training_set(verdict, "N1").witness
    found = obstruction_of(verdict.pattern, cut)
    assert found is not None
    assert [len(units) for units in found.units] == [2, 1, 2]
    tall = decide_network("dense:2-1-2-1")
    deep = obstruction_of(tall.pattern, tall)
    assert deep is not None
    assert deep.units == ((0, 1), (0,), (0, 1), (0,))
    safe = decide_network("dense:2-2-1")
    assert obstruction_of(safe.pattern, safe) is None


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_masks_of_any_size(suffix: str, tmp_path: Path) -> None:
    for number, pattern in enumerate((read("lu:4"), pruned(), read("dense:2-1-2-1"))):
        verdict = decide_network(pattern)
        marked = obstruction_of(pattern, verdict)
        assert marked is not None
        path = tmp_path / f"{number}{suffix}"
        save(mask_figure(pattern, marked, "title"), path)
        content = path.read_bytes()
        again = tmp_path / f"again{suffix}"
        save(mask_figure(pattern, marked, "title"), again)
        assert again.read_bytes() == content
        if suffix == ".svg":
            text = content.decode()
            assert "marked: input" in text
            for unit in marked.units[0][:2]:  # numbers of the marked columns are text
                assert f">{unit}</text>" in text


def test_demo_figure(tmp_path: Path) -> None:
    data = training_set(decide_network("lu:2"), "N1")
    demo = demonstrate(data, steps=40, starts=1, engine="scipy")
    path = tmp_path / "runs.svg"
    save(demo_figure(demo, "lu:2"), path)
    text = path.read_text(encoding="utf-8")
    for word in ("no regularisation", "weight decay 0.001", "loss", "largest |weight|"):
        assert word in text
    with pytest.raises(InputError, match=r"ending in \.png"):
        save(demo_figure(demo), tmp_path / "runs.bmp")
    with pytest.raises(InputError, match="cannot write"):
        save(demo_figure(demo), tmp_path / "nowhere" / "runs.png")


def test_terminal_picture() -> None:
    text = highlight(read("lu:2"), Obstruction(((0, 1), (0,), (0, 1))))
    assert text.splitlines() == [
        "layer 0, 2 x 2",
        "    vv",
        "  > @@",
        "    .#",
        "layer 1, 2 x 2",
        "    v",
        "  > @.",
        "  > @#",
    ]
    pattern = pruned()
    verdict = decide_network(pattern)
    marked = obstruction_of(pattern, verdict)
    assert marked is not None
    lines = highlight(pattern, marked).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("  >") for line in lines) >= 2
    assert sum("marked rows and columns" in line for line in lines) == 2
