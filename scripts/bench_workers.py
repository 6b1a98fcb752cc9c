"""How building a database scales: 1 and 2 local workers, and a Dask cluster of as many processes.

    python scripts/bench_workers.py [--outer 4x4 --hidden 4 --every 40 --rounds 2]

Builds the same sample of a list (every 40th shard) again and again, in turn, with nothing cached,
and prints rates, ratios, and what they mean for the whole list on more cores: the work divides by
their number until the one writer, whose own CPU time is measured, has no time left.  The limit
cuts reduced problems short, to keep the runs comparable; give --each what they take without it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cadlink.census.build import build
from cadlink.census.enumeration import Classes, Shard
from cadlink.census.pool import Crew, Job, dask_crew, local_crew
from cadlink.census.tasks import Spec, reduce_shard
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits
from cadlink.patterns.pattern import Pattern

CORES = (1, 16, 256)


@dataclass(frozen=True)
class Every:
    """Some of the shards of a list."""

    whole: Classes
    step: int

    def shards(self) -> Iterator[Shard]:
        """Every step-th shard."""
        return islice(self.whole.shards(), 0, None, self.step)

    def patterns(self, shard: Shard) -> Iterator[Pattern]:
        """All patterns of one shard."""
        return self.whole.patterns(shard)

    def count(self) -> None:
        """Not known beforehand."""
        return


@dataclass(frozen=True)
class Sample(Spec):
    """A list of which only some shards are built."""

    step: int = 1

    def classes(self) -> Every:
        """Every step-th shard of the list."""
        return Every(super().classes(), self.step)


@dataclass(frozen=True)
class Timing:
    """One build: patterns, wall seconds, CPU seconds of the writer, reduced problems settled and
    the seconds they took."""

    patterns: int
    wall_s: float
    writer_s: float
    problems: int
    settling_s: float


@contextmanager
def local(workers: int) -> Iterator[Crew]:
    """Worker processes of this one."""
    with closing(local_crew(workers)) as crew:
        yield crew


@contextmanager
def cluster() -> Iterator[Crew]:
    """Two Dask workers; their scheduler runs in this process."""
    # Imported after main() has set the environment that the workers inherit.
    from distributed import LocalCluster

    processes = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        LocalCluster(**processes, dashboard_address=None) as found,
        closing(dask_crew(found.scheduler_address)) as crew,
    ):
        yield crew


def measure(crew: Crew, spec: Sample, limits: Limits) -> Timing:
    """Build the sample with workers that are up and have loaded everything."""
    first = next(iter(spec.classes().shards()))
    crew.gather([Job(reduce_shard, (spec, first)) for _ in range(2 * crew.width)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sample.sqlite")
        wall, writer = time.perf_counter(), time.process_time()
        build(path, [spec], crew, limits, obstructions=False)
        wall, writer = time.perf_counter() - wall, time.process_time() - writer
        with PatternDatabase.open(path) as database:
            problems = database.execute("SELECT count(*), sum(seconds) FROM problems")[0]
            return Timing(len(database), wall, writer, problems[0], problems[1] or 0.0)


def main() -> None:
    """Measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--outer", default="4x4")
    parser.add_argument("--hidden", type=int, default=4)
    parser.add_argument("--every", type=int, default=40, help="one shard of so many is built")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--limit", type=float, default=1.0, help="seconds for a reduced problem")
    parser.add_argument(
        "--each", type=float, help="seconds for a reduced problem, to extrapolate with"
    )
    args = parser.parse_args()
    os.environ["CADLINK_CACHE"] = "off"
    outputs, inputs = (int(part) for part in args.outer.split("x"))
    spec = Sample("two", (outputs, inputs, args.hidden), args.every)
    limits = Limits(args.limit)
    ways: dict[str, Callable[[], AbstractContextManager[Crew]]] = {
        "1 local worker": lambda: local(1),
        "2 local workers": lambda: local(2),
        "2 Dask workers": cluster,
    }
    found: dict[str, list[Timing]] = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, start in ways.items():
            with start() as crew:
                found[name].append(measure(crew, spec, limits))

    number = found["1 local worker"][0].patterns
    print(f"{spec.label}: every {args.every}th shard, {number} patterns")
    wall = {name: statistics.median(t.wall_s for t in times) for name, times in found.items()}
    writer = {name: statistics.median(t.writer_s for t in times) for name, times in found.items()}
    for name in ways:
        rate, each = number / wall[name], 1000 * writer[name] / number
        print(f"{name:16s} {wall[name]:7.1f} s  {rate:6.1f}/s  writer {each:.2f} ms a pattern")
    one, two, dask = (wall[name] for name in ways)
    print(
        f"2 local workers are {one / two:.2f}x as fast as 1; Dask takes {dask / two:.2f}x the time"
    )
    whole = Spec(spec.kind, spec.sizes).classes().count()
    if whole is None:
        return
    first = found["1 local worker"][0]
    rules = (one - first.settling_s) / number
    share = first.problems / number
    each = args.each or first.settling_s / max(first.problems, 1)
    work = whole * (rules + share * each)
    write = whole * writer["2 local workers"] / number
    print(
        f"the whole list: {whole} patterns at {1000 * rules:.0f} ms, about"
        f" {whole * share:.0f} reduced problems at {each:.1f} s"
    )
    for cores in CORES:
        pace = "the workers" if work / cores > write else "the writer"
        print(
            f"on {cores} cores: {max(work / cores, write) / 3600:.2f} hours ({pace} set the pace)"
        )


if __name__ == "__main__":
    main()
