"""Building a database: workers compute, one writer writes, in the order of the enumeration.

For every shard: a worker enumerates its patterns and reduces them; the reduced problems left open
that nobody has met are settled, each once; a worker puts the answers into the patterns' proofs and
lets the kernel check the whole.  The writer adds finished shards in order, each with the count of
shards done in one transaction; an answer that later shards wait for is kept aside as soon as it
comes (it may have taken a minute).  So the file holds, at every moment and whatever is killed, a
beginning of the list; the same command goes on behind it, and the end does not depend on where
it was interrupted.
"""

from __future__ import annotations

import json
import platform
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from cadlink.backends.locate import Found
from cadlink.census.pool import Crew, Job
from cadlink.census.tasks import (
    Open,
    Spec,
    finish,
    reduce_forms,
    reduce_shard,
    restrictions,
    settle,
    verdicts,
)
from cadlink.database.store import (
    Answer,
    Record,
    connect,
    explained,
    insert,
    row_digest,
    transaction,
)
from cadlink.decision import Limits
from cadlink.engine import Engine
from cadlink.errors import InputError

__all__ = ["Builder", "Status", "build"]

CHUNK = 20  # patterns of a task when unknown ones are retried
AHEAD = 40  # shards under way while the first of them waits for an answer
BATCH = 2000  # patterns whose restrictions are looked at in one go


