"""How much slower training is while ``cadlink.live.Watch`` looks on.

    python scripts/bench_watch.py [--steps 200] [--record]

The share of a run's time that is spent inside ``Watch.step``, in nine runs of so many steps of
Adam.  Runs with and without it differ by less than equal runs do where other programs share the
processors, so that a comparison says nothing.  --record writes the table to RESULTS.md.
"""

from __future__ import annotations

import argparse
import statistics
import time

import results
import torch
from torch import nn

from cadlink.live import Watch

RUNS = 9
SIZES = ((2, 2, 2, 16), (64, 256, 10, 64), (784, 1024, 10, 128))  # widths and points of a batch


class Timed(Watch):
    """Knows how long its steps took."""

    inside = 0.0

    def step(self, loss: object) -> None:
        began = time.perf_counter()
        super().step(loss)
        self.inside += time.perf_counter() - began


def run(size: tuple[int, int, int, int], steps: int) -> tuple[float, float]:
    """The seconds of a run after its first step is prepared, and the share that the watch took."""
    inputs, units, outputs, points = size
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, outputs))
    x, y = torch.randn(points, inputs), torch.randn(points, outputs)
    adam = torch.optim.Adam(net.parameters())
    watch = Timed(net)
    began = time.perf_counter()
    for _ in range(steps):
        adam.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        adam.step()
        watch.step(loss)
    took = time.perf_counter() - began
    return took, watch.inside / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200, help="of a run")
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for size in SIZES:
        run(size, args.steps)  # the first run is slower
        runs = [run(size, args.steps) for _ in range(RUNS)]
        shares = sorted(100 * share for _, share in runs)
        took = statistics.median(seconds for seconds, _ in runs)
        rows.append(
            (
                f"{'-'.join(map(str, size[:3]))}, {size[3]} points",
                f"{1e6 * took / args.steps:.0f}",
                f"{shares[RUNS // 2]:.2f} %",
                f"{shares[0]:.2f} to {shares[-1]:.2f} %",
            )
        )
        print(*rows[-1], sep="  ", flush=True)
    if args.record:
        heads = ("network", "microseconds of a step", "inside the watch", "least and most")
        results.write("Watching a run", results.table(heads, rows))


if __name__ == "__main__":
    main()
