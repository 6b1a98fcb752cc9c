"""A limit is kept: rules that take too long lose their turn, and the others get theirs."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from cadlink import Limits, Verdict, decide, read
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.rules import pipeline
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem, Step
from cadlink.rules.triangle import RULE

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


@pytest.mark.parametrize("source", ["random:100-1000-100,0.1,0", "random:128-512-128,0.2,0"])
def test_large_masks_keep_the_limit(source: str) -> None:
    """In processor time of this process, which is what a loaded machine leaves comparable."""
    pattern = read(source)
    start = time.process_time()
    decision = decide(pattern, Limits(2), lookup=None)
    assert time.process_time() - start < 2 + 1 + 0.2
    assert decision.verdict is not Verdict.CLOSED
