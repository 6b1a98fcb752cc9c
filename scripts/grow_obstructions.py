"""Find the obstructions that come with the package: cadlink/data/obstructions.json.

    python scripts/grow_obstructions.py --outer 4x4 --hidden 3 --seconds 10

Goes through all two-factor classes up to these sizes, takes the groups that the rules leave open,
searches each for a curve, and keeps those with a proof the kernel accepts, minus those that
contain a smaller one.  No backend is asked.  The classes are few; the searches take the time.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from cadlink.certificates.kernel import check_proof
from cadlink.database.enumeration import TwoFactorClasses
from cadlink.obstructions import Obstruction, find
from cadlink.problem import Group
from cadlink.reductions.chain import open_leaves, reduce, verdict
from cadlink.search import nonclosed

TARGET = Path(__file__).parents[1] / "cadlink" / "data" / "obstructions.json"


def open_groups(outer: tuple[int, int], hidden: int) -> list[Group]:
    """The groups the rules leave open, each once up to isomorphism, small ones first."""
    found: dict[Group, None] = {}
    for n in range(1, outer[0] + 1):
        for m in range(n, outer[1] + 1):
            for r in range(1, hidden + 1):
                classes = TwoFactorClasses(n, m, r)
                for blocks in classes:
                    for leaf in open_leaves(reduce(classes.pattern(blocks))):
                        if isinstance(leaf.problem, Group):
                            both = (leaf.problem, leaf.problem.transpose())
                            shapes = [g.relabel(*g.canonical_maps()) for g in both]
                            group = min(shapes, key=Group.picture)
                            # In this order of rows and columns a greedy rule may succeed.
                            if verdict(reduce(group)) is None:
                                found[group] = None
    return sorted(found, key=lambda g: (len(g.rows) + len(g.cols), len(g.cells), g.picture()))


def main() -> None:
    """Parse, search, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--outer", default="4x4", help="largest outer sizes")
    parser.add_argument("--hidden", type=int, default=3, help="most hidden units")
    parser.add_argument("--seconds", type=float, default=10.0, help="for the search of each group")
    args = parser.parse_args()
    n, m = (int(part) for part in args.outer.split("x"))
    kept: list[Obstruction] = []
    groups = open_groups((n, m), args.hidden)
    print(f"{len(groups)} groups are open to the rules")
    for group in groups:
        if find(group, kept) is not None:
            print(f"contains a kept one  {group.picture()}")
            continue
        proof = nonclosed.find(group, seed=0, deadline=time.monotonic() + args.seconds)
        if proof is None:
            print(f"nothing found        {group.picture()}")
            continue
        cells = [[list(cell) for cell in sorted(graph)] for graph in group.neurons]
        found = check_proof(cells, proof)
        if found.conclusion != "not_closed" or found.holes:
            raise SystemExit(f"the kernel does not confirm the curve for {group.picture()}")
        kept.append(Obstruction(group, proof))
        print(f"kept                 {group.picture()}")
    TARGET.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(one.to_json(), separators=(",", ":")) for one in kept)
    TARGET.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(kept)} obstructions written to {TARGET.name}")


if __name__ == "__main__":
    main()
