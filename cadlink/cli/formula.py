"""``cadlink formula SOURCE``: the polynomial constraints of a pattern, to look at or send on."""

from __future__ import annotations

import argparse

from cadlink import qe
from cadlink.cli import status
from cadlink.cli.arguments import add_source
from cadlink.logic.encode import NORMS

__all__ = ["add_arguments", "run"]

_WHAT = (
    "sentence: the set of products is not closed (the default); image: A is a product; free: every"
    " matrix on the support is one; member: the matrix --at is one; closure: A, or the matrix --at,"
    " is a limit of products"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_source(parser)
    parser.add_argument("--what", default="sentence", metavar="QUESTION", help=_WHAT)
    parser.add_argument(
        "--at",
        metavar="MATRIX",
        help="a file (.npy, .json, .txt, .csv), or text such as '[[0, 1], [1/2, 0]]'",
    )
    parser.add_argument(
        "--norm", choices=NORMS, default="euclidean", help="how nearness is written (euclidean)"
    )
    parser.add_argument(
        "--write",
        default="text",
        metavar="FORMAT",
        help=f"one of {', '.join(qe.FORMATS)} (text); for a program the exact text it is sent",
    )


def run(args: argparse.Namespace) -> int:
    """Write the formula; nothing is asked of anybody."""
    found = qe.formula_of_pattern(args.source, args.what, args.at, args.norm)
    print(qe.script(found, args.write), end="")
    return status.DECIDED
