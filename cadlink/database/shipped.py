"""The database in which decisions look things up first: the one that comes with the package.

``scripts/build_database.py`` makes it.  No verdict is read from it: every proof is checked by the
kernel, in its place, each time it is used.  A proof that rests on a backend's word, given when the
database was built, is used only where the rules are silent; the decision is TRUSTED and names the
file, for whoever wrote the file wrote that word.
"""

from __future__ import annotations

import os
import threading
import warnings
from importlib.resources import files
from pathlib import Path

from cadlink.database.queries import PatternDatabase, Stored
from cadlink.errors import CacheWarning, InputError
from cadlink.rules.step import Problem

__all__ = ["chosen_path", "look_up", "shipped_path"]

VARIABLE = "CADLINK_DATABASE"


def shipped_path() -> Path | None:
    """The file that comes with the package, or None if this copy has none."""
    path = Path(str(files("cadlink").joinpath("data", "patterns.sqlite")))
    return path if path.is_file() else None


def chosen_path() -> Path | None:
    """CADLINK_DATABASE (a file, or ``off``), else the file that comes with the package."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen == "off":
        return None
    if not chosen:
        return shipped_path()
    try:
        return Path(chosen).expanduser()
    except RuntimeError as error:
        raise InputError(
            f"{error} Expected a file made by 'cadlink db build', or 'off'", f"{VARIABLE}={chosen}"
        ) from error


def look_up(problem: Problem) -> Stored | None:
    """A proof about this very problem from the chosen database; None if there is none in it.

    Raises InputError, naming CADLINK_DATABASE, if the file that it names is not there or is no
    pattern database.

    >>> from cadlink import Pattern
    >>> look_up(Pattern.of([["1" * 50] * 2, ["11"]])) is None  # far too large to be there
    True
    """
    path = chosen_path()
    if path is None:
        return None
    chosen = os.environ.get(VARIABLE, "")
    try:
        database = _open.database(path, f"{VARIABLE}={chosen}" if chosen else "")
    except InputError as error:
        if chosen:
            raise
        warnings.warn(f"nothing is looked up: {error}", CacheWarning, stacklevel=2)
        return None
    return database.lookup(problem)


class _Open(threading.local):
    """The database opened last by each thread: a connection is for one thread and one process."""

    def __init__(self) -> None:
        self._key: tuple[Path, int] | None = None
        self._database: PatternDatabase | None = None

    def database(self, path: Path, where: str) -> PatternDatabase:
        """The database in this file; ``where`` is named if it cannot be opened."""
        key = (path, os.getpid())
        if self._database is None or self._key != key:
            self._database, self._key = PatternDatabase.open(path, where), key
        return self._database


_open = _Open()
