#!/usr/bin/env python3
"""Attack the nine points of lu:2 with Adam and L-BFGS from many starts, and print a table.

    python scripts/attack_lu2.py [--seeds 20] [--steps 2000] [--engine torch]

The data have infimum 0 and no minimum (theorem N1), so no run reaches loss 0, runs that come near
have large parameters, and the explicit sequence theta_k is below every run from some k on.
"""

from __future__ import annotations

import argparse
import sys

from cadlink.networks import decide_network
from cadlink.networks.data import training_set
from cadlink.networks.experiments.demo import theory
from cadlink.networks.experiments.training import ENGINES, METHODS, Task, train

BOUNDS = (5.0, 10.0, 100.0, float("inf"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--engine", choices=ENGINES, default=None)
    args = parser.parse_args()
    data = training_set(decide_network("lu:2"), "N1")
    inputs, targets = data.to_numpy()
    task = Task(data.pattern, inputs, targets)
    runs = []
    print(f"{len(data)} points, mean squared error; least loss seen while |parameter| <= bound\n")
    bounds = "".join(f"{f'<= {b:g}' if b < 1e9 else 'any':>11}" for b in BOUNDS)
    print(f"{'method':<8}{'seed':>5}{bounds}{'last loss':>12}{'last largest':>14}")
    for method in METHODS:
        for seed in range(args.seeds):
            run = train(task, method, args.steps, rate=2e-2, seed=seed, engine=args.engine)
            runs.append(run)
            least = [
                min(
                    (
                        loss
                        for loss, size in zip(run.loss, run.largest, strict=True)
                        if size <= bound
                    ),
                    default=None,
                )
                for bound in BOUNDS
            ]
            cells = "".join(f"{'-' if value is None else f'{value:.1e}':>11}" for value in least)
            print(
                f"{method:<8}{seed:>5}{cells}{run.loss[-1]:>12.1e}{run.largest[-1]:>14.1f}",
                flush=True,
            )
    best = min(min(run.loss) for run in runs)
    sequence = theory(data, 60)
    beaten = next(k for k, (loss, _) in enumerate(sequence) if loss < best)
    print(f"\nleast loss of all {len(runs)} runs: {best:.2e}; runs that attain 0: ", end="")
    print(sum(1 for run in runs if min(run.loss) == 0))
    loss, largest = sequence[beaten]
    print(
        f"theta_k is below every run from k = {beaten} on (loss {loss:.2e}, largest {largest:.3g})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
