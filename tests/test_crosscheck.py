"""The cross-check of verdicts with independent answers, in small; and that it would notice."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from cadlink import Pattern
from cadlink.backends.engine import Engine
from cadlink.patterns.families import build

SCRIPT = Path(__file__).parents[1] / "scripts" / "crosscheck.py"
LU = build("lu:2")
PRODUCTS = build("dense:2-2-2")  # all matrices
RANK_ONE = build("dense:2-1-2")


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("crosscheck", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["crosscheck"] = module  # dataclasses look their module up
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPT.parent))
        spec.loader.exec_module(module)
    yield module
    del sys.modules["crosscheck"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as one:
        yield one


def test_no_independent_answer_contradicts_cadlink(script: ModuleType, engine: Engine) -> None:
    patterns = [
        *list(script.classes((2, 2), 3))[::5],
        *script.two_layers(6, 1),
        *script.three_layers(4, 1),
    ]
    judges = script.Judges(engine, 2.0, 3, 40)
    rows = list(script.crosscheck(patterns, judges, 10.0, 0))
    assert [row.pattern.inline() for row in rows if row.contradiction()] == []
    compared = [row for row in rows if row.said() and row.verdict != "unknown"]
    assert len(compared) >= len(rows) // 2
    assert {row.verdict for row in compared} == {"closed", "not_closed"}


@pytest.mark.parametrize(
    ("pattern", "wrong"), [(LU, "closed"), (PRODUCTS, "not_closed"), (RANK_ONE, "not_closed")]
)
def test_a_wrong_verdict_is_noticed(
    script: ModuleType, engine: Engine, pattern: Pattern, wrong: str
) -> None:
    judges = script.Judges(engine, 8.0, 10, 200)
    row = script.Row(pattern, wrong, "checked")
    judges.judge(row, 0)
    assert row.contradiction()
    right = script.Row(pattern, {"closed": "not_closed"}.get(wrong, "closed"), "checked")
    right.answers = row.answers
    assert not right.contradiction()


def test_two_judges_who_disagree_are_noticed(script: ModuleType) -> None:
    row = script.Row(LU, "unknown", "none")
    row.answers["sentence"].append(("z3", "closed"))
    assert not row.contradiction()
    row.answers["limit"].append(("z3", "not_closed"))
    assert row.contradiction()


def test_limit_spaces(script: ModuleType) -> None:
    one, two = [(1, 0), (0, 1)], [(1, 0), (0, 0)]  # (1, t) and (1, 0)
    assert script.limit_space([one]) == ([(1, 0)], False)
    basis, grown = script.limit_space([one, two])
    assert grown
    assert script.relation(basis) is None
    assert len(basis) == 2  # ((1, t) - (1, 0)) / t = (0, 1)
    # Proportional over Q(t): the limit space has dimension 1, and the search for it ends.
    basis, _ = script.limit_space([[(1, 1), (1, 1)], [(1, 1)]])
    assert basis == [(1, 1)]
    # All limits: (1, t, 0), (1, t, t^2), (1, 0, 0).
    three = [[(1, 0, 0), (0, 1, 0)], [(1, 0, 0), (0, 1, 0), (0, 0, 1)], [(1, 0, 0)]]
    assert len(script.limit_space(three)[0]) == 3
    assert script.limit_space([[(0, 0)]]) == ([], False)


def test_relations(script: ModuleType) -> None:
    assert script.relation([(1, 0), (0, 1)]) is None
    assert script.relation([(0, 0)]) == [1]
    chance = random.Random(0)
    for _ in range(50):
        vectors = [tuple(chance.randint(-2, 2) for _ in range(3)) for _ in range(4)]
        weights = script.relation(vectors)
        assert any(weights)
        sums = [
            sum(Fraction(w) * v for w, v in zip(weights, row, strict=True))
            for row in zip(*vectors, strict=True)
        ]
        assert sums == [0, 0, 0]


def test_membership_and_random_limits(script: ModuleType) -> None:
    assert script.is_product(LU, {(0, 0): 1, (0, 1): 1}, 10) is True
    assert script.is_product(LU, {(0, 1): 1, (1, 0): 1}, 10) is False
    diagonal = Pattern.of(["10/01", "10/01"])
    assert script.is_product(diagonal, {(0, 1): 1}, 10) is False  # off the support
    for limit in script.random_limits(RANK_ONE, random.Random(0), 30):
        det = limit.get((0, 0), 0) * limit.get((1, 1), 0) - limit.get((0, 1), 0) * limit.get(
            (1, 0), 0
        )
        assert det == 0
    missed = [
        limit
        for limit in script.random_limits(LU, random.Random(0), 60)
        if not limit.get((0, 0)) and limit.get((0, 1)) and limit.get((1, 0))
    ]
    assert missed


def test_frozen_factors(script: ModuleType) -> None:
    chance = random.Random(0)
    assert script.frozen(PRODUCTS, chance)
    assert not script.frozen(RANK_ONE, chance)
    assert not script.frozen(LU, chance)
    assert not script.frozen(LU.transpose(), chance)
