"""Figures (matplotlib, extra [plot]): masks with the obstruction marked, and training runs.

No global state: figures are made without pyplot, so nothing is shown and nothing stays open.
"""

from __future__ import annotations

import io
import logging
import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from cadlink import files
from cadlink.errors import InputError, quoted
from cadlink.networks.concerned_units import Obstruction
from cadlink.patterns.pattern import Mask, Pattern

if TYPE_CHECKING:
    from cadlink.networks.experiments.demo import Demonstration
    from cadlink.networks.experiments.training import Run

__all__ = [
    "BLUE",
    "SKY",
    "demo_figure",
    "draw",
    "mask_figure",
    "new_figure",
    "pair_figure",
    "runs_figure",
    "save",
    "writable",
]

# Colours that stay apart in print and for colour-blind eyes (Okabe and Ito).
BLUE, ORANGE, SKY, GREY = "#0072B2", "#D55E00", "#56B4E9", "#555555"
Trace = tuple[Sequence[float], Sequence[float], Sequence[float]]
SUFFIXES = (".png", ".svg", ".pdf")
SMALL = 40  # masks up to this size are drawn with every cell visible
DPI = 200


def new_figure(width: float, height: float) -> Any:
    """An empty figure; InputError if matplotlib is not installed."""
    # On a first run matplotlib reports that it builds its font cache, which is nobody's news here.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("matplotlib is not installed: pip install 'cadlink[plot]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def writable(path: Path, where: str) -> None:
    """Raises InputError, naming ``where``, if no figure can be put there: to be asked before the
    work begins."""
    if path.suffix.lower() not in SUFFIXES:
        expected = f"a name ending in {', '.join(SUFFIXES)}"
        raise InputError(f"expected {expected}, found {quoted(str(path))}", where)
    files.writable(path, where)


def save(figure: Any, path: str | Path) -> None:
    """Write a figure; the suffix says how (.png, .svg, .pdf).  Text in an SVG stays text."""
    target = Path(path)
    writable(target, str(path))
    buffer = io.BytesIO()
    draw(figure, buffer, target.suffix.lower())
    files.write(target, buffer.getvalue())


def draw(figure: Any, stream: IO[bytes], kind: str) -> None:
    """Write a figure to a stream in the format of a suffix."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cadlink"}):
        figure.savefig(stream, format=kind[1:], dpi=DPI, metadata=_undated(kind))


def _undated(kind: str) -> dict[str, None]:
    """The same figure gives the same file."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(kind, {})


# -- masks -----------------------------------------------------------------------------------------


def mask_figure(
    pattern: Pattern,
    obstruction: Obstruction | None = None,
    title: str = "",
    caption: bool = True,
) -> Any:
    """The masks side by side, the rows and columns of the obstruction marked.

    Where a mask is too large to see single cells, a second row of panels shows the marked units
    alone, cell by cell, with their numbers.  ``caption``: say below which they are.

    >>> mask_figure(Pattern.of(["11/01", "10/11"])).get_size_inches().tolist()
    [5.0, 3.0]
    """
    large = max(pattern.widths) > SMALL
    zoom = large and obstruction is not None
    shapes = [mask.shape for mask in pattern.layers]
    ratios = [
        min(3.0, max(0.6, cols / max(rows, 1) if not large else 1.4)) for rows, cols in shapes
    ]
    if not large:
        ratios = [max(1.0, cols / 4) for _, cols in shapes]
    figure = new_figure(
        min(16.0, 2.5 * pattern.depth + (2.5 if large else 0)), 5.6 if zoom else 3.0
    )
    grid = figure.add_gridspec(
        2 if zoom else 1,
        pattern.depth,
        width_ratios=ratios,
        height_ratios=[3, 2] if zoom else [1],
    )
    for layer, mask in enumerate(pattern.layers):
        axes = figure.add_subplot(grid[0, layer])
        rows = () if obstruction is None else obstruction.units[layer + 1]
        cols = () if obstruction is None else obstruction.units[layer]
        _whole(axes, mask, rows, cols)
        _names(axes, layer, pattern.depth)
        axes.set_title(f"layer {layer}: {mask.shape[0]} x {mask.shape[1]}", fontsize=9)
        if zoom:
            below = figure.add_subplot(grid[1, layer])
            _part(below, mask, rows, cols)
            _names(below, layer, pattern.depth)
            below.set_title("the marked rows and columns", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=10)
    if caption and obstruction is not None:
        figure.supxlabel(
            "\n".join(textwrap.wrap(f"marked: {obstruction.words}", 90)), fontsize=8, color=GREY
        )
    return figure


