"""``cadlink eliminate FORMULA``: quantifier elimination for any formula over the real numbers."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cadlink import qe
from cadlink.cli import status
from cadlink.cli.arguments import add_engine, engine_from
from cadlink.cli.layout import paragraph
from cadlink.cli.progress import Progress
from cadlink.deciding.decision import Assurance, Limits
from cadlink.errors import FormulaError, InputError, foreign
from cadlink.files import read, writable, write
from cadlink.json_text import NotJson, decode
from cadlink.logic.formula import Formula
from cadlink.networks.experiments import plots
from cadlink.report.solutions import solutions_figure

__all__ = ["add_arguments", "describe", "run"]

MAX_BYTES = 2**24  # of a formula: far beyond what any program has answered

_FORMULA = (
    "a formula such as 'exists x. a*x^2 + b*x + c = 0', a file of text, of SMT-LIB 2 (.smt2) or of"
    " JSON (.json), or '-' for standard input"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    parser.add_argument("formula", metavar="FORMULA", help=_FORMULA)
    add_engine(parser)
    parser.add_argument(
        "--backend",
        default="auto",
        metavar="NAME",
        help="the one to ask: qepcad for short formulas, redlog for low degree and many"
        " variables, z3 for sentences and points; auto: one after the other; all: every one, and"
        " compare (auto)",
    )
    parser.add_argument(
        "--assuming", metavar="CONDITION", help="where the answer must hold, such as 'a > 0'"
    )
    parser.add_argument(
        "--point", action="store_true", help="find a solution instead of eliminating"
    )
    parser.add_argument(
        "--write",
        metavar="FORMAT",
        help=f"write the formula as {', '.join(qe.FORMATS)} instead; nothing is run",
    )
    parser.add_argument(
        "--transcript", type=Path, metavar="FILE", help="write what was asked and what was printed"
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the answer, in one or two variables (.png, .svg, .pdf)",
    )


def run(args: argparse.Namespace) -> int:
    """Ask, show, write the transcript."""
    limits = Limits(args.limit, args.memory)
    if args.transcript is not None:
        writable(args.transcript, "--transcript")
    if args.plot is not None:
        plots.writable(args.plot, "--plot")
    question = _read(args.formula)
    if args.write is not None:
        print(qe.script(question, args.write), end="")
        return status.DECIDED
    assuming = None if args.assuming is None else _assumption(args.assuming)
    with ExitStack() as stack:
        engine = stack.enter_context(engine_from(args))
        progress = stack.enter_context(Progress())
        try:
            if args.point:
                found = qe.find_point(question, limits, assuming, engine, progress)
            else:
                found = qe.eliminate(question, args.backend, limits, assuming, engine, progress)
        except qe.Disagreement as error:
            if args.transcript is not None:
                write(args.transcript, f"{error.transcript}\n", "--transcript")
            raise
    if args.transcript is not None:
        write(args.transcript, _transcript(found), "--transcript")
    print(json.dumps(found.to_json(), allow_nan=False) if args.json else describe(found))
    if args.plot is not None and found.formula is not None:
        plots.save(solutions_figure(found.formula), args.plot)
    return status.UNKNOWN if found.formula is None else status.DECIDED


def describe(found: qe.Elimination) -> str:
    """The answer for human eyes."""
    if found.point is not None:
        lines = [f"{name} = {value}" for name, value in found.point.items()]
    elif found.text is not None:
        lines = [found.text]
    else:
        lines = [f"UNKNOWN: {found.detail}"]
    lines.append("")
    if found.assurance is Assurance.TRUSTED:
        lines += paragraph("proof  ", f"the word of {', '.join(found.agreed)}")
    elif found.assurance is Assurance.CHECKED:
        lines.append("proof  computed here exactly" if found.point is None else _POINT)
    if found.detail and found.text is not None:
        lines += paragraph("note   ", found.detail)
    lines.append(f"time   {found.seconds:.2f} s")
    return "\n".join(lines)


_POINT = "proof  put into the formula, exactly"


def _read(source: str) -> Formula:
    """The formula meant: the name of a file if it looks like one, else the text itself."""
    suffix = Path(source).suffix if "\n" not in source else ""
    if source != "-" and suffix not in (".txt", ".smt2", ".json") and not _is_file(source):
        return qe.formula(source)
    where = "standard input" if source == "-" else source
    data = read(source, MAX_BYTES)
    with foreign("expected UTF-8 text", where):
        text = data.decode()
    try:
        return qe.formula(_json(text, where) if suffix == ".json" else text)
    except FormulaError as error:
        raise FormulaError(f"{where}: {error}") from error


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null character
        return False


def _json(text: str, where: str) -> Any:
    try:
        value = decode(text, floats=False)
    except NotJson as error:
        raise InputError(str(error), where) from error
    if not isinstance(value, list | bool):
        raise InputError("expected a formula as a list", where)
    return value


def _assumption(text: str) -> Formula:
    try:
        return qe.formula(text)
    except FormulaError as error:
        raise FormulaError(f"--assuming: {error}") from error


def _transcript(found: qe.Elimination) -> str:
    """Everything that was asked and printed, run by run."""
    pieces = [f"question: {qe.to_text(found.question)}\n"]
    for run in found.runs:
        pieces.append(
            f"--- {run.backend} {run.version}: {run.outcome.value} in {run.seconds:.3f} s"
            f"{' (kept from before)' if run.cached else ''} {run.detail}\n"
            f"{run.script}--- its output, sha256 {run.transcript_sha256}\n{run.transcript}\n"
        )
    return "\n".join(pieces)
