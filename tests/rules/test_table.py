"""What every rule needs: its other half in the kernel, a row in the schema, words, test cases."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from certificates.test_consistency import CLOSED_RULES, FREE_RULES, REFUTING_RULES, REWRITING_RULES
from certificates.test_hypotheses import CHAINS, CUTS, FAILING
from certificates.test_mutations import CASES
from rules.test_chain_soundness import RULES as SOUND

from cadlink.certificates import kernel
from cadlink.certificates.kernel.forced_row import _alone, _lines
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import claims
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem
from cadlink.rules.table import ACCOUNTS, RULES

SCHEMA = Path(__file__).resolve().parents[2] / "cadlink" / "certificates" / "SCHEMA.md"
NAMES = [f"{rule.name} ({getattr(rule.about, '__name__', 'both')})" for rule in RULES]


def about(kind: type[Pattern] | type[Group]) -> list[str]:
    return sorted({rule.name for rule in RULES if rule.about in (kind, Problem)})


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
    searched = rule.find is not None or rule.find_with is not None
    assert (rule.cost != "") == searched


def rules_of(step: Any) -> set[str]:
    """The rules in a proof, lemmas included."""
    if isinstance(step, dict):
        return set().union({step["rule"]} if "rule" in step else (), *map(rules_of, step.values()))
    return set().union(*map(rules_of, step)) if isinstance(step, list) else set()


def test_every_rule_has_a_case_whose_corruptions_are_tried() -> None:
    assert rules_of([case.proof for case in CASES]) == {rule.name for rule in RULES}


# Limits of size are no hypotheses of a theorem.
SIZES = ("a product of moderate size", "cells in all blocks", "a Jacobian of at most", "cells and")

# What two rules demand alike.
SHARED = dict.fromkeys(("forced_row", "owners"), (_lines, _alone))


def demands(function: Any) -> Iterator[list[str]]:
    """What a function of the kernel demands: for each, the constant pieces of the words."""
    for node in ast.walk(ast.parse(inspect.getsource(function))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "demand":
            said = node.args[1]
            parts = said.values if isinstance(said, ast.JoinedStr) else [said]
            yield [str(part.value) for part in parts if isinstance(part, ast.Constant)]


def test_every_hypothesis_is_missed_once() -> None:
    missed: dict[Any, list[str]] = {}
    rows = [(kernel.GROUP_RULES, row[0], row[3]) for row in FAILING]
    rows += [(kernel.CHAIN_RULES, row[0], row[3]) for row in CHAINS]
    rows += [(kernel.CHAIN_RULES, "unique_cut", row[2]) for row in CUTS]
    for table, name, expected in rows:
        missed.setdefault(table[name][0], []).append(expected)
    for name, (function, _) in (*kernel.CHAIN_RULES.items(), *kernel.GROUP_RULES.items()):
        for pieces in chain(demands(function), *map(demands, SHARED.get(name, ()))):
            assert pieces, f"{name}: the demand says nothing fixed"
            if any(size in piece for piece in pieces for size in SIZES):
                continue
            told = [piece.strip(" ,") for piece in pieces]
            shown = missed[function]
            assert any(piece in row or row in piece for piece in told for row in shown), name


def test_every_leaf_is_held_against_the_others() -> None:
    # What rests on parameters or on the word of a backend is not found by trying.
    found_by_search = {"high_and_low_rank", "approximate_zero"}
    steps = {"split", "absorb", *REWRITING_RULES}
    leaves = {rule.name for rule in RULES if rule.about is Group} - steps - found_by_search
    assert leaves == {*FREE_RULES, *CLOSED_RULES, *REFUTING_RULES}
    assert {rule.name for rule in RULES if rule.about is Pattern} == {
        {"large_matching": "matching", "wide_cross": "merged_cross"}.get(name, name)
        for name in SOUND
    }
