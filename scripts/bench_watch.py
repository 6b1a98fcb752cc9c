"""How much slower training is while ``cadlink.live.Watch`` looks on.

    python scripts/bench_watch.py [--steps 300] [--turns 31] [--record]

The share of the run's time that is spent inside ``Watch.step`` is measured directly.  What the
caches lose besides can only be seen by comparing runs: in every turn the same steps of Adam are
made three times, twice without it.  The fastest runs are compared, since other load only adds time;
how much the two that are equal differ says how far to trust that.  --record writes to RESULTS.md.
"""

from __future__ import annotations

import argparse
import time

import results
import torch
from torch import nn

from cadlink.live import Watch

SIZES = ((2, 2, 2, 16), (64, 256, 10, 64), (784, 1024, 10, 128))  # widths and points of a batch


class Timed(Watch):
    """Knows how long its steps took."""

    inside = 0.0

    def step(self, loss: object) -> None:
        began = time.perf_counter()
        super().step(loss)
        self.inside += time.perf_counter() - began


def run(
    inputs: int, units: int, outputs: int, points: int, steps: int, kind: type[Watch] | None = None
) -> tuple[float, Watch | None]:
    """The time of a run, without what comes before the first step, and who watched it."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, outputs))
    x, y = torch.randn(points, inputs), torch.randn(points, outputs)
    adam = torch.optim.Adam(net.parameters())
    watch = None if kind is None else kind(net)
    began = time.perf_counter()
    for _ in range(steps):
        adam.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        adam.step()
        if watch is not None:
            watch.step(loss)
    return time.perf_counter() - began, watch


def inside(size: tuple[int, int, int, int], steps: int) -> float:
    """The share of a run's time that goes into the watch."""
    took, watch = run(*size, steps, Timed)
    assert isinstance(watch, Timed)
    return watch.inside / took


def fastest(size: tuple[int, int, int, int], steps: int, turns: int) -> list[float]:
    """Seconds of the fastest run: plain, plain, watched; who goes first changes with the turn."""
    kinds = (None, None, Watch)
    best = [float("inf")] * 3
    for number in range(turns):
        for which in ((number + place) % 3 for place in range(3)):
            best[which] = min(best[which], run(*size, steps, kinds[which])[0])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300, help="of a run")
    parser.add_argument("--turns", type=int, default=31)
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for size in SIZES:
        run(*size, args.steps, Watch)  # the first run is slower
        shares = [inside(size, args.steps) for _ in range(5)]
        plain, again, watched = fastest(size, args.steps, args.turns)
        rows.append(
            (
                f"{'-'.join(map(str, size[:3]))}, {size[3]} points",
                f"{1e6 * plain / args.steps:.0f}",
                f"{100 * min(shares):.2f} to {100 * max(shares):.2f} %",
                f"{100 * (watched / plain - 1):+.1f} %",
                f"{100 * (again / plain - 1):+.1f} %",
            )
        )
        print(*rows[-1], sep="  ", flush=True)
    if args.record:
        heads = (
            "network",
            "microseconds of a step",
            "inside the watch",
            "slower when watched",
            "two equal runs differ by",
        )
        results.write("Watching a run", results.table(heads, rows))


if __name__ == "__main__":
    main()
