"""The file a pattern database lives in: schema, migrations, packing, opening.  See SCHEMA.md."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cadlink.certificates.data import Proof
from cadlink.certificates.read import MAX_BYTES, parse, proof_from
from cadlink.errors import InputError

__all__ = [
    "Answer",
    "Record",
    "connect",
    "expand",
    "explained",
    "insert",
    "migrate",
    "pack",
    "row_digest",
    "transaction",
    "unpack",
]

APPLICATION = 1128352843  # "CADK" read as a big-endian number
BUSY_S = 30.0

# Step i leads from schema version i to i + 1.
MIGRATIONS: tuple[Sequence[str], ...] = (
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
        """CREATE TABLE patterns (
            id INTEGER PRIMARY KEY, form TEXT NOT NULL UNIQUE, layers INTEGER NOT NULL,
            outputs INTEGER NOT NULL, inputs INTEGER NOT NULL, hidden INTEGER NOT NULL,
            nonzeros INTEGER NOT NULL, listed INTEGER NOT NULL, normal INTEGER NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('closed', 'not_closed', 'unknown')),
            assurance TEXT NOT NULL CHECK (assurance IN ('checked', 'trusted', 'none')),
            reason TEXT NOT NULL, method TEXT NOT NULL, proof BLOB, minimal INTEGER,
            session INTEGER NOT NULL REFERENCES sessions (id), digest BLOB NOT NULL,
            CHECK ((verdict = 'unknown') = (proof IS NULL)))""",
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


@dataclass(frozen=True)
class Answer:
    """What is known about a reduced problem; ``conclusion`` None: unknown, for ``reason``."""

    form: str
    kind: str
    conclusion: str | None
    trusted: bool
    reason: str
    detail: str
    method: str
    seconds: float
    proof: bytes | None
    runs: tuple[tuple[str, str, str, float, str, str], ...] = ()


@dataclass(frozen=True)
class Record:
    """What is to be written about a pattern, and the problems its proof refers to."""

    form: str
    layers: int
    outputs: int
    inputs: int
    hidden: int
    nonzeros: int
    normal: bool
    verdict: str
    assurance: str
    reason: str
    method: str
    proof: bytes | None
    problems: tuple[str, ...]


def pack(proof: Proof) -> bytes:
    """A proof as compressed JSON.

    >>> unpack(pack(Proof("star"))).rule
    'star'
    """
    text = json.dumps(proof.to_json(), separators=(",", ":"), sort_keys=True, allow_nan=False)
    return zlib.compress(text.encode("ascii"), 9)


def unpack(data: bytes) -> Proof:
    """The proof packed there, read as strictly as a certificate.  Raises InputError otherwise."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, MAX_BYTES)
        if not unpacker.eof:
            raise ValueError("it is cut off or far too large")
        return proof_from(parse(text), "proof")
    except (zlib.error, TypeError, ValueError) as error:
        raise InputError(f"a stored proof is damaged: {error}", "database") from error


def expand(proof: Proof, known: Callable[[str], Proof]) -> Proof:
    """The proof with every ``stored`` step replaced by the proof of that problem."""
    if proof.rule == "stored":
        return known(str(proof.data["problem"]))
    parts = tuple(None if part is None else expand(part, known) for part in proof.parts)
    return Proof(proof.rule, proof.data, parts)


def row_digest(fields: Iterable[str], proof: bytes | None) -> bytes:
    """The checksum of a row: of its texts, with their lengths, and its proof."""
    data = [field.encode() for field in fields] + [b"" if proof is None else proof]
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in data)).digest()


def connect(path: Path, write: bool) -> sqlite3.Connection:
    """The file, with its schema brought up to date if it is opened for writing.

    A file that is only read is not touched and may lie where nothing can be written.  Raises
    InputError if there is none (to read), or if it is something else or newer.
    """
    where = f"database {path}"
    if not write and not path.is_file():
        raise InputError("no such file; 'cadlink db build' makes one", where)
    with explained(path):
        if write:
            connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        else:
            connection = _open_reader(path)
        try:
            if write:
                connection.execute("PRAGMA foreign_keys = ON")
                migrate(connection, where)
            else:
                _demand_ours(connection, where)
        except BaseException:
            connection.close()
            raise
    return connection


def _open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; without any locks where none can be taken."""
    path = path.resolve()

    def opened(mode: str) -> sqlite3.Connection:
        uri = f"{path.as_uri()}?{mode}"
        return sqlite3.connect(uri, timeout=BUSY_S, isolation_level=None, uri=True)

    connection = opened("mode=ro")
    try:
        _touch(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        journal = path.with_name(f"{path.name}-journal").exists()
        if "locked" in str(error):
            raise
        if os.access(path.parent, os.W_OK):
            if not journal:
                raise
            # A writer was killed in the middle of a transaction: SQLite rolls it back.
            with closing(opened("mode=rw")) as writer:
                _touch(writer)
            connection = opened("mode=ro")
        elif journal:
            raise
        else:
            connection = opened("immutable=1")  # nobody can be writing either
    return connection


def _touch(connection: sqlite3.Connection) -> None:
    """Read something, which takes a lock and rolls back what a killed writer left."""
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _demand_ours(connection: sqlite3.Connection, where: str) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        raise InputError("not a cadlink pattern database", where)
    if version > len(MIGRATIONS):
        raise InputError(
            f"schema version {version}, but this cadlink knows up to {len(MIGRATIONS)}: upgrade it",
            where,
        )
    if version < len(MIGRATIONS):
        raise InputError(
            f"schema version {version} is old; 'cadlink db build' on it migrates the file", where
        )


def migrate(connection: sqlite3.Connection, where: str = "") -> None:
    """Bring the schema up to date, all steps in one transaction."""
    with transaction(connection):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (version or application or tables):
            raise InputError("not a cadlink pattern database", where)
        if version > len(MIGRATIONS):
            _demand_ours(connection, where)
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        if version < len(MIGRATIONS):
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


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


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors as one line that says what to do."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # ours, not the file's: a closed connection, another thread
    except sqlite3.Error as error:
        text = str(error)
        remedy = "is it a pattern database, and whole?"
        if "full" in text:
            remedy = "make room; the same command then goes on where it stopped"
        elif "locked" in text:
            remedy = "another process is writing to it; wait for it, or choose another file"
        elif isinstance(error, sqlite3.IntegrityError):
            remedy = "another build has written to it; the same command goes on"
        elif "readonly" in text or "unable to open" in text:
            remedy = "expected a file in a folder that can be written to"
        raise InputError(f"{text}; {remedy}", f"database {path}") from error


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Insert one row; its id.  Table and columns are names from this package, never input."""
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    found = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values())
    )
    return int(found.lastrowid or 0)
