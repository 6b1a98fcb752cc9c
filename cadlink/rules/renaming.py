"""Steps that only rename: rows and columns exchanged, or renumbered.

Nothing searches for them.  The pipeline transposes for the rules that are tried both ways, and the
decider renumbers to look reduced groups up.  Theorems: kernel, transpose and relabel.
"""

from __future__ import annotations

from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Problem
from cadlink.writing.document import Blocks, Items, sentence

__all__ = ["RELABEL", "TRANSPOSE"]

_MOST = 16  # renamings that are listed


def _transposed(problem: Problem, told: Told) -> Blocks:
    if isinstance(problem, Pattern):
        return sentence(
            "Transposing a product reverses the order of its factors, and A is in the set exactly"
            " if its transpose is in the set of the reversed chain of transposed masks. So we may"
            " treat that one."
        )
    return sentence("Exchange rows and columns, and with them the roles of the x and the y.")


def _relabelled(problem: Problem, told: Told) -> Blocks:
    if isinstance(problem, Pattern):
        lists = [
            f"layer {layer}: the new order of the old units is {', '.join(map(str, units))}"
            for layer, units in enumerate(told.data["units"])
            if units != list(range(len(units))) and len(units) <= 40
        ]
        blocks = sentence(
            "Renumbering the units of a layer permutes rows and columns of the factors on both"
            " sides of it, and for inputs and outputs those of A; this changes nothing of interest."
        )
        return (*blocks, Items(tuple(lists))) if lists else blocks
    moves = []
    for key, word in (("rows", "row"), ("cols", "column")):
        changed = [f"{word} {old} is now {new}" for old, new in told.data[key] if old != new]
        moves += changed[:_MOST]
    what = ": " + ", ".join(moves) if moves else ""
    return sentence(f"Rows and columns get other numbers, which changes nothing of interest{what}.")


TRANSPOSE = Rule(
    name="transpose",
    about=Problem,
    account="inputs and outputs exchanged",
    title="transposition",
    explain=_transposed,
)
RELABEL = Rule(
    name="relabel",
    about=Problem,
    account="units renumbered",
    title="renumbering",
    explain=_relabelled,
)
