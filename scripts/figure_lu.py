#!/usr/bin/env python3
"""Draw what happens to LU masks of width 100: with and without weight decay.

    python scripts/figure_lu.py [--out figure_lu.png] [--steps 3000]

The network is 100-100-100, the first mask upper, the second lower triangular, all biases free.  The
targets are A x, where A exchanges the first and the last coordinate and keeps the others.  A has no
LU factorisation, but matrices near it have, so it is a limit of products and not a product.  The
inputs are nine points of the plane of the first and last coordinate, for which theorem N1 (cadlink,
question a) shows that no network with these masks fits them, and 400 random points of the cube.
Large biases make every unit active, so the infimum of the loss is 0: it is not attained.

The dotted sequence uses A with eps in its first entry, factored as L U with entries of size
eps^(-1/2), and the biases that keep all units active on the cube.

Le, Riccietti and Gribonval (NeurIPS 2023, arXiv 2306.02666) observed the same on their examples.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from cadlink import read
from cadlink.networks.experiments.plots import runs_figure, save
from cadlink.networks.experiments.training import Task, train

WIDTH = 100
POINTS = 400
DECAY = 1e-3


def data(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The inputs, dyadic numbers in [-1, 1], and A x."""
    special = np.zeros((9, WIDTH))
    s = np.arange(-4, 5) / 4
    special[:, 0], special[:, -1] = s, s**2
    inputs = np.vstack((special, chance.integers(-64, 65, (POINTS, WIDTH)) / 64))
    targets = inputs.copy()
    targets[:, [0, -1]] = inputs[:, [-1, 0]]
    return inputs, targets


def start(task: Task, chance: np.random.Generator) -> list[np.ndarray]:
    """Near the identity, all units active on most of the cube, outputs centred."""
    below, above = (
        (np.eye(WIDTH) + 0.02 * chance.standard_normal(mask.shape)) * mask for mask in task.masks()
    )
    hidden = chance.uniform(1.2, 1.5, WIDTH)
    outputs = np.maximum(task.X @ below.T + hidden, 0) @ above.T
    return [below, hidden, above, (task.Y - outputs).mean(axis=0)]


def factors(eps: float) -> list[np.ndarray]:
    """Parameters whose predictions are A x, but for an error eps x_1 in the first output."""
    upper, lower = np.eye(WIDTH), np.eye(WIDTH)
    root = np.sqrt(eps)
    upper[0, 0], upper[0, -1], upper[-1, -1] = root, 1 / root, -1 / root
    lower[0, 0], lower[-1, 0], lower[-1, -1] = root, 1 / root, 1 / root
    hidden = np.abs(upper).sum(axis=1)
    return [upper, hidden, lower, -lower @ hidden]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="figure_lu.png", help="name ending in .png, .svg or .pdf")
    parser.add_argument("--steps", type=int, default=3000, help="L-BFGS iterations of each run")
    parser.add_argument("--engine", choices=("torch", "scipy"), default="scipy")
    args = parser.parse_args()
    chance = np.random.default_rng(0)
    task = Task(read(f"lu:{WIDTH}"), *data(chance))
    first = start(task, chance)

    def tick(step: int, loss: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{step:6} of {args.steps}  loss {loss:.3e} ", end="", file=sys.stderr)

    runs = []
    for decay in (0.0, DECAY):
        run = train(
            task, "lbfgs", args.steps, decay=decay, engine=args.engine, tick=tick, start=first
        )
        print(
            f"decay {decay:g}: loss {run.loss[0]:.2e} -> {run.loss[-1]:.2e},"
            f" largest parameter {run.largest[0]:.2f} -> {run.largest[-1]:.2f},"
            f" norm {run.norm[0]:.2f} -> {run.norm[-1]:.2f}",
            flush=True,
        )
        runs.append(run)
    theory = []
    for k in range(40):
        explicit = factors(2.0**-k)
        loss, _, _ = task.loss_and_gradient(explicit, 0.0)
        theory.append((loss, max(float(np.abs(p).max()) for p in explicit)))
    title = "LU masks of width 100, targets A x with A a limit of products and not a product"
    plain, decayed = runs
    save(runs_figure(plain, decayed, theory, title), args.out)
    print(f"written: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
