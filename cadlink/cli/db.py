"""``cadlink db build|check|query|stats|export|show|report``: databases of decided patterns."""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cadlink.census import audit
from cadlink.census import build as building
from cadlink.census.pool import Crew, dask_crew, local_crew
from cadlink.census.rows import check_entry
from cadlink.census.tasks import Spec, reduce_shard
from cadlink.cli import status
from cadlink.cli.arguments import Commands, database_path
from cadlink.cli.line import clear, show
from cadlink.cli.picture import picture
from cadlink.cli.progress import Progress
from cadlink.database.export import FORMATS, export
from cadlink.database.filters import FIELDS
from cadlink.database.queries import Entry, PatternDatabase
from cadlink.database.statistics import Row, totals, unknowns, unproved
from cadlink.deciding.decision import Limits
from cadlink.errors import CertificateError, InputError
from cadlink.explanations import proofs
from cadlink.patterns import masks
from cadlink.report import atlas
from cadlink.rules.table import ACCOUNTS
from cadlink.writing import text

__all__ = ["add_arguments", "run"]

SAMPLE_S = 5.0  # how long --dry-run tries out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_build(actions)
    one = actions.add_parser("check", help="re-check structure and every certificate")
    _add_file(one)
    _add_workers(one)
    one.set_defaults(action=run_check)
    one = actions.add_parser("query", help="look a pattern up, or list those that pass a filter")
    _add_file(one)
    one.add_argument("source", nargs="?", metavar="PATTERN", help="any pattern, as for 'decide'")
    _add_where(one)
    one.add_argument("--limit", type=_whole, default=50, metavar="N", help="rows listed (50)")
    one.add_argument("--json", action="store_true", help="JSON, one object on a line")
    one.set_defaults(action=run_query)
    one = actions.add_parser("stats", help="tables by size")
    _add_file(one)
    _add_where(one)
    one.set_defaults(action=run_stats)
    one = actions.add_parser("export", help="write the rows as CSV, JSON lines or Parquet")
    _add_file(one)
    one.add_argument("--format", choices=FORMATS, help="default: what FILE ends in, or else csv")
    one.add_argument("--output", default="-", metavar="FILE", help="default: standard output")
    one.add_argument(
        "--certificates",
        action="store_true",
        help="in JSON lines, each pattern's whole proof as well, as 'cadlink check' reads it",
    )
    _add_where(one)
    one.set_defaults(action=run_export)
    one = actions.add_parser("show", help="picture, verdict and proof of one row")
    _add_file(one)
    one.add_argument("id", type=_whole, metavar="ID", help="as 'cadlink db query' lists them")
    one.set_defaults(action=run_show)
    one = actions.add_parser("report", help="a page to look at: the atlas of the database")
    _add_file(one)
    one.add_argument("--html", type=Path, required=True, metavar="FOLDER", help="made if missing")
    one.set_defaults(action=run_report)


def _whole(text: str) -> int:
    """A number on the command line; no message repeats thousands of digits."""
    if not re.fullmatch(r"-?\d{1,40}", text):
        raise argparse.ArgumentTypeError("expected a whole number")
    return int(text)


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="the database; 'shipped' for the one that comes with cadlink",
    )


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--where",
        default="",
        metavar="FILTER",
        help="such as 'outputs=3 and verdict!=closed': comparisons, joined by 'and', of "
        + ", ".join(FIELDS),
    )


def _add_workers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="local processes"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="a Dask cluster instead, such as tcp://host:8786"
    )


