"""``cadlink explain SOURCE``: what ``decide`` would do and ask, or a certificate as a proof.

About a pattern, no program is run unless ``--proof`` asks for a decision.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import textwrap
from pathlib import Path

from cadlink import files
from cadlink.backends.engine import Engine
from cadlink.certificates import kernel
from cadlink.certificates.data import FORMAT, Certificate
from cadlink.cli import status, words
from cadlink.cli.arguments import add_method, add_source, norm_from
from cadlink.cli.decide import status_of
from cadlink.cli.layout import paragraph
from cadlink.cli.picture import picture
from cadlink.cli.progress import Progress
from cadlink.clock import Clock
from cadlink.database.shipped import look_up
from cadlink.deciding.decider import decide
from cadlink.errors import InputError, quoted
from cadlink.explanations import proofs
from cadlink.json_text import NotJson, decode
from cadlink.logic import encode
from cadlink.logic.formula import Formula
from cadlink.logic.notation import to_text
from cadlink.patterns import masks
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.pipeline import Tree, open_leaves, reduce, verdict
from cadlink.rules.step import Problem
from cadlink.rules.table import rule_of
from cadlink.writing import latex, text

__all__ = ["add_arguments", "run"]

RULES_S = 10.0  # seconds for the rules alone, before a decision with everything else

# A formula of more terms is neither worth reading nor within reach of any program.
MOST_TERMS = 100

_INTRODUCTION = (
    "open question {number}: the rules are silent about the following; decide would search for"
    " formulas that give weights for every matrix and for a curve of products whose limit is not a"
    " product, and ask the backends the questions below"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    parser.description = (
        "About a pattern: what decide would do, without running it. About a certificate"
        " file: its proof, step by step, after it has been checked."
    )
    add_source(parser)
    add_method(parser)
    parser.add_argument(
        "--proof", action="store_true", help="decide the pattern and print the proof"
    )
    parser.add_argument("--latex", action="store_true", help="print the proof in LaTeX")
    parser.add_argument(
        "--standalone", action="store_true", help="a LaTeX document, ready to be compiled"
    )


def run(args: argparse.Namespace) -> int:
    """Show the proof, or the tree of reductions, or the one sentence."""
    norm = norm_from(args)
    data = _content(args.source)
    certificate = None if data is None else _certificate(data)
    if certificate is not None:
        _print_proof(certificate, args)
        return status.DECIDED
    pattern = masks.read(args.source, None if data is None else io.BytesIO(data))
    if args.proof or args.latex or args.standalone:
        # A proof by rules speaks of the pattern as typed, a stored one of its canonical form.
        rules = args.method == "auto" and verdict(reduce(pattern, Clock.of(RULES_S)))
        lookup = None if rules else look_up
        with Engine() as engine, Progress() as progress:
            decision = decide(
                pattern,
                method=args.method,
                norm=norm,
                engine=engine,
                progress=progress,
                lookup=lookup,
            )
        if decision.certificate is None:
            print(words.verdict(decision), file=sys.stderr)
        else:
            _print_proof(decision.certificate, args)
        return status_of(decision)
    print(picture(pattern))
    print()
    if args.method == "sentence":
        print("the question, true exactly if the set is not closed:")
        if _printable(pattern):
            _show(encode.sentence(pattern, norm=norm, full=True))
        return status.DECIDED
    tree = reduce(pattern)
    for line in steps(tree):
        print(line)
    for number, leaf in enumerate(open_leaves(tree), start=1):
        print()
        print("\n".join(paragraph("", _INTRODUCTION.format(number=number))))
        _questions(leaf.problem)
    return status.DECIDED


def _content(source: str) -> bytes | None:
    """What a file or standard input holds; None if the source is no file."""
    # Only a name with a suffix: inline text is no name at all, and may be too long for one.
    others = ("", ".npz", ".npy", ".txt")
    if source != "-" and (Path(source).suffix.lower() in others or not os.path.exists(source)):
        return None
    return files.read(source)


def _certificate(data: bytes) -> Certificate | None:
    """The certificate in a file, checked; None if the file is none: it has no "format".

    Raises CertificateError if the kernel rejects it, InputError if it is not about a pattern.
    """
    try:
        value = decode(data.decode("utf-8"))
    except (NotJson, UnicodeDecodeError):
        return None  # whatever reads patterns says what is wrong with it
    if not isinstance(value, dict) or "format" not in value:
        return None
    if value["format"] != FORMAT:
        raise InputError(
            f"no certificate of a pattern, but of the format {quoted(value['format'])}: 'cadlink"
            " check' reads those of networks and matrices"
        )
    certificate = kernel.load(data)
    kernel.check(certificate)
    return certificate


def _print_proof(certificate: Certificate, args: argparse.Namespace) -> None:
    blocks = proofs.written(certificate)
    if args.latex or args.standalone:
        print(latex.write(blocks, args.standalone), end="")
    else:
        print(text.write(blocks), end="")


def steps(tree: Tree, depth: int = 0) -> list[str]:
    """The tree of reductions, one line for each step, parts indented."""
    indent = "  " * depth
    if tree.step is None:
        return [f"{indent}open: {_small(tree.problem)}"]
    said = rule_of(tree.step.rule, tree.problem).account
    lines = [f"{indent}{tree.step.conclusion.value}: {said} [{tree.step.rule}]"]
    for part in tree.parts:
        lines += steps(part, depth + 1)
    return lines


def _small(problem: Problem) -> str:
    """A problem in one line."""
    if isinstance(problem, Pattern):
        return "a chain of widths " + "-".join(str(width) for width in problem.widths)
    text = problem.picture()
    if len(text) <= 200:
        return text
    rows, cols = len(problem.rows), len(problem.cols)
    return f"{len(problem.neurons)} hidden units on {rows} x {cols} entries"


def _printable(problem: Problem) -> bool:
    """Whether its formulas are short enough; says so if not."""
    terms = encode.count_terms(problem)
    if terms > MOST_TERMS:
        print(f"  (too long to print: {terms} products of weights)")
    return terms <= MOST_TERMS


def _questions(problem: Problem) -> None:
    """The formulas that would be sent about an open problem."""
    if isinstance(problem, Group):
        print(f"  {_small(problem)}")
    if not _printable(problem):
        return
    print("is every matrix on these entries a product?")
    _show(encode.freeness(problem))
    print("which matrices are products? (quantifiers to be eliminated)")
    _show(encode.image(problem))
    print("is the set not closed? (the whole question as one sentence)")
    _show(encode.sentence(problem, norm="max"))


def _show(formula: Formula) -> None:
    for line in textwrap.wrap(to_text(formula), 96, break_long_words=False):
        print("  " + line)
