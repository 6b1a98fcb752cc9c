"""What every rule needs: its other half in the kernel, a row in the schema, words, test cases."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cadlink.certificates import kernel
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import claims
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem
from cadlink.rules.table import ACCOUNTS, RULES

SCHEMA = Path(__file__).resolve().parents[2] / "cadlink" / "certificates" / "SCHEMA.md"
NAMES = [f"{rule.name} ({getattr(rule.about, '__name__', 'both')})" for rule in RULES]


def about(kind: type[Pattern] | type[Group]) -> list[str]:
    return sorted(rule.name for rule in RULES if rule.about in (kind, Problem))


def first_columns(title: str) -> list[str]:
    """The names in the first column of the table below a title."""
    section = SCHEMA.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_the_kernel_has_the_same_rules() -> None:
    assert about(Pattern) == sorted(kernel.CHAIN_RULES)
    assert about(Group) == sorted(kernel.GROUP_RULES)


def test_the_schema_has_the_same_rules() -> None:
    alike = first_columns("Steps on chains and groups alike")
    assert about(Pattern) == sorted(alike + first_columns("Steps on chains"))
    assert about(Group) == sorted(alike + first_columns("Steps on groups"))


def test_every_method_of_claims_has_words() -> None:
    assert sorted(claims.METHODS) == sorted(first_columns("Claims of backends"))


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_rule_has_its_words(rule: Rule) -> None:
    assert rule.account == ACCOUNTS[rule.name]  # two rules of one name say the same
    assert rule.title
    assert (rule.cost != "") == (rule.find is not None)
