"""A line on stderr saying what is being done: only on a terminal, and only when it takes long."""

from __future__ import annotations

import sys
import threading
import time

from cadlink.cli.line import clear, show

__all__ = ["Progress"]

PATIENCE = 2.0  # seconds before the first line
TICK = 1.0  # seconds between two updates


class Progress:
    """A context manager; call it with a short text whenever something slow begins.

    >>> with Progress() as progress:
    ...     progress("asking qepcad")
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._what = "working"
        self._patience = patience
        self._start = time.monotonic()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        shown = False
        wait = self._patience
        while not self._done.wait(wait):
            line = f"{time.monotonic() - self._start:6.0f} s  {self._what}"
            show(line)
            shown, wait = True, TICK
        if shown:
            clear()
