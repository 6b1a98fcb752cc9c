"""Pictures of patterns for a terminal; large masks are shown by their density."""

from __future__ import annotations

import math

import numpy as np

from cadlink.patterns.pattern import Mask, Pattern

__all__ = ["density", "picture"]

SMALL = 32  # masks up to this size are drawn entry by entry
ROWS, COLUMNS = 16, 48  # size of a density picture
MOST = 8  # layers drawn
SHADES = ".:-=+*%#"  # from no edge to all edges


def picture(pattern: Pattern) -> str:
    """The masks in forward order, rows are outputs; '#' is an edge, '.' is none.

    >>> print(picture(Pattern.of(["11/01"])))
    layer 0, 2 x 2, 3 edges
      ##
      .#
    """
    if max(pattern.widths) <= SMALL and pattern.depth <= MOST:
        return pattern.picture()
    lines = ["(a character stands for a rectangle of entries; . no edge, # all edges)"]
    for number, mask in enumerate(pattern.layers[:MOST]):
        share = mask.nnz / (mask.shape[0] * mask.shape[1])
        lines.append(
            f"layer {number}, {mask.shape[0]} x {mask.shape[1]}, {mask.nnz} edges ({share:.2%})"
        )
        lines += ["  " + row for row in density(mask)]
    if pattern.depth > MOST:
        lines.append(f"... and {pattern.depth - MOST} more layers")
    return "\n".join(lines)


def density(mask: Mask) -> list[str]:
    """The mask as rows of shades, each character standing for a rectangle of entries.

    >>> density(Pattern.of(["11/01"]).layers[0])
    ['##', '.#']
    """
    height, width = (min(n, most) for n, most in zip(mask.shape, (ROWS, COLUMNS), strict=True))
    found = mask.tocoo()
    rows = found.row.astype(np.int64) * height // mask.shape[0]
    cols = found.col.astype(np.int64) * width // mask.shape[1]
    counts = np.zeros((height, width))
    np.add.at(counts, (rows, cols), 1)
    # How many rows (columns) of the mask fall into each row (column) of the picture.
    tall = np.bincount(np.arange(mask.shape[0]) * height // mask.shape[0])
    wide = np.bincount(np.arange(mask.shape[1]) * width // mask.shape[1])
    shares = counts / np.outer(tall, wide)
    last = len(SHADES) - 1
    # Any edge at all is visible, and only a full rectangle gets the last shade.
    return ["".join(SHADES[_shade(share, last)] for share in row) for row in shares]


def _shade(share: float, last: int) -> int:
    if share in (0.0, 1.0):
        return int(share) * last
    return min(last - 1, math.floor(share * (last - 1)) + 1)
