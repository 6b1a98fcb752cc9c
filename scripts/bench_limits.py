"""Whether ``--limit`` is a total: sixty masks of all sizes and densities, each with a few seconds.

    python scripts/bench_limits.py                 sixty masks, 5 s each
    python scripts/bench_limits.py --limit 6 --record

Every mask is decided by a command of its own, so that starting Python, reading, deciding, checking
and printing all count.  An overrun is more than a tenth of the limit and a second, beside what the
command takes for ``lu:2``.  Where other programs run, what is late is multiplied by the share of a
processor that the command got while it wanted one (Linux: ``/proc/PID/schedstat``).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import results

SHAPES = (
    "6-6-6",
    "20-20-20",
    "64-256-64",
    "100-1000-100",
    "128-512-128",
    "784-300-10",
    "784-300-100-10",
    "64-64-64-64",
    "256-256-256-10",
    "512-2048-512",
    "1000-1000-1000",
    "2048-8192-2048",
)
DENSITIES = ("0.02", "0.1", "0.2", "0.5", "0.8")


@dataclass(frozen=True)
class Run:
    """The verdict, or the reason why there is none, the wall time of the command, and the share of
    a processor that it got while it wanted one."""

    answer: str
    seconds: float
    share: float


def timed(source: str, limit: float) -> Run:
    """The command about one mask."""
    command = [sys.executable, "-m", "cadlink", "decide", source, "--limit", str(limit), "--json"]
    with TemporaryFile() as said, TemporaryFile() as errors:
        start = time.monotonic()
        with subprocess.Popen(command, stdout=said, stderr=errors) as process:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it can still be asked about
            seconds = time.monotonic() - start
            share = _share(process.pid)
        if process.returncode not in (0, 3):
            errors.seek(0)
            text = errors.read().decode().strip()
            raise SystemExit(f"{source}: status {process.returncode}: {text}")
        said.seek(0)
        value = json.load(said)
    answer = value["verdict"] if value["reason"] is None else f"unknown ({value['reason']})"
    return Run(answer, seconds, share)


def _share(pid: int) -> float:
    try:
        running, waiting, _ = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
    except (OSError, ValueError):
        return 1.0
    return running / (running + waiting) if running else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for each mask (5)")
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    timed("lu:2", args.limit)  # once for the disk
    base = timed("lu:2", args.limit)
    rows, over, shares = [], 0, []
    for shape in SHAPES:
        row = [shape]
        for density in DENSITIES:
            run = timed(f"random:{shape},{density},0", args.limit)
            late = run.share * (run.seconds - base.seconds - args.limit) > 0.1 * args.limit + 1
            over += late
            shares.append(run.share)
            row.append(f"{run.answer} {run.seconds:.1f} s{' OVER' if late else ''}")
        rows.append(row)
        print(" | ".join(row), flush=True)
    text = results.table(["widths", *DENSITIES], rows)
    text += f"\n\n{over} of {len(rows) * len(DENSITIES)} over the limit of {args.limit:g} s;"
    text += f" `lu:2` takes {base.seconds:.1f} s, nearly all of it to start Python. The commands"
    text += f" got {100 * statistics.median(shares):.0f} % of a processor (median)."
    print(text)
    if args.record:
        results.write("The limit is a total", text)
    sys.exit(over > 0)


if __name__ == "__main__":
    main()
