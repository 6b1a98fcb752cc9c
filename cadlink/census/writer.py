"""The one writer of a database: every row of a build, each step of it in one transaction.

Patterns are added shard by shard, in the order of the enumeration, together with the count of
shards done.  An answer to a reduced problem gets its row when the first pattern that needs it is
written, so that the rows do not depend on who came first; until then it is kept in ``pending``.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cadlink.backends.engine import Engine
from cadlink.backends.locate import Found
from cadlink.census.tasks import Spec
from cadlink.database.schema import transaction
from cadlink.database.store import Answer, Record, connect, insert, row_digest
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError

__all__ = ["Place", "Writer"]

_ANSWER = "form, kind, conclusion, trusted, reason, detail, method, seconds, proof"
_NOT_UPDATED = {"form", "normal", "problems"}  # of a record: not columns, or written once only
_RUN = ("backend", "version", "outcome", "seconds", "statement", "transcript")


@dataclass(frozen=True)
class Place:
    """How far a list is written: shards and patterns; ``number`` is its row."""

    number: int
    shards: int
    patterns: int
    finished: bool


class Writer:
    """An open database and what it says about reduced problems.

    ``answers``: every answer in the file, by the problem's form; whoever settles a problem adds it
    with :meth:`keep`.  Raises InputError if the file cannot be opened for writing.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._limits = limits
        self.db = connect(path, write=True)
        self._session = 0
        self._about: dict[str, object] = {}
        self._ids: dict[str, int] = {}
        self._unknown: set[str] = set()  # problems whose row has no answer
        self.answers: dict[str, Answer] = {}
        self.load()

    def close(self) -> None:
        """Close the file; what is not committed is rolled back."""
        self.db.close()

    def load(self) -> None:
        """Read the answers from the file."""
        self.answers, self._ids, self._unknown = {}, {}, set()
        for number, *values in self.db.execute(f"SELECT id, {_ANSWER} FROM problems"):
            answer = _answer(values)
            self.answers[answer.form] = answer
            self._ids[answer.form] = number
            if answer.conclusion is None:
                self._unknown.add(answer.form)
        for *values, runs in self.db.execute(f"SELECT {_ANSWER}, runs FROM pending"):
            answer = _answer(values, runs)
            self.answers[answer.form] = answer

    # -- lists -----------------------------------------------------------------------------

    def place(self, spec: Spec) -> Place:
        """Where the list's next shard goes; its row is made if it is new."""
        task = json.dumps([spec.kind, list(spec.sizes)])
        values = {"task": task, "label": spec.label, "done": 0, "patterns": 0, "finished": 0}
        with transaction(self.db):
            select = "SELECT id, done, patterns, finished FROM builds WHERE task = ?"
            row = self.db.execute(select, (task,)).fetchone()
            if row is None:
                row = (insert(self.db, "builds", values), 0, 0, 0)
        return Place(row[0], row[1], row[2], bool(row[3]))

    def add(self, place: Place, shards: int, records: Sequence[Record]) -> Place:
        """Write the patterns of the next shards; the place behind them.

        Raises InputError, and writes nothing, if another build has moved on meanwhile.
        """
        after = Place(place.number, place.shards + shards, place.patterns + len(records), False)
        self._look_around()
        with transaction(self.db):
            for record in records:
                self._add(record)
            changed = self.db.execute(
                "UPDATE builds SET done = ?, patterns = ? WHERE id = ? AND done = ?",
                (after.shards, after.patterns, place.number, place.shards),
            )
            if changed.rowcount != 1:
                raise InputError("another build is writing to this file", "database")
        return after

    def finish(self, place: Place) -> None:
        """Note that the list is complete."""
        with transaction(self.db):
            self.db.execute("UPDATE builds SET finished = 1 WHERE id = ?", (place.number,))

    # -- patterns --------------------------------------------------------------------------

    def _add(self, record: Record) -> None:
        """A new row; of a pattern that is there only the kind of list is noted."""
        flag = "normal" if record.normal else "listed"
        found = self.db.execute("SELECT id FROM patterns WHERE form = ?", (record.form,)).fetchone()
        if found is not None:
            self.db.execute(f"UPDATE patterns SET {flag} = 1 WHERE id = ?", found)
            return
        kind = {"listed": int(not record.normal), "normal": int(record.normal)}
        row = {"form": record.form, **kind, **self._pattern_row(record)}
        self._link(insert(self.db, "patterns", row), record)

    def replace(self, records: Sequence[Record]) -> None:
        """Write what is now known of patterns that were unknown, and of their problems."""
        self._look_around()
        with transaction(self.db):
            for record in records:
                number = self.db.execute(
                    "SELECT id FROM patterns WHERE form = ?", (record.form,)
                ).fetchone()[0]
                self._update("patterns", number, self._pattern_row(record))
                self.db.execute("DELETE FROM pattern_problems WHERE pattern = ?", (number,))
                self._link(number, record)

    def unknown(self) -> list[tuple[str, bool]]:
        """(form, whether a normal form) of the patterns without a verdict."""
        select = "SELECT form, normal FROM patterns WHERE verdict = 'unknown' ORDER BY id"
        return [(str(form), bool(normal)) for form, normal in self.db.execute(select)]

    def _pattern_row(self, record: Record) -> dict[str, object]:
        texts = (record.form, record.verdict, record.assurance, record.reason, record.method)
        said = {name: value for name, value in vars(record).items() if name not in _NOT_UPDATED}
        return {
            **said,
            "minimal": 0 if record.verdict == "closed" else None,
            "session": self._session_id(),
            "digest": row_digest(texts, record.proof),
        }

    def _link(self, pattern: int, record: Record) -> None:
        self.db.executemany(
            "INSERT INTO pattern_problems (pattern, problem) VALUES (?, ?)",
            [(pattern, self._problem_id(form)) for form in record.problems],
        )

    # -- reduced problems ------------------------------------------------------------------

    def keep(self, answer: Answer) -> None:
        """Write an answer at once, for it may have taken long; its row comes later."""
        self.answers[answer.form] = answer
        row = {**vars(answer), "trusted": int(answer.trusted), "runs": json.dumps(answer.runs)}
        with transaction(self.db):
            self._drop(answer.form)
            insert(self.db, "pending", row)

    def forget(self) -> None:
        """Drop the answers that no pattern turned out to need, once no list is unfinished."""
        self._look_around()
        with transaction(self.db):
            if self.db.execute("SELECT 1 FROM builds WHERE finished = 0").fetchone():
                return
            for (form,) in self.db.execute("SELECT form FROM pending").fetchall():
                if form in self._ids:
                    self._problem_id(form)  # unknown until now
            self.db.execute("DELETE FROM pending")

    def _problem_id(self, form: str) -> int:
        """The row of a problem, written when the first pattern that needs it is.

        An unknown problem's row is written again: what is known about it may be new.
        """
        answer = self.answers[form]
        if form not in self._ids:
            row = {"form": form, **self._problem_row(answer)}
            self._ids[form] = insert(self.db, "problems", row)
        elif form in self._unknown:
            self._update("problems", self._ids[form], self._problem_row(answer))
            self.db.execute("DELETE FROM runs WHERE problem = ?", (self._ids[form],))
        else:
            return self._ids[form]
        if answer.conclusion is None:
            self._unknown.add(form)
        else:
            self._unknown.discard(form)
        self._write_runs(self._ids[form], answer)
        self._drop(form)
        return self._ids[form]

    def _problem_row(self, answer: Answer) -> dict[str, object]:
        conclusion = answer.conclusion or ""
        trusted = str(int(answer.trusted))
        texts = (answer.form, conclusion, trusted, answer.reason, answer.method)
        return {
            "kind": answer.kind,
            "conclusion": answer.conclusion,
            "trusted": int(answer.trusted),
            "reason": answer.reason,
            "detail": answer.detail,
            "method": answer.method,
            "seconds": answer.seconds,
            "proof": answer.proof,
            "session": self._session_id(),
            "digest": row_digest(texts, answer.proof),
        }

    def _write_runs(self, problem: int, answer: Answer) -> None:
        for run in answer.runs:
            insert(self.db, "runs", {"problem": problem, **dict(zip(_RUN, run, strict=True))})

    def _drop(self, form: str) -> None:
        self.db.execute("DELETE FROM pending WHERE form = ?", (form,))

    def _update(self, table: str, number: int, row: Mapping[str, object]) -> None:
        columns = ", ".join(f"{name} = ?" for name in row)
        self.db.execute(f"UPDATE {table} SET {columns} WHERE id = ?", (*row.values(), number))

    # -- minimal obstructions --------------------------------------------------------------

    def undecided_minimal(self, behind: int, limit: int) -> list[tuple[int, str]]:
        """(id, form) of the next patterns that are not closed, where minimality is not known."""
        return self.db.execute(
            "SELECT id, form FROM patterns WHERE verdict = 'not_closed' AND minimal IS NULL"
            " AND id > ? ORDER BY id LIMIT ?",
            (behind, limit),
        ).fetchall()

    def count_undecided_minimal(self) -> int:
        """How many those are."""
        return int(
            self.db.execute(
                "SELECT count(*) FROM patterns WHERE verdict = 'not_closed' AND minimal IS NULL"
            ).fetchone()[0]
        )

    def set_minimal(self, found: Iterable[tuple[int, int | None]]) -> None:
        """Write (id, 1, 0 or None for still unknown)."""
        with transaction(self.db):
            self.db.executemany(
                "UPDATE patterns SET minimal = ? WHERE id = ?",
                [(minimal, number) for number, minimal in found],
            )

    def verdict(self, *forms: str | None) -> str | None:
        """The verdict of a pattern that is known by one of these forms; None if it is not here."""
        marks = ", ".join("?" * len(forms))
        row = self.db.execute(
            f"SELECT verdict FROM patterns WHERE form IN ({marks}) AND verdict != 'unknown'", forms
        ).fetchone()
        return None if row is None else str(row[0])

    # -- provenance ------------------------------------------------------------------------

    def _look_around(self) -> None:
        """Find the backends and their versions, once, and not while the file is locked."""
        if not self._about:
            with Engine(cache=None) as engine:
                found = {name: engine.find(name) for name in engine.available()}
            backends = {
                name: where.version for name, where in found.items() if isinstance(where, Found)
            }
            self._about = {
                "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "cadlink": version("cadlink"),
                "python": platform.python_version(),
                "platform": f"{platform.system()} {platform.machine()}",
                "backends": json.dumps(backends, sort_keys=True),
                "wall_s": self._limits.wall_s,
                "memory_mib": self._limits.memory_mib,
            }

    def _session_id(self) -> int:
        """The row of this run, written with the first thing it writes."""
        if not self._session:
            self._session = insert(self.db, "sessions", self._about)
        return self._session


def _answer(values: Sequence[Any], runs: str = "[]") -> Answer:
    """The answer in a row of the file."""
    form, kind, conclusion, trusted, *rest = values
    reason, detail, method, seconds, proof = rest
    asked = tuple(tuple(run) for run in json.loads(runs))
    return Answer(
        form, kind, conclusion, bool(trusted), reason, detail, method, seconds, proof, asked
    )
