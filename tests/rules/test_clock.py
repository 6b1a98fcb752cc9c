"""A limit is kept: rules that take too long lose their turn, and the others get theirs."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.rules import pipeline
from cadlink.rules.owners import RULE
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem, Step

LU = Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])


def for_ever(problem: Problem, clock: Clock) -> Step | None:
    while True:
        clock.check()


SLOW = replace(RULE, name="slow", find=for_ever)


@pytest.mark.parametrize("rules", [(SLOW,), (SLOW, SLOW, SLOW), (RULE, SLOW)])
def test_a_slow_rule_does_not_overrun_the_limit(
    monkeypatch: pytest.MonkeyPatch, rules: tuple[Rule, ...]
) -> None:
    closed = Group.of_blocks([(range(3), range(3)), (range(3), range(3))])
    closed.canonical_maps()  # loads igraph
    monkeypatch.setattr(pipeline, "GROUP_RULES", rules)
    start = time.monotonic()
    tree = pipeline.reduce(closed, Clock.of(1))
    assert time.monotonic() - start < 1 + 1 + 0.1
    assert tree == pipeline.Tree(closed, None)


def test_the_rules_after_a_slow_one_get_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "GROUP_RULES", (SLOW, RULE))
    assert pipeline.verdict(pipeline.reduce(LU, Clock.of(1))) == "not_closed"
