"""``cadlink backends``: which programs were found and work, and how to get the others."""

from __future__ import annotations

import argparse

from cadlink.backends import REGISTRY, locate
from cadlink.backends.engine import Engine
from cadlink.cli import status

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments: none."""


def run(args: argparse.Namespace) -> int:
    """Status 0 if all are there and answer two test questions, 4 if one does not."""
    result = status.DECIDED
    with Engine(cache=None) as engine:
        for name, entry in locate.entries().items():
            found = locate.find(name)
            print(f"{name}: {entry['title']}; {entry['purpose']}")
            if isinstance(found, locate.NotFound):
                result = status.BACKEND_MISSING
                _missing(found)
                continue
            print(f"  found: {found.version} at {found.path}")
            if name in REGISTRY:  # and not merely what another one needs
                smoke = engine.smoke_test(name)
                if not smoke.works:
                    result = status.BACKEND_MISSING
                print(f"  works: {'yes' if smoke.works else 'NO, ' + smoke.detail}")
    return result


def _missing(found: locate.NotFound) -> None:
    print("  missing; looked for")
    for place in found.looked:
        print(f"    {place}")
    print("  to install it, one of (apt-get as root)")
    for command in found.install:
        print(f"    {command}")
