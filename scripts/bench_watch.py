"""How much slower training is while ``cadlink.live.Watch`` looks on.

    python scripts/bench_watch.py [--steps 2000] [--record]

The same steps of Adam with and without it, by turns; the least times of three.  --record writes
them to RESULTS.md.
"""

from __future__ import annotations

import argparse
import time

import results
import torch
from torch import nn

from cadlink.live import Watch

SIZES = ((2, 2, 2, 16), (64, 256, 10, 64), (784, 1024, 10, 128))  # widths and points of a batch
TURNS = 3


def seconds(inputs: int, units: int, outputs: int, points: int, steps: int, watched: bool) -> float:
    """The time of a run, without what comes before the first step."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, outputs))
    x, y = torch.randn(points, inputs), torch.randn(points, outputs)
    adam = torch.optim.Adam(net.parameters())
    watch = Watch(net) if watched else None
    began = time.process_time()
    for _ in range(steps):
        adam.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        adam.step()
        if watch is not None:
            watch.step(loss)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for size in SIZES:
        turns = [
            [seconds(*size, args.steps, watched) for watched in (False, True)] for _ in range(TURNS)
        ]
        plain, watched = map(min, zip(*turns, strict=True))
        name = f"{'-'.join(map(str, size[:3]))}, {size[3]} points"
        a_step = f"{1e6 * plain / args.steps:.0f}"
        rows.append((name, a_step, f"{100 * (watched / plain - 1):+.1f} %"))
        print(*rows[-1], sep="  ", flush=True)
    if args.record:
        heads = ("network", "microseconds of a step", "slower when watched")
        results.write("Watching a run", results.table(heads, rows))


if __name__ == "__main__":
    main()
