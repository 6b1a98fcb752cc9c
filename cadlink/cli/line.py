"""One line on stderr that is written over and over; only on a terminal."""

from __future__ import annotations

import shutil
import sys

__all__ = ["clear", "show"]

START = "\r\x1b[K"  # back to the start of the line, and clear it


def show(line: str) -> None:
    """Write over the line, cut to what fits."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        print(START + line[: width - 1], end="", file=sys.stderr, flush=True)


def clear() -> None:
    """Take the line away."""
    if sys.stderr.isatty():
        print(START, end="", file=sys.stderr, flush=True)
