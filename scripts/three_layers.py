"""All classes of small three-layer patterns: a database is built, checked and counted.

    python scripts/three_layers.py [FILE] [--workers N] [--limit SECONDS] [--record]

Widths are written from the inputs to the outputs; of a chain and its reversal one is listed.  Outer
sizes 2 x 2, 2 x 3, 3 x 2 and 3 x 3 with 1 or 2 and up to 3 hidden units, 2-3-3-2 and 2-3-3-3.  The
file is what ``cadlink db build FILE --layers 3`` makes; stopped at any point, the same command goes
on.  Every certificate is checked once more at the end.  With --record the table goes to RESULTS.md.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from pathlib import Path

from results import table, write

from cadlink.census.audit import check
from cadlink.census.build import Status, build
from cadlink.census.pool import local_crew
from cadlink.census.tasks import Spec
from cadlink.database.forms import form_of
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits

LONGER = ((2, 3, 3, 2), (2, 3, 3, 3))
VERDICTS = ("closed", "not_closed", "unknown")


def specs() -> list[Spec]:
    """The lists, short ones first."""
    outer = ((2, 2), (3, 2), (2, 3), (3, 3))  # inputs, outputs
    small = [(m, a, b, n) for (m, n), a, b in itertools.product(outer, (1, 2), (1, 2, 3))]
    # The reversal of a chain has the transposed set.
    kept = dict.fromkeys(min(widths, widths[::-1]) for widths in (*small, *LONGER))
    return [Spec("three", widths) for widths in sorted(kept, key=lambda w: (sum(w), w))]


def counted(database: PatternDatabase, spec: Spec) -> Counter[str]:
    """How many patterns of a list have each verdict, and how many of the proofs rest on no word."""
    found: Counter[str] = Counter()
    for pattern in spec.classes().patterns(()):
        rows = database.execute(
            "SELECT verdict, assurance FROM patterns WHERE form = ?", (form_of(pattern),)
        )
        for verdict, assurance in rows:
            found[str(verdict)] += 1
            found[str(assurance)] += 1
    return found


def progress(now: Status) -> None:
    """A line on stderr that is written over, on a terminal."""
    if sys.stderr.isatty():
        line = f"{now.label}: {now.done} done, {now.unknown} unknown"
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Build, check, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=Path("three_layers.sqlite"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a reduced problem")
    parser.add_argument(
        "--retry-unknown", action="store_true", help="first try those in FILE again"
    )
    parser.add_argument("--record", action="store_true", help="write the section of RESULTS.md")
    args = parser.parse_args()
    crew = local_crew(args.workers)
    try:
        limits = Limits(args.limit)
        build(args.file, specs(), crew, limits, progress, args.retry_unknown, obstructions=False)
        number, wrong = check(args.file, crew)
    finally:
        crew.close()
    if wrong:
        print("\n".join(wrong))
        return 1
    rows: list[list[object]] = []
    with PatternDatabase.open(args.file) as database:
        for spec in specs():
            found = counted(database, spec)
            its = [found[verdict] for verdict in VERDICTS]
            name = "-".join(map(str, spec.sizes))
            rows.append([name, sum(its), *its, found["checked"], found["trusted"]])
    sums = [sum(int(str(row[place])) for row in rows) for place in range(1, 7)]
    heads = ["widths", "classes", "closed", "not closed", "unknown", "checked", "on a word"]
    body = (
        "All classes of trimmed three-layer patterns with these widths, inputs first, up to unit"
        f" permutations and reversal, at most {args.limit:.0f} s for each reduced problem. The"
        f" kernel accepted all {number} certificates, those of the reduced problems included.\n\n"
        + table(heads, [*rows, ["all", *sums]])
    )
    print(body)
    if args.record:
        write("Classes of three-layer patterns", body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
