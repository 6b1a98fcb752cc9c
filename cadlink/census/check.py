"""Checking a whole database: structure, checksums, and every certificate by the kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from cadlink.census.pool import Crew, Job
from cadlink.census.tasks import Row, check_rows
from cadlink.database.store import connect, explained, row_digest

__all__ = ["check"]

CHUNK = 50


def check(
    path: Path, crew: Crew, progress: Callable[[int, int, int], None] | None = None
) -> tuple[int, list[str]]:
    """(certificates checked, what is wrong): SQLite's own check, foreign keys, checksums, kernel.

    ``progress`` is called with the certificates done, their number, and the complaints so far.
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
                "SELECT id, form, verdict, assurance, reason, method, proof, digest FROM patterns"
            ).fetchall()
            problems = connection.execute(
                "SELECT id, form, conclusion, trusted, reason, method, proof, digest FROM problems"
            ).fetchall()
            needed: dict[int, list[int]] = defaultdict(list)
            for pattern, problem in connection.execute("SELECT * FROM pattern_problems"):
                needed[pattern].append(problem)
    finally:
        connection.close()
    rows: list[Row] = []
    proofs: dict[int, tuple[str, bytes]] = {}
    for number, form, conclusion, trusted, reason, method, proof, digest in problems:
        if not _intact((form, conclusion or "", str(trusted), reason, method), proof, digest):
            wrong.append(f"{form}: the row is not what was written: its checksum differs")
        if proof is not None:
            proofs[number] = (form, proof)
            rows.append((form, conclusion, "trusted" if trusted else "checked", proof, ()))
    for number, form, verdict, assurance, reason, method, proof, digest in patterns:
        if not _intact((form, verdict, assurance, reason, method), proof, digest):
            wrong.append(f"{form}: the row is not what was written: its checksum differs")
        if proof is not None:
            parts = tuple(proofs[problem] for problem in needed[number] if problem in proofs)
            rows.append((form, verdict, assurance, proof, parts))
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
    return len(rows), wrong


def _intact(fields: tuple[str, ...], proof: bytes | None, digest: bytes) -> bool:
    try:
        return row_digest(fields, proof) == digest
    except (AttributeError, TypeError):  # SQLite lets a damaged column hold any type
        return False
