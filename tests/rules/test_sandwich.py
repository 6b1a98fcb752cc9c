"""Collisions in a hidden layer of three masks and more."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from numpy.typing import NDArray

from cadlink.certificates import kernel
from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock, OutOfTime
from cadlink.errors import CertificateError
from cadlink.patterns.families import build
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules import pipeline, sandwich, trim
from cadlink.rules.rule import Told
from cadlink.rules.step import Step
from cadlink.writing.text import write


def trimmed(name: str) -> Pattern:
    pattern = build(name)
    step = trim.find(pattern)
    part = pattern if step is None else step.parts[0]
    assert isinstance(part, Pattern)
    return part


def accepted(pattern: Pattern, step: Step) -> kernel.Traced:
    return kernel.trace(pattern, {"rule": step.rule, "data": dict(step.data), "parts": []})


def test_random_masks_that_nothing_else_decides() -> None:
    for seed in range(10):
        pattern = trimmed(f"random:20-20-20-20,0.3,{seed}")
        tree = pipeline.taken(sandwich.RULE, pattern)
        assert tree is not None, seed
        assert check_proof(pattern, pipeline.proof(tree)).conclusion == "not_closed"


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("random:64-32-32-32-64,0.2,0", 1),  # two masks further up
        ("random:64-32-32-32-64,0.2,1", 2),  # one on each side
        ("random:20-20-20-20-20,0.2,5", 3),  # two further down
        ("random:30-30-30-30-30-30,0.12,5", 3),
    ],
)
def test_the_collision_may_be_in_any_layer(name: str, layer: int) -> None:
    pattern = trimmed(name)
    step = sandwich.find(pattern)
    assert step is not None
    assert step.data["layer"] == layer
    assert accepted(pattern, step).found.conclusion == "not_closed"
    assert all(len(row) == 3 for factor in step.data["factors"] for row in factor)


@pytest.mark.parametrize(
    "name",
    [
        "random:64-32-32-64,0.3,1",  # several rows, two columns
        "random:784-128-32-128-784,0.14,0",  # an autoencoder: several of both
    ],
)
def test_outputs_to_spare_let_more_rows_be_equal(name: str) -> None:
    pattern = trimmed(name)
    step = sandwich.find(pattern)
    assert step is not None
    assert len(step.data["rows"]) > 2
    assert accepted(pattern, step).found.conclusion == "not_closed"


def test_a_thousand_units_are_within_what_the_kernel_does() -> None:
    pattern = trimmed("random:1000-1000-1000-1000,0.01,0")
    step = sandwich.find(pattern)
    assert step is not None
    assert accepted(pattern, step).found.conclusion == "not_closed"


Image = NDArray[np.uint8]


def image(masks: list[NDArray[np.bool_]]) -> Image:
    """All products over the field of two elements."""
    found: Image | None = None
    for mask in masks:
        ones = np.argwhere(mask)
        factors = np.zeros((2 ** len(ones), *mask.shape), dtype=np.uint8)
        for n, (i, j) in enumerate(ones):
            factors[:, i, j] = np.arange(2 ** len(ones)) >> n & 1
        if found is not None:
            factors = np.concatenate([factor @ found & 1 for factor in factors])
        found = np.unique(factors, axis=0)
    assert found is not None
    return found


def test_where_it_fires_the_limit_is_no_product_even_modulo_2() -> None:
    chance = random.Random(1)
    fired = 0
    while fired < 5:
        widths = chance.choice([(3, 3, 3, 3), (4, 3, 3, 4), (3, 4, 3, 4), (3, 3, 4, 3)])
        shapes = [(b, a) for a, b in itertools.pairwise(widths)]
        masks = [
            [[int(chance.random() < 0.5) for _ in range(a)] for _ in range(b)] for b, a in shapes
        ]
        pattern = Pattern.of(masks)
        step = sandwich.find(pattern)
        if step is None:
            continue
        fired += 1
        limit = np.zeros((widths[-1], widths[0]), dtype=np.uint8)
        for cell, value in accepted(pattern, step).found.facts["limit"].items():
            limit[cell] = value
        dense = [mask.toarray() for mask in pattern.layers]
        below, above = image(dense[: step.data["layer"]]), image(dense[step.data["layer"] :])
        for upper in above:
            assert not (upper @ below % 2 == limit).all(axis=(1, 2)).any(), pattern.inline()


def test_products_are_never_said_to_be_missed() -> None:
    # Without t the limit is the product itself, so some hypothesis has to fail.
    chance = random.Random(2)
    reasons = set()
    for _ in range(600):
        widths = [chance.randint(1, 4) for _ in range(chance.choice([3, 4]))]
        masks = [
            [[int(chance.random() < 0.7) for _ in range(a)] for _ in range(b)]
            for a, b in itertools.pairwise(widths)
        ]
        factors = [
            [[i, j, [[0, chance.choice([1, 1, -1])]]] for i, j in np.argwhere(mask).tolist()]
            for mask in masks
        ]
        J = sorted(chance.sample(range(widths[-1]), min(2, widths[-1])))
        K = sorted(chance.sample(range(widths[0]), min(2, widths[0])))
        lines = {"rows": J, "columns": K, "row": J[0], "column": K[0]}
        data = {"layer": 1, **lines, "factors": factors}
        with pytest.raises(CertificateError) as refused:
            check_proof(Pattern.of(masks), {"rule": "sandwich", "data": data, "parts": []})
        reasons.add(str(refused.value).split("expected ")[1].split(";")[0])
    assert any("equal rows" in reason for reason in reasons)


@pytest.mark.parametrize(
    "source",
    [
        "10/11;11/01;10/11",  # both adjacent pairs are not closed, the chain is free
        "110/011;11;1/1",  # rank one; the products of the masks around layer 1 are not closed
        "11/01;10/11",  # LU is not closed, but no unit is outside its corner
    ],
)
def test_pairs_that_are_not_closed_prove_nothing_about_the_chain(source: str) -> None:
    for pattern in (read(source), read(source).transpose()):
        assert sandwich.find(pattern) is None
        ends = [itertools.combinations(range(pattern.widths[n]), 2) for n in (-1, 0)]
        layers = range(1, pattern.depth)
        for layer, J, K in itertools.product(layers, *([*map(list, pairs)] for pairs in ends)):
            lines = {"rows": list(J), "columns": list(K), "row": J[0], "column": K[0]}
            data = {"layer": layer, **lines, "factors": [[]] * pattern.depth}
            with pytest.raises(CertificateError, match="no unit with paths"):
                check_proof(pattern, {"rule": "sandwich", "data": data, "parts": []})


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("010/100/101;010/001/010/111;0010/1011/0110", "free"),
        ("011/100/111;101/010/100;011/101/101", "closed"),
    ],
)
def test_a_limit_that_two_factors_miss_has_to_be_approached(source: str, answer: str) -> None:
    pattern = read(source)
    refused = set()
    for J, K in itertools.product(*(itertools.combinations(range(n), 2) for n in (3, 3))):
        lines = {"rows": list(J), "columns": list(K), "row": J[0], "column": K[0]}
        data = {"layer": 1, **lines, "factors": [[]] * pattern.depth}
        with pytest.raises(CertificateError) as error:
            check_proof(pattern, {"rule": "sandwich", "data": data, "parts": []})
        refused.add(str(error.value).split("expected ")[1].split(";")[0])
    assert "a limit other than 0 at the row and the column" in refused  # and nothing before that
    assert sandwich.find(pattern) is None
    assert sandwich.find(pattern.transpose()) is None
    assert pipeline.verdict(pipeline.reduce(pattern)) == answer


@pytest.mark.parametrize(
    "name",
    [
        "random:784-300-100-10,0.1,0",  # fewer outputs than units in any hidden layer
        "random:256-256-256-10,0.1,0",
        "random:256-256-256-256,0.3,0",
        "lu:30",
        "butterfly:32",
    ],
)
def test_it_is_silent_where_nothing_can_be_missed(name: str) -> None:
    assert pipeline.taken(sandwich.RULE, trimmed(name)) is None


def test_units_on_no_path_do_not_count() -> None:
    pattern = read("101/101/010;101/011/110;100/010/001")
    step = sandwich.find(pattern)
    assert step is not None
    dead = read("101/101/010/111;1010/0110/1100;100/010/001")
    made = accepted(dead, step)
    assert made.found.facts["units"] == 3
    # Of all units the ranks may add up to more: only those on paths are meant.
    told = Told(step.data, made.found.facts, (), "not_closed")
    text = " ".join(write(sandwich.explain(dead, told)).split())
    assert "Layer 1 has 3 units on paths" in text
    assert "V that of those below, each on these units only. By Sylvester's inequality" in text


def test_groups_have_no_layers() -> None:
    step = sandwich.find(read("101/101/010;101/011/110;100/010/001"))
    assert step is not None
    with pytest.raises(CertificateError, match="a rule about a group"):
        check_proof([[[0, 0]]], {"rule": step.rule, "data": dict(step.data), "parts": []})


def test_the_printed_proof_has_the_curve_and_its_limit() -> None:
    pattern = read("101/101/010;101/011/110;100/010/001")
    step = sandwich.find(pattern)
    assert step is not None
    made = accepted(pattern, step)
    told = Told(step.data, made.found.facts, (), "not_closed")
    text = " ".join(write(sandwich.explain(pattern, told)).split())
    assert "[ 1 1 0 ] A = [ 1 1 0 ] [ 0 . 1 ]" in text
    assert "In A rows 0 and 1 are equal, columns 0 and 1 are equal, and A(0,0) is not 0." in text
    assert "Layer 1 has 3 units on paths, and A has at least rank 2." in text


def test_time_that_is_over_is_noticed() -> None:
    with pytest.raises(OutOfTime):
        sandwich.find(trimmed("random:20-20-20-20,0.3,0"), Clock.of(0))
