"""Split: neurons that share no cell, directly or through others, form independent groups.

Theorem and proof: kernel, split (of groups).
"""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """One part per connected component, ordered by smallest cell, when there are several.

    >>> step = find(Group.of([{(0, 0), (0, 1)}, {(0, 1)}, {(1, 1)}]))
    >>> [part.picture() for part in step.parts]
    ['## + .#', '#']
    """
    parent = list(range(len(group.neurons)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for first, *others in group.owners.values():
        for i in others:
            parent[root(i)] = root(first)
    members: dict[int, list[int]] = {}
    for i in range(len(parent)):
        members.setdefault(root(i), []).append(i)
    if len(members) < 2:
        return None
    parts = sorted((group.subgroup(m) for m in members.values()), key=lambda g: min(g.cells))
    return Step("split", Conclusion.ALL, {}, tuple(parts))


def explain(group: Group, told: Told) -> Blocks:
    """Groups without common cells."""
    return sentence(
        f"The neurons fall into {len(told.parts)} groups that share no cell. They have different"
        " parameters, so the set is the product of the sets of these groups, and closed (all"
        " of the space) exactly if each of them is."
    )


RULE = Rule(
    name="split",
    about=Group,
    find=find,
    account="the network falls into parts that share nothing",
    title="independent groups",
    explain=explain,
    cost="linear in the cells",
)
