"""``cadlink cache info|clear|verify``: the answers of backends that are kept."""

from __future__ import annotations

import argparse
from collections import Counter

from cadlink.backends.cache import Cache, default_path
from cadlink.backends.engine import Engine
from cadlink.cli import status
from cadlink.cli.progress import Progress

__all__ = ["add_arguments", "clear", "info", "run", "verify"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    parser.add_argument(
        "action",
        choices=tuple(_ACTIONS),
        help="info: where it is and what it holds; clear: forget everything; verify: put some of"
        " the kept questions again and compare the answers",
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked; the status of it."""
    cache = Cache(default_path())
    if cache.path is None:
        print("the cache is off (CADLINK_CACHE=off)")
        return status.DECIDED
    return _ACTIONS[args.action](cache)


def info(cache: Cache) -> int:
    """Where it is and what it holds."""
    found = cache.info()
    print(f"{found.path}: {found.entries} answers, {found.bytes / 2**20:.1f} MiB")
    for backend, number in found.backends.items():
        print(f"  {backend}: {number}")
    return status.DECIDED


def clear(cache: Cache) -> int:
    """Forget all answers."""
    number = cache.clear()
    print("removed" if number is None else f"{number} answers removed")
    return status.DECIDED


def verify(cache: Cache) -> int:
    """Ask a random sample again; status 5 if an answer has changed."""
    with Engine(cache) as engine, Progress():
        compared = engine.verify_cache()
    for result, number in sorted(Counter(found.result for found in compared).items()):
        print(f"{result}: {number}")
    wrong = [found for found in compared if found.result == "contradiction"]
    for found in wrong:
        print(f"{found.backend}: {found.question}\n  kept:  {found.stored}\n  today: {found.today}")
    print(f"{len(compared)} answers compared")
    return status.REJECTED if wrong else status.DECIDED


_ACTIONS = {"info": info, "clear": clear, "verify": verify}
