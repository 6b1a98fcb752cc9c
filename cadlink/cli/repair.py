"""``cadlink repair SOURCE``: few changes of the masks after which the trouble is gone."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from cadlink.cli import status
from cadlink.cli.data_arguments import add_data, data_from
from cadlink.cli.layout import paragraph
from cadlink.cli.model_arguments import add_model, model_from
from cadlink.cli.progress import Progress
from cadlink.deciding.decision import Limits, Verdict
from cadlink.errors import InputError
from cadlink.networks.deciding import case_of
from cadlink.networks.repair import GOALS, PRODUCTS, Repairs, Suggestion, repair
from cadlink.patterns import masks

__all__ = ["add_arguments", "describe", "run"]

MOST_SHOWN = 12  # changes printed of one suggestion

_GOALS = (
    "what is to be proved: the good answer to question a, b, c or d of 'cadlink network' (default:"
    " c with inputs and targets, b with inputs, else a); products: the products of the masks form a"
    " closed set"
)
_OPTIMUM = {
    "a": "every training set has an optimum",
    "b": "these inputs have an optimum for all targets",
    "c": "this training set has an optimum",
    "d": "the functions on a cube are closed",
}
_LINEAR = {
    Verdict.CLOSED: "linear part closed",
    Verdict.NOT_CLOSED: "linear part not closed",
    Verdict.UNKNOWN: "linear part undecided",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser)
    add_data(parser)
    parser.add_argument("--goal", choices=GOALS, help=_GOALS)
    parser.add_argument(
        "--most", type=int, default=1, metavar="N", help="entries changed, or edges moved (1)"
    )
    parser.add_argument(
        "--keep-density",
        action="store_true",
        help="move edges: add as many as are taken away",
    )
    parser.add_argument("--all", action="store_true", help="also list the changes that do not help")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="write the best pattern (.json, .txt, .npz)"
    )
    parser.add_argument(
        "--limit", type=float, default=60.0, metavar="SECONDS", help="total time (60)"
    )


def run(args: argparse.Namespace) -> int:
    """Search, show, write the best pattern."""
    if args.write is not None:
        masks.writable(args.write)  # what is wrong with it is said before the work begins
    model = model_from(args)
    inputs, targets = data_from(args)
    case, outside = case_of(
        model,
        None if args.goal == PRODUCTS else args.goal,
        inputs,
        targets,
        penalty=args.decay,
        limits=Limits(args.limit),
        loss=args.loss,
        weights=args.weights,
    )
    if outside:
        raise InputError(f"{outside}; 'cadlink decide' answers about its linear part")
    with Progress() as progress:
        found = repair(case, args.most, args.goal or "", args.keep_density, progress)
    if args.write is not None and found.suggestions:
        masks.write(found.suggestions[0].pattern, args.write)
    if args.json:
        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        print(describe(found, args.all))
        if args.write is not None and found.suggestions:
            print(f"written  {args.write}")
    done = found.suggestions or found.goal in found.before.reached
    return status.DECIDED if done else status.UNKNOWN


def describe(found: Repairs, everything: bool = False) -> str:
    """The suggestions, best first, each with what is proved of it."""
    goal = found.goal
    lines = [f"as it is: {_known(found.before, goal)}"]
    for obstacle in found.obstacles:
        lines += paragraph(" " * 10, obstacle.words(found.pattern.depth))
    shown = found.tried if everything else found.suggestions
    if shown:
        kept = "   weights kept" if shown[0].kept is not None else ""
        lines += ["", f"edges   on paths   pairs lost{kept}   what is then known, and the changes"]
    for one in shown:
        head = f"{one.added or 0:+5d}" if one.added else "    0"
        head += f"{one.live:>11}{one.lost:>13}"
        head += "" if one.kept is None else f"{100 * one.kept:>13.1f} %"
        lines += paragraph(f"{head}   ", _known(one, goal))
        lines += paragraph(" " * (len(head) + 3), _changes(one))
    lines.append("")
    if found.minimal and found.suggestions:
        lines.append("no repair changes fewer entries")
    if found.note:
        lines += paragraph("", found.note)
    for helps, label in ((True, "helps, whatever the masks: "), (False, "does not help: ")):
        some = [f"{one.text} ({one.theorem})" for one in found.remedies if one.helps is helps]
        if some:
            lines += paragraph(label, "; ".join(some))
    return "\n".join(lines).rstrip()


def _changes(one: Suggestion) -> str:
    """The changes, or how many there are in each layer."""
    if len(one.changes) <= MOST_SHOWN:
        return "; ".join(map(str, one.changes))
    counts = Counter((change.layer, change.add) for change in one.changes)
    said = [
        f"{'unmask' if add else 'mask'} {number} in layer {layer}"
        for (layer, add), number in sorted(counts.items())
    ]
    return "; ".join(said) + " (see --write, --json)"


def _known(one: Suggestion, goal: str) -> str:
    """What is proved, the goal first, and how far it is verified."""
    said = []
    if one.verdict is not None:
        how = "trusted" if one.verdict.holes else "checked"
        said.append(f"{_OPTIMUM[one.verdict.question.value]} ({one.theorem}, {how})")
    elif goal != PRODUCTS:
        said.append(f"not known that {_OPTIMUM[goal]}")
    if one.decision is not None:
        unknown = one.decision.verdict is Verdict.UNKNOWN
        how = "" if unknown else f" ({one.decision.assurance.value})"
        said.append(_LINEAR[one.decision.verdict] + how)
    if goal == PRODUCTS:
        said.reverse()
    return ", ".join(said)
