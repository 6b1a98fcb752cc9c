"""What a search for factors comes to, and what it needs: the time, chance, a way to ask."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.patterns.group import Cell
from cadlink.search.model import Problem

__all__ = ["Answer", "Asked", "Entries", "Factors", "Search", "Values"]

Values: TypeAlias = Mapping[Cell, Fraction]  # of a matrix, zeros left out
Entries: TypeAlias = dict[Cell, Fraction]
Factors: TypeAlias = list[Entries]  # of every mask, in forward order
# Factors, a refutation (a proof of ``certificates/membership.py``), or None.
Answer: TypeAlias = "Factors | Proof | None"
# Values of the unknowns by name, a refutation, or None.
Asked: TypeAlias = "Mapping[str, Fraction] | Proof | None"


@dataclass(frozen=True)
class Search:
    """What all steps of one search share.

    ``limit``: the question is whether the matrix is a limit of products, so that only refutations
    which hold for limits are wanted.  ``ask`` puts a small problem to somebody else.
    """

    clock: Clock
    limit: bool = False
    ask: Callable[[Problem, Values], Asked] | None = None
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    numbers: Sequence[int] = (1, -1, 2, -2, 3, -3, 5, 7)

    def draw(self) -> int:
        """A small number that is not 0."""
        return self.rng.choice(self.numbers)
