"""All 4 x 4 patterns with four hidden units: a database is built, checked, counted, and its hard
part shipped.

    python scripts/four_hidden.py [FILE] [--workers N] [--limit SECONDS] [--record] [--ship]
    python scripts/four_hidden.py FILE --check-only [--record] [--ship]

The file is what ``cadlink db build FILE --outer 3x4 --hidden 4`` makes, then the same with --outer
4x4, whose minimal obstructions depend on the former; stopped at any point, the same command goes
on.  Every certificate is checked once more at the end.  With --record the counts,
the digest, the log of the build, the rules, also of the minimal obstructions, and the problems that
are open go to RESULTS.md.  With --ship what took a search goes into the package: the reduced
problems with their proofs into the shipped database, the minimal groups that are not closed into
the known obstructions.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from build_database import TARGET
from listing import built, options
from results import table, write

from cadlink.census import harvest
from cadlink.census.tasks import Spec
from cadlink.database.queries import PatternDatabase

SMALLER = Spec("two", (3, 4, 4))  # what is left of a pattern without one output or input
LISTS = [SMALLER, Spec("two", (4, 4, 4))]
LISTED = "outputs = 4 AND inputs = 4"
TITLE = "Classes of 4 x 4 with four hidden units"


def counts(database: PatternDatabase) -> str:
    """The verdicts, and a digest that a second build must have, too."""
    rows = database.execute(
        f"SELECT verdict, assurance, count(*) FROM patterns WHERE {LISTED} GROUP BY 1, 2"
    )
    digest = hashlib.sha256()
    for form, verdict in database.execute(
        f"SELECT form, verdict FROM patterns WHERE {LISTED} ORDER BY form"
    ):
        digest.update(f"{form} {verdict}\n".encode())
    words = "SHA-256 of the lines `form verdict`, sorted"
    return f"{table(['verdict', 'proof', 'classes'], rows)}\n\n{words}: `{digest.hexdigest()}`."


def rules(database: PatternDatabase, condition: str) -> str:
    """By which rules these patterns are decided, the more frequent ones first."""
    rows = database.execute(
        f"SELECT verdict, method, count(*) FROM patterns WHERE {LISTED} AND {condition}"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 2"
    )
    return table(["verdict", "rules", "classes"], rows)


def log(database: PatternDatabase) -> str:
    """The runs that wrote the file."""
    rows = []
    for begun, limit, backends, problems in database.execute(
        "SELECT started, wall_s, backends, (SELECT count(*) FROM problems WHERE session ="
        " sessions.id AND conclusion IS NOT NULL) FROM sessions ORDER BY id"
    ):
        programs = ", ".join(f"{name} {version}" for name, version in json.loads(backends).items())
        rows.append([begun, f"{limit:g}", problems, programs])
    return table(["begun", "s for a problem", "problems decided", "backends"], rows)


def unknown(database: PatternDatabase) -> str:
    """The reduced problems that are open, with the number of classes that hang on each."""
    rows = database.execute(
        "SELECT '`' || problems.form || '`', count(*) FROM problems"
        " JOIN pattern_problems ON problem = problems.id JOIN patterns ON pattern = patterns.id"
        f" WHERE conclusion IS NULL AND verdict = 'unknown' AND {LISTED}"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return table(["neurons of the problem", "classes"], rows)


def account(file: Path, number: int) -> str:
    """The section of RESULTS.md."""
    with PatternDatabase.open(file) as database:
        ((classes, unsure, unflagged),) = database.execute(
            "SELECT count(*), sum(verdict = 'unknown'), sum(verdict = 'not_closed' AND minimal IS"
            f" NULL) FROM patterns WHERE {LISTED}"
        )
        ((hard, problems),) = database.execute(
            "SELECT count(DISTINCT pattern), count(DISTINCT problem) FROM pattern_problems"
            f" JOIN patterns ON pattern = id WHERE {LISTED}"
        )
        smaller = database.execute(
            f"SELECT verdict, assurance, count(*) FROM patterns WHERE NOT ({LISTED}) GROUP BY 1, 2"
        )
        return "\n\n".join(
            [
                f"All {classes} classes of trimmed patterns, up to unit permutations and reversal;"
                f" {100 * unsure / classes:.3f} % unknown. The rules alone decide"
                f" {classes - hard}; the others hang on {problems} reduced problems. The kernel"
                f" accepted all {number} certificates, those of the reduced problems and of the"
                f" list {SMALLER.label} included.",
                counts(database),
                "By rules, the most frequent combinations being those of the parts:",
                rules(database, "verdict <> 'unknown'"),
                "Minimal obstructions (not closed, but closed without any one output or input); it"
                f" is not known of {unflagged} more, for the verdict of a restriction is not:",
                rules(database, "minimal = 1"),
                f"The list {SMALLER.label}, to which restrictions belong:",
                table(["verdict", "proof", "classes"], smaller),
                "Runs that the file is made of:",
                log(database),
                "Reduced problems that are open:",
                unknown(database),
            ]
        )


def ship(file: Path) -> str:
    """Put what took a search into the package."""
    problems = harvest.add_problems(file, TARGET)
    with PatternDatabase.open(TARGET) as database:
        obstructions = harvest.minimal_obstructions(database)
    harvest.write(obstructions, TARGET.with_name("obstructions.json"))
    return f"{problems} reduced problems added, {len(obstructions)} obstructions"


def main() -> int:
    """Build, check, count, print."""
    parser = options(__doc__.split("\n")[0], "four_hidden.sqlite", 20.0)
    parser.add_argument("--ship", action="store_true", help="add to the data of the package")
    args = parser.parse_args()
    number = built(args, LISTS, obstructions=True)
    body = account(args.file, number)
    print(body)
    if args.record:
        write(TITLE, body)
    if args.ship:
        print(ship(args.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
