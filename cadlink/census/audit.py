"""Checking a whole database: structure, checksums, every row against its proof, by the kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from cadlink.census.minimal import Flags
from cadlink.census.pool import Crew, Job
from cadlink.census.rows import Packed, Row, check_rows
from cadlink.database.store import connect, explained, row_digest
from cadlink.deciding.decision import Limits

__all__ = ["check"]

CHUNK = 50


def check(
    path: Path, crew: Crew, progress: Callable[[int, int, int], None] | None = None
) -> tuple[int, list[str]]:
    """(certificates checked, what is wrong): SQLite's own check, foreign keys, checksums, kernel.

    A verdict without a proof is wrong; so are sizes that are not the pattern's, and ``minimal``
    where a proper restriction is not closed.  ``progress`` is called with the rows done, their
    number, and the complaints so far.
    """
    connection = connect(path, write=False)
    wrong: list[str] = []
    try:
        with explained(path):
            for (line,) in connection.execute("PRAGMA integrity_check"):
                if line != "ok":
                    wrong.append(f"SQLite: {line}")
            for row in connection.execute("PRAGMA foreign_key_check"):
                wrong.append(f"SQLite: row {row[1]} of {row[0]} refers to no row of {row[2]}")
            patterns = connection.execute(
                "SELECT id, form, verdict, assurance, reason, method, proof, digest, minimal,"
                " layers, outputs, inputs, hidden, nonzeros FROM patterns"
            ).fetchall()
            problems = connection.execute(
                "SELECT id, form, kind, conclusion, trusted, reason, method, proof, digest"
                " FROM problems"
            ).fetchall()
            needed: dict[int, list[int]] = defaultdict(list)
            for pattern, problem in connection.execute("SELECT * FROM pattern_problems"):
                needed[pattern].append(problem)
    finally:
        connection.close()
    rows: list[Packed] = []
    proofs: dict[int, tuple[str, bytes]] = {}
    for number, form, kind, conclusion, trusted, reason, method, proof, digest in problems:
        if not _intact((form, conclusion or "", str(trusted), reason, method), proof, digest):
            wrong.append(f"{form}: the row is not what was written: its checksum differs")
        if proof is not None:
            proofs[number] = (form, proof)
        assurance = "none" if conclusion is None else "trusted" if trusted else "checked"
        rows.append((Row(form, kind, conclusion or "unknown", assurance), proof, ()))
    for number, form, verdict, assurance, reason, method, proof, digest, _, *sizes in patterns:
        if not _intact((form, verdict, assurance, reason, method), proof, digest):
            wrong.append(f"{form}: the row is not what was written: its checksum differs")
        parts = tuple(proofs[problem] for problem in needed[number] if problem in proofs)
        rows.append((Row(form, "pattern", verdict, assurance, tuple(sizes)), proof, parts))
    jobs = [Job(check_rows, (rows[low : low + CHUNK],)) for low in range(0, len(rows), CHUNK)]
    done = 0
    waiting = iter(jobs)
    for job in islice(waiting, 4 * crew.width):
        crew.submit(job)
    while len(crew):
        for job, complaints in crew.finished():
            wrong += complaints
            done += len(job.arguments[0])
            following = next(waiting, None)
            if following is not None:
                crew.submit(following)
            if progress is not None:
                progress(done, len(rows), len(wrong))
    if not wrong:  # of verdicts that hold
        said = [(row[1], row[2], row[8]) for row in patterns]
        wrong += _wrong_flags(said, crew)
    return sum(proof is not None for _, proof, _ in rows), wrong


def _wrong_flags(said: list[tuple[str, str, int | None]], crew: Crew) -> list[str]:
    """What is wrong with the column ``minimal``, given that the verdicts are right."""
    verdicts = {form: verdict for form, verdict, _ in said if verdict != "unknown"}
    flags = Flags(crew, Limits(), lambda *forms: next(filter(None, map(verdicts.get, forms)), None))
    wrong = []
    open_ = []
    for form, verdict, minimal in said:
        if verdict == "not_closed" and minimal is not None:
            open_.append((form, minimal))
        elif minimal and verdict != "not_closed":
            wrong.append(f"{form}: the row says it is minimal, and {verdict}")
    found = flags.of([form for form, _ in open_])
    for (form, minimal), flag in zip(open_, found, strict=True):
        if flag != minimal:
            words = {None: "that is not known", 0: "it is not", 1: "it is"}
            wrong.append(f"{form}: minimal is {minimal} in the row, but {words[flag]}")
    return wrong


def _intact(fields: tuple[str, ...], proof: bytes | None, digest: bytes) -> bool:
    try:
        return row_digest(fields, proof) == digest
    except (AttributeError, TypeError):  # SQLite lets a damaged column hold any type
        return False
