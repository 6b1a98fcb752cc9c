"""Masks for a terminal with the rows and columns of an obstruction marked."""

from __future__ import annotations

from collections.abc import Sequence

from cadlink.cli.picture import COLUMNS, ROWS, SMALL, density
from cadlink.networks.concerned_units import Obstruction
from cadlink.patterns.pattern import Mask, Pattern

__all__ = ["highlight"]

MOST = 16  # marked rows and columns shown of a large mask


def highlight(pattern: Pattern, obstruction: Obstruction) -> str:
    """The masks, '>' before marked rows and 'v' above marked columns.

    Small masks entry by entry: '#' edge, '.' none, and '@' and 'o' where a marked row meets a
    marked column.  Large ones by density, and then the marked rows and columns alone.

    >>> print(highlight(Pattern.of(["11/01"]), Obstruction(((0,), (0, 1)))))
    layer 0, 2 x 2
        v
      > @#
      > o#
    """
    lines = []
    for number, mask in enumerate(pattern.layers):
        rows, cols = obstruction.units[number + 1], obstruction.units[number]
        lines.append(f"layer {number}, {mask.shape[0]} x {mask.shape[1]}")
        if max(mask.shape) <= SMALL:
            lines += _small(mask, rows, cols)
        else:
            lines += _large(mask, rows, cols)
    return "\n".join(lines)


def _small(mask: Mask, rows: Sequence[int], cols: Sequence[int]) -> list[str]:
    marked = set(cols)
    lines = ["    " + "".join("v" if k in marked else " " for k in range(mask.shape[1])).rstrip()]
    for j, row in enumerate(mask.toarray().tolist()):
        arrow = ">" if j in rows else " "
        text = "".join(
            ("@" if edge else "o") if j in rows and k in marked else ("#" if edge else ".")
            for k, edge in enumerate(row)
        )
        lines.append(f"  {arrow} {text}")
    return lines


def _large(mask: Mask, rows: Sequence[int], cols: Sequence[int]) -> list[str]:
    """The density picture with marks at the rectangles that hold marked lines; then these alone."""
    height, width = (min(n, most) for n, most in zip(mask.shape, (ROWS, COLUMNS), strict=True))
    above = {k * width // mask.shape[1] for k in cols}
    beside = {j * height // mask.shape[0] for j in rows}
    lines = ["    " + "".join("v" if k in above else " " for k in range(width)).rstrip()]
    for j, text in enumerate(density(mask)):
        lines.append(f"  {'>' if j in beside else ' '} {text}")
    some_rows, some_cols = list(rows)[:MOST], list(cols)[:MOST]
    if not some_rows or not some_cols:
        return lines
    part = mask[some_rows, :][:, some_cols].toarray().tolist()
    wide = [str(k) for k in some_cols]
    label = max(len(str(j)) for j in some_rows)
    lines.append("  the marked rows and columns:")
    lines.append("    " + " " * label + "  " + "  ".join(wide))
    for j, row in zip(some_rows, part, strict=True):
        cells = "  ".join(("@" if e else "o").rjust(len(w)) for e, w in zip(row, wide, strict=True))
        lines.append(f"    {j:>{label}}  {cells}")
    if len(rows) > MOST or len(cols) > MOST:
        lines.append(f"    (the first {MOST} of each)")
    return lines