@dataclass(frozen=True)
class Status:
    """How far a build is: of one list, or of the search for minimal obstructions."""

    label: str
    done: int
    total: int | None
    fresh: int  # done by this run
    seconds: float
    unknown: int

    @property
    def rate(self) -> float:
        """Patterns per second in this run."""
        return self.fresh / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds expected until the end; None if that cannot be said."""
        if self.total is None or not self.fresh:
            return None
        return (self.total - self.done) / self.rate


@dataclass
class _Piece:
    """A shard on its way: its patterns, and the problems it still waits for."""

    items: list[Record | Open] | None = None
    waiting: set[str] = field(default_factory=set)
    ready: bool = False


def build(
    path: Path,
    specs: Sequence[Spec],
    crew: Crew,
    limits: Limits | None = None,
    progress: Callable[[Status], None] | None = None,
    retry_unknown: bool = False,
    obstructions: bool = True,
) -> None:
    """Build these lists into the file, going on where an earlier run stopped.

    Raises InputError when the file cannot be written (full disk, another writer) or the workers
    are gone; the file then holds a beginning of the work, and the same call goes on.
    """
    builder = Builder(path, crew, limits, progress)
    try:
        with explained(path):
            if retry_unknown:
                builder.retry()
            for spec in specs:
                builder.run(spec)
            builder.forget()
            if obstructions:
                builder.obstructions()
    finally:
        builder.close()


class Builder:
    """The one writer of a file."""

    def __init__(
        self,
        path: Path,
        crew: Crew,
        limits: Limits | None = None,
        progress: Callable[[Status], None] | None = None,
    ) -> None:
        self.limits = Limits() if limits is None else limits
        self.crew = crew
        self._progress = progress
        self._db = connect(path, write=True)
        self._session = 0
        self._ids: dict[str, int] = {}
        self._answers: dict[str, Answer] = {}
        self._settling: set[str] = set()
        self._wanting: dict[str, list[_Piece]] = {}
        self._retrying = False
        self._load()

    def close(self) -> None:
        """Close the file; what is not committed is rolled back."""
        self._db.close()

    def _load(self) -> None:
        columns = "form, kind, conclusion, trusted, reason, detail, method, seconds, proof"
        for number, *values in self._db.execute(f"SELECT id, {columns} FROM problems"):
            answer = _answer(values)
            self._answers[answer.form] = answer
            self._ids[answer.form] = number
        for *values, runs in self._db.execute(f"SELECT {columns}, runs FROM pending"):
            answer = _answer(values, runs)
            self._answers[answer.form] = answer

    # -- one list --------------------------------------------------------------------------

    def run(self, spec: Spec) -> None:
        """Build one list to its end."""
        classes = spec.classes()
        task = json.dumps([spec.kind, list(spec.sizes)])
        number, done, written, finished = self._build_row(task, spec.label)
        if finished:
            return
        total = classes.count()
        shards = islice(classes.shards(), done, None)
        jobs = (Job(reduce_shard, (spec, shard)) for shard in shards)
        start = time.monotonic()
        fresh = unknown = 0
        for pieces in self._pieces(jobs):
            with transaction(self._db):
                for piece in pieces:
                    records = self._records(piece)
                    for record in records:
                        self._write_pattern(record)
                    fresh += len(records)
                    unknown += sum(record.verdict == "unknown" for record in records)
                self._advance(number, done, done + len(pieces), written + fresh)
            done += len(pieces)
            self._say(spec.label, written + fresh, total, fresh, start, unknown)
        with transaction(self._db):
            self._db.execute("UPDATE builds SET finished = 1 WHERE id = ?", (number,))

    def _build_row(self, task: str, label: str) -> tuple[int, int, int, bool]:
        select = "SELECT id, done, patterns, finished FROM builds WHERE task = ?"
        row = self._db.execute(select, (task,)).fetchone()
        if row is None:
            values = {"task": task, "label": label, "done": 0, "patterns": 0, "finished": 0}
            with transaction(self._db):
                insert(self._db, "builds", values)
            row = self._db.execute(select, (task,)).fetchone()
        return int(row[0]), int(row[1]), int(row[2]), bool(row[3])

    def _advance(self, build: int, before: int, after: int, patterns: int) -> None:
        """Count the shards; if somebody else has, the whole transaction is rolled back."""
        changed = self._db.execute(
            "UPDATE builds SET done = ?, patterns = ? WHERE id = ? AND done = ?",
            (after, patterns, build, before),
        )
        if changed.rowcount != 1:
            raise InputError("another build is writing to this file", "database")

    def _pieces(self, jobs: Iterator[Job]) -> Iterator[list[_Piece]]:
        """The shards, finished and in order, as many at a time as are ready."""
        line: deque[_Piece] = deque()
        window = AHEAD + 8 * self.crew.width
        more = True
        while more or line:
            while more and len(line) < window:
                job = next(jobs, None)
                if job is None:
                    more = False
                    break
                piece = _Piece()
                line.append(piece)
                self.crew.submit(Job(job.function, job.arguments, piece))
            if not line:
                return
            for job, result in self.crew.finished():
                self._take(job, result)
            ready = []
            while line and line[0].ready:
                ready.append(line.popleft())
            if ready:
                yield ready

    def _take(self, job: Job, result: object) -> None:
        """A result has come: of a reduction, a settled problem, or finished proofs."""
        if isinstance(result, Answer):
            self._settling.discard(result.form)
            self._answers[result.form] = result
            self._keep(result)
            for piece in self._wanting.pop(result.form, []):
                piece.waiting.discard(result.form)
                self._finish_if_possible(piece)
            return
        piece = job.owner
        assert isinstance(piece, _Piece)
        assert isinstance(result, list)
        if piece.items is None:
            piece.items = result
            wanted = {form for item in result if isinstance(item, Open) for form in item.problems}
            for form in sorted(wanted - set(self._answers)):
                piece.waiting.add(form)
                self._wanting.setdefault(form, []).append(piece)
                if form not in self._settling:
                    self._settling.add(form)
                    self.crew.submit(Job(settle, (form, self.limits)))
            self._finish_if_possible(piece)
        else:
            records = iter(result)
            piece.items = [
                next(records) if isinstance(item, Open) else item for item in piece.items
            ]
            piece.ready = True

    def _keep(self, answer: Answer) -> None:
        """Write an answer at once, for it may have taken long; its place comes later."""
        row = {**vars(answer), "trusted": int(answer.trusted), "runs": json.dumps(answer.runs)}
        with transaction(self._db):
            self._db.execute("DELETE FROM pending WHERE form = ?", (answer.form,))
            insert(self._db, "pending", row)

    def _finish_if_possible(self, piece: _Piece) -> None:
        if piece.items is None or piece.waiting:
            return
        waiting = [item for item in piece.items if isinstance(item, Open)]
        if not waiting:
            piece.ready = True
            return
        forms = {form for item in waiting for form in item.problems}
        answers = {form: self._answers[form] for form in forms}
        self.crew.submit(Job(finish, (waiting, answers), piece))

    @staticmethod
    def _records(piece: _Piece) -> list[Record]:
        assert piece.items is not None
        return [item for item in piece.items if isinstance(item, Record)]

    # -- writing ---------------------------------------------------------------------------

    def _write_pattern(self, record: Record) -> None:
        """Insert a pattern, or, if it is there, note what is new about it."""
        minimal = 0 if record.verdict == "closed" else None
        row = {
            "layers": record.layers,
            "outputs": record.outputs,
            "inputs": record.inputs,
            "hidden": record.hidden,
            "nonzeros": record.nonzeros,
            "verdict": record.verdict,
            "assurance": record.assurance,
            "reason": record.reason,
            "method": record.method,
            "proof": record.proof,
            "minimal": minimal,
            "session": self._session_id(),
            "digest": row_digest(
                (record.form, record.verdict, record.assurance, record.reason, record.method),
                record.proof,
            ),
        }
        found = self._db.execute(
            "SELECT id, verdict FROM patterns WHERE form = ?", (record.form,)
        ).fetchone()
        if found is None:
            kind = {"listed": int(not record.normal), "normal": int(record.normal)}
            row = {"form": record.form, **kind, **row}
            number = insert(self._db, "patterns", row)
        else:
            number, old = found
            if not self._retrying:
                flag = "normal" if record.normal else "listed"
                self._db.execute(f"UPDATE patterns SET {flag} = 1 WHERE id = ?", (number,))
            if old != "unknown" or not self._retrying:
                return
            columns = ", ".join(f"{name} = ?" for name in row)
            self._db.execute(f"UPDATE patterns SET {columns} WHERE id = ?", (*row.values(), number))
            self._db.execute("DELETE FROM pattern_problems WHERE pattern = ?", (number,))
        self._db.executemany(
            "INSERT INTO pattern_problems (pattern, problem) VALUES (?, ?)",
            [(number, self._problem_id(form)) for form in record.problems],
        )

    def _problem_id(self, form: str) -> int:
        """The row of a problem, written when the first pattern that needs it is."""
        if form in self._ids:
            return self._ids[form]
        answer = self._answers[form]
        number = insert(self._db, "problems", {"form": form, **self._problem_row(answer)})
        self._write_runs(number, answer)
        self._db.execute("DELETE FROM pending WHERE form = ?", (form,))
        self._ids[form] = number
        return number

    def _problem_row(self, answer: Answer) -> dict[str, object]:
        conclusion = answer.conclusion or ""
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
            "digest": row_digest(
                (answer.form, conclusion, str(int(answer.trusted)), answer.reason, answer.method),
                answer.proof,
            ),
        }

    def _write_runs(self, problem: int, answer: Answer) -> None:
        names = ("backend", "version", "outcome", "seconds", "statement", "transcript")
        for run in answer.runs:
            row = dict(zip(names, run, strict=True))
            insert(self._db, "runs", {"problem": problem, **row})

    def _session_id(self) -> int:
        """The row of this run, written with the first thing it writes."""
        if not self._session:
            with Engine(cache=None) as engine:
                found = {name: engine.find(name) for name in engine.available()}
            backends = {
                name: where.version for name, where in found.items() if isinstance(where, Found)
            }
            row = {
                "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "cadlink": version("cadlink"),
                "python": platform.python_version(),
                "platform": platform.platform(),
                "backends": json.dumps(backends, sort_keys=True),
                "wall_s": self.limits.wall_s,
                "memory_mib": self.limits.memory_mib,
            }
            self._session = insert(self._db, "sessions", row)
        return self._session

    def _say(
        self, label: str, done: int, total: int | None, fresh: int, start: float, unknown: int
    ) -> None:
        if self._progress is not None:
            seconds = time.monotonic() - start
            self._progress(Status(label, done, total, fresh, seconds, unknown))

    def forget(self) -> None:
        """Drop the answers that no pattern turned out to need."""
        with transaction(self._db):
            self._db.execute("DELETE FROM pending")

    # -- unknown ones again ----------------------------------------------------------------

    def retry(self) -> None:
        """Settle the unknown problems once more, with this run's limits, and what hangs on them."""
        select = "SELECT form, normal FROM patterns WHERE verdict = 'unknown' ORDER BY id"
        forms = [(str(form), bool(normal)) for form, normal in self._db.execute(select)]
        unknown = [form for form, answer in self._answers.items() if answer.conclusion is None]
        for form in unknown:
            del self._answers[form]
        chunks = [forms[low : low + CHUNK] for low in range(0, len(forms), CHUNK)]
        start = time.monotonic()
        done = left = 0
        self._retrying = True
        for pieces in self._pieces(Job(reduce_forms, (chunk,)) for chunk in chunks):
            records = [record for piece in pieces for record in self._records(piece)]
            with transaction(self._db):
                for form in {form for record in records for form in record.problems}:
                    self._rewrite_problem(form)
                for record in records:
                    self._write_pattern(record)
            done += len(records)
            left += sum(record.verdict == "unknown" for record in records)
            self._say("unknown ones again", done, len(forms), done, start, left)
        self._retrying = False
        self._answers = {}
        self._load()

    def _rewrite_problem(self, form: str) -> None:
        number = self._ids.get(form)
        if number is None:
            return
        answer = self._answers[form]
        row = self._problem_row(answer)
        columns = ", ".join(f"{name} = ?" for name in row)
        changed = self._db.execute(
            f"UPDATE problems SET {columns} WHERE id = ? AND conclusion IS NULL",
            (*row.values(), number),
        )
        if changed.rowcount:
            self._db.execute("DELETE FROM runs WHERE problem = ?", (number,))
            self._write_runs(number, answer)
        self._db.execute("DELETE FROM pending WHERE form = ?", (form,))

    # -- minimal obstructions --------------------------------------------------------------

    def obstructions(self) -> None:
        """Find out which patterns that are not closed have only closed proper restrictions.

        It is enough to leave out one output or one input.  Restrictions that are not in the file
        are decided for the purpose.
        """
        select = (
            "SELECT id, form FROM patterns WHERE verdict = 'not_closed' AND minimal IS NULL"
            " AND id > ? ORDER BY id LIMIT ?"
        )
        open_ = "verdict = 'not_closed' AND minimal IS NULL"
        total = self._db.execute(f"SELECT count(*) FROM patterns WHERE {open_}").fetchone()[0]
        seen: dict[str, str] = {}
        start = time.monotonic()
        last = done = 0
        while rows := self._db.execute(select, (last, BATCH)).fetchall():
            last = rows[-1][0]
            forms = [form for _, form in rows]
            jobs = [Job(restrictions, (part,)) for part in _cut(forms, 100)]
            listed = [item for part in self.crew.gather(jobs) for item in part]
            self._learn(listed, seen)
            with transaction(self._db):
                for (number, _), parts in zip(rows, listed, strict=True):
                    found = {seen[form] for form, _ in parts}
                    minimal = 0 if "not_closed" in found else None if "unknown" in found else 1
                    self._db.execute(
                        "UPDATE patterns SET minimal = ? WHERE id = ?", (minimal, number)
                    )
            done += len(rows)
            self._say("minimal obstructions", done, int(total), done, start, 0)

    def _learn(
        self, listed: Iterable[Sequence[tuple[str, str | None]]], seen: dict[str, str]
    ) -> None:
        """The verdicts of these patterns, from the file or decided now."""
        missing = []
        for form, normal in sorted({pair for parts in listed for pair in parts}, key=str):
            if form in seen:
                continue
            row = self._db.execute(
                "SELECT verdict FROM patterns WHERE form IN (?, ?) AND verdict != 'unknown'",
                (form, normal),
            ).fetchone()
            if row is not None:
                seen[form] = str(row[0])
            else:
                missing.append(form)
        parts = _cut(missing, 10)
        results = self.crew.gather([Job(verdicts, (part, self.limits)) for part in parts])
        for part, words in zip(parts, results, strict=True):
            seen.update(zip(part, words, strict=True))


def _answer(values: Sequence[Any], runs: str = "[]") -> Answer:
    """The answer in a row of the file."""
    form, kind, conclusion, trusted, *rest = values
    reason, detail, method, seconds, proof = rest
    asked = tuple(tuple(run) for run in json.loads(runs))
    return Answer(
        form, kind, conclusion, bool(trusted), reason, detail, method, seconds, proof, asked
    )


def _cut(items: list[str], size: int) -> list[list[str]]:
    return [items[low : low + size] for low in range(0, len(items), size)]
