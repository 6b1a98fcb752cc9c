"""``cadlink decide SOURCE``: the answer about one pattern."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cadlink.cli import status, words
from cadlink.cli.arguments import add_engine, add_method, database_path, engine_from, norm_from
from cadlink.cli.layout import paragraph
from cadlink.cli.model_arguments import add_model, model_from, model_options_given
from cadlink.cli.picture import picture
from cadlink.cli.progress import Progress
from cadlink.database.queries import PatternDatabase
from cadlink.database.shipped import look_up
from cadlink.deciding.decider import Lookup, decide
from cadlink.deciding.decision import Decision, Limits, UnknownReason, Verdict
from cadlink.files import writable, write
from cadlink.networks.readers.sources import is_model_file
from cadlink.patterns import masks

if TYPE_CHECKING:
    from cadlink.networks.readers.layers import Model

__all__ = ["add_arguments", "run", "status_of"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser)
    add_method(parser)
    add_engine(parser)
    parser.add_argument("--backend", metavar="NAME", help="the one to ask (--method sentence)")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write the proof as JSON for others"
    )
    parser.add_argument(
        "--database",
        metavar="FILE",
        help="where proofs are looked up first: a file made by 'cadlink db build', 'shipped' (the"
        " one that comes with cadlink; the default), or 'off'",
    )


def run(args: argparse.Namespace) -> int:
    """Decide, show, write the certificate."""
    limits = Limits(args.limit, args.memory)
    norm = norm_from(args)
    target = args.certificate
    if target is not None:
        writable(target, "--certificate")  # what is wrong with it is said before the work begins
    model = _model(args)
    pattern = masks.read(args.source) if model is None else model.pattern
    with ExitStack() as stack:
        lookup: Lookup | None = look_up
        if args.database == "off":
            lookup = None
        elif args.database is not None:
            path = database_path(args.database)
            lookup = stack.enter_context(PatternDatabase.open(path)).lookup
        engine = stack.enter_context(engine_from(args))
        progress = stack.enter_context(Progress())
        decision = decide(
            pattern,
            limits,
            args.method,
            args.backend,
            norm,
            engine,
            progress,
            lookup=lookup,
        )
    if target is not None:
        if decision.certificate is None:
            print(f"cadlink: no verdict, so {target} was not written", file=sys.stderr)
        else:
            text = json.dumps(decision.certificate.to_json(), allow_nan=False)
            write(target, text + "\n", "--certificate")
    if args.json:
        read = {} if model is None else {"model": model.to_json()}
        print(json.dumps({**read, **decision.to_json()}, allow_nan=False))
    else:
        if model is not None:
            print("\n".join(["the linear part of", *model.lines(), ""]))
        print(describe(decision))
    return status_of(decision)


def status_of(decision: Decision) -> int:
    """The exit status that goes with a decision."""
    if decision.verdict is not Verdict.UNKNOWN:
        return status.DECIDED
    if decision.reason is UnknownReason.NO_BACKEND:
        return status.BACKEND_MISSING
    if decision.reason is UnknownReason.REJECTED:
        return status.REJECTED
    return status.UNKNOWN


def _model(args: argparse.Namespace) -> Model | None:
    """The model that SOURCE is, None for a pattern."""
    if is_model_file(args.source) or model_options_given(args):
        return model_from(args)
    return None


def describe(decision: Decision) -> str:
    """The decision for human eyes."""
    lines = [picture(decision.pattern), "", *paragraph("", words.verdict(decision))]
    if decision.certificate is not None:
        for reason in words.why(decision.certificate):
            lines += paragraph("why    ", reason)
        lines += paragraph("proof  ", words.assurance(decision))
    lines.append(f"time   {decision.seconds:.2f} s")
    return "\n".join(lines)
