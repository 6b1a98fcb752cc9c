"""Reading a pattern database: look-ups, filters, iteration, tables."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cadlink.certificates.data import Certificate, Proof
from cadlink.database.columns import COLUMNS, Entry, columns
from cadlink.database.filters import parse_filter
from cadlink.database.forms import form_of, normal_form_of, parse, size_of, standard
from cadlink.database.store import connect, expand, explained, limited, unpack
from cadlink.errors import CacheWarning, InputError
from cadlink.once import cached_property
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Problem

__all__ = ["Entry", "PatternDatabase", "Stored"]

LARGEST = 2**63 - 1  # SQLite's largest number


@dataclass(frozen=True)
class Stored:
    """A proof and the file it was found in."""

    proof: Proof
    source: str


class PatternDatabase:
    """A database opened for reading; a context manager.  For the thread that opened it.

    >>> import tempfile, pathlib
    >>> PatternDatabase.open(pathlib.Path(tempfile.gettempdir(), "no such file"))
    Traceback (most recent call last):
    cadlink.errors.InputError: database ...: no such file; 'cadlink db build' makes one
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self._silent = False  # a look-up has failed in a way that the next one would as well

    @classmethod
    def open(cls, path: str | Path, where: str = "") -> PatternDatabase:
        """Open a file for reading; it may be read-only.

        Raises InputError, naming ``where`` (the file by default), if it is not ours.
        """
        return cls(Path(path), connect(Path(path), write=False, where=where))

    def __enter__(self) -> PatternDatabase:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __len__(self) -> int:
        return int(self.execute("SELECT count(*) FROM patterns")[0][0])

    def __iter__(self) -> Iterator[Entry]:
        return self.select()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query of this package; the values are bound."""
        with explained(self.path):
            return self._db.execute(sql, tuple(values)).fetchall()

    # -- patterns --------------------------------------------------------------------------

    def find(self, pattern: Pattern) -> Entry | None:
        """The row of an isomorphic pattern, or of one with the same set; None if there is none.

        Idle units do not matter.  If the pattern itself is not in the file, a two-factor pattern is
        looked up by its normal form, which has the same set (``normal.py``).
        """
        form = form_of(pattern)
        found = self._row("form = ?", form)
        if found is None and pattern.depth == 2:
            normal = normal_form_of(pattern)
            found = None if normal in (None, form) else self._row("form = ?", normal)
        return found

    def entry(self, number: int) -> Entry:
        """The row with this id.  Raises InputError if there is none."""
        found = self._row("id = ?", number) if 0 <= number <= LARGEST else None
        if found is None:
            raise InputError(f"no pattern with id {number}", f"database {self.path}")
        return found

    def _row(self, condition: str, value: Any) -> Entry | None:
        sql = f"SELECT {', '.join(COLUMNS)} FROM patterns WHERE {condition}"
        rows = self.execute(sql, (value,))
        return _entry(rows[0]) if rows else None

    def select(self, where: str = "", limit: int | None = None) -> Iterator[Entry]:
        """The first rows that pass a filter (see ``filters.py``), by id; all of them by default.

        Raises InputError for a filter that is none and for a limit below 0.
        """
        if limit is not None and limit < 0:
            raise InputError(f"expected a number of rows from 0 up, found {limit}", "--limit")
        condition, values = parse_filter(where) if where else ("1", ())
        sql = f"SELECT {', '.join(COLUMNS)} FROM patterns WHERE {condition} ORDER BY id LIMIT ?"
        with explained(self.path):
            cursor = self._db.execute(
                sql, (*values, LARGEST if limit is None else min(limit, LARGEST))
            )
            for row in cursor:
                yield _entry(row)

    def count(self, where: str = "") -> int:
        """How many rows pass a filter."""
        condition, values = parse_filter(where) if where else ("1", ())
        rows = self.execute(f"SELECT count(*) FROM patterns WHERE {condition}", values)
        return int(rows[0][0])

    def to_pandas(self, where: str = "") -> Any:
        """The rows as a pandas DataFrame.  Raises InputError if pandas is not installed."""
        try:
            import pandas
        except ImportError as error:
            raise InputError("needs pandas: pip install 'cadlink[parquet]'") from error
        rows = [entry.to_json() for entry in self.select(where)]
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    # -- proofs ----------------------------------------------------------------------------

    def proof(self, entry: Entry) -> Proof | None:
        """The whole proof about the entry's pattern, or None if the verdict is unknown."""
        rows = self.execute("SELECT proof FROM patterns WHERE id = ?", (entry.id,))
        packed = rows[0][0] if rows else None
        return None if packed is None else expand(unpack(packed), self._problem_proof)

    def certificate(self, entry: Entry) -> Certificate | None:
        """The certificate of the entry's pattern, as ``cadlink check`` reads it."""
        proof = self.proof(entry)
        if proof is None:
            return None
        return Certificate(entry.pattern.to_json(), entry.verdict, proof)

    def obstructions(self) -> Iterator[tuple[Group, Proof]]:
        """The groups that are not closed among the reduced problems, with proofs without holes."""
        for form, packed in self.execute(
            "SELECT form, proof FROM problems WHERE kind = 'group' AND trusted = 0"
            " AND conclusion = 'not_closed' ORDER BY id"
        ):
            group = parse(form)
            assert isinstance(group, Group)
            yield group, unpack(packed)

    def _problem_proof(self, form: str) -> Proof:
        rows = self.execute("SELECT proof FROM problems WHERE form = ?", (form,))
        if not rows or rows[0][0] is None:
            raise InputError(f"the proof of the problem {form} is missing", f"{self.path}")
        return unpack(rows[0][0])

    def lookup(self, problem: Problem) -> Stored | None:
        """A proof about this very pattern or group, as ``Decider`` asks for it; None if not here.

        It is not checked here.  Nothing is looked up that is too large to be in the file: its
        canonical form would take longer than a look-up can save.  A damaged file costs a
        CacheWarning, and nothing is found; one that is locked, or whose reading does not end, is
        not asked again.
        """
        if self._silent:
            return None
        try:
            with limited(self._db, LOOKUP_S):
                proof = self._proof_about(problem)
        except (InputError, sqlite3.DatabaseError, ValueError, LookupError, TypeError) as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise  # used by another thread, or closed: not the file's fault
            cause = error.__cause__ if isinstance(error, InputError) else error
            self._silent = isinstance(cause, sqlite3.OperationalError)
            words = " ".join(str(error).split())
            message = f"{self.path} is damaged ({words}); 'cadlink db check' says where"
            if self._silent:
                message = f"nothing more is looked up in {self.path}: {words}"
            warnings.warn(message, CacheWarning, stacklevel=2)
            return None
        return None if proof is None else Stored(proof, str(self.path))

    def _proof_about(self, problem: Problem) -> Proof | None:
        if isinstance(problem, Group):
            if not 0 < len(problem.rows) <= _LINES or len(problem.cols) > _LINES:
                return None
            place = standard(problem)
            rows = self.execute("SELECT proof FROM problems WHERE form = ?", (place.form,))
            packed = rows[0][0] if rows else None
            return None if packed is None else place.carry(unpack(packed))
        most = self._most.get(problem.depth)
        if most is None or max(problem.widths) > _UNITS:
            return None
        size = size_of(problem)
        if not 0 < size[0] <= most[0] or size[1] > most[1]:
            return None
        entry = self._row("form = ?", form_of(problem))
        proof = None if entry is None else self.proof(entry)
        return None if proof is None else standard(problem).carry(proof)

    @cached_property
    def _most(self) -> dict[int, tuple[int, int]]:
        """For every depth in the file, the most outputs or inputs, and the most hidden units."""
        found: dict[int, tuple[int, int]] = {}
        for (task,) in self.execute("SELECT task FROM builds"):
            kind, sizes = json.loads(task)
            if kind == "three":
                depth, outer, hidden = 3, max(sizes[0], sizes[-1]), max(sizes[1:-1])
            else:
                # Normal forms write a free cell and a graph each as a hidden unit.
                most = 2 * sizes[0] * sizes[1] if kind == "any" else sizes[2]
                depth, outer, hidden = 2, max(sizes[:2]), most
            old = found.get(depth, (0, 0))
            found[depth] = (max(old[0], outer), max(old[1], hidden))
        return found


_ENTRY = columns(Entry)
LOOKUP_S = 1.0  # no look-up in a file of ours takes longer
_LINES = 5  # rows and columns of groups that are looked up
_UNITS = 64  # units of a layer, idle ones included, of patterns that are looked up


def _entry(row: Sequence[Any]) -> Entry:
    values: dict[str, Any] = {
        one.name: bool(value) if one.type is bool and value is not None else value
        for one, value in zip(_ENTRY, row, strict=True)
    }
    return Entry(**values)
