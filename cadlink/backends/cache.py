"""Answers of backends, kept in one SQLite file so that no question is asked twice.

What is kept is the *transcript* of an answer, not our reading of it: a hit goes through the
adapter's parser like fresh output, so an answer is believed from the cache exactly when it would be
believed from the program.  Only answers are kept, never a time-out or another failure.

The key is a digest of everything a transcript depends on: the text sent to the program (its
variables have neutral names; the reader's table gives them back ours), the program, its version and
the options that matter.  Limits do not: they decide whether there is an answer, not which.

Several processes may use one file.  Each operation is one short transaction on a connection of its
own (so nothing is carried over a fork or between threads), in rollback mode, which unlike WAL also
works on network file systems.  A cache that is corrupt, locked, read-only or on a full disk stops
nothing: one CacheWarning, and the work goes on without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cadlink.errors import CacheWarning, InputError

__all__ = ["Cache", "Entry", "Info", "cache_key", "default_path", "transcript_digest"]

BUSY_S = 5.0  # how long to wait for another process; its transactions take milliseconds
MAX_TRANSCRIPT = 256 << 20  # bytes, uncompressed: a damaged file must not fill the memory

# Step i leads from schema version i to i + 1; the version is SQLite's user_version.
MIGRATIONS: tuple[Sequence[str], ...] = (
    (
        """CREATE TABLE answers (
            key TEXT PRIMARY KEY,
            backend TEXT NOT NULL,
            version TEXT NOT NULL,
            question BLOB NOT NULL,     -- zlib: the formula, as JSON
            stdout BLOB NOT NULL,       -- zlib
            stderr BLOB NOT NULL,       -- zlib
            returncode INTEGER,         -- NULL: answered in a warm session
            digest TEXT NOT NULL,       -- of the transcript
            seconds REAL NOT NULL,      -- what the answer cost
            stored REAL NOT NULL        -- Unix time
        ) WITHOUT ROWID""",
    ),
)


@dataclass(frozen=True)
class Entry:
    """One answered question: the formula asked (JSON text) and the program's whole output."""

    backend: str
    version: str
    question: str
    stdout: str
    stderr: str
    returncode: int | None
    seconds: float


@dataclass(frozen=True)
class Info:
    """What a cache holds; ``path`` is None when it is switched off."""

    path: Path | None
    entries: int
    bytes: int
    backends: dict[str, int]


