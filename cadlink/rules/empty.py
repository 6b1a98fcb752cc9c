"""Nothing left: a group without neurons observes no cell, its set is R^0, hence free."""

from __future__ import annotations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence

__all__ = ["RULE", "find"]


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when no neuron is left.

    >>> find(Group.of([])).conclusion.value
    'free'
    """
    return None if group.neurons else Step("empty", Conclusion.FREE)


def explain(group: Group, told: Told) -> Blocks:
    """Nothing left."""
    return sentence("There is no neuron and no observed cell left: nothing remains to be shown.")


RULE = Rule(
    name="empty",
    about=Group,
    find=find,
    account="nothing is left to decide",
    title="nothing left",
    explain=explain,
    cost="none",
)