def _add_build(actions: Commands) -> None:
    parser = actions.add_parser(
        "build",
        help="enumerate and decide all patterns of given sizes",
        description="Enumerates all patterns of given sizes up to isomorphism and decides them."
        " Stopped or killed at any point, the same command goes on where it was.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the database, made if missing")
    parser.add_argument(
        "--outer",
        action="append",
        metavar="NxM",
        help="outputs x inputs; may be given several times",
    )
    parser.add_argument(
        "--hidden",
        default="any",
        metavar="R",
        help="hidden units: a number, a range such as 1-3, or 'any' (up to 3x3; the default);"
        " with --layers 3 two widths such as 2x2",
    )
    parser.add_argument("--layers", type=int, choices=(2, 3), default=2, help="factors (2)")
    parser.add_argument("--up-to", action="store_true", help="all smaller outer sizes as well")
    _add_workers(parser)
    parser.add_argument(
        "--limit", type=float, default=60.0, metavar="SECONDS", help="for each reduced problem (60)"
    )
    parser.add_argument(
        "--memory", type=int, default=4096, metavar="MIB", help="memory of each backend (4096)"
    )
    parser.add_argument(
        "--retry-unknown", action="store_true", help="first try the unknown ones in FILE again"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say how many patterns and how long"
    )
    parser.set_defaults(action=run_build)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; the status of it."""
    result: int = args.action(args)
    return result


# -- build -----------------------------------------------------------------------------------


def run_build(args: argparse.Namespace) -> int:
    """Build, or say what building would be."""
    limits = Limits(args.limit, args.memory)
    specs = _specs(args)
    if str(args.file) == "shipped":
        raise InputError(
            "'shipped' names the database that comes with cadlink; choose another name for yours",
            "db build",
        )
    if not specs and not args.retry_unknown:
        raise InputError("expected sizes, such as --outer 3x3", "db build")
    for spec in specs:
        spec.classes()  # sizes out of range are told before anything is started
    if args.dry_run:
        with Progress() as progress:
            return _dry_run(specs, args.workers, progress)
    crew = _crew(args)
    start = time.monotonic()
    try:
        building.build(args.file, specs, crew, limits, _Line(), args.retry_unknown)
    finally:
        crew.close()
        clear()
    with PatternDatabase.open(args.file) as database:
        _print_table(totals(database))
    print(f"{time.monotonic() - start:.1f} s")
    return status.DECIDED


def _crew(args: argparse.Namespace) -> Crew:
    if args.scheduler is not None:
        # What goes wrong is said in one line, by us.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        return dask_crew(args.scheduler)
    if args.workers < 1:
        raise InputError(f"expected at least 1, found {args.workers}", "--workers")
    return local_crew(args.workers)


def _specs(args: argparse.Namespace) -> list[Spec]:
    sizes = [_pair(text, "--outer") for text in args.outer or []]
    if args.up_to:
        sizes = sorted({(a, b) for n, m in sizes for a in range(1, n + 1) for b in range(1, m + 1)})
    found: list[Spec] = []
    for n, m in sizes:
        n, m = (n, m) if args.layers == 3 and not args.up_to else (min(n, m), max(n, m))
        if args.layers == 3:
            one, two = _pair(args.hidden, "--hidden")
            found.append(Spec("three", (m, one, two, n)))
        elif args.hidden == "any":
            found.append(Spec("any", (n, m)))
        else:
            found += [Spec("two", (n, m, r)) for r in _range(args.hidden)]
    return list(dict.fromkeys(found))


def _pair(text: str, where: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and 0 < int(part) < 100 for part in parts):
        raise InputError(f"expected two sizes such as 3x4, found {text!r}", where)
    return int(parts[0]), int(parts[1])


def _range(text: str) -> range:
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise InputError(
            f"expected a number, a range such as 1-3, or any; found {text!r}", "--hidden"
        )
    found = range(int(first), int(last or first) + 1)
    if not found or found[0] < 1 or found[-1] > 64:
        raise InputError(f"expected numbers from 1 to 64, found {text!r}", "--hidden")
    return found


def _dry_run(specs: Sequence[Spec], workers: int, progress: Progress) -> int:
    """Counts, and the time that a sample of shards suggests."""
    everything, seconds = 0, 0.0
    for spec in specs:
        progress(f"counting {spec.label}")
        classes = spec.classes()
        shards = list(classes.shards())
        count = classes.count()
        if count is None:
            count = sum(1 for shard in shards for _ in classes.patterns(shard))
        progress(f"trying a sample of {spec.label}")
        start = time.monotonic()
        done = 0
        # In random order: the list begins with dense patterns, on which the rules are fast.
        for shard in random.Random(0).sample(shards, len(shards)):
            done += len(reduce_shard(spec, shard))
            if time.monotonic() - start > SAMPLE_S / len(specs):
                break
        each = (time.monotonic() - start) / max(done, 1)
        print(f"{spec.label}: {count} patterns, {1000 * each:.0f} ms each by the rules")
        everything += count
        seconds += count * each
    print(
        f"together {everything} patterns, {_duration(seconds / workers)} with {workers} workers,"
        " not counting what search and backends need for the reduced problems left over"
    )
    return status.DECIDED


def _duration(seconds: float) -> str:
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"about {seconds / size:.0f} {name}"
    return f"about {seconds:.0f} seconds"


class _Line:
    """One line on stderr that is written over and over; only on a terminal."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, now: building.Status) -> None:
        if time.monotonic() - self._last < 0.5:
            return
        self._last = time.monotonic()
        of = "" if now.total is None else f" of {now.total}"
        left = "" if now.left_s is None else f", {_duration(now.left_s)} left"
        reduced = f", {now.settled} reduced problems settled, {now.waiting} wait"
        if not (now.settled or now.waiting):
            reduced = ""
        show(f"{now.label}: {now.done}{of}, {now.rate:.1f}/s{left}, {now.unknown} unknown{reduced}")


# -- reading ---------------------------------------------------------------------------------


def run_check(args: argparse.Namespace) -> int:
    """Status 5 if anything is wrong."""
    crew = _crew(args)
    try:
        number, wrong = audit.check(
            database_path(args.file),
            crew,
            lambda done, total, bad: show(f"{done} of {total} certificates, {bad} complaints"),
        )
    finally:
        crew.close()
        clear()
    for line in wrong:
        print(line)
    print(f"{number} certificates checked, {len(wrong)} complaints")
    return status.REJECTED if wrong else status.DECIDED


