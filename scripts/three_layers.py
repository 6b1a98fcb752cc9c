"""All classes of small three-layer patterns: a database is built, checked and counted.

    python scripts/three_layers.py [FILE] [--workers N] [--limit SECONDS] [--record]

Widths are written from the inputs to the outputs; of a chain and its reversal one is listed.  Outer
sizes 2 x 2, 2 x 3, 3 x 2 and 3 x 3 with 1 or 2 and up to 3 hidden units, 2-3-3-2 and 2-3-3-3.  The
file is what ``cadlink db build FILE --layers 3`` makes; stopped at any point, the same command goes
on.  Every certificate is checked once more at the end.  With --record the table goes to RESULTS.md.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter

from listing import built, options
from results import table, write

from cadlink.census.tasks import Spec
from cadlink.database.forms import form_of
from cadlink.database.queries import PatternDatabase

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


def main() -> int:
    """Build, check, count, print."""
    args = options(__doc__.split("\n")[0], "three_layers.sqlite", 60.0).parse_args()
    number = built(args, specs(), obstructions=False)
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
