"""The rules for deep chains: the kernel makes the same parts, and nothing contradicts another."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from cadlink.certificates import kernel
from cadlink.certificates.kernel import check_proof
from cadlink.certificates.kernel.problems import Chain, Mask
from cadlink.certificates.kernel.reader import Budget, Needs, Reader
from cadlink.clock import Clock
from cadlink.errors import CertificateError
from cadlink.patterns.families import build
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules import (
    absorb_edges,
    cap_outputs,
    cut,
    deep_matching,
    hall_circuit,
    merge,
    merge_layers,
    pendants,
    pipeline,
    trim,
    twins,
)
from cadlink.rules.pipeline import reduce, verdict
from cadlink.rules.rule import Rule
from cadlink.rules.step import Step

STEPS = [twins.RULE, pendants.RULE, absorb_edges.RULE, cap_outputs.RULE]
LEAVES = [deep_matching.RULE, cut.RULE, hall_circuit.RULE]


def random_chains(seed: int, count: int) -> list[Pattern]:
    chance = random.Random(seed)
    found = []
    while len(found) < count:
        widths = [chance.randint(1, 4) for _ in range(chance.choice([3, 4, 4, 5]))]
        density = chance.choice([0.5, 0.7, 0.85])
        masks = [
            [[int(chance.random() < density) for _ in range(a)] for _ in range(b)]
            for a, b in itertools.pairwise(widths)
        ]
        pattern = Pattern.of(masks)
        step = trim.find(pattern)
        part = step.parts[0] if step else pattern
        if isinstance(part, Pattern) and 0 not in part.widths:
            found.append(part)
    return found


def chain(pattern: Pattern) -> Chain:
    masks = []
    for layer in pattern.layers:
        ones = layer.tocoo()
        masks.append(Mask(*layer.shape, ones.row.astype(np.int64), ones.col.astype(np.int64)))
    return Chain(tuple(masks))


def kernel_parts(pattern: Pattern, step: Step) -> list[list[list[int]]]:
    made = kernel.CHAIN_RULES[step.rule][0](chain(pattern), Reader(step.data, "here", Budget()))
    assert isinstance(made, Needs)
    assert all(isinstance(part, Chain) for part in made.parts)
    return [[m.csr().toarray().tolist() for m in part.masks] for part in made.parts]  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", STEPS, ids=lambda rule: rule.name)
def test_a_smaller_chain_is_the_one_the_kernel_makes_and_has_the_same_answer(rule: Rule) -> None:
    assert rule.find is not None
    fired = compared = 0
    for pattern in random_chains(1, 150):
        step = rule.find(pattern, Clock.of(5))
        if step is None:
            continue
        fired += 1
        parts = [part for part in step.parts if isinstance(part, Pattern)]
        expected = [[m.toarray().astype(int).tolist() for m in part.layers] for part in parts]
        assert kernel_parts(pattern, step) == expected, pattern.inline()
        if fired % 3:
            continue
        answers = [verdict(reduce(part, Clock.of(0.3))) for part in parts]
        whole = verdict(reduce(pattern, Clock.of(0.3)))
        if whole is None or None in answers:
            continue
        compared += 1
        assert ("not_closed" in answers) == (whole == "not_closed"), pattern.inline()
    assert fired > 15
    assert compared > 3


@pytest.mark.parametrize("rule", LEAVES, ids=lambda rule: rule.name)
def test_leaves_are_accepted_and_contradict_nothing(rule: Rule) -> None:
    assert rule.find is not None
    fired = 0
    for pattern in random_chains(2, 120):
        step = rule.find(pattern, Clock.of(5))
        if step is None:
            continue
        fired += 1
        proof = {"rule": step.rule, "data": dict(step.data), "parts": []}
        assert check_proof(pattern, proof).conclusion == step.conclusion.value
        if fired % 4 == 0:
            whole = verdict(reduce(pattern, Clock.of(0.3)))
            assert whole is None or (whole == "not_closed") == (
                step.conclusion.value == "not_closed"
            )
    assert fired > (1 if rule is hall_circuit.RULE else 20)


@pytest.mark.parametrize(
    "source",
    [
        "101/011;10/10/01/01",  # two disjoint blocks: closed
        "1011/1110;10/01;10/10/01/01",
        "110/011;11;1/1",  # rank one
        "11/11;11/11;11/11",
    ],
)
def test_no_circuit_where_the_set_is_closed(source: str) -> None:
    assert hall_circuit.find(read(source)) is None
    assert hall_circuit.find(read(source).transpose()) is None


def test_outputs_are_capped_on_chains_only_and_freeness_does_not_come_back() -> None:
    wide = read("11;1/1")
    step = cap_outputs.find(wide)
    assert step is not None
    proof = {
        "rule": "cap_outputs",
        "data": dict(step.data),
        "parts": [{"rule": "deep_matching", "data": {"seed": 0, "prime": 7}, "parts": []}],
    }
    assert check_proof(wide, proof).conclusion == "closed"
    # Two neurons ###/###/##.: not closed, yet every restriction to two rows is free.
    group = [[[j, k] for j in range(3) for k in range(3) if (j, k) != (2, 2)]] * 2
    with pytest.raises(CertificateError, match="a rule about a group"):
        check_proof(group, proof)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("random:784-300-100-10,0.1,0", deep_matching.RULE),
        ("random:100-50-20-10,0.5,0", deep_matching.RULE),
        ("random:100-50-20-10,0.3,0", cut.IN_LARGE),
    ],
)
def test_masks_of_the_size_people_train(name: str, rule: Rule) -> None:
    step = trim.find(build(name))
    pattern = build(name) if step is None else step.parts[0]
    assert isinstance(pattern, Pattern)
    assert rule.find is not None
    found = rule.find(pattern, Clock.of(30))
    assert found is not None
    proof = {"rule": found.rule, "data": dict(found.data), "parts": []}
    assert check_proof(pattern, proof).conclusion == "free"


def test_several_layers_are_merged_where_no_two_are() -> None:
    narrowing = Pattern.of(["1111/1110/1010/1111", "1101/1110/1110", "111/101", "11/11/11"])
    assert merge.find(narrowing) is None
    step = merge_layers.find(narrowing)
    assert step is not None
    assert step.data["layers"] == [1, 2]
    (part,) = step.parts
    assert isinstance(part, Pattern)
    assert part == Pattern.of(["1111/1111", "11/11/11"])
    assert kernel_parts(narrowing, step) == [[m.toarray().tolist() for m in part.layers]]
    assert check_proof(narrowing, pipeline.proof(reduce(narrowing))).conclusion == "closed"
