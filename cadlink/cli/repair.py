"""``cadlink repair SOURCE``: the smallest changes of the masks after which the trouble is gone."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path

from cadlink.cli import status
from cadlink.cli.model_arguments import add_model, model_from
from cadlink.cli.progress import Progress
from cadlink.deciding.decision import Limits, Verdict
from cadlink.errors import InputError
from cadlink.networks.kernel.statement import SMOOTH
from cadlink.networks.readers.activations import kind_of
from cadlink.networks.repair import GOALS, Repairs, Suggestion, repair
from cadlink.patterns import masks

__all__ = ["add_arguments", "describe", "run"]

MOST_UNITS = 4  # named of a layer
MOST_SHOWN = 12  # changes printed of one suggestion

_GOALS = (
    "a: every finite training set has an optimum, as in question a of 'cadlink network'; products:"
    " the products of the masks form a closed set (a)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser)
    parser.add_argument("--goal", choices=GOALS, default="a", help=_GOALS)
    parser.add_argument(
        "--most", type=int, default=1, metavar="N", help="entries changed at most (1)"
    )
    parser.add_argument(
        "--keep-density",
        action="store_true",
        help="add as many entries, in the first layer, as are taken away",
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
    model = model_from(args)
    if model.uncovered:
        raise InputError(f"{model.uncovered}; 'cadlink decide' answers about its linear part")
    if kind_of(model.activation) in SMOOTH:
        raise InputError(
            f"no masks guarantee an optimum with {model.activation}; 'cadlink decide' answers about"
            " its linear part"
        )
    trained = model.parameters()
    with Progress() as progress:
        found = repair(
            model.pattern,
            args.most,
            args.goal,
            Limits(args.limit),
            progress=progress,
            biases=model.biases,
            activation=kind_of(model.activation),
            keep_density=args.keep_density,
            weights=None if trained is None else trained.weights,
        )
    if args.write is not None and found.suggestions:
        masks.write(found.suggestions[0].pattern, args.write)
    if args.json:
        print(json.dumps(found.to_json(), allow_nan=False))
    else:
        print(describe(found, args.all))
        if args.write is not None and found.suggestions:
            print(f"written  {args.write}")
    done = found.suggestions or found.before.reaches(found.goal)
    return status.DECIDED if done else status.UNKNOWN


def describe(found: Repairs, everything: bool = False) -> str:
    """The suggestions, best first, each with its verdict."""
    lines = [f"as it is: {_known(found.before)}"]
    for obstacle in found.obstacles:
        last = obstacle.layer == found.pattern.depth - 1
        text = f"layer {obstacle.layer}: {_units(obstacle.units)} several"
        text += f" {'outputs' if last else 'units'}; a guarantee needs {obstacle.edges} less"
        lines += textwrap.wrap(text, 88, initial_indent=" " * 10, subsequent_indent=" " * 12)
    shown = found.tried if everything else found.suggestions
    if shown:
        lines += ["", "edges   pairs lost   what is then known, and the changes"]
    for one in shown:
        edges = f"{one.added:+d}" if one.added else "0"
        lines.append(f"{edges:>5}{one.lost:>13}   {_known(one)}")
        text = "; ".join(map(str, one.changes[:MOST_SHOWN]))
        if len(one.changes) > MOST_SHOWN:
            text += f"; and {len(one.changes) - MOST_SHOWN} more (see --write, --json)"
        lines += textwrap.wrap(text, 88, initial_indent=" " * 21, subsequent_indent=" " * 21)
    lines.append("")
    if found.minimal and found.suggestions:
        lines.append("no repair changes fewer entries")
    if found.note:
        lines += textwrap.wrap(found.note, 88)
    if found.decay and not found.before.theorem:
        lines += textwrap.wrap(
            "without any change of the masks, weight decay on all weight matrices guarantees an"
            f" optimum ({found.decay})",
            88,
        )
    return "\n".join(lines).rstrip()


def _units(units: tuple[int, ...]) -> str:
    """Some of the units, the busiest first, and a verb."""
    if len(units) == 1:
        return f"hidden unit {units[0]} feeds"
    shown = ", ".join(map(str, units[:MOST_UNITS]))
    more = f", ... ({len(units)} in all)" if len(units) > MOST_UNITS else ""
    return f"hidden units {shown}{more} feed"


def _known(one: Suggestion) -> str:
    """Both verdicts in a few words."""
    words = {
        Verdict.CLOSED: "linear part closed",
        Verdict.NOT_CLOSED: "linear part not closed",
        Verdict.UNKNOWN: "linear part undecided",
    }
    text = f"{words[one.decision.verdict]}"
    if one.decision.verdict is not Verdict.UNKNOWN:
        text += f" ({one.decision.assurance.value})"
    if one.theorem:
        return f"{text}, optimum guaranteed ({one.theorem})"
    return f"{text}, optimum not guaranteed"