def _names(axes: Any, layer: int, depth: int) -> None:
    """What the rows and columns are."""
    axes.set_xlabel("inputs" if layer == 0 else f"hidden layer {layer}", fontsize=8)
    axes.set_ylabel("outputs" if layer + 1 == depth else f"hidden layer {layer + 1}", fontsize=8)
    axes.tick_params(labelsize=7, length=2)


def _whole(axes: Any, mask: Mask, rows: Sequence[int], cols: Sequence[int]) -> None:
    """The whole mask."""
    height, width = mask.shape
    box = (-0.5, width - 0.5, height - 0.5, -0.5)
    dense = mask.toarray()
    if max(mask.shape) <= SMALL:
        _edges(axes, dense, range(height), range(width), rows, cols)
        _cells(axes, height, width)
        step = 5 if max(mask.shape) > 12 else 1
        axes.set_xticks(range(0, width, step))
        axes.set_yticks(range(0, height, step))
    else:
        # A dot for every edge, so that single edges of a sparse mask stay visible in any size.
        at = np.argwhere(dense)
        share = len(at) / dense.size
        size = max(0.3, min(3.0, 150_000 / max(dense.size, 1)))
        if share > 0.3 or len(at) > 60_000:
            axes.imshow(
                dense,
                cmap="Greys",
                vmin=0,
                vmax=1.6,
                extent=box,
                aspect="auto",
                interpolation="antialiased",
            )
        else:
            axes.scatter(
                at[:, 1],
                at[:, 0],
                s=size,
                c=GREY,
                marker="s",
                linewidths=0,
                rasterized=len(at) > 2_000,
            )
    axes.set_xlim(box[:2])
    axes.set_ylim(box[2:])
    thin = 0.8 if max(mask.shape) > SMALL else 0.0
    for row in rows:
        axes.axhspan(row - 0.5, row + 0.5, color=SKY, alpha=0.35, linewidth=thin)
    for col in cols:
        axes.axvspan(col - 0.5, col + 0.5, color=SKY, alpha=0.35, linewidth=thin)


def _edges(
    axes: Any,
    dense: Any,
    heights: Sequence[int],
    places: Sequence[int],
    rows: Sequence[int],
    cols: Sequence[int],
) -> None:
    """A square for every edge, coloured where a marked row meets a marked column."""
    from matplotlib.patches import Rectangle

    for row, col in np.argwhere(dense).tolist():
        marked = row in rows and col in cols
        corner = (places[col] - 0.32, heights[row] - 0.32)
        colour = ORANGE if marked else GREY
        axes.add_patch(Rectangle(corner, 0.64, 0.64, facecolor=colour, linewidth=0, zorder=3))


def _part(axes: Any, mask: Mask, rows: Sequence[int], cols: Sequence[int]) -> None:
    """Some rows and columns of a mask, cell by cell."""
    some_rows, some_cols = list(rows)[:SMALL], list(cols)[:SMALL]
    dense = mask[some_rows, :][:, some_cols].toarray() if some_rows and some_cols else None
    if dense is None:
        axes.set_axis_off()
        return
    everywhere = range(max(dense.shape))
    _edges(axes, dense, everywhere, everywhere, everywhere, everywhere)
    _cells(axes, len(some_rows), len(some_cols))
    axes.set_xlim(-0.5, len(some_cols) - 0.5)
    axes.set_ylim(len(some_rows) - 0.5, -0.5)
    axes.set_xticks(range(len(some_cols)), list(map(str, some_cols)))
    axes.set_yticks(range(len(some_rows)), list(map(str, some_rows)))


def _cells(axes: Any, height: int, width: int) -> None:
    """Lines around the cells, which are squares."""
    axes.set_aspect("equal")
    for edge in range(height + 1):
        axes.axhline(edge - 0.5, color="#cccccc", linewidth=0.5)
    for edge in range(width + 1):
        axes.axvline(edge - 0.5, color="#cccccc", linewidth=0.5)


# -- runs ------------------------------------------------------------------------------------------


