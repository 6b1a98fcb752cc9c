"""Stars: a group whose graphs lie in one row or one column each is free (theorem: kernel, star)."""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Graph, Group
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Blocks, sentence

__all__ = ["RULE", "find", "is_star"]


def is_star(graph: Graph) -> bool:
    """Whether the cells lie in one row or in one column.

    >>> is_star(frozenset({(0, 1), (0, 2)})), is_star(frozenset({(0, 0), (0, 1), (1, 0)}))
    (True, False)
    """
    return len({j for j, _ in graph}) == 1 or len({k for _, k in graph}) == 1


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when every graph is a star.

    >>> find(Group.of([{(0, 0), (0, 1)}, {(0, 0), (1, 0)}])).rule
    'star'
    """
    if group.neurons and all(map(is_star, group.neurons)):
        return Step("star", Conclusion.FREE)
    return None


def explain(group: Group, told: Told) -> Blocks:
    """Each graph in one row or column."""
    places = [_centre(group, i) for i in range(min(len(group.neurons), MOST_ITEMS))]
    if len(group.neurons) > MOST_ITEMS:
        places.append(f"... ({len(group.neurons)} neurons)")
    return sentence(
        "Every graph lies in a single row or a single column: " + ", ".join(places) + ". With"
        " the entry 1 there, a neuron has arbitrary values on its cells; let every observed"
        " cell be served by one neuron that observes it, and by no other."
    )


def _centre(group: Group, i: int) -> str:
    """The row or column in which a star lies."""
    rows, cols = group.supports[i]
    word, line = ("row", rows) if len(rows) == 1 else ("column", cols)
    return f"neuron {i} in {word} {next(iter(line))}"


RULE = Rule(
    name="star",
    about=Group,
    find=find,
    account="each hidden unit is left with one row or one column of entries: anything is possible",
    title="stars",
    explain=explain,
    cost="linear in the cells",
)
