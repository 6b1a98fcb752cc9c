"""Which products of two and three Kronecker-sparse factors form a closed set: all of them.

    python scripts/census_kronecker.py                       every width up to 12
    python scripts/census_kronecker.py --widths 12 8 --limit 30

The factors are I_a (x) 1_{b x c} (x) I_d, but for b = c = 1 (which only scales units), in chains
of two and three with every layer up to ``--widths``.  A chain is the direct sum of equal ones when
all its a have a common divisor, or all its d; reversing the chain and exchanging b and c transposes
it, exchanging all a and d renumbers its units: one chain of each such class is decided.  First the
rules have half a second, and the kernel checks their proofs; then what is left, once for patterns
that are isomorphic, is decided as ``cadlink decide`` would, each in ``--limit`` seconds.  ``--keep
FILE`` keeps answers as they come, and goes on from there.  With ``--record`` the table replaces its
section of RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import results

from cadlink import Decider, Limits
from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.patterns.families import build
from cadlink.patterns.kronecker import Factor, first_break
from cadlink.patterns.pattern import Pattern
from cadlink.rules import cap_outputs, pendants, twins
from cadlink.rules.pipeline import proof, reduce, taken, verdict

Chain = tuple[Factor, ...]

QUICK = 0.5  # seconds for the rules
VERDICTS = ("free", "closed", "not_closed", "unknown")


def factors(width: int) -> list[Factor]:
    """All of them up to a width."""
    sizes = range(1, width + 1)
    return [
        Factor(a, b, c, d)
        for a in sizes
        for b in range(1, width // a + 1)
        for c in range(1, width // a + 1)
        for d in range(1, width // (a * max(b, c)) + 1)
        if (b, c) != (1, 1)
    ]


def chains(width: int, depth: int) -> Iterator[Chain]:
    """All chains of so many factors, in forward order."""
    by_cols: dict[int, list[Factor]] = {}
    for factor in factors(width):
        by_cols.setdefault(factor.cols, []).append(factor)

    def longer(chain: Chain) -> Iterator[Chain]:
        if len(chain) == depth:
            yield chain
            return
        for factor in by_cols.get(chain[-1].rows, ()):
            yield from longer((*chain, factor))

    for factor in factors(width):
        yield from longer((factor,))


def standard(chain: Chain) -> Chain:
    """The same for all chains of a class (see above)."""
    left = math.gcd(*(factor.a for factor in chain))
    right = math.gcd(*(factor.d for factor in chain))
    small = [Factor(f.a // left, f.b, f.c, f.d // right) for f in chain]
    back = [Factor(f.a, f.c, f.b, f.d) for f in reversed(small)]
    forms = [tuple(small), tuple(back)]
    forms += [tuple(Factor(f.d, f.b, f.c, f.a) for f in form) for form in forms]
    return min(forms)


def source(chain: Chain) -> str:
    """As it is typed.

    >>> source((Factor(2, 2, 2, 1), Factor(1, 2, 2, 2)))
    'kronecker:2,2,2,1;1,2,2,2'
    """
    return "kronecker:" + ";".join(",".join(map(str, factor)) for factor in chain)


def by_rules(name: str) -> str:
    """The verdict of the rules, their proof checked; or 'unknown'."""
    pattern = build(name)
    tree = reduce(pattern, Clock.of(QUICK))
    if verdict(tree) is None:
        return "unknown"
    return check_proof(pattern, proof(tree)).conclusion


def core(pattern: Pattern) -> Pattern:
    """What is left of a pattern without superfluous units, outputs and inputs: it is closed if and
    only if the pattern is.

    >>> core(build("kronecker:1,2,2,2;1,6,4,1")).widths
    (4, 4, 4)
    """
    for rule in (twins.RULE, pendants.RULE, cap_outputs.RULE):
        tree = taken(rule, pattern)
        while tree is not None and len(tree.parts) == 1:
            (tree,) = tree.parts
            if tree.step is None:
                assert isinstance(tree.problem, Pattern)
                return core(tree.problem)
    return pattern


def decided(names: list[str], keep: Path | None, limit: float) -> dict[str, str]:
    """The verdict about each pattern; "closed" includes those found free by the longer way."""
    known: dict[str, str] = {}
    if keep is not None and keep.exists():
        known = dict(map(json.loads, keep.read_text(encoding="ascii").splitlines()))

    def note(key: str, answer: str) -> None:
        known[key] = answer
        if keep is not None:
            with keep.open("a", encoding="ascii") as stream:
                stream.write(json.dumps([key, answer]) + "\n")

    start = time.monotonic()
    for number, name in enumerate(names):
        if name not in known:
            note(name, by_rules(name))
        if number % 2000 == 0:
            print(f"{time.monotonic() - start:6.0f} s  {number} of {len(names)}", flush=True)
    left = [name for name in names if known[name] == "unknown"]
    print(f"{time.monotonic() - start:6.0f} s  the rules left {len(left)}", flush=True)
    rests: dict[str, str] = {}  # the digests of their cores
    with Decider() as decider:
        for name in left:
            rest = core(build(name))
            rests[name] = rest.digest
            if rest.digest not in known:
                note(rest.digest, decider.decide(rest, Limits(limit)).verdict.value)
                found = known[rest.digest]
                print(f"{time.monotonic() - start:6.0f} s  {name}  {found}", flush=True)
    return {name: known[rests.get(name, name)] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--widths",
        type=int,
        nargs="+",
        default=[12, 12],
        help="for two, three, ... factors (12 12)",
    )
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for what is left (10)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="answers, one a line")
    parser.add_argument("--record", action="store_true", help="into RESULTS.md")
    args = parser.parse_args()
    rows, unknown = [], []
    for depth, width in enumerate(args.widths, start=2):
        count = Counter(map(standard, chains(width, depth)))
        answers = decided([source(chain) for chain in sorted(count)], args.keep, args.limit)
        for chainable in (True, False):
            chosen = [c for c in sorted(count) if (first_break(c) is None) is chainable]
            classes = Counter(answers[source(chain)] for chain in chosen)
            total: Counter[str] = Counter()
            for chain in chosen:
                total[answers[source(chain)]] += count[chain]
                if answers[source(chain)] == "unknown":
                    unknown.append(chain)
            rows.append(
                [
                    depth,
                    width,
                    "yes" if chainable else "no",
                    f"{total.total()} ({len(chosen)})",
                    *(f"{total[v]} ({classes[v]})" for v in VERDICTS),
                ]
            )
    heads = [
        "factors",
        "widths up to",
        "chainable",
        "chains (classes)",
        *(v.replace("_", " ") for v in VERDICTS),
    ]
    unknown.sort(key=lambda chain: (len(chain), sum(f.nnz for f in chain)))
    body = results.table(heads, rows)
    body += (
        "\n\nChains of Kronecker-sparse factors, and in brackets"
        " classes of chains as `scripts/census_kronecker.py` makes them. By the theorem of Le,"
        " Zheng, Riccietti and Gribonval (arXiv 2411.04506) chainable chains are closed; the others"
        " had not been classified. Closed: not known to be free."
    )
    if unknown:
        shown = ", ".join(f"`{source(chain)}`" for chain in unknown[:40])
        body += f"\n\nUnknown, smallest first: {shown}{', ...' if unknown[40:] else ''}."
    print(body)
    if args.record:
        results.write("Kronecker-sparse factors", body)


if __name__ == "__main__":
    main()
