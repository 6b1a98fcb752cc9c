"""Whether ``--limit`` is a total: sixty masks of all sizes and densities, each with a few seconds.

    python scripts/bench_limits.py                 sixty masks, 5 s each
    python scripts/bench_limits.py --limit 6 --record

Every mask is decided by a command of its own, so that starting Python, reading, deciding, checking
and printing all count.  An overrun is more than a tenth of the limit and a second, beside what the
command takes for ``lu:2``.  With ``--processor`` the clocks of the command, and this one, count the
seconds of its processor, for on a crowded computer those of the wall say little.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import results

BY_PROCESSOR = """\
import sys, time
time.monotonic = time.process_time
from cadlink.cli.main import main
status = main(sys.argv[1:])
print(time.process_time(), file=sys.stderr)
sys.exit(status)
"""
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
    "2048-4096-2048",
)
DENSITIES = ("0.02", "0.1", "0.2", "0.5", "0.8")


def timed(source: str, limit: float, processor: bool) -> tuple[str, float]:
    """The verdict, or the reason why there is none, and the seconds of the command."""
    command = [sys.executable, *(("-c", BY_PROCESSOR) if processor else ("-m", "cadlink"))]
    command += ["decide", source, "--limit", str(limit), "--json"]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode not in (0, 3):
        raise SystemExit(f"{source}: status {done.returncode}: {done.stderr.strip()}")
    if processor:
        seconds = float(done.stderr.split()[-1])
    said = json.loads(done.stdout)
    return said["verdict"] if said["reason"] is None else f"unknown ({said['reason']})", seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for each mask (5)")
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    timed("lu:2", args.limit, args.processor)  # once for the disk
    base = timed("lu:2", args.limit, args.processor)[1]
    rows, over = [], 0
    for shape in SHAPES:
        row = [shape]
        for density in DENSITIES:
            source = f"random:{shape},{density},0"
            verdict, seconds = timed(source, args.limit, args.processor)
            late = seconds > base + 1.1 * args.limit + 1
            over += late
            row.append(f"{verdict} {seconds:.1f} s{' OVER' if late else ''}")
        rows.append(row)
        print(" | ".join(row), flush=True)
    text = results.table(["widths", *DENSITIES], rows)
    text += f"\n\n{over} of {len(rows) * len(DENSITIES)} over the limit of {args.limit:g} s"
    text += " of the processor;" if args.processor else ";"
    text += f" `lu:2` takes {base:.1f} s, nearly all of it to start Python."
    print(text)
    if args.record:
        results.write("The limit is a total", text)
    sys.exit(over > 0)


if __name__ == "__main__":
    main()
