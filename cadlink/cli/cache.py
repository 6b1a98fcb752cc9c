"""``cadlink cache info|clear|verify``: the answers of backends that are kept."""

from __future__ import annotations

import argparse

from cadlink.cache import Cache, default_path
from cadlink.cli import status
from cadlink.cli.arguments import Commands

__all__ = ["add_parser", "info", "run"]


def add_parser(commands: Commands) -> None:
    """The subcommand's arguments."""
    parser = commands.add_parser("cache", help="look at, empty or re-check the kept answers")
    parser.add_argument("action", choices=tuple(_ACTIONS), help="info, clear, or verify")
    parser.set_defaults(run=run)


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


_ACTIONS = {"info": info, "clear": clear}
