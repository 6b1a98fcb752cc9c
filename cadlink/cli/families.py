"""``cadlink families``: the named patterns."""

from __future__ import annotations

import argparse

from cadlink.cli import status
from cadlink.patterns.families import FAMILIES

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments: none."""


def run(args: argparse.Namespace) -> int:
    """One line for each family: how to write it, what it is."""
    width = max(len(family.usage) for family in FAMILIES.values())
    for family in FAMILIES.values():
        print(f"{family.usage:{width}}  {family.meaning}")
    return status.DECIDED