def default_path() -> Path | None:
    """CADLINK_CACHE (a file, or ``off``), else ``cadlink/answers.sqlite`` in the user's cache."""
    chosen = os.environ.get("CADLINK_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    home = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(home) if os.path.isabs(home) else Path("~/.cache").expanduser()
    return folder / "cadlink" / "answers.sqlite"


def cache_key(backend: str, version: str, text: str, options: Sequence[str] = ()) -> str:
    """The digest of everything an answer depends on.

    >>> cache_key("qepcad", "1.74", "...") == cache_key("qepcad", "1.75", "...")
    False
    """
    return _digest([backend, version, text, *options])


def transcript_digest(stdout: str, stderr: str) -> str:
    """The sha256 by which certificates and runs refer to a transcript: of stdout, then stderr."""
    return hashlib.sha256(_bytes(stdout) + _bytes(stderr)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _digest(parts: Sequence[str]) -> str:
    # Lengths in front: no two lists of parts give the same bytes.
    data = list(map(_bytes, parts))
    return hashlib.sha256(b"".join(b"%d:%s" % (len(part), part) for part in data)).hexdigest()


class Cache:
    """The store at ``path``, or none at all when ``path`` is None.

    >>> with contextlib.ExitStack() as stack:
    ...     import tempfile
    ...
    ...     folder = stack.enter_context(tempfile.TemporaryDirectory())
    ...     cache = Cache(Path(folder, "answers.sqlite"))
    ...     cache.put("key", Entry("qepcad", "1.74", "", "TRUE", "", 0, 0.1))
    ...     cache.get("key").stdout, cache.get("other"), cache.info().entries
    ('TRUE', None, 1)
    """

    def __init__(self, path: Path | None) -> None:
        # An existing folder is accepted too: the file goes into it.
        self.path = path / "answers.sqlite" if path is not None and path.is_dir() else path
        self._reads = self._writes = path is not None
        self._warned = False

    def get(self, key: str) -> Entry | None:
        """The entry kept under this key; None if there is none, or the cache cannot be used."""
        with self._guard(reading=True):
            if self._reads and self.path is not None and self.path.exists():
                with self._open(write=False) as connection:
                    row = connection.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
                return None if row is None else self._checked(row)
        return None

    def _checked(self, row: Sequence[object]) -> Entry | None:
        """A row; a damaged one is as good as none, and the next ``put`` replaces it."""
        try:
            return _entry(row)
        except (zlib.error, ValueError) as error:
            self._warn(f"not using a damaged entry of the cache {self.path}: {error}")
            return None

    def put(self, key: str, entry: Entry) -> None:
        """Keep an answer, in place of any older one under this key."""
        with self._guard(reading=False):
            if self._writes and self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with self._open(write=True) as connection:
                    connection.execute(
                        f"INSERT OR REPLACE INTO answers ({_COLUMNS}, key, stored)"
                        " VALUES (?,?,?,?,?,?,?,?,?,?)",
                        (
                            entry.backend,
                            entry.version,
                            *map(_pack, (entry.question, entry.stdout, entry.stderr)),
                            entry.returncode,
                            transcript_digest(entry.stdout, entry.stderr),
                            entry.seconds,
                            key,
                            time.time(),
                        ),
                    )

    def info(self) -> Info:
        """How much is kept.  Raises InputError if the file cannot be read."""
        if self.path is None or not self.path.exists():
            return Info(self.path, 0, 0, {})
        with self._explain(), self._open(write=False) as connection:
            counts = connection.execute("SELECT backend, count(*) FROM answers GROUP BY backend")
            backends = dict(sorted(counts))
            return Info(self.path, sum(backends.values()), self.path.stat().st_size, backends)

    def sample(self, size: int) -> list[Entry]:
        """Up to ``size`` entries chosen at random.  Raises InputError if one cannot be read."""
        if self.path is None or not self.path.exists():
            return []
        with self._explain(), self._open(write=False) as connection:
            chosen = connection.execute(f"{_SELECT} ORDER BY random() LIMIT ?", (size,))
            return [_entry(row) for row in chosen]

    def clear(self) -> int | None:
        """Forget everything; how many answers there were (None: the file was beyond counting).

        Raises InputError if that is not possible (locked, not ours to write).
        """
        if self.path is None or not self.path.exists():
            return 0
        with self._explain():
            try:
                with self._open(write=True) as connection:
                    count: int | None = int(connection.execute("DELETE FROM answers").rowcount)
                with self._open(write=False) as connection:
                    connection.execute("VACUUM")
            except sqlite3.OperationalError:
                raise  # locked, read-only, disk full: in use, or not ours
            except (sqlite3.DatabaseError, ValueError):
                # No database, or not one of ours: only then may the file itself be removed, since
                # another process may be in the middle of a transaction.
                self.path.unlink()
                self.path.with_name(self.path.name + "-journal").unlink(missing_ok=True)
                count = None
        self._reads = self._writes = True
        return count

    @contextlib.contextmanager
    def _explain(self) -> Iterator[None]:
        """Failures of what the user asked of the cache itself."""
        try:
            yield
        except (sqlite3.Error, OSError, zlib.error, ValueError) as error:
            raise InputError(f"{error}; {_REMEDY}", f"cache {self.path}") from error

    @contextlib.contextmanager
    def _open(self, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection with the current schema, in one transaction."""
        assert self.path is not None
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found < len(MIGRATIONS) or write:
                connection.execute("BEGIN IMMEDIATE")
                _migrate(connection)
            elif found > len(MIGRATIONS):
                _refuse(found)
            yield connection
            if connection.in_transaction:
                connection.execute("COMMIT")
        finally:
            connection.close()  # rolls back what was not committed

    @contextlib.contextmanager
    def _guard(self, reading: bool) -> Iterator[None]:
        """Turns a failure into a warning, and the cache off: only its writing if it can be read."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            self._writes = False
            self._reads = self._reads and not reading
            lost = "reading" if reading else "writing"
            self._warn(f"going on without {lost} the cache {self.path}: {error}")

    def _warn(self, message: str) -> None:
        """One warning for each cache, however often it fails."""
        if not self._warned:
            self._warned = True
            warnings.warn(f"{message}; {_REMEDY}", CacheWarning, stacklevel=5)


_REMEDY = "'cadlink cache clear' makes a new one, CADLINK_CACHE=FILE names another, =off none"
_COLUMNS = "backend, version, question, stdout, stderr, returncode, digest, seconds"
_SELECT = f"SELECT {_COLUMNS} FROM answers"


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date; the caller's transaction holds the steps and their record."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > len(MIGRATIONS):
        _refuse(found)
    for statements in MIGRATIONS[found:]:
        for statement in statements:
            connection.execute(statement)
    if found < len(MIGRATIONS):
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _refuse(found: int) -> None:
    raise ValueError(
        f"it has schema version {found}, written by a newer cadlink than this one, which knows"
        f" up to {len(MIGRATIONS)}"
    )


def _pack(text: str) -> bytes:
    return zlib.compress(_bytes(text))


def _unpack(data: bytes) -> str:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, MAX_TRANSCRIPT)
    if not unpacker.eof:
        raise ValueError("an entry is cut off or far too large")
    return text.decode(errors="surrogatepass")


def _entry(row: Sequence[object]) -> Entry:
    """A row, if it is what was written."""
    backend, version, question, stdout, stderr, returncode, digest, seconds = row
    packed = [part for part in (question, stdout, stderr) if isinstance(part, bytes)]
    if len(packed) != 3 or not isinstance(returncode, int | None) or not isinstance(seconds, float):
        raise ValueError("an entry has fields of the wrong type")
    asked, out, err = map(_unpack, packed)
    if transcript_digest(out, err) != digest:
        raise ValueError("an entry is not what was stored: its digest differs")
    return Entry(str(backend), str(version), asked, out, err, returncode, seconds)
