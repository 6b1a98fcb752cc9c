"""``cadlink explain SOURCE``: what ``decide`` would do and ask; no program is run."""

from __future__ import annotations

import argparse
import textwrap

from cadlink import encode, masks
from cadlink.cli import status, words
from cadlink.cli.arguments import Commands, add_method, add_source
from cadlink.cli.picture import picture
from cadlink.formula import Formula
from cadlink.notation import to_text
from cadlink.pattern import Pattern
from cadlink.problem import Group
from cadlink.reductions.chain import Tree, open_leaves, reduce
from cadlink.reductions.step import Problem

__all__ = ["add_parser", "run"]

# A formula of more terms is neither worth reading nor within reach of any program.
MOST_TERMS = 100

_INTRODUCTION = (
    "open question {number}: the rules are silent about the following; decide would search for a"
    " curve of products whose limit is not a product, and ask the backends the questions below"
)


def add_parser(commands: Commands) -> None:
    """The subcommand's arguments."""
    parser = commands.add_parser("explain", help="show what decide would do, without running it")
    add_source(parser)
    add_method(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the tree of reductions, or the one sentence."""
    pattern = masks.read(args.source)
    print(picture(pattern))
    print()
    if args.method == "sentence":
        print("the question, true exactly if the set is not closed:")
        if _printable(pattern):
            _show(encode.sentence(pattern, norm=args.norm, full=True))
        return status.DECIDED
    tree = reduce(pattern)
    for line in steps(tree):
        print(line)
    for number, leaf in enumerate(open_leaves(tree), start=1):
        print()
        for line in textwrap.wrap(_INTRODUCTION.format(number=number), 88):
            print(line)
        _questions(leaf.problem)
    return status.DECIDED


def steps(tree: Tree, depth: int = 0) -> list[str]:
    """The tree of reductions, one line for each step, parts indented."""
    indent = "  " * depth
    if tree.step is None:
        return [f"{indent}open: {_small(tree.problem)}"]
    said = words.RULES.get(tree.step.rule, "")
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
