"""What one step of a proof says: its heading, its argument, and what is left to prove."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cadlink.certificates.data import Proof
from cadlink.explanations.document import Block, Paragraph
from cadlink.explanations.draw import Problem

__all__ = ["CLOSED", "FREE", "NOT_CLOSED", "Account", "matching", "sentence"]

FREE, CLOSED, NOT_CLOSED = "free", "closed", "not_closed"


@dataclass(frozen=True)
class Account:
    """``how`` says what follows from the parts: "same", "all" or "obstruction" (as in the kernel);
    ``lemma`` is a problem with the proof that its set is everything.  Without parts the step shows
    the ``conclusion``."""

    title: str
    blocks: tuple[Block, ...]
    parts: tuple[Problem, ...] = ()
    how: str = "same"
    lemma: tuple[Problem, Proof] | None = None
    conclusion: str = ""


def sentence(*words: str) -> tuple[Block, ...]:
    """One paragraph."""
    return (Paragraph(" ".join(words)),)


def matching(sets: Sequence[Collection[int]]) -> dict[int, int]:
    """For every set a member of its own, as many sets as possible (augmenting paths).

    >>> matching([[0, 1], [0]])
    {0: 1, 1: 0}
    """
    owner: dict[int, int] = {}
    for start in range(len(sets)):
        # breadth first: how each member was reached
        reached: dict[int, tuple[int, int | None]] = {}
        queue: list[tuple[int, int | None]] = [(start, None)]
        for which, through in queue:
            for member in sorted(sets[which]):
                if member not in reached:
                    reached[member] = (which, through)
                    if member in owner:
                        queue.append((owner[member], member))
        free = [member for member in reached if member not in owner]
        last: int | None = free[0] if free else None
        while last is not None:
            owner[last], last = reached[last]
    return dict(sorted((which, member) for member, which in owner.items()))
