"""How often ``member`` finds factors again: products of small integers with random masks.

    python scripts/bench_member.py [--masks 90] [--limit 10] [--seed 7] [--record]

The masks are n - r - n with n from 4 to 10, r from 2 to n and densities of .3 to .9 in turn; the
entries of the factors are integers from -3 to 3, without 0.  With ``--record`` the table replaces
its section of RESULTS.md.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
import results

from cadlink import Belongs, Limits, Pattern, member
from cadlink.backends.engine import Engine

DENSITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--masks", type=int, default=90)
    parser.add_argument("--limit", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--record", action="store_true", help="write the table to RESULTS.md")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    found: Counter[tuple[float, str]] = Counter()
    seconds: list[float] = []
    silent: list[str] = []
    with Engine(cache=None) as engine:
        for number in range(args.masks):
            density = DENSITIES[number % len(DENSITIES)]
            width = int(rng.integers(4, 11))
            units = int(rng.integers(2, width + 1))
            masks = [rng.random(shape) < density for shape in ((units, width), (width, units))]
            lower, upper = (mask * rng.choice([-3, -2, -1, 1, 2, 3], mask.shape) for mask in masks)
            said = member(
                Pattern.of(masks),
                (upper @ lower).tolist(),
                limits=Limits(args.limit),
                engine=engine,
            )
            found[density, said.answer.value] += 1
            seconds.append(said.seconds)
            if said.answer is not Belongs.YES:
                silent.append(f"{width}-{units}-{width} at {density:g} ({said.answer.value})")
                print(silent[-1], flush=True)
    rows = [[f"{density:g}", *(found[density, a.value] for a in Belongs)] for density in DENSITIES]
    body = (
        f"{args.masks} random masks n - r - n, 4 <= n <= 10, 2 <= r <= n, and for each a product of"
        f" integers from -3 to 3; at most {args.limit:g} s each, median"
        f" {float(np.median(seconds)):.2f} s.\n\n"
        + results.table(["density", *(answer.value for answer in Belongs)], rows)
        + f"\n\nNot found again: {', '.join(silent) or 'none'}."
    )
    print(body)
    if args.record:
        results.write("Factors found again", body)


if __name__ == "__main__":
    main()
