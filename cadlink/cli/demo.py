"""``cadlink demo SOURCE``: train on data without an optimum and watch the weights grow."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from cadlink import files
from cadlink.cli import status
from cadlink.cli.bar import Bar
from cadlink.cli.highlight import highlight
from cadlink.cli.layout import paragraph
from cadlink.cli.model_arguments import add_model, model_from
from cadlink.cli.progress import Progress
from cadlink.clock import Clock
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError, quoted
from cadlink.files import writable
from cadlink.networks.concerned_units import obstruction_of
from cadlink.networks.data import CHOICES, training_set
from cadlink.networks.deciding import decide_network
from cadlink.networks.experiments import plots
from cadlink.networks.experiments.demo import Demonstration, demonstrate
from cadlink.networks.experiments.script import script
from cadlink.networks.experiments.training import ENGINES, METHODS

__all__ = ["add_arguments", "describe", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    add_model(parser, ("--mask-file",))
    parser.add_argument(
        "--theorem", choices=tuple(CHOICES), help="where the data come from (the fewest)"
    )
    parser.add_argument("--box", type=float, default=1.0, help="inputs lie in [-BOX, BOX] (1)")
    parser.add_argument("--method", choices=METHODS, default="lbfgs", help="optimiser (lbfgs)")
    parser.add_argument("--engine", choices=ENGINES, help="torch if it is installed, else scipy")
    parser.add_argument("--steps", type=int, default=400, help="steps of each run (400)")
    parser.add_argument("--starts", type=int, default=3, help="random starts, the best shown (3)")
    parser.add_argument("--decay", type=float, default=1e-3, help="weight decay compared (0.001)")
    parser.add_argument("--seed", type=int, default=0, help="of the first random start (0)")
    parser.add_argument(
        "--plot",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="draw the runs: .png, .svg or .pdf; may be given again",
    )
    parser.add_argument(
        "--masks",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="draw the masks with the obstruction marked; may be given again",
    )
    parser.add_argument("--data", type=Path, metavar="FILE", help="write X and Y: .npz, .csv, .pt")
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="write a self-contained PyTorch script"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--limit", type=float, default=30.0, metavar="SECONDS", help="time for everything (30)"
    )


def run(args: argparse.Namespace) -> int:
    """Decide, train, draw, show."""
    for option in ("plot", "masks"):
        for path in getattr(args, option):
            plots.writable(path, f"--{option}")  # said before the work begins
    for name, low, high in (("starts", 1, 1000), ("steps", 1, 10**6), ("seed", 0, 2**31)):
        value = getattr(args, name)
        if not low <= value <= high:
            raise InputError(f"expected {low} to {high}, found {quoted(value)}", f"--{name}")
    if not 0 < args.decay < math.inf:
        raise InputError(f"expected a positive number, found {args.decay}", "--decay")
    for option in ("data", "script"):
        if getattr(args, option) is not None:
            writable(getattr(args, option), f"--{option}")
    clock = Clock.of(Limits(args.limit).wall_s)
    with Progress(0.5) as progress:
        progress("reading the model")
        model = model_from(args)
        progress("deciding")
        verdict = decide_network(model, limits=Limits(args.limit / 3))
        progress("making a training set without an optimum")
        data = training_set(verdict, args.theorem, args.box)
        marked = obstruction_of(data.pattern, data.witness)
    if args.data is not None:
        data.save(args.data)
    if args.script is not None:
        files.write(args.script, script(data, args.script.name))
    for path in args.masks:
        plots.save(plots.mask_figure(data.pattern, marked, args.source), path)
    with Bar() as bar:
        demo = demonstrate(
            data,
            args.method,
            args.steps,
            args.starts,
            args.decay,
            args.seed,
            args.engine,
            bar,
            clock,
        )
    for path in args.plot:
        plots.save(plots.demo_figure(demo, f"{args.source}: {len(data)} points"), path)
    if args.json:
        print(json.dumps(demo.to_json(), allow_nan=False))
    else:
        if marked is not None:
            print(highlight(data.pattern, marked))
            print()
        print(describe(demo))
        for path in [args.data, args.script, *args.masks, *args.plot]:
            if path is not None:
                print(f"written  {path}")
    return status.DECIDED


def describe(demo: Demonstration) -> str:
    """What was seen, as a table."""
    marked = obstruction_of(demo.data.pattern, demo.data.witness)
    lines = paragraph("", demo.data.words)
    if marked is not None:
        lines += paragraph("", f"It sits in {marked.words}.")
    lines += ["", f"{'run':<38}{'steps':>7}{'loss':>12}{'largest |weight|':>18}{'x sequence':>12}"]
    runs = sorted((demo.plain, *demo.others), key=lambda run: run.seed)
    for one in (*runs, demo.decayed):
        near = one.seed == demo.near.seed
        name = "near the sequence" if near else f"seed {one.seed}"
        name += f", weight decay {one.decay:g}" if one.decay else ""
        ratio = demo.ratio(one)
        times = "" if ratio is None else f"{ratio:.3g}"
        row = f"{name:<38}{one.steps[-1]:>7}{one.loss[-1]:>12.2e}{one.largest[-1]:>18.2f}"
        lines.append(f"{row}{times:>12}".rstrip())
    for k in range(0, len(demo.theory), 6):
        loss, largest = demo.theory[k]
        lines.append(f"{f'explicit sequence, k = {k}':<38}{'':>7}{loss:>12.2e}{largest:>18.2f}")
    if demo.beaten_at is not None:
        lines.append(f"the explicit sequence beats every run from k = {demo.beaten_at} on")
    lines.append("(x sequence: the loss over that of the sequence with weights as large)")
    return "\n".join(lines)
