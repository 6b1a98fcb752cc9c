"""The file a pattern database lives in: opening, packing, checksums.  See SCHEMA.md."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cadlink.certificates.data import Proof
from cadlink.certificates.read import MAX_BYTES, parse, proof_from
from cadlink.database.schema import demand_current, migrate
from cadlink.errors import InputError

__all__ = [
    "Answer",
    "Record",
    "connect",
    "expand",
    "explained",
    "insert",
    "limited",
    "pack",
    "row_digest",
    "unpack",
]

BUSY_S = 30.0  # how long a writer waits for another process
READ_BUSY_S = 1.0  # a reader: decisions have a limit, and a writer's transactions take milliseconds
OPEN_S = 1.0  # no file of ours takes longer to be opened


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


def connect(path: Path, write: bool, where: str = "") -> sqlite3.Connection:
    """The file, with its schema brought up to date if it is opened for writing.

    A file that is only read is not touched and may lie where nothing can be written.  Raises
    InputError, naming ``where`` (the file itself by default), if there is none (to read), or if it
    is something else or newer.
    """
    where = where or f"database {path}"
    _demand_file(path, write, where)
    with explained(path, where):
        if write:
            connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        else:
            connection = _open_reader(path)
        try:
            # The schema of a stranger's file calls no function.
            connection.execute("PRAGMA trusted_schema = OFF")
            with limited(connection, OPEN_S):
                if write:
                    connection.execute("PRAGMA foreign_keys = ON")
                    migrate(connection, where)
                else:
                    demand_current(connection, where)
        except BaseException:
            connection.close()
            raise
    return connection


def _demand_file(path: Path, write: bool, where: str) -> None:
    """Only regular files: SQLite waits for a pipe for ever, and reads a device without end."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        if write and isinstance(error, FileNotFoundError):
            return
        raise InputError("no such file; 'cadlink db build' makes one", where) from error
    except (OSError, ValueError) as error:  # no right to look; a zero byte in the name
        raise InputError(f"cannot be opened: {error}", where) from error
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file; expected one made by 'cadlink db build'", where)


@contextmanager
def limited(connection: sqlite3.Connection, seconds: float) -> Iterator[None]:
    """Interrupt what runs inside after so long: a crafted file can make any statement endless."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _open_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; without any locks where none can be taken."""
    path = path.resolve()

    def opened(mode: str) -> sqlite3.Connection:
        uri = f"{path.as_uri()}?{mode}"
        return sqlite3.connect(uri, timeout=READ_BUSY_S, isolation_level=None, uri=True)

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
    except BaseException:
        connection.close()
        raise
    return connection


def _touch(connection: sqlite3.Connection) -> None:
    """Read something, which takes a lock and rolls back what a killed writer left."""
    with limited(connection, OPEN_S):
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()


@contextmanager
def explained(path: Path, where: str = "") -> Iterator[None]:
    """SQLite's errors as one line that says what to do."""
    where = where or f"database {path}"
    try:
        yield
    except UnicodeDecodeError as error:  # in what SQLite says about a damaged schema
        raise InputError("damaged: its schema is no text", where) from error
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
        elif "interrupted" in text:
            remedy = "reading it does not end: it is damaged, or made to do so"
        elif "readonly" in text or "unable to open" in text:
            remedy = "expected a file in a folder that can be written to"
        raise InputError(f"{text}; {remedy}", where) from error


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Insert one row; its id.  Table and columns are names from this package, never input."""
    columns = ", ".join(row)
    marks = ", ".join("?" * len(row))
    found = connection.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values())
    )
    return int(found.lastrowid or 0)