def run_query(args: argparse.Namespace) -> int:
    """One pattern (status 3 if it is not there or unknown), or a list.

    Every row shown is checked by the kernel first; status 5 if one says more than its proof.
    """
    if args.source is not None and args.where:
        raise InputError("give a PATTERN or --where, not both", "db query")
    with PatternDatabase.open(database_path(args.file)) as database:
        if args.source is not None:
            pattern = masks.read(args.source)
            found = database.find(pattern)
            if found is None:
                print("not in this database", file=sys.stderr)
                return status.UNKNOWN
            _demand_proof(database, found)
            print(json.dumps(found.to_json()) if args.json else _describe(found))
            return status.UNKNOWN if found.verdict == "unknown" else status.DECIDED
        rejected = 0
        for entry in database.select(args.where, args.limit):
            if check_entry(database, entry):
                rejected += 1
                entry = replace(
                    entry, verdict="unknown", assurance="none", reason="rejected", minimal=None
                )
            print(json.dumps(entry.to_json()) if args.json else _line(entry))
        if not args.json:
            number = database.count(args.where)
            print(f"{number} patterns" + (" in all" if number > args.limit else ""))
    if rejected:
        print(
            f"cadlink: {rejected} rows say more than their proofs show and are given as unknown;"
            f" 'cadlink db check {args.file}' says what",
            file=sys.stderr,
        )
    return status.REJECTED if rejected else status.DECIDED


def _demand_proof(database: PatternDatabase, entry: Entry) -> None:
    """Raises CertificateError if the row says more than its proof shows."""
    words = check_entry(database, entry)
    if words:
        raise CertificateError(
            f"row {entry.id} of {database.path}", "a row that its proof bears out", words
        )


def _warn_of_unproved(database: PatternDatabase) -> None:
    """Rows are counted or copied as they are: say so if some cannot be right."""
    number = unproved(database)
    if number:
        print(
            f"cadlink: warning: {number} rows have a verdict and no proof;"
            f" 'cadlink db check {database.path}' lists them",
            file=sys.stderr,
        )


def run_stats(args: argparse.Namespace) -> int:
    """Tables by size, and what is unknown and why."""
    with PatternDatabase.open(database_path(args.file)) as database:
        _warn_of_unproved(database)
        _print_table(totals(database, args.where))
        for reason, number in unknowns(database):
            print(f"{number} problems unknown: {reason}")
    return status.DECIDED


def run_export(args: argparse.Namespace) -> int:
    """Write the rows."""
    with PatternDatabase.open(database_path(args.file)) as database:
        _warn_of_unproved(database)
        number = export(database, args.output, args.format, args.where, args.certificates)
    if args.output != "-":
        print(f"{number} rows written to {args.output}")
    return status.DECIDED


def run_show(args: argparse.Namespace) -> int:
    """Picture, verdict, proof."""
    with PatternDatabase.open(database_path(args.file)) as database:
        entry = database.entry(args.id)
        _demand_proof(database, entry)
        print(picture(entry.pattern))
        print()
        print(_describe(entry))
        certificate = database.certificate(entry)
        if certificate is not None:
            print()
            print(text.write(proofs.written(certificate)), end="")
    return status.DECIDED


def run_report(args: argparse.Namespace) -> int:
    """Write the page."""
    with PatternDatabase.open(database_path(args.file)) as database, Progress() as progress:
        _warn_of_unproved(database)
        page = atlas.write(database, args.html, ACCOUNTS, progress)
    print(f"open {page} in a browser")
    return status.DECIDED


def _describe(entry: Entry) -> str:
    lines = [f"{entry.verdict} ({entry.assurance})" + (f": {entry.reason}" if entry.reason else "")]
    lines.append(f"id {entry.id}: {entry.form}")
    if entry.method:
        lines.append(f"by {entry.method}")
    if entry.minimal:
        lines.append("a minimal obstruction, says the file: every proper restriction is closed")
    return "\n".join(lines)


def _line(entry: Entry) -> str:
    mark = " minimal" if entry.minimal and entry.verdict == "not_closed" else ""
    return f"{entry.id:7d}  {entry.verdict:10s} {entry.assurance:8s} {entry.form}{mark}"


def _print_table(rows: Sequence[Row]) -> None:
    print(
        f"{'patterns':28s} {'number':>8s} {'closed':>8s} {'not':>8s} {'unknown':>8s}"
        f" {'decided':>8s} {'checked':>8s} {'minimal':>8s}"
    )
    for row in rows:
        decided = row.number - row.unknown
        print(
            f"{row.label:28s} {row.number:8d} {row.closed:8d} {row.not_closed:8d}"
            f" {row.unknown:8d} {_percent(decided, row.number):>8s}"
            f" {_percent(row.checked, decided):>8s} {row.minimal:8d}"
        )


def _percent(part: int, whole: int) -> str:
    # Never 100.0% unless it is all of them.
    return "-" if not whole else f"{int(1000 * part / whole) / 10:.1f}%"
