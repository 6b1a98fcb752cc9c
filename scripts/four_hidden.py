"""All 4 x 4 patterns with four hidden units: a database is built, checked, counted, and its hard
part shipped.

    python scripts/four_hidden.py [FILE] [--workers N] [--limit SECONDS] [--record] [--ship]

The file is what ``cadlink db build FILE --outer 4x4 --hidden 4`` makes; stopped at any point, the
same command goes on.  Every certificate is checked once more at the end.  With --record the counts,
the digest, the log of the build, the minimal obstructions by rule and the problems that are open go
to RESULTS.md.  With --ship what took a search goes into the package: the reduced problems with
their proofs to the shipped database, and the minimal groups that are not closed to the known
obstructions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

from build_database import TARGET
from results import table, write
from three_layers import progress

from cadlink.census.audit import check
from cadlink.census.build import build
from cadlink.census.harvest import minimal_obstructions
from cadlink.census.harvest import write as write_obstructions
from cadlink.census.pool import local_crew
from cadlink.census.tasks import Spec
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits

LIST = Spec("two", (4, 4, 4))


def counts(database: PatternDatabase) -> str:
    """The verdicts, and a digest that a second build must have, too."""
    rows = database.execute("SELECT verdict, assurance, count(*) FROM patterns GROUP BY 1, 2")
    digest = hashlib.sha256()
    for form, verdict in database.execute("SELECT form, verdict FROM patterns ORDER BY form"):
        digest.update(f"{form} {verdict}\n".encode())
    words = "SHA-256 of the sorted lines `form verdict`"
    return f"{table(['verdict', 'proof', 'classes'], rows)}\n\n{words}: `{digest.hexdigest()}`."


def rules(database: PatternDatabase, condition: str) -> str:
    """By which rules these patterns are decided, the more frequent first."""
    found: Counter[tuple[str, str]] = Counter()
    for verdict, method, number in database.execute(
        f"SELECT verdict, method, count(*) FROM patterns WHERE {condition} GROUP BY 1, 2"
    ):
        found[verdict, method] += number
    rows = [[verdict, method, number] for (verdict, method), number in found.most_common()]
    return table(["verdict", "rules", "classes"], rows)


def log(database: PatternDatabase) -> str:
    """The runs that wrote the file."""
    rows = [
        [started, python, f"{limit:g}", ", ".join(f"{k} {v}" for k, v in json.loads(backends).items())]
        for started, python, limit, backends in database.execute(
            "SELECT started, python, wall_s, backends FROM sessions ORDER BY id"
        )
    ]
    return table(["begun", "Python", "s for a problem", "backends"], rows)


def unknown(database: PatternDatabase) -> str:
    """The reduced problems that are open, with the number of patterns that hang on each."""
    rows = database.execute(
        "SELECT form, count(*) FROM problems JOIN pattern_problems ON problem = problems.id"
        " JOIN patterns ON pattern = patterns.id"
        " WHERE conclusion IS NULL AND patterns.verdict = 'unknown' GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return table(["neurons of the problem", "classes"], [[f"`{form}`", n] for form, n in rows])


def ship(file: Path) -> str:
    """Put what took a search into the package."""
    with PatternDatabase.open(file) as database:
        obstructions = minimal_obstructions(database)
    write_obstructions(obstructions, TARGET.with_name("obstructions.json"))
    return f"{len(obstructions)} obstructions shipped"
