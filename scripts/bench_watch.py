"""How much slower training is while ``cadlink.live.Watch`` looks on.

    python scripts/bench_watch.py [--steps 400] [--turns 61] [--record]

Many short runs of the same steps of Adam, by turns with and without it: other load hits both halves
of a turn alike, and the median of the turns' ratios leaves out those it did not.  --record writes
them to RESULTS.md.
"""

from __future__ import annotations

import argparse
import statistics
import time

import results
import torch
from torch import nn

from cadlink.live import Watch

SIZES = ((2, 2, 2, 16), (64, 256, 10, 64), (784, 1024, 10, 128))  # widths and points of a batch


def seconds(inputs: int, units: int, outputs: int, points: int, steps: int, watched: bool) -> float:
    """The time of a run, without what comes before the first step."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, outputs))
    x, y = torch.randn(points, inputs), torch.randn(points, outputs)
    adam = torch.optim.Adam(net.parameters())
    watch = Watch(net) if watched else None
    began = time.thread_time()  # BLAS threads that wait for work would be counted otherwise
    for _ in range(steps):
        adam.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        adam.step()
        if watch is not None:
            watch.step(loss)
    return time.thread_time() - began


def turn(size: tuple[int, int, int, int], steps: int, first: bool) -> tuple[float, float]:
    """Seconds without and with the watch; which goes first changes from turn to turn."""
    took = {watched: seconds(*size, steps, watched) for watched in (first, not first)}
    return took[False], took[True]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=400, help="of a run")
    parser.add_argument("--turns", type=int, default=61)
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for size in SIZES:
        seconds(*size, args.steps, True)  # the first run is slower
        turns = [turn(size, args.steps, bool(number % 2)) for number in range(args.turns)]
        slower = sorted(100 * (watched / plain - 1) for plain, watched in turns)
        a_step = 1e6 * statistics.median(plain for plain, _ in turns) / args.steps
        rows.append(
            (
                f"{'-'.join(map(str, size[:3]))}, {size[3]} points",
                f"{a_step:.0f}",
                f"{statistics.median(slower):+.2f} %",
                f"{slower[len(slower) // 4]:+.1f} to {slower[3 * len(slower) // 4]:+.1f} %",
            )
        )
        print(*rows[-1], sep="  ", flush=True)
    if args.record:
        heads = ("network", "microseconds of a step", "slower when watched", "middle half of turns")
        results.write("Watching a run", results.table(heads, rows))


if __name__ == "__main__":
    main()
