"""Known obstructions of three masks and more: small chains that are not closed, with their proofs.

As for groups (``known_obstructions.py``), a restriction to fewer outputs and inputs that is not
closed shows that the whole is not.  ``data/deep_obstructions.json`` holds the chains, each with
its proof; nothing in it is trusted, for the kernel checks the proof in its place each time.

The one that is there is the chain of 2 x 2 butterflies: the blocks of its products are
A_ab = P_a D_ab Q_b with D_ab diagonal.  Where A_00, A_01 and A_11 are invertible, so are all P and
Q, and A_00^-1 A_01 A_11^-1 A_10 is diagonal in the basis Q_0: it has real eigenvectors.  Limits
need not, such as the one with A_00, A_01, A_11 the identity and A_10 nilpotent.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from itertools import combinations

import numpy as np

from cadlink.certificates.data import Proof
from cadlink.certificates.read import proof_from
from cadlink.clock import Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths

__all__ = ["find", "known"]

MOST_LINES = 14  # outputs + inputs up to which every restriction is looked at


@cache
def known() -> tuple[tuple[Pattern, Proof], ...]:
    """The chains that come with the package, each with the proof that it is not closed.

    >>> len(known()) > 0
    True
    """
    text = files("cadlink").joinpath("data", "deep_obstructions.json").read_text(encoding="utf-8")
    return tuple(
        (Pattern.of(entry["layers"]), proof_from(entry["proof"], "obstruction"))
        for entry in json.loads(text)
    )


def find(pattern: Pattern, clock: Clock) -> Proof | None:
    """A proof that the pattern is not closed, by a restriction that is one of the obstructions.

    None if there is none, or the pattern has more than MOST_LINES outputs and inputs.  Raises
    OutOfTime.

    >>> from cadlink.certificates.kernel import check_proof
    >>> from cadlink.clock import UNLIMITED
    >>> from cadlink.patterns.masks import read
    >>> wide = read("kronecker:1,2,3,2;2,2,2,1;1,3,2,2")
    >>> check_proof(wide, find(wide, UNLIMITED)).conclusion
    'not_closed'
    """
    outputs, inputs = pattern.widths[-1], pattern.widths[0]
    if outputs + inputs > MOST_LINES:
        return None
    for core, proof in known():
        if core.depth != pattern.depth:
            continue
        form = core.canonical()
        for widths in sorted({core.widths, core.widths[::-1]}):
            for rows in combinations(range(outputs), widths[-1]):
                for cols in combinations(range(inputs), widths[0]):
                    clock.check()
                    chosen = [np.arange(width) for width in pattern.widths]
                    chosen[0], chosen[-1] = np.array(cols), np.array(rows)
                    part = pattern.select(chosen)
                    kept = on_paths(part)
                    if tuple(map(len, kept)) != widths:
                        continue
                    part = part.select(kept)
                    if part.canonical() == form:
                        trimmed = Proof("trim", {}, (_renamed(part, core, proof),))
                        data = {"outputs": list(rows), "inputs": list(cols)}
                        return Proof("restrict", data, (trimmed,))
    return None


def _renamed(part: Pattern, core: Pattern, proof: Proof) -> Proof:
    """The proof about a chain that is isomorphic to the obstruction."""
    back, units = part.canonical_units()
    core_back, core_units = core.canonical_units()
    renaming = []
    for its, others in zip(units, core_units, strict=True):
        new = np.empty(len(its), dtype=np.int64)
        new[others] = its
        renaming.append(new.tolist())
    if core_back:
        renaming.reverse()
    found = Proof("relabel", {"units": renaming}, (proof,))
    return found if back == core_back else Proof("transpose", {}, (found,))
