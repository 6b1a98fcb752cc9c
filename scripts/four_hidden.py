"""All 4 x 4 patterns with four hidden units: a database is built, checked, counted, and its hard
part shipped.

    python scripts/four_hidden.py [FILE] [--workers N] [--limit SECONDS] [--record] [--ship]
    python scripts/four_hidden.py FILE --check-only [--record] [--ship]

The file is what ``cadlink db build FILE --outer 4x4 --hidden 4`` makes; stopped at any point, the
same command goes on.  Every certificate is checked once more at the end.  With --record the counts,
the digest, the log of the build, the rules, also of the minimal obstructions, and the problems that
are open go to RESULTS.md.  With --ship what took a search goes into the package: the reduced
problems with their proofs into the shipped database, the minimal groups that are not closed into
the known obstructions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from build_database import TARGET
from results import table, write
from three_layers import progress

from cadlink.census import harvest
from cadlink.census.audit import check
from cadlink.census.build import build
from cadlink.census.pool import local_crew
from cadlink.census.tasks import Spec
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits

LIST = Spec("two", (4, 4, 4))
TITLE = "Classes of 4 x 4 with four hidden units"


def counts(database: PatternDatabase) -> str:
    """The verdicts, and a digest that a second build must have, too."""
    rows = database.execute("SELECT verdict, assurance, count(*) FROM patterns GROUP BY 1, 2")
    digest = hashlib.sha256()
    for form, verdict in database.execute("SELECT form, verdict FROM patterns ORDER BY form"):
        digest.update(f"{form} {verdict}\n".encode())
    words = "SHA-256 of the lines `form verdict`, sorted"
    return f"{table(['verdict', 'proof', 'classes'], rows)}\n\n{words}: `{digest.hexdigest()}`."


def rules(database: PatternDatabase, condition: str) -> str:
    """By which rules these patterns are decided, the more frequent ones first."""
    rows = database.execute(
        f"SELECT verdict, method, count(*) FROM patterns WHERE {condition}"
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
        " WHERE conclusion IS NULL AND patterns.verdict = 'unknown' GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return table(["neurons of the problem", "classes"], rows)


def account(file: Path, number: int) -> str:
    """The section of RESULTS.md."""
    with PatternDatabase.open(file) as database:
        classes = len(database)
        share = database.count("verdict=unknown") / classes
        ((open_ones,),) = database.execute(
            "SELECT count(*) FROM patterns WHERE verdict = 'not_closed' AND minimal IS NULL"
        )
        ((hard, problems),) = database.execute(
            "SELECT count(DISTINCT pattern), count(DISTINCT problem) FROM pattern_problems"
        )
        return "\n\n".join(
            [
                f"All {classes} classes of trimmed patterns, up to unit permutations and reversal;"
                f" {100 * share:.3f} % unknown. The rules alone decide {classes - hard}; the others"
                f" hang on {problems} reduced problems. The kernel accepted all {number}"
                " certificates, those of the reduced problems included.",
                counts(database),
                "By rules, the most frequent combinations being those of the parts:",
                rules(database, "verdict <> 'unknown'"),
                "Minimal obstructions (not closed, but closed without any one output or input); of"
                f" {open_ones} classes it is not known whether they are, for a restriction took too"
                " long:",
                rules(database, "minimal = 1"),
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
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=Path("four_hidden.sqlite"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for a reduced problem")
    parser.add_argument(
        "--retry-unknown", action="store_true", help="first try those in FILE again"
    )
    parser.add_argument("--check-only", action="store_true", help="build nothing more")
    parser.add_argument("--record", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--ship", action="store_true", help="add to the data of the package")
    args = parser.parse_args()
    crew = local_crew(args.workers)
    try:
        if not args.check_only:
            build(args.file, [LIST], crew, Limits(args.limit), progress, args.retry_unknown)
        number, wrong = check(args.file, crew)
    finally:
        crew.close()
    if wrong:
        print("\n".join(wrong))
        return 1
    body = account(args.file, number)
    print(body)
    if args.record:
        write(TITLE, body)
    if args.ship:
        print(ship(args.file))
    return 0


if __name__ == "__main__":
    sys.exit(main())
