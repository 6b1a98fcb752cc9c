"""The obstructions that come with the package, derived from a database.

Of the reduced groups that are not closed, those that no rule settles and that contain no other
one: whatever the rules settle is found again wherever it appears, and a group that contains an
obstruction is settled by it (``deciding/known_obstructions.py``).  Only proofs without holes
count.  A group that is known already keeps its proof: that in the database was made from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from cadlink import files
from cadlink.certificates import kernel
from cadlink.database.queries import PatternDatabase
from cadlink.database.schema import transaction
from cadlink.database.store import connect, explained, insert
from cadlink.deciding.known_obstructions import Obstruction, Obstructions, find, known
from cadlink.patterns.group import Group
from cadlink.rules.pipeline import reduce, verdict

__all__ = ["add_problems", "minimal_obstructions", "write"]

# Larger ones are many, and looked up in the database itself.
MOST_LINES = 7


def minimal_obstructions(database: PatternDatabase) -> Obstructions:
    """The minimal groups of at most ``MOST_LINES`` rows and columns, small ones first.

    Raises CertificateError if a proof in the file is wrong.
    """
    small = (item for item in database.obstructions() if _lines(item[0]) <= MOST_LINES)
    groups = sorted(
        small,
        key=lambda item: (
            _lines(item[0]),
            len(item[0].cells),
            item[0].picture(),
        ),
    )
    kept = Obstructions()
    for group, found in groups:
        if find(group, kept) is not None:
            continue
        one = Obstruction.of(group, found)
        if verdict(reduce(one.group)) is not None:
            continue
        one = Obstruction(one.group, known().proof(one.group) or one.proof)
        kernel.check_proof(one.group.to_json(), one.proof)
        kept.add(one)
    return kept


def _lines(group: Group) -> int:
    return len(group.rows) + len(group.cols)


def add_problems(source: Path, target: Path) -> int:
    """Copy the reduced problems that a database has decided on nobody's word into another, unless
    they are there; how many.

    Raises InputError if one of the files is no pattern database, or cannot be written.
    """
    columns = "form, kind, conclusion, trusted, reason, detail, method, seconds, proof, digest"
    about = "started, cadlink, python, platform, backends, wall_s, memory_mib"
    where = "conclusion IS NOT NULL AND trusted = 0"
    with closing(connect(source, write=False)) as read, explained(source):
        sessions = read.execute(f"SELECT id, {about} FROM sessions ORDER BY id").fetchall()
        rows = read.execute(f"SELECT session, {columns} FROM problems WHERE {where}").fetchall()
    with closing(connect(target, write=True)) as written, explained(target), transaction(written):
        there = {form for (form,) in written.execute("SELECT form FROM problems")}
        fresh = [row for row in rows if row[1] not in there]
        numbers = {}
        for number, *values in sessions:
            if any(row[0] == number for row in fresh):
                row = dict(zip(about.split(", "), values, strict=True))
                numbers[number] = insert(written, "sessions", row)
        for session, *values in fresh:
            row = dict(zip(columns.split(", "), values, strict=True))
            insert(written, "problems", {"session": numbers[session], **row})
    return len(fresh)


def write(obstructions: Iterable[Obstruction], target: Path) -> None:
    """Write the data file of ``deciding/known_obstructions.py``, one obstruction on a line."""
    lines = [json.dumps(one.to_json(), separators=(",", ":")) for one in obstructions]
    files.write(target, "[\n" + ",\n".join(lines) + "\n]\n", "obstructions")
