"""``cadlink backends``: which programs were found, where, and how to get the others."""

from __future__ import annotations

import argparse

from cadlink.backends import locate
from cadlink.cli import status
from cadlink.cli.arguments import Commands

__all__ = ["add_parser", "run"]


def add_parser(commands: Commands) -> None:
    """The subcommand's arguments: none."""
    parser = commands.add_parser("backends", help="list the programs cadlink can ask")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Status 0 if all are there and run, 4 if one is missing."""
    result = status.DECIDED
    for name, entry in locate.entries().items():
        found = locate.find(name)
        print(f"{name}: {entry['title']}; {entry['purpose']}")
        if isinstance(found, locate.Found):
            print(f"  {found.version} at {found.path}")
            continue
        result = status.BACKEND_MISSING
        print("  missing; looked for")
        for place in found.looked:
            print(f"    {place}")
        print("  to install it, one of (apt-get as root)")
        for command in found.install:
            print(f"    {command}")
    return result