def pair_figure(trace: Trace, units: tuple[int, int]) -> Any:
    """What two units that nearly cancel add to an output at the points, and their sum.

    >>> figure = pair_figure(((0.0, 1.0), (0.0, 5.0), (0.0, -4.0)), (0, 1))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['added to an output', 'together']
    """
    places, one, other = trace
    figure = new_figure(7.0, 3.2)
    left, right = figure.subplots(1, 2)
    left.plot(places, one, ".", color=BLUE, markersize=5, label=f"unit {units[0]}")
    left.plot(places, other, ".", color=ORANGE, markersize=5, label=f"unit {units[1]}")
    together = [a + b for a, b in zip(one, other, strict=True)]
    right.plot(places, together, ".", color=GREY, markersize=5)
    left.set(ylabel="added to an output", title="the two units")
    right.set(ylabel="together", title="their sum")
    left.legend(fontsize=8, frameon=False)
    for axes in (left, right):
        axes.set_xlabel("what both receive (scaled)", fontsize=9)
        axes.grid(True, color="#dddddd", linewidth=0.5)
        axes.tick_params(labelsize=8)
        axes.title.set_fontsize(9)
    return figure


# -- training --------------------------------------------------------------------------------------


def demo_figure(demo: Demonstration, title: str = "") -> Any:
    """The figure of a demonstration; see :func:`runs_figure`."""
    return runs_figure(demo.plain, demo.decayed, demo.theory, title)


def runs_figure(
    plain: Run, decayed: Run, theory: Sequence[tuple[float, float]], title: str = ""
) -> Any:
    """Loss and largest weight along two runs, and one against the other with the theory.

    ``theory``: (loss, largest weight) of the explicit minimising sequence.
    """
    figure = new_figure(10.0, 3.3)
    left, middle, right = figure.subplots(1, 3)
    runs = (
        (plain, BLUE, "-", "no regularisation"),
        (decayed, ORANGE, "--", f"weight decay {decayed.decay:g}"),
    )
    end = max(run.steps[-1] for run, *_ in runs) + 1
    for run, colour, style, label in runs:
        # A run that ended early, at a minimum, stays there.
        steps = [step + 1 for step in run.steps] + [end]
        loss, largest = _positive(run.loss), list(run.largest)
        left.plot(steps, [*loss, loss[-1]], style, color=colour, label=label, linewidth=1.4)
        middle.plot(steps, [*largest, largest[-1]], style, color=colour, linewidth=1.4)
        right.plot(largest, loss, style, color=colour, label=label, linewidth=1.2)
        right.plot(largest[-1:], loss[-1:], "o", color=colour, markersize=4)
    least = min(plain.loss) / 10
    shown = max(6, sum(1 for loss, _ in theory if loss >= least))
    right.plot(
        [largest for _, largest in theory[:shown]],
        [loss for loss, _ in theory[:shown]],
        "k:",
        marker=".",
        markersize=4,
        linewidth=1.0,
        label=r"explicit sequence $\theta_k$",
    )
    word = {"adam": "Adam step", "lbfgs": "L-BFGS iteration"}[plain.method]
    left.set(xlabel=word, ylabel="loss", title="loss")
    middle.set(xlabel=word, ylabel="largest |weight|", title="largest weight")
    right.set(xlabel="largest |weight|", ylabel="loss", title="loss against weight size")
    for axes in (left, middle, right):
        axes.set_xscale("log")
        axes.set_yscale("log")
        _decades(axes)
        axes.grid(True, which="major", color="#dddddd", linewidth=0.5)
        axes.tick_params(labelsize=8)
        axes.title.set_fontsize(9)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    left.legend(fontsize=8, frameon=False, loc="lower left")
    right.legend(fontsize=8, frameon=False, loc="best")
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _decades(axes: Any) -> None:
    """Labels at powers of ten only, and at least two of them on either axis."""
    from matplotlib.ticker import NullFormatter

    for axis, get, put in (
        (axes.xaxis, axes.get_xlim, axes.set_xlim),
        (axes.yaxis, axes.get_ylim, axes.set_ylim),
    ):
        axis.set_minor_formatter(NullFormatter())
        low, high = get()
        if math.floor(math.log10(high)) - math.ceil(math.log10(low)) < 1:
            put(
                min(low, 10.0 ** math.floor(math.log10(low))),
                max(high, 10.0 ** math.ceil(math.log10(high))),
            )


def _positive(values: Sequence[float]) -> list[float]:
    """For a logarithmic scale: exact zeros (which no attained infimum allows) become gaps."""
    return [value if value > 0 else float("nan") for value in values]
