"""Whether ``--limit`` is a total: sixty masks of all sizes and densities, each with a few seconds.

    python scripts/bench_limits.py                 sixty masks, 5 s each
    python scripts/bench_limits.py --limit 6 --record
    python scripts/bench_limits.py --member        matrices, as files of JSON, put to 'member'
    python scripts/bench_limits.py --network       questions (a) and (d) about networks

Every mask is decided by a command of its own, so that starting Python, reading, deciding, checking
and printing all count.  With ``--member``, each is asked about a product of small integers on it
and about a matrix of small integers on its support.  An overrun is more than a tenth of the limit
and a second, beside what the command takes for ``lu:2`` (and with ``--network`` for reading the
masks).  With ``--processor`` the clocks of the command, and this one, count the seconds of its
processor, for on a crowded computer those of the wall say little.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import results

from cadlink import read

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
NETWORKS = (
    "784-300-100-10,0.1",
    "3072-1024-512-10,0.5",
    "512-512-512-512-512-100,0.05",
    "500-2000-500,0.3",
    "2000-2000-2000-1000,0.1",
    "9216-4096-4096-1000,0.1",
    "25088-4096-4096-1000,0.1",
)
DENSITIES = ("0.02", "0.1", "0.2", "0.5", "0.8")


MEMBER = (
    "lu:20",
    "lu:100",
    "dense:200-50-200",
    "dense:300-200-300",
    "dense:700-50-700",
    "dense:700-700-700",
    "butterfly:256",
    "monarch:400",
    "kronecker:1,8,8,8;8,8,8,1",
    "random:8-8-8,0.6,0",
    "random:40-40-40,0.3,0",
    "random:60-60-60,0.8,0",
    "random:100-100-100,0.1,0",
    "random:300-100-300,0.2,0",
    "random:700-100-700,0.05,0",
    "random:20-20-20-20,0.4,0",
    "random:100-50-50-100,0.2,0",
)


def timed(asked: list[str], limit: float, processor: bool) -> tuple[str, float]:
    """The answer, or the reason why there is none, and the seconds of the command."""
    command = [sys.executable, *(("-c", BY_PROCESSOR) if processor else ("-m", "cadlink"))]
    # as JSON a network has all its masks, which is much to print
    command += [*asked, "--limit", str(limit), *([] if asked[0] == "network" else ["--json"])]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode not in (0, 3):
        raise SystemExit(f"{asked[1]}: status {done.returncode}: {done.stderr.strip()}")
    if processor:
        seconds = float(done.stderr.split()[-1])
    if asked[0] == "network":
        answer = re.search(r"^[A-Z ]{7,}(?=\.)", done.stdout, re.MULTILINE)
        theorem = re.search(r"\[(\w+)\]", done.stdout)
        words = [answer[0].lower() if answer else "", theorem[1] if theorem else ""]
        return " ".join(words).strip(), seconds
    said = json.loads(done.stdout)
    if said["reason"] is not None:
        return f"unknown ({said['reason']})", seconds
    return said["verdict"] if asked[0] == "decide" else said["answer"], seconds


def reading(source: str) -> float:
    """The seconds of reading a pattern."""
    start = time.process_time()
    read(source)
    return time.process_time() - start


def matrices(source: str, folder: Path) -> list[list[str]]:
    """The questions of ``member`` about one mask."""
    rng = np.random.default_rng(0)
    product = None
    for mask in read(source).layers:
        factor = mask.toarray() * rng.integers(-3, 4, mask.shape)
        product = factor if product is None else factor @ product
    support = read(source).support().toarray()
    drawn = support * rng.integers(-9, 10, support.shape)
    asked = []
    for number, matrix in enumerate((product, drawn)):
        path = folder / f"{number}.json"
        path.write_text(json.dumps(np.asarray(matrix).tolist()))
        asked.append(["member", source, str(path)])
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limit", type=float, default=5.0, help="seconds for each mask (5)")
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    asking = parser.add_mutually_exclusive_group()
    asking.add_argument("--member", action="store_true", help="ask 'member', not 'decide'")
    asking.add_argument("--network", action="store_true", help="ask 'network', not 'decide'")
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    first = ["network" if args.network else "decide", "lu:2"]
    timed(first, args.limit, args.processor)  # once for the disk
    base = timed(first, args.limit, args.processor)[1]
    rows, over = [], 0
    heads = ["product", "drawn"] if args.member else ["a", "d"] if args.network else [*DENSITIES]
    for name in MEMBER if args.member else NETWORKS if args.network else SHAPES:
        row = [name]
        source = f"random:{name},0"
        allowed = base + 1.1 * args.limit + 1 + (reading(source) if args.network else 0)
        with TemporaryDirectory() as folder:
            if args.member:
                asked = matrices(name, Path(folder))
            elif args.network:
                asked = [["network", source, "--question", question] for question in heads]
            else:
                asked = [["decide", f"random:{name},{density},0"] for density in DENSITIES]
            for question in asked:
                said, seconds = timed(question, args.limit, args.processor)
                late = seconds > allowed
                over += late
                row.append(f"{said} {seconds:.1f} s{' OVER' if late else ''}")
        rows.append(row)
        print(" | ".join(row), flush=True)
    text = results.table(["masks" if args.member else "widths", *heads], rows)
    text += f"\n\n{over} of {len(rows) * len(heads)} over the limit of {args.limit:g} s"
    text += " of the processor;" if args.processor else ";"
    text += f" `lu:2` takes {base:.1f} s, nearly all of it to start Python."
    print(text)
    if args.record:
        about = " of member" if args.member else " of network" if args.network else " is a total"
        results.write(f"The limit{about}", text)
    sys.exit(over > 0)


if __name__ == "__main__":
    main()
