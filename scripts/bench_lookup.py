"""How long a look-up takes, canonical form included: 4 x 4 x 4 patterns in a file of N rows.

    python scripts/bench_lookup.py [--rows 1000000]

The rows are made up but for the canonical forms looked up.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from cadlink import Pattern
from cadlink.database.forms import form_of
from cadlink.database.queries import PatternDatabase
from cadlink.database.schema import transaction
from cadlink.database.store import connect


def main() -> None:
    """Write the file, look up, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    patterns = [
        Pattern.of([rng.random((4, 4)) < 0.6, rng.random((4, 4)) < 0.6]) for _ in range(args.count)
    ]
    forms = sorted({form_of(pattern) for pattern in patterns})
    forms += [f"made up {i}" for i in range(args.rows - len(forms))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench.sqlite")
        connection = connect(path, write=True)
        with transaction(connection):
            connection.execute("INSERT INTO sessions VALUES (1, '', '', '', '', '{}', 1, 64)")
            connection.executemany(
                "INSERT INTO patterns (form, layers, outputs, inputs, hidden, nonzeros, listed,"
                " normal, verdict, assurance, reason, method, session, digest)"
                " VALUES (?, 2, 4, 4, 4, 16, 1, 0, 'unknown', 'none', '', '', 1, x'')",
                ((form,) for form in forms),
            )
        connection.close()
        with PatternDatabase.open(path) as database:
            times = []
            for pattern in patterns:
                start = time.perf_counter()
                found = database.find(pattern)
                times.append(1000 * (time.perf_counter() - start))
                if found is None:
                    raise SystemExit(f"not found: {pattern.inline()}")
            start = time.perf_counter()
            number = database.count("outputs=4 and verdict=unknown")
            counting = time.perf_counter() - start
    times.sort()
    print(f"{args.rows} rows, {len(times)} look-ups of 4 x 4 x 4 patterns")
    print(
        f"median {statistics.median(times):.3f} ms, 95% {times[int(0.95 * len(times))]:.3f} ms,"
        f" worst {times[-1]:.3f} ms; counting {number} filtered rows {counting:.2f} s"
    )


if __name__ == "__main__":
    main()
