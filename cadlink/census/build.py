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

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from cadlink.census.minimal import find_minimal
from cadlink.census.pool import Crew, Job
from cadlink.census.tasks import Open, Spec, finish, reduce_forms, reduce_shard, settle
from cadlink.census.writer import Writer
from cadlink.database.store import Answer, Record, explained
from cadlink.deciding.decision import Limits

__all__ = ["Builder", "Status", "build"]

CHUNK = 20  # patterns of a task when unknown ones are retried
AHEAD = 40  # shards under way while the first of them waits for an answer
# What is nearest to be written goes first.
FINISH, SETTLE, REDUCE = range(3)


@dataclass(frozen=True)
class Status:
    """How far a build is: of one list, or of the search for minimal obstructions."""

    label: str
    done: int
    total: int | None
    fresh: int  # done by this run
    seconds: float
    unknown: int
    settled: int = 0  # reduced problems answered by this run
    waiting: int = 0  # reduced problems that patterns wait for

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
    with explained(path), closing(Builder(path, crew, limits, progress)) as builder:
        if retry_unknown:
            builder.retry()
        for spec in specs:
            builder.run(spec)
        builder.writer.forget()
        if obstructions:
            builder.obstructions()


@dataclass
class _Piece:
    """A shard on its way: its patterns, and the problems it still waits for."""

    items: list[Record | Open] | None = None
    waiting: set[str] = field(default_factory=set)
    ready: bool = False

    def records(self) -> list[Record]:
        """The patterns of a shard that is ready."""
        return [item for item in self.items or () if isinstance(item, Record)]


class Builder:
    """Sends the shards of lists through the workers to the writer."""

    def __init__(
        self,
        path: Path,
        crew: Crew,
        limits: Limits | None = None,
        progress: Callable[[Status], None] | None = None,
    ) -> None:
        self.limits = Limits() if limits is None else limits
        self.crew = crew
        self.writer = Writer(path, self.limits)
        self._progress = progress
        self._wanting: dict[str, list[_Piece]] = {}  # who waits for a problem being settled
        self._settled = 0

    def close(self) -> None:
        """Close the file; what is not committed is rolled back, what is under way is dropped."""
        self.crew.abandon()
        self.writer.close()

    def run(self, spec: Spec) -> None:
        """Build one list to its end."""
        place = self.writer.place(spec)
        if place.finished:
            return
        classes = spec.classes()
        total = classes.count()
        shards = islice(classes.shards(), place.shards, None)
        start, before, unknown = time.monotonic(), place.patterns, 0
        for pieces in self._pieces(Job(reduce_shard, (spec, shard)) for shard in shards):
            records = [record for piece in pieces for record in piece.records()]
            if pieces:
                place = self.writer.add(place, len(pieces), records)
                unknown += _unknown(records)
            self._say(spec.label, place.patterns, total, place.patterns - before, start, unknown)
        self.writer.finish(place)

    def retry(self) -> None:
        """Settle the unknown problems once more, with this run's limits, and what hangs on them."""
        forms = self.writer.unknown()
        answers = self.writer.answers
        for form in [form for form, answer in answers.items() if answer.conclusion is None]:
            del answers[form]
        chunks = [forms[low : low + CHUNK] for low in range(0, len(forms), CHUNK)]
        start, done, left = time.monotonic(), 0, 0
        for pieces in self._pieces(Job(reduce_forms, (chunk,)) for chunk in chunks):
            records = [record for piece in pieces for record in piece.records()]
            if records:
                self.writer.replace(records)
            done += len(records)
            left += _unknown(records)
            self._say("unknown ones again", done, len(forms), done, start, left)
        self.writer.load()

    def obstructions(self) -> None:
        """Find the minimal obstructions among the patterns of the file."""
        start = time.monotonic()

        def say(done: int, total: int) -> None:
            self._say("minimal obstructions", done, total, done, start, 0)

        find_minimal(self.writer, self.crew, self.limits, say)

    # -- shards on their way ---------------------------------------------------------------

    def _pieces(self, jobs: Iterator[Job]) -> Iterator[list[_Piece]]:
        """The shards, finished and in order, as many at a time as are ready; [] now and then."""
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
                self.crew.submit(Job(job.function, job.arguments, piece, REDUCE))
            if not line:
                return
            for job, result in self.crew.finished():
                self._take(job, result)
            ready = []
            while line and line[0].ready:
                ready.append(line.popleft())
            yield ready

    def _take(self, job: Job, result: object) -> None:
        """A result has come: of a settled problem, a reduction, or finished proofs."""
        if isinstance(result, Answer):
            self._settled += 1
            self.writer.keep(result)
            for piece in self._wanting.pop(result.form):
                piece.waiting.discard(result.form)
                self._finish_if_possible(piece)
            return
        piece = job.owner
        assert isinstance(piece, _Piece)
        assert isinstance(result, list)
        if piece.items is None:
            piece.items = result
            wanted = {form for item in result if isinstance(item, Open) for form in item.problems}
            for form in sorted(wanted - set(self.writer.answers)):
                piece.waiting.add(form)
                if form not in self._wanting:
                    self.crew.submit(Job(settle, (form, self.limits), rank=SETTLE))
                self._wanting.setdefault(form, []).append(piece)
            self._finish_if_possible(piece)
        else:
            records = iter(result)
            piece.items = [
                next(records) if isinstance(item, Open) else item for item in piece.items
            ]
            piece.ready = True

    def _finish_if_possible(self, piece: _Piece) -> None:
        if piece.items is None or piece.waiting:
            return
        waiting = [item for item in piece.items if isinstance(item, Open)]
        if not waiting:
            piece.ready = True
            return
        forms = {form for item in waiting for form in item.problems}
        answers = {form: self.writer.answers[form] for form in forms}
        self.crew.submit(Job(finish, (waiting, answers), piece, FINISH))

    def _say(
        self, label: str, done: int, total: int | None, fresh: int, start: float, unknown: int
    ) -> None:
        if self._progress is not None:
            seconds = time.monotonic() - start
            waiting = len(self._wanting)
            self._progress(
                Status(label, done, total, fresh, seconds, unknown, self._settled, waiting)
            )


def _unknown(records: Sequence[Record]) -> int:
    return sum(record.verdict == "unknown" for record in records)
