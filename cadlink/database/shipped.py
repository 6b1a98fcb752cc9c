"""The database in which decisions look things up first: the one that comes with the package.

``scripts/build_database.py`` makes it.  Nothing in it is trusted: every proof is checked by the
kernel, in its place, each time it is used.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from cadlink.certificates.data import Proof
from cadlink.database.queries import PatternDatabase
from cadlink.reductions.step import Problem

__all__ = ["chosen_path", "look_up", "shipped_path"]


def shipped_path() -> Path | None:
    """The file that comes with the package, or None if this copy has none."""
    path = Path(str(files("cadlink").joinpath("data", "patterns.sqlite")))
    return path if path.is_file() else None


def chosen_path() -> Path | None:
    """CADLINK_DATABASE (a file, or ``off``), else the file that comes with the package."""
    chosen = os.environ.get("CADLINK_DATABASE", "")
    if chosen == "off":
        return None
    return Path(chosen).expanduser() if chosen else shipped_path()


def look_up(problem: Problem) -> Proof | None:
    """A proof about this very problem from the chosen database; None if there is none in it.

    Raises InputError if the file that CADLINK_DATABASE names is not there or is no pattern
    database.

    >>> from cadlink import Pattern
    >>> look_up(Pattern.of([["1" * 50] * 2, ["11"]])) is None  # far too large to be there
    True
    """
    path = chosen_path()
    return None if path is None else _opened(path, os.getpid()).lookup(problem)


@lru_cache(maxsize=8)
def _opened(path: Path, process: int) -> PatternDatabase:
    """One connection a process (none may be carried over a fork), only for reading."""
    return PatternDatabase.open(path)
