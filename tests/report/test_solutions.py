"""Solution sets drawn: what is filled, solid, dotted; points that belong and points that do not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex

from cadlink.errors import FormulaError
from cadlink.logic.reader import from_text
from cadlink.networks.experiments.plots import BLUE, save
from cadlink.report.solutions import solutions_figure


def test_a_line_has_exact_ends() -> None:
    figure = solutions_figure(from_text("x^3 - 3*x > 0 or x = 0 or x^2 = 9"))
    (axes,) = figure.axes
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    filled = {
        round(float(dot.get_xdata()[0]), 3): to_hex(dot.get_markerfacecolor()) == BLUE.lower()
        for dot in dots
    }
    assert filled == {-3.0: True, -1.732: False, 0.0: True, 1.732: False, 3.0: True}
    bars = [tuple(line.get_xdata()) for line in axes.lines if line.get_marker() != "o"]
    assert len(bars) == 3  # from -sqrt 3 to 0, from sqrt 3 to 3, and on
    assert np.isclose(bars[0], (-(3**0.5), 0)).all()


def test_a_curve_in_the_plane_is_solid_where_it_belongs(tmp_path: Path) -> None:
    figure = solutions_figure(from_text("y = x^2 and x > 0"))
    (axes,) = figure.axes
    solid = np.concatenate(
        [line.get_xydata() for line in axes.lines if line.get_linestyle() == "-"]
    )
    shown = solid[~np.isnan(solid).any(axis=1)]
    assert len(shown) > 50
    assert (shown[:, 0] > 0).all()
    assert np.allclose(shown[:, 1], shown[:, 0] ** 2, atol=1e-3)
    assert not axes.collections or all(len(c.get_paths()) <= 1 for c in axes.collections)
    save(figure, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["x > 0 and y > 0 and z > 0", "1 > 0", "exists y: y > x"])
def test_other_numbers_of_variables_are_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="expected one or two to draw"):
        solutions_figure(from_text(text))


def test_the_command_draws_its_answer(tmp_path: Path) -> None:
    target = tmp_path / "shadow.svg"
    command = [sys.executable, "-m", "cadlink", "eliminate", "exists z: x^2 + y^2 + z^2 = 1"]
    done = subprocess.run([*command, "--plot", str(target)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "x^2 + y^2 - 1 &lt;= 0" in target.read_text()
    done = subprocess.run([*command, "--plot", f"{tmp_path}/none/x.png"], capture_output=True)
    assert done.returncode == 1
    assert b"--plot" in done.stderr
    assert done.stdout == b""
