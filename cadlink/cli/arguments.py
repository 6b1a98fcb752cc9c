"""Arguments that several subcommands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, TypeAlias

from cadlink.backends.engine import Engine
from cadlink.database.shipped import shipped_path
from cadlink.errors import InputError

__all__ = [
    "Commands",
    "add_engine",
    "add_method",
    "add_source",
    "database_path",
    "engine_from",
    "norm_from",
]

# What argparse calls the object that subcommands are added to; it has no public name.
Commands: TypeAlias = Any

_SOURCE = (
    "a file (.json, .npz, .npy, .txt), '-' for standard input, a family such as lu:3, or inline"
    " text such as '11/01;10/11' (layers in forward order)"
)


def add_source(parser: argparse.ArgumentParser) -> None:
    """The positional SOURCE of a pattern, as ``masks.read`` takes it."""
    parser.add_argument("source", metavar="SOURCE", help=_SOURCE)


def add_engine(parser: argparse.ArgumentParser) -> None:
    """What asks the backends: --json, --limit (a total), --memory (of each), --no-cache."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--limit", type=float, default=60.0, metavar="SECONDS", help="total wall time (60)"
    )
    parser.add_argument(
        "--memory", type=int, default=4096, metavar="MIB", help="memory of each backend (4096)"
    )
    parser.add_argument("--no-cache", action="store_true", help="neither read nor keep answers")


def engine_from(args: argparse.Namespace) -> Engine:
    """The engine of --no-cache, or the usual one; to be closed."""
    return Engine(cache=None) if args.no_cache else Engine()


def add_method(parser: argparse.ArgumentParser) -> None:
    """--method and --norm, None where it is not given."""
    parser.add_argument(
        "--method",
        choices=("auto", "sentence"),
        default="auto",
        help="auto: exact reductions, search, then backends; sentence: the question as one"
        " first-order sentence, given to a backend as it stands (toy sizes only)",
    )
    parser.add_argument(
        "--norm",
        choices=("euclidean", "max"),
        help="how the sentence writes nearness (--method sentence; euclidean)",
    )


def norm_from(args: argparse.Namespace) -> str:
    """The norm of the sentence.  Raises InputError for options that only --method sentence has."""
    for option in ("norm", "backend"):
        if args.method != "sentence" and getattr(args, option, None) is not None:
            raise InputError("goes with --method sentence alone", f"--{option}")
    return args.norm or "euclidean"


def database_path(text: str) -> Path:
    """The database meant: 'shipped' is the one that comes with cadlink, './shipped' a file.

    Raises InputError if none comes with this copy.
    """
    if text != "shipped":
        return Path(text)
    path = shipped_path()
    if path is None:
        raise InputError(
            "no database comes with this copy of cadlink; 'cadlink db build' makes one"
        )
    return path
