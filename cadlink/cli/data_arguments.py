"""The training set, the loss and the penalty: options of several subcommands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cadlink.errors import InputError
from cadlink.files import writable
from cadlink.networks.kernel import PENALTIES
from cadlink.networks.kernel.losses import NAMED
from cadlink.networks.readers import tables

__all__ = ["add_data", "add_report", "data_from", "report_path"]

FILES = ".npy, .npz, .csv, .json, .pt or .safetensors"
LOSSES = tuple(name for name in NAMED if name not in ("labels", "averaging"))


def add_data(parser: argparse.ArgumentParser, needed: bool = False) -> None:
    """--inputs, --targets, --loss, --decay, --weights."""
    group = parser.add_argument_group("the training problem")
    group.add_argument(
        "--inputs",
        type=Path,
        metavar="FILE",
        required=needed,
        help=f"points, one row each: {FILES}; a file may hold the targets, too (X and y)",
    )
    group.add_argument(
        "--targets",
        type=Path,
        metavar="FILE",
        required=needed,
        help="one row a point: numbers, probabilities of the classes, or a class counted from 0",
    )
    group.add_argument(
        "--loss",
        choices=LOSSES,
        default="squared",
        metavar="NAME",
        help="squared (default), absolute, huber, cross_entropy (softmax), logistic (sigmoid), or a"
        f" class of losses: {', '.join(LOSSES)}",
    )
    group.add_argument(
        "--decay",
        choices=tuple(PENALTIES),
        default="none",
        help="weight decay in the loss: on all weights, on those of all layers but the last, or on"
        " all weights and biases (none); the decoupled decay of AdamW is no part of the loss: none",
    )
    group.add_argument(
        "--weights",
        metavar="CHECKPOINT",
        help="trained weights, if SOURCE holds none: read as a model is",
    )


def add_report(parser: argparse.ArgumentParser) -> None:
    """--report."""
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a page to send to others: .html"
    )


def report_path(args: argparse.Namespace) -> Path | None:
    """Where the page goes, if one is wanted.  Raises InputError for another name than .html, or if
    no file can be put there."""
    path: Path | None = args.report
    if path is not None:
        if path.suffix.lower() not in (".html", ".htm"):
            raise InputError("expected a name ending in .html", "--report")
        writable(path, "--report")
    return path


def data_from(args: argparse.Namespace) -> tuple[Any, Any]:
    """Inputs and targets as they are in the files, None where no file is named."""
    inputs = None if args.inputs is None else tables.read(args.inputs, "inputs")
    targets = None if args.targets is None else tables.read(args.targets, "targets")
    return inputs, targets
