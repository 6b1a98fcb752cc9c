"""The schema of a pattern database: its tables, how older ones become newer, what is not ours.

A file is ours if it carries our application id, or none (a dump loses it), and its tables are ours
and nothing else is: no view, no trigger, no virtual table, which could do anything when read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache

from cadlink.database.columns import columns, create_table
from cadlink.errors import InputError

__all__ = ["VERSION", "demand_current", "migrate", "transaction"]

APPLICATION = 1128352843  # "CADK" read as a big-endian number

# Step i leads from schema version i to i + 1, after what columns.py says of that version.
_STEPS: tuple[Sequence[str], ...] = (
    (
        """CREATE TABLE sessions (
            id INTEGER PRIMARY KEY, started TEXT NOT NULL, cadlink TEXT NOT NULL,
            python TEXT NOT NULL, platform TEXT NOT NULL, backends TEXT NOT NULL,
            wall_s REAL NOT NULL, memory_mib INTEGER NOT NULL)""",
        """CREATE TABLE builds (
            id INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, label TEXT NOT NULL,
            done INTEGER NOT NULL, patterns INTEGER NOT NULL, finished INTEGER NOT NULL)""",
        """CREATE TABLE problems (
            id INTEGER PRIMARY KEY, form TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL CHECK (kind IN ('group', 'chain')),
            conclusion TEXT CHECK (conclusion IN ('free', 'closed', 'not_closed')),
            trusted INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
            method TEXT NOT NULL, seconds REAL NOT NULL, proof BLOB,
            session INTEGER NOT NULL REFERENCES sessions (id), digest BLOB NOT NULL,
            CHECK ((conclusion IS NULL) = (proof IS NULL)))""",
        """CREATE TABLE pattern_problems (
            pattern INTEGER NOT NULL REFERENCES patterns (id),
            problem INTEGER NOT NULL REFERENCES problems (id),
            PRIMARY KEY (pattern, problem)) WITHOUT ROWID""",
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, problem INTEGER NOT NULL REFERENCES problems (id),
            backend TEXT NOT NULL, version TEXT NOT NULL, outcome TEXT NOT NULL,
            seconds REAL NOT NULL, statement TEXT NOT NULL, transcript TEXT NOT NULL)""",
        # What the filters of queries and the tables of statistics look at.
        """CREATE INDEX patterns_by_size
            ON patterns (listed, layers, outputs, inputs, hidden, verdict, assurance, minimal)""",
        "CREATE INDEX patterns_minimal ON patterns (minimal) WHERE minimal = 1",
        "CREATE INDEX patterns_unknown ON patterns (id) WHERE verdict = 'unknown'",
        "CREATE INDEX problem_patterns ON pattern_problems (problem)",
    ),
    (
        # Answers that no written pattern needs yet: a build that is killed does not lose them.
        """CREATE TABLE pending (
            form TEXT PRIMARY KEY, kind TEXT NOT NULL, conclusion TEXT, trusted INTEGER NOT NULL,
            reason TEXT NOT NULL, detail TEXT NOT NULL, method TEXT NOT NULL,
            seconds REAL NOT NULL, proof BLOB, runs TEXT NOT NULL) WITHOUT ROWID""",
    ),
)


VERSION = max(len(_STEPS), *(one.since for one in columns()))  # of the schema, as it is now


def _statements(version: int) -> Iterator[str]:
    """What leads from the schema version before to this one."""
    yield from create_table(version)
    yield from _STEPS[version - 1] if version <= len(_STEPS) else ()


def demand_current(connection: sqlite3.Connection, where: str) -> None:
    """Raises InputError unless the file has our schema of this version."""
    version = _version(connection, where)
    if version == 0:
        raise InputError("an empty file; 'cadlink db build' on it makes a pattern database", where)
    if version < VERSION:
        raise InputError(
            f"schema version {version} is old; 'cadlink db build' on it migrates the file", where
        )


def migrate(connection: sqlite3.Connection, where: str = "") -> None:
    """Bring the schema up to date, all steps in one transaction, and stamp the file as ours."""
    with transaction(connection):
        version = _version(connection, where)
        for step in range(version, VERSION):
            for statement in _statements(step + 1):
                connection.execute(statement)
        stamp = connection.execute("PRAGMA application_id").fetchone()[0]
        if version < VERSION or stamp != APPLICATION:
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection, where: str) -> int:
    """The version of the file's schema, 0 for an empty file.  Raises InputError if not ours."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application not in (0, APPLICATION):
        raise InputError("not a cadlink pattern database", where)
    if application and version > VERSION:
        raise InputError(
            f"schema version {version}, but this cadlink knows up to {VERSION}: upgrade it",
            where,
        )
    tables = _tables(connection)
    # Without our stamp the version is that of the tables.
    candidates = [version] if application else range(VERSION + 1)
    for candidate in candidates:
        if tables == _expected(candidate):
            return candidate
    raise InputError("not a cadlink pattern database: other tables than ours", where)


_Tables = frozenset[tuple[str, str, tuple[tuple[object, ...], ...]]]


@cache
def _expected(version: int) -> _Tables:
    """What a file of this version holds."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in range(version):
            for statement in _statements(step + 1):
                connection.execute(statement)
        return _tables(connection)


def _tables(connection: sqlite3.Connection) -> _Tables:
    """(kind, name, columns) of everything in the file but indices and SQLite's own.

    A virtual table has no page of its own; its kind is empty here.
    """
    found = []
    for name, kind in connection.execute(
        "SELECT name, CASE WHEN type = 'table' AND NOT rootpage THEN '' ELSE type END"
        " FROM sqlite_master WHERE type != 'index' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    ).fetchall():
        columns: list[tuple[object, ...]] = []
        if kind == "table":
            quoted = str(name).replace('"', '""')
            rows = connection.execute(f'PRAGMA table_xinfo("{quoted}")')
            columns = sorted(tuple(row[1:4]) + tuple(row[5:]) for row in rows)
        found.append((str(kind), str(name), tuple(columns)))
    return frozenset(found)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise
