"""A progress bar on stderr, only on a terminal."""

from __future__ import annotations

import sys
import time

from cadlink.cli.line import clear, show

__all__ = ["Bar"]

WIDTH = 24
PAUSE_S = 0.1  # between two updates


class Bar:
    """A context manager; call it with a text and the share done, from 0 to 1.

    >>> with Bar() as bar:
    ...     bar("training", 0.5)
    """

    def __init__(self) -> None:
        self._last = 0.0
        self._tty = sys.stderr.isatty()
        self._shown = False

    def __enter__(self) -> Bar:
        return self

    def __call__(self, text: str, share: float) -> None:
        now = time.monotonic()
        if not self._tty or now - self._last < PAUSE_S:
            return
        self._last = now
        done = round(WIDTH * min(1.0, max(0.0, share)))
        line = f"[{'#' * done}{'.' * (WIDTH - done)}] {100 * share:3.0f} %  {text}"
        show(line)
        self._shown = True

    def __exit__(self, *exception: object) -> None:
        if self._shown:
            clear()
