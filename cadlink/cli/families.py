"""``cadlink families``: the named patterns."""

from __future__ import annotations

import argparse

from cadlink.cli import status
from cadlink.cli.arguments import Commands
from cadlink.patterns.families import FAMILIES

__all__ = ["add_parser", "run"]


def add_parser(commands: Commands) -> None:
    """The subcommand's arguments: none."""
    parser = commands.add_parser("families", help="list the named patterns")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One line for each family: how to write it, what it is."""
    width = max(len(family.usage) for family in FAMILIES.values())
    for family in FAMILIES.values():
        print(f"{family.usage:{width}}  {family.meaning}")
    return status.DECIDED
