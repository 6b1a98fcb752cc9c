"""The paper's sentence on each backend, beside cadlink's own way: one table, one run.

    python scripts/bench_sentence.py                       all patterns, 60 s for each cell
    python scripts/bench_sentence.py --cap 5 lu:2 lu:3     these patterns, 5 s for each cell

"sentence" hands the first-order sentence of Le, Riccietti and Gribonval, as it stands, to one
backend, with nearness written in the Euclidean or in the maximum norm.  "decide" is what
``cadlink decide`` does, certificate checked by the kernel included.  Nothing is cached.  A cell
says what happened, after how many seconds, and how many times longer than decide that took; a
ratio after ">" is a lower bound, because the run was stopped.  The first question to Redlog
includes the start of its session.
"""

from __future__ import annotations

import argparse
import platform

from cadlink import Decision, Limits, Pattern, Verdict, decide, read
from cadlink.backends.engine import Engine

PATTERNS = (
    "1",
    "dense:1-1-1",
    "dense:2-1-1",
    "dense:2-1-2",
    "10/01;10/01",
    "10/01;11/11",
    "lu:2",
    "dense:2-2-2",
    "11/01;10/01;10/11",
    "dense:3-2-3",
    "butterfly:4",
    "lu:3",
)
NORMS = ("euclidean", "max")


def cell(decision: Decision, reference: float) -> str:
    """What happened, when, and the ratio to the reference time."""
    ratio = decision.seconds / reference
    if decision.verdict is not Verdict.UNKNOWN:
        return f"{decision.verdict.value} {decision.seconds:.2f} s ({ratio:.0f}x)"
    outcomes = {run.outcome.value for run in decision.runs}
    what = ", ".join(sorted(outcomes)) or str(decision.reason)
    return f"{what} {decision.seconds:.1f} s (>{ratio:.0f}x)"


def row(source: str, pattern: Pattern, engine: Engine, limits: Limits) -> list[str]:
    """One line of the table."""
    ours = decide(pattern, limits, engine=engine, lookup=None)
    cells = [f"`{source}`", f"{ours.verdict.value} {ours.seconds:.3f} s"]
    for backend in engine.available():
        for norm in NORMS:
            theirs = decide(pattern, limits, "sentence", backend, norm, engine)
            cells.append(cell(theirs, ours.seconds))
            known = {ours.verdict, theirs.verdict} - {Verdict.UNKNOWN}
            if len(known) > 1:
                raise SystemExit(f"{source}: {backend} contradicts cadlink")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=PATTERNS, metavar="SOURCE")
    parser.add_argument("--cap", type=float, default=60.0, help="seconds for each cell (60)")
    args = parser.parse_args()
    limits = Limits(args.cap)
    with Engine(cache=None) as engine:
        heads = [f"{name}, {norm}" for name in engine.available() for norm in NORMS]
        print(f"Python {platform.python_version()}, {platform.machine()}; cap {args.cap:g} s\n")
        print("| pattern | decide | " + " | ".join(heads) + " |")
        print("|---" * (len(heads) + 2) + "|", flush=True)
        for source in args.patterns:
            print("| " + " | ".join(row(source, read(source), engine, limits)) + " |", flush=True)


if __name__ == "__main__":
    main()
