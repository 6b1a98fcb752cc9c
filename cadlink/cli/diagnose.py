"""``cadlink diagnose CHECKPOINT``: is this run going to infinity, and why."""

from __future__ import annotations

import argparse
import json

from cadlink.cli import status
from cadlink.cli.bar import Bar
from cadlink.cli.data_arguments import add_data, add_report, data_from, report_path
from cadlink.cli.layout import paragraph
from cadlink.cli.model_arguments import add_model, model_from
from cadlink.cli.network import describe
from cadlink.deciding.decision import Limits
from cadlink.networks.diagnosis import LABEL, diagnose
from cadlink.report import page

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser)
    add_data(parser, needed=True)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--limit", type=float, default=60.0, metavar="SECONDS", help="time for the decision (60)"
    )
    add_report(parser)


def run(args: argparse.Namespace) -> int:
    """Decide, look at the weights, show, write the page."""
    report = report_path(args)
    model = model_from(args)
    inputs, targets = data_from(args)
    with Bar() as bar:
        found = diagnose(
            model,
            inputs,
            targets,
            args.loss,
            args.decay,
            args.weights,
            Limits(args.limit),
            bar,
        )
    if report is not None:
        page.write(report, args.source, model, found.verdict, args.command, found)
    if args.json:
        print(json.dumps({"model": model.to_json(), **found.to_json()}, allow_nan=False))
    else:
        seen = [part for line in found.lines() for part in paragraph(line[:LABEL], line[LABEL:])]
        print("\n".join([*paragraph("", found.conclusion), "", *seen, ""]))
        print(describe(found.verdict))
    return status.DECIDED
