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

APPLICATION = int.from_bytes(b"CADC", "big")  # SQLite's application_id of our files
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
        inside = path is not None and os.path.isdir(path)  # Path.is_dir raises
        self.path = path / "answers.sqlite" if path is not None and inside else path
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
        if self.path is None or not self._exists():
            return Info(self.path, 0, 0, {})
        with self._explain(), self._open(write=False) as connection:
            counts = connection.execute("SELECT backend, count(*) FROM answers GROUP BY backend")
            backends = dict(sorted(counts))
            return Info(self.path, sum(backends.values()), self.path.stat().st_size, backends)

    def sample(self, size: int) -> list[Entry]:
        """Up to ``size`` entries chosen at random.  Raises InputError if one cannot be read."""
        if self.path is None or not self._exists():
            return []
        with self._explain(), self._open(write=False) as connection:
            chosen = connection.execute(f"{_SELECT} ORDER BY random() LIMIT ?", (size,))
            return [_entry(row) for row in chosen]

    def clear(self) -> int | None:
        """Forget everything; how many answers there were (None: the file was beyond counting).

        Raises InputError if that is not possible: locked, not ours to write, or no cache of
        cadlink, which is left as it is.
        """
        if self.path is None or not self._exists():
            return 0
        with self._explain():
            if not _is_ours(self.path):
                raise ValueError(_NOT_OURS)
            try:
                with self._open(write=True) as connection:
                    count: int | None = int(connection.execute("DELETE FROM answers").rowcount)
                with self._open(write=False) as connection:
                    connection.execute("VACUUM")
            except sqlite3.OperationalError:
                raise  # locked, read-only, disk full: in use, or not ours
            except (sqlite3.DatabaseError, ValueError):
                # Ours, but damaged: only then may the file itself be removed, since another process
                # may be in the middle of a transaction.
                self.path.unlink()
                self.path.with_name(self.path.name + "-journal").unlink(missing_ok=True)
                count = None
        self._reads = self._writes = True
        return count

    def _exists(self) -> bool:
        with self._explain():
            return self.path is not None and self.path.exists()

    @contextlib.contextmanager
    def _explain(self) -> Iterator[None]:
        """Failures of what the user asked of the cache itself."""
        try:
            yield
        except (sqlite3.Error, OSError, zlib.error, ValueError) as error:
            raise InputError(f"{error}; {self._remedy()}", f"cache {self.path}") from error

    @contextlib.contextmanager
    def _open(self, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection with the current schema, in one transaction."""
        assert self.path is not None
        connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            if _demand_ours(connection) < len(MIGRATIONS) or write:
                connection.execute("BEGIN IMMEDIATE")
                _migrate(connection)
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
            warnings.warn(f"{message}; {self._remedy()}", CacheWarning, stacklevel=5)

    def _remedy(self) -> str:
        """What to type next; clearing is advised only where it loses nothing but our answers."""
        another = "CADLINK_CACHE=FILE names another, =off none"
        with contextlib.suppress(OSError):
            if self.path is not None and _is_ours(self.path):
                return f"'cadlink cache clear' makes a new one, {another}"
        return another


_NOT_OURS = "not a cache of cadlink"
_COLUMNS = "backend, version, question, stdout, stderr, returncode, digest, seconds"
_SELECT = f"SELECT {_COLUMNS} FROM answers"


def _is_ours(path: Path) -> bool:
    """Whether a file, damaged or not, is a cache of cadlink, as far as its first page tells.

    Files from before the stamp tell by the name of their table.
    """
    with path.open("rb") as file:
        page = file.read(4096)
    if not page.startswith(b"SQLite format 3\0"):
        return False
    application = int.from_bytes(page[68:72], "big")
    return application == APPLICATION or (application == 0 and b"CREATE TABLE answers (" in page)


def _demand_ours(connection: sqlite3.Connection) -> int:
    """The schema version of our database (0: an empty one); ValueError if it is not ours."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    unstamped = application == 0 and (not names or "answers" in names)
    if application != APPLICATION and not (unstamped and (version > 0) == bool(names)):
        raise ValueError(_NOT_OURS)
    if version > len(MIGRATIONS):
        raise ValueError(
            f"it has schema version {version}, written by a newer cadlink than this one, which"
            f" knows up to {len(MIGRATIONS)}"
        )
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date; the caller's transaction holds the steps and their record."""
    found = _demand_ours(connection)
    for statements in MIGRATIONS[found:]:
        for statement in statements:
            connection.execute(statement)
    if found < len(MIGRATIONS):
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


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
