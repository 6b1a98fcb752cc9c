"""``cadlink network SOURCE``: what a pattern or model means for training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cadlink.cli import status
from cadlink.cli.bar import Bar
from cadlink.cli.data_arguments import add_data, add_report, data_from, report_path
from cadlink.cli.layout import paragraph
from cadlink.cli.model_arguments import add_model, model_from
from cadlink.deciding.decision import Limits
from cadlink.files import writable, write
from cadlink.networks.deciding import decide_network
from cadlink.networks.kernel.statement import MAX_NUMBERS
from cadlink.networks.verdict import NetworkAnswer, NetworkVerdict
from cadlink.networks.witness_file import document_of
from cadlink.report import page

__all__ = ["add_arguments", "describe", "run"]

MOST_LAYERS = 3  # of those in the way that are named
MOST_POINTS, MOST_COLUMNS = 12, 8  # of a training set that is printed
_QUESTIONS = (
    "a: is there some training set without an optimum; b: the same for the given inputs; c: has"
    " this training set an optimum; d: are the functions on a cube closed (default: c with inputs"
    " and targets, b with inputs, else a)"
)
_UNDECIDED = (NetworkAnswer.NOT_EXCLUDED, NetworkAnswer.UNKNOWN)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser)
    parser.add_argument("--question", choices=tuple("abcd"), help=_QUESTIONS)
    add_data(parser)
    parser.add_argument("--no-bias", action="store_true", help="no layer has biases")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="time for everything, checking included (60)",
    )
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="write the witness as JSON for others"
    )
    add_report(parser)


def run(args: argparse.Namespace) -> int:
    """Decide, show, write the witness and the page."""
    report = report_path(args)
    if args.certificate is not None:
        writable(args.certificate, "--certificate")
    model = model_from(args)
    if args.no_bias:
        model = model.without_biases()
    inputs, targets = data_from(args)
    with Bar() as bar:
        verdict = decide_network(
            model,
            args.question,
            inputs,
            targets,
            None,
            args.decay,
            Limits(args.limit),
            loss=args.loss,
            weights=args.weights,
            tick=bar,
        )
    if args.certificate is not None:
        _write(args.certificate, verdict)
    if report is not None:
        page.write(report, args.source, model, verdict, args.command)
    if args.json:
        print(json.dumps({"model": model.to_json(), **verdict.to_json()}, allow_nan=False))
    else:
        print("\n".join([*model.lines(), "", describe(verdict)]))
    return status.UNKNOWN if verdict.answer in _UNDECIDED else status.DECIDED


def describe(verdict: NetworkVerdict) -> str:
    """The verdict for human eyes."""
    lines = [*paragraph("", verdict.explanation), *_points(verdict)]
    lines += [""] if lines[-1] else []
    label = "do first "
    for text in verdict.advice:
        lines += paragraph(label, text)
        label = "also     "
    label = "where    "
    for obstacle in verdict.obstacles[:MOST_LAYERS]:
        lines += paragraph(label, obstacle.words(verdict.pattern.depth))
        label = "         "
    if len(verdict.obstacles) > MOST_LAYERS:
        more = len(verdict.obstacles) - MOST_LAYERS
        lines += paragraph(label, f"and {more} {'layer' if more == 1 else 'layers'} more")
    lines += paragraph("assuming ", "; ".join(verdict.assumptions))
    if verdict.witness is not None:
        text = "an independent checker verified the witness"
        if verdict.holes:
            text += f", except {len(verdict.holes)} answers of quantifier-elimination programs"
        lines += paragraph("proof    ", text)
    if verdict.reason:
        lines += paragraph("why not  ", verdict.reason)
    return "\n".join(lines)


def _points(verdict: NetworkVerdict) -> list[str]:
    """The training set as a small table, if it is small."""
    witness = verdict.witness or {}
    if witness.get("X") is None or witness.get("Y") is None:
        return []
    inputs, outputs = witness["inputs"], witness["outputs"]
    if len(witness["X"]) > MOST_POINTS or len(inputs) + len(outputs) > MOST_COLUMNS:
        return []
    table = [[f"input {k}" for k in inputs] + [f"output {j}" for j in outputs]]
    for x, y in zip(witness["X"], witness["Y"], strict=True):
        table.append([str(value) for value in (*x, *y)])
    wide = [max(map(len, column)) for column in zip(*table, strict=True)]
    rows = []
    for row in table:
        cells = [cell.rjust(width) for cell, width in zip(row, wide, strict=True)]
        left, right = cells[: len(inputs)], cells[len(inputs) :]
        rows.append(f"  {'  '.join(left)}  |  {'  '.join(right)}")
    return ["", *rows, ""]


def _write(path: Path, verdict: NetworkVerdict) -> None:
    if verdict.statement is None or verdict.witness is None:
        print(f"cadlink: no answer with a witness, so {path} was not written", file=sys.stderr)
        return
    points = len(verdict.statement.inputs or ())
    if points * (verdict.pattern.widths[0] + 1) > MAX_NUMBERS:
        print(
            f"cadlink: {points} points are too many for a certificate, so {path} was not written;"
            " the same command decides and checks again",
            file=sys.stderr,
        )
        return
    document = document_of(verdict.statement, verdict.witness)
    write(path, json.dumps(document, allow_nan=False) + "\n", "--certificate")
