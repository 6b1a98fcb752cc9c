"""Build the database that ships with the package, and print its figures.

    python scripts/build_database.py [--workers N] [--limit SECONDS] [--output FILE]

Outer sizes up to 3 x 3 with any number of hidden units (normal forms), and outer sizes up to 4 x 4
with up to 3 hidden units.  Stopped at any point, the same command goes on.  At the end the file is
compacted, every certificate is checked once more, and the minimal groups that are not closed are
written next to it (obstructions.json).
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from pathlib import Path

from cadlink.census.audit import check
from cadlink.census.build import Status, build
from cadlink.census.harvest import minimal_obstructions, write
from cadlink.census.pool import local_crew
from cadlink.census.tasks import Spec
from cadlink.cli.line import show
from cadlink.database.queries import PatternDatabase
from cadlink.database.statistics import totals, unknowns
from cadlink.deciding.decision import Limits

TARGET = Path(__file__).resolve().parent.parent / "cadlink" / "data" / "patterns.sqlite"


def specs() -> list[Spec]:
    """What the shipped database is complete for."""
    sizes = [(n, m) for n in range(1, 5) for m in range(n, 5)]
    found = [Spec("two", (n, m, r)) for n, m in sizes for r in (1, 2, 3)]
    return found + [Spec("any", (n, m)) for n, m in sizes if m <= 3]


class Report:
    """Notes the speed of every list; a line on stderr that is written over on a terminal."""

    def __init__(self) -> None:
        self.last: dict[str, Status] = {}

    def __call__(self, now: Status) -> None:
        self.last[now.label] = now
        show(f"{now.label}: {now.done} of {now.total or '?'}, {now.rate:.1f}/s")


def main() -> int:
    """Build, compact, check, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for a reduced problem")
    parser.add_argument("--memory", type=int, default=4096, help="MiB per backend")
    parser.add_argument("--retry-unknown", action="store_true")
    parser.add_argument("--output", type=Path, default=TARGET)
    args = parser.parse_args()
    args.output.parent.mkdir(parents=True, exist_ok=True)
    report = Report()
    crew = local_crew(args.workers)
    try:
        start = time.monotonic()
        limits = Limits(args.limit, args.memory)
        build(args.output, specs(), crew, limits, report, args.retry_unknown)
        built = time.monotonic() - start
        connection = sqlite3.connect(args.output)
        connection.execute("VACUUM")
        connection.close()
        start = time.monotonic()
        number, wrong = check(args.output, crew)
        checked = time.monotonic() - start
    finally:
        crew.close()
    if wrong:
        print("\n".join(wrong))
        return 1
    for status in report.last.values():
        print(f"{status.label:24s} {status.fresh:7d} in {status.seconds:7.1f} s")
    with PatternDatabase.open(args.output) as database:
        print(
            f"{'':24s} {'patterns':>8s} {'closed':>8s} {'not':>8s} {'unknown':>8s} {'minimal':>8s}"
        )
        for row in totals(database):
            print(
                f"{row.label:24s} {row.number:8d} {row.closed:8d} {row.not_closed:8d}"
                f" {row.unknown:8d} {row.minimal:8d}"
            )
        problems = database.execute("SELECT count(*), sum(trusted) FROM problems")[0]
        print(
            f"{problems[0]} reduced problems decided once each, {problems[1]} on a backend's word"
        )
        for reason, count in unknowns(database):
            print(f"{count} reduced problems unknown: {reason}")
        obstructions = minimal_obstructions(database)
    write(obstructions, args.output.with_name("obstructions.json"))
    print(f"{len(obstructions)} minimal groups that are not closed")
    size = args.output.stat().st_size / 2**20
    print(f"built in {built:.0f} s with {args.workers} workers; {size:.1f} MiB")
    print(f"{number} certificates checked in {checked:.0f} s, all accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
