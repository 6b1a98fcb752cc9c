"""Known obstructions: small groups that are not closed, kept with their proofs.

If a restriction of a group to fewer rows and columns is not closed, neither is the group:
the restriction's set, padded with zeros, is the group's set intersected with a closed subspace.  So
a proof found once, by a search, serves every group that contains the small one.

``data/obstructions.json`` holds groups that the rules leave open, none containing another; they
come from a database (``census/harvest.py``, run by ``scripts/build_database.py``).  They are in
canonical form, by which they are looked for.  Nothing
here is trusted: the kernel checks the proof again, in its place, each time it is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from cadlink.certificates.data import Proof
from cadlink.certificates.read import proof_from
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group

__all__ = ["Obstruction", "Obstructions", "find", "known"]

MOST_LINES = 12  # rows + columns up to which every restriction is looked at


@dataclass(frozen=True)
class Obstruction:
    """A group in canonical form and the proof that it is not closed."""

    group: Group
    proof: Proof

    @classmethod
    def of(cls, group: Group, proof: Proof) -> Obstruction:
        """From a group in any form."""
        canonical = group.canonical()
        if canonical == group:
            return cls(group, proof)
        return cls(canonical, Proof("relabel", _renaming(canonical, group), (proof,)))

    def to_json(self) -> dict[str, Any]:
        """The entry of the data file."""
        return {"group": self.group.to_json(), "proof": self.proof.to_json()}


class Obstructions:
    """Obstructions by their groups."""

    def __init__(self, listed: Iterable[Obstruction] = ()) -> None:
        self._proofs: dict[Group, Proof] = {}
        self.shapes: set[tuple[int, int]] = set()
        for one in listed:
            self.add(one)

    def __iter__(self) -> Iterator[Obstruction]:
        return (Obstruction(group, proof) for group, proof in self._proofs.items())

    def __len__(self) -> int:
        return len(self._proofs)

    def add(self, one: Obstruction) -> None:
        """Have one more."""
        self._proofs.setdefault(one.group, one.proof)
        self.shapes.add((len(one.group.rows), len(one.group.cols)))

    def proof(self, canonical: Group) -> Proof | None:
        """The proof about this very group, if it is one."""
        return self._proofs.get(canonical)


@cache
def known() -> Obstructions:
    """The obstructions that come with the package.

    >>> len(known()) > 0
    True
    """
    text = files("cadlink").joinpath("data", "obstructions.json").read_text(encoding="utf-8")
    found = Obstructions()
    for entry in json.loads(text):
        group = Group.of({(j, k) for j, k in graph} for graph in entry["group"])
        found.add(Obstruction(group, proof_from(entry["proof"], "obstruction")))
    return found


def find(group: Group, obstructions: Obstructions, clock: Clock = UNLIMITED) -> Proof | None:
    """A proof that the group is not closed, by a restriction that is one of the obstructions.

    None if there is none, or the group has more than MOST_LINES rows and columns.  Raises
    OutOfTime.

    >>> from cadlink.certificates.kernel import check_proof
    >>> first = next(iter(known()))
    >>> moved = first.group.relabel({j: j + 5 for j in first.group.rows},
    ...                             {k: 9 - k for k in first.group.cols})
    >>> proof = find(moved, known())
    >>> check_proof([sorted(map(list, graph)) for graph in moved.neurons], proof).conclusion
    'not_closed'
    """
    if len(group.rows) + len(group.cols) > MOST_LINES:
        return None
    shapes = obstructions.shapes
    for part in _restrictions(group, shapes):
        clock.check()
        for turned in (False, True):
            seen = part.transpose() if turned else part
            if (len(seen.rows), len(seen.cols)) not in shapes:
                continue
            canonical = seen.canonical()
            proof = obstructions.proof(canonical)
            if proof is None:
                continue
            if seen != canonical:
                proof = Proof("relabel", _renaming(seen, canonical), (proof,))
            if turned:
                proof = Proof("transpose", {}, (proof,))
            if part == group:
                return proof
            return Proof("restrict", {"rows": list(part.rows), "cols": list(part.cols)}, (proof,))
    return None


def _restrictions(group: Group, shapes: set[tuple[int, int]]) -> Iterator[Group]:
    """The restrictions of the given shapes, either way up, that keep all their rows and columns."""
    both = sorted(shapes | {(m, n) for n, m in shapes}, reverse=True)
    for n, m in both:
        for rows in combinations(group.rows, n):
            for cols in combinations(group.cols, m):
                part = group.restrict(rows, cols)
                if part.rows == rows and part.cols == cols:
                    yield part


def _renaming(group: Group, target: Group) -> Mapping[str, Any]:
    """The data of a ``relabel`` step from a group to an isomorphic one.

    Both have one canonical form; going there from the one and back to the other is the renaming.
    """
    rows, cols = group.canonical_maps()
    target_rows, target_cols = target.canonical_maps()
    back_rows = {new: old for old, new in target_rows.items()}
    back_cols = {new: old for old, new in target_cols.items()}
    return {
        "rows": [[j, back_rows[place]] for j, place in sorted(rows.items())],
        "cols": [[k, back_cols[place]] for k, place in sorted(cols.items())],
    }
