"""``cadlink member SOURCE MATRIX``: is this very matrix a product with these masks?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from cadlink.cli import status
from cadlink.cli.arguments import add_engine, add_source, engine_from
from cadlink.cli.layout import paragraph
from cadlink.cli.progress import Progress
from cadlink.deciding.decision import Assurance, Limits, UnknownReason, Verdict
from cadlink.errors import InputError
from cadlink.files import writable, write
from cadlink.membership.member import Belongs, Membership, member
from cadlink.membership.nearest import Nearest, nearest
from cadlink.patterns.group import Cell
from cadlink.patterns.pattern import Mask, Pattern

__all__ = ["add_arguments", "run"]

Value = TypeVar("Value")

MOST_SHOWN = 12  # rows and columns of a factor that is printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_source(parser)
    parser.add_argument(
        "matrix",
        metavar="MATRIX",
        help="outputs x inputs, exact: a file (.npy, .json, .txt, .csv), '-', or text such as"
        " '[[0, 1], [1/2, 0.1]]'",
    )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument(
        "--closure", action="store_true", help="ask whether it is a limit of such products"
    )
    asked.add_argument(
        "--nearest",
        action="store_true",
        help="a numerical best approximation by such a product, and whether there is a best one",
    )
    add_engine(parser)
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="FILE",
        help="write the factors or the refutation as JSON, for 'cadlink check'",
    )


def run(args: argparse.Namespace) -> int:
    """Ask, show, write the certificate."""
    limits = Limits(args.limit, args.memory)
    target = args.certificate
    if target is not None:
        if args.nearest:
            raise InputError("--certificate is for exact answers, --nearest gives none")
        writable(target, "--certificate")
    with ExitStack() as stack:
        engine = stack.enter_context(engine_from(args))
        progress = stack.enter_context(Progress())
        if args.nearest:
            near = nearest(args.source, args.matrix, limits, 0, engine, progress)
            print(json.dumps(near.to_json(), allow_nan=False) if args.json else describe_near(near))
            return status.DECIDED
        found = member(args.source, args.matrix, args.closure, limits, engine, progress)
    if target is not None:
        if found.certificate is None:
            print(f"cadlink: no answer, so {target} was not written", file=sys.stderr)
        else:
            text = json.dumps(found.certificate, allow_nan=False)
            write(target, text + "\n", "--certificate")
    print(json.dumps(found.to_json(), allow_nan=False) if args.json else describe(found))
    if found.answer is not Belongs.UNKNOWN:
        return status.DECIDED
    if found.reason is UnknownReason.NO_BACKEND:
        return status.BACKEND_MISSING
    return status.REJECTED if found.reason is UnknownReason.REJECTED else status.UNKNOWN


_ANSWERS = {
    ("products", Belongs.YES): "YES. The matrix is a product with these masks.",
    ("products", Belongs.NO): "NO. The matrix is no product with these masks.",
    ("closure", Belongs.YES): "YES. The matrix is a limit of products with these masks.",
    ("closure", Belongs.NO): "NO. The matrix is no limit of products with these masks: they stay"
    " away from it.",
}

# Why a branch of a refutation ends.
_WHY = {
    "outside": "an entry is not 0 where every product is",
    "rank": "a block has a higher rank than the units between its rows and columns allow",
    "sylvester": "a block has a lower rank than its rows, its columns and the units between them"
    " leave it",
    "equations": "the equations for the entries of the factors contradict each other",
    "claim": "a backend says so",
}


def describe(found: Membership) -> str:
    """The answer for human eyes."""
    if found.answer is Belongs.UNKNOWN or found.certificate is None:
        lines = [f"UNKNOWN: {found.detail}"]
    else:
        lines = paragraph("", _ANSWERS[found.of, found.answer])
        lines += _factors(found)
        proof = found.certificate["proof"]
        if found.answer is Belongs.NO:
            for rule in dict.fromkeys(_ends(proof)):
                lines += paragraph("why    ", f"{_WHY[rule]} [{rule}]")
        lines += paragraph("proof  ", _proof(found, proof["rule"]))
    lines.append(f"time   {found.seconds:.2f} s")
    return "\n".join(lines)


_BEST = {
    Verdict.CLOSED: "every matrix has a best approximation with these masks; this one need not be"
    " it",
    Verdict.NOT_CLOSED: "some matrices have no best approximation with these masks: if this is one,"
    " the error falls for ever while the entries grow",
    Verdict.UNKNOWN: "not known whether every matrix has a best approximation with these masks",
}


def describe_near(found: Nearest) -> str:
    """The approximation for human eyes."""
    lines = [f"relative error {found.relative:.3g} (Frobenius norm {found.error:.6g})"]
    entries = [
        {(int(i), int(j)): factor[i, j] for i, j in zip(*factor.nonzero(), strict=True)}
        for factor in found.factors
    ]
    lines += _shown(entries, "{:.4g}".format, found.pattern, "--json prints them")
    lines += paragraph(
        "best   ", f"{_BEST[found.decision.verdict]} (largest entry here {found.largest:.3g})"
    )
    lines.append(f"time   {found.seconds:.2f} s")
    return "\n".join(lines)


def _ends(step: Mapping[str, object]) -> list[str]:
    """The rules that end the branches."""
    parts = step["parts"]
    assert isinstance(parts, Sequence)
    return [rule for part in parts for rule in _ends(part)] or [str(step["rule"])]


def _proof(found: Membership, rule: str) -> str:
    if found.assurance is Assurance.TRUSTED:
        names = sorted({run.backend for run in found.runs if run.answer is not None})
        return f"verified, except the word of {', '.join(names)}"
    return {
        "factors": "an independent checker multiplied the factors, exactly",
        "curve": "an independent checker multiplied the curve's factors, exactly",
        "free": "every matrix on this support is a product: an independent checker verified the"
        " proof (factors were not found)",
    }.get(rule, "an independent checker verified every step of the refutation")


def _factors(found: Membership) -> list[str]:
    """The factors, or the curve, if they are small enough to be looked at."""
    hint = "--certificate FILE keeps them"
    if found.factors is not None:
        return _shown([factor.entries for factor in found.factors], str, found.pattern, hint)
    if found.curve is not None:
        lines = _shown(found.curve, _series, found.pattern, hint)
        return [*lines, "and t tends to 0", ""]
    return []


def _shown(
    factors: Sequence[Mapping[Cell, Value]],
    text: Callable[[Value], str],
    pattern: Pattern,
    hint: str,
) -> list[str]:
    """The factors, the one next to the outputs first; of large ones the number of entries."""
    if max(pattern.widths) > MOST_SHOWN:
        return [f"factors with {sum(map(len, factors))} entries that are not 0: {hint}"]
    lines = [""]
    for layer, factor in reversed(list(enumerate(factors))):
        texts = {cell: text(value) for cell, value in factor.items()}
        lines += [f"X_{layer + 1}", *_table(texts, pattern.layers[layer]), ""]
    return lines


def _table(text: Mapping[Cell, str], mask: Mask) -> list[str]:
    """One factor, a dot where the mask is 0."""
    rows, cols = mask.shape
    table = [
        [text.get((i, j), "0") if mask[i, j] else "." for j in range(cols)] for i in range(rows)
    ]
    wide = [max(len(row[j]) for row in table) for j in range(cols)]
    return [
        "  " + "  ".join(entry.rjust(width) for entry, width in zip(row, wide, strict=True))
        for row in table
    ]


def _series(terms: Sequence[tuple[int, Fraction]]) -> str:
    """A Laurent polynomial as text, such as 1/2*t^-1+3."""
    pieces = []
    for exponent, value in terms:
        power = "" if exponent == 0 else "t" if exponent == 1 else f"t^{exponent}"
        number = str(value)
        if power and abs(value) == 1:
            number = "-" if value < 0 else ""
        elif power:
            number += "*"
        pieces.append(number + power)
    return "+".join(pieces).replace("+-", "-") or "0"
