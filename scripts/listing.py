"""What scripts that list classes share: options, a build that goes on, a check of every proof."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cadlink.census.audit import check
from cadlink.census.build import Status, build
from cadlink.census.pool import local_crew
from cadlink.census.tasks import Spec
from cadlink.cli.line import clear, show
from cadlink.deciding.decision import Limits

__all__ = ["built", "options"]


def options(description: str, file: str, limit: float) -> argparse.ArgumentParser:
    """The options all have; the file and the limit that are meant if none is given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file", type=Path, nargs="?", default=Path(file))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=float, default=limit, help="seconds for a reduced problem")
    parser.add_argument(
        "--retry-unknown", action="store_true", help="first try those in FILE again"
    )
    parser.add_argument("--check-only", action="store_true", help="build nothing more")
    parser.add_argument("--record", action="store_true", help="write the section of RESULTS.md")
    return parser


def built(args: argparse.Namespace, specs: Sequence[Spec], obstructions: bool) -> int:
    """Build and check the file; how many certificates the kernel accepted.

    Exits with what is wrong if anything is.
    """
    crew = local_crew(args.workers)
    try:
        if not args.check_only:
            limits = Limits(args.limit)
            build(args.file, specs, crew, limits, _progress, args.retry_unknown, obstructions)
        number, wrong = check(
            args.file, crew, lambda done, total, bad: show(f"{done} of {total} checked, {bad} bad")
        )
    finally:
        crew.close()
        clear()
    if wrong:
        raise SystemExit("\n".join(wrong))
    return number


def _progress(now: Status) -> None:
    show(f"{now.label}: {now.done} of {now.total or '?'} done, {now.unknown} unknown")
